import type { Timers } from '../time/timers.js'

interface Wait {
  /** Records admitted up to this sequence are waited for. */
  readonly mark: number
  /** How many of them are still unsettled. */
  left: number
  readonly end: () => void
}

export interface WaitOptions {
  /** Milliseconds; 0: no deadline. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Everyone who waits for records to be settled: drain, flush and close, each with its own deadline. */
export class DrainWaits {
  readonly #timers: Timers
  readonly #waits = new Set<Wait>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get active(): boolean {
    return this.#waits.size > 0
  }

  /**
   * Waits until the `left` records admitted up to `mark` are settled, or for less. Resolves with
   * how many of them are not settled.
   */
  wait(mark: number, left: number, { timeoutMs, signal }: WaitOptions): Promise<number> {
    if (left === 0 || signal?.aborted === true) return Promise.resolve(left)
    // The caller awaits this: the timers that lead to it must keep the process alive.
    this.#timers.hold()
    return new Promise(resolve => {
      const end = (): void => {
        if (!this.#waits.delete(wait)) return
        cancelTimer?.()
        signal?.removeEventListener('abort', end)
        this.#timers.release()
        resolve(wait.left)
      }
      const wait: Wait = { mark, left, end }
      const cancelTimer = timeoutMs > 0 ? this.#timers.after(timeoutMs, end) : undefined
      this.#waits.add(wait)
      signal?.addEventListener('abort', end)
    })
  }

  settled(sequence: number): void {
    for (const wait of this.#waits) {
      if (sequence <= wait.mark && --wait.left === 0) wait.end()
    }
  }

  /** Nothing more will be settled for now. */
  endAll(): void {
    for (const wait of this.#waits) wait.end()
  }
}
