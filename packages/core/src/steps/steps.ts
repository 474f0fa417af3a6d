/**
 * Everything that changes a producer is a step: a call of the user, a timer, an answer. When the
 * outermost step is over, the named stages look whether there is something for them to do, always in
 * the same order: so no stage can forget to wake another, and the user's code never runs inside a step.
 */
export class Steps {
  readonly #failed: (error: unknown) => void
  readonly #stages: (() => void)[] = []
  #depth = 0

  /** @param failed told of exceptions that nobody expected; the records are where they were */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  /** Adds a stage behind those that were added before. */
  atEnd(stage: () => void): void {
    this.#stages.push(stage)
  }

  run(step: () => void): void {
    this.#depth++
    try {
      step()
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#depth--
    }
    this.end()
  }

  /** The end of a step that was not run here, as the calls on the hot path are. */
  end(): void {
    if (this.#depth > 0) return
    for (const stage of this.#stages) {
      try {
        stage()
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}
