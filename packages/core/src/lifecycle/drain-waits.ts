import type { Timers } from '../time/timers.js'

interface Wait {
  /** Records admitted up to this sequence are waited for. */
  readonly mark: number
  readonly end: () => void
}

/** What is asked of the queue. */
interface WaitedQueue {
  readonly records: number
  readonly lastSequence: number
  oldest(): { readonly sequence: number } | undefined
  countUpTo(sequence: number): number
}

export interface WaitOptions {
  /** Milliseconds; 0: no deadline. */
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Everyone who waits for records to be settled: drain, flush and close, each with its own deadline. */
export class DrainWaits {
  readonly #queue: WaitedQueue
  readonly #timers: Timers
  readonly #waits = new Set<Wait>()

  constructor(queue: WaitedQueue, timers: Timers) {
    this.#queue = queue
    this.#timers = timers
  }

  get active(): boolean {
    return this.#waits.size > 0
  }

  /**
   * Waits until the records admitted so far are settled, or for less. Resolves with how many of them
   * are not.
   */
  wait({ timeoutMs, signal }: WaitOptions): Promise<number> {
    const queue = this.#queue
    const mark = queue.lastSequence
    if (queue.records === 0) return Promise.resolve(0)
    if (signal?.aborted === true) return Promise.resolve(queue.countUpTo(mark))
    // The caller awaits this: the timers that lead to it must keep the process alive.
    this.#timers.hold()
    return new Promise(resolve => {
      const end = (): void => {
        if (!this.#waits.delete(wait)) return
        cancelTimer()
        signal?.removeEventListener('abort', end)
        this.#timers.release()
        resolve(queue.countUpTo(mark))
      }
      const wait: Wait = { mark, end }
      const cancelTimer = timeoutMs > 0 ? this.#timers.after(timeoutMs, end) : () => {}
      this.#waits.add(wait)
      signal?.addEventListener('abort', end)
    })
  }

  /** Stage at the end of a step: ends the waits whose records are all settled. */
  check(): void {
    if (this.#waits.size === 0) return
    const oldest = this.#queue.oldest()?.sequence ?? Number.POSITIVE_INFINITY
    for (const wait of this.#waits) if (oldest > wait.mark) wait.end()
  }

  /** Nothing more will be settled for now. */
  endAll(): void {
    for (const wait of this.#waits) wait.end()
  }
}
