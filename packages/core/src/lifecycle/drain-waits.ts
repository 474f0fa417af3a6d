import type { DiskTail } from '../admission/disk-tail.js'
import type { Timers } from '../time/timers.js'

interface Wait {
  /** Records admitted up to this sequence are waited for. */
  readonly mark: number
  /** Records that had been taken over when the wait began: later ones go before those it waits for. */
  readonly recovered: number
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
  readonly #tail: DiskTail | undefined
  readonly #waits = new Set<Wait>()

  /** @param tail with a spool: the records behind those of the queue */
  constructor(queue: WaitedQueue, timers: Timers, tail?: DiskTail) {
    this.#queue = queue
    this.#tail = tail
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
    const tail = this.#tail
    // Records on disk get the sequences that follow, when they are read back.
    const mark = queue.lastSequence + (tail?.unloaded ?? 0)
    const recovered = tail?.recovered ?? 0
    if (queue.records === 0 && (tail === undefined || (tail.unloaded === 0 && !tail.isLooking)))
      return Promise.resolve(0)
    if (signal?.aborted === true) return Promise.resolve(this.#countUpTo(mark))
    // The caller awaits this: the timers that lead to it must keep the process alive.
    this.#timers.hold()
    return new Promise(resolve => {
      const end = (): void => {
        if (!this.#waits.delete(wait)) return
        cancelTimer()
        signal?.removeEventListener('abort', end)
        this.#timers.release()
        resolve(this.#countUpTo(this.#markOf(wait)))
      }
      const wait: Wait = { mark, recovered, end }
      const cancelTimer = timeoutMs > 0 ? this.#timers.after(timeoutMs, end) : () => {}
      this.#waits.add(wait)
      signal?.addEventListener('abort', end)
    })
  }

  /** Stage at the end of a step: ends the waits whose records are all settled. */
  check(): void {
    if (this.#waits.size === 0) return
    const tail = this.#tail
    if (tail?.isLooking === true) return
    const hasMore = tail !== undefined && tail.unloaded > 0
    const next = hasMore ? this.#queue.lastSequence + 1 : Number.POSITIVE_INFINITY
    const oldest = this.#queue.oldest()?.sequence ?? next
    for (const wait of this.#waits) if (oldest > this.#markOf(wait)) wait.end()
  }

  #markOf({ mark, recovered }: Wait): number {
    return mark + (this.#tail?.recovered ?? 0) - recovered
  }

  #countUpTo(mark: number): number {
    const queue = this.#queue
    const unloaded = Math.min(this.#tail?.unloaded ?? 0, Math.max(0, mark - queue.lastSequence))
    return queue.countUpTo(mark) + unloaded
  }

  /** Nothing more will be settled for now. */
  endAll(): void {
    for (const wait of this.#waits) wait.end()
  }
}
