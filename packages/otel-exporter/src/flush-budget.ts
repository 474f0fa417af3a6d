/** Something that waits for deliveries, until its deadline at the latest. */
class Wait {
  /** Whether it is part of a flush, and so shares its deadline. */
  flushing = false
  readonly #controller = new AbortController()
  #due = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  endBy(due: number, now: number): void {
    if (due >= this.#due) return
    this.#due = due
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(), Math.max(0, due - now))
  }

  /** It is part of a flush from now on. */
  flush(due: number, now: number): void {
    this.flushing = true
    this.endBy(due, now)
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }
}

/**
 * One deadline for a whole flush or shutdown. The SDK's batch processor hands its queue over in
 * batches, one after the other, and calls `forceFlush` after each of them, before it is answered:
 * with a deadline for each export, four of them in an outage take four times as long. (An export
 * that was on its way may also begin just after the `forceFlush` that is meant for it.) So from the
 * first `forceFlush` on all exports that are flushed, and a `shutdown` right after them, share one
 * budget. The flush is over when nothing of it waits and the SDK has nothing to hand over next,
 * which it would do at once.
 */
export class FlushBudget {
  readonly #budgetMs: number
  readonly #waits = new Set<Wait>()
  /** Of the flush that runs. */
  #due: number | undefined
  /** Joined in this turn of the event loop. */
  #joined = false

  /** @param budgetMs longest time of a flush */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs
  }

  /** Joins the flush that runs, or begins one. @returns milliseconds it may still take */
  join(): number {
    const now = performance.now()
    const due = (this.#due ??= now + this.#budgetMs)
    this.#joined = true
    for (const wait of this.#waits) wait.flush(due, now)
    this.#endWhenIdle()
    return Math.max(0, due - now)
  }

  /** Waits for `work`, whose signal is aborted after `ms`, or earlier by a flush. */
  async wait<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const wait = new Wait()
    const now = performance.now()
    wait.endBy(now + ms, now)
    if (this.#joined && this.#due !== undefined) wait.flush(this.#due, now)
    this.#waits.add(wait)
    try {
      return await work(wait.signal)
    } finally {
      wait.cancel()
      this.#waits.delete(wait)
      this.#endWhenIdle()
    }
  }

  /** By then the SDK has begun what comes next, if anything does. */
  #endWhenIdle(): void {
    if (this.#due === undefined) return
    setImmediate(() => {
      this.#joined = false
      for (const { flushing } of this.#waits) if (flushing) return
      this.#due = undefined
    })
  }
}
