/** Taken when the module is loaded: in the tests of users, timers are often faked later. */
const { setTimeout, clearTimeout } = globalThis

/** Holds requests back: hanging ones until released, slow ones for their time. Closing lets go of all. */
export class Gate {
  readonly #held = new Set<(released: boolean) => void>()
  readonly #onHeld: () => void
  #closed = false

  /** `onHeld` is called whenever one more request is held, and could be released. */
  constructor(onHeld: () => void) {
    this.#onHeld = onHeld
  }

  get held(): number {
    return this.#held.size
  }

  /**
   * Resolves with false if the client went away or the endpoint closed.
   * @param ms how long; until `release` without it
   */
  hold(gone: AbortSignal, ms?: number): Promise<boolean> {
    if (this.#closed || gone.aborted) return Promise.resolve(false)
    return new Promise(resolve => {
      const done = (released: boolean): void => {
        clearTimeout(timer)
        gone.removeEventListener('abort', onGone)
        this.#held.delete(done)
        resolve(released)
      }
      const onGone = (): void => done(false)
      // The connection keeps the process alive, not the timer.
      const timer = ms === undefined ? undefined : setTimeout(done, ms, true).unref()
      gone.addEventListener('abort', onGone)
      this.#held.add(done)
      this.#onHeld()
    })
  }

  release(): void {
    this.#letGo(true)
  }

  close(): void {
    this.#closed = true
    this.#letGo(false)
  }

  #letGo(released: boolean): void {
    const held = [...this.#held]
    for (const done of held) done(released)
  }
}
