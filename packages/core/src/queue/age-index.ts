import { MinHeap } from './min-heap.js'
import type { PendingRecord } from './pending-record.js'

/** Entries that no longer count are swept out when they are this many and more than the others. */
const SWEEP_FROM = 1000

/**
 * The waiting records outside the ready list, by order of admission: held, backing off, bisected.
 * So the oldest of all is known at once, wherever it waits. A record that leaves stays in the heap
 * until it comes to the top, and counts again if it comes back meanwhile.
 */
export class AgeIndex {
  readonly #heap = new MinHeap<PendingRecord>((a, b) => a.sequence < b.sequence)
  /** Records that do wait outside the ready list. */
  #count = 0

  add(record: PendingRecord): void {
    this.#count++
    if (record.indexed) return
    record.indexed = true
    this.#heap.push(record)
  }

  /** The record left for the ready list, for a request or for good. */
  remove(): void {
    this.#count--
    if (this.#heap.size < SWEEP_FROM || this.#heap.size < 2 * this.#count) return
    this.#heap.filter(record => {
      record.indexed = isAside(record)
      return record.indexed
    })
  }

  /** All of them, in no order. */
  records(): PendingRecord[] {
    return this.#heap.items.filter(isAside)
  }

  oldest(): PendingRecord | undefined {
    for (;;) {
      const top = this.#heap.peek()
      if (top === undefined || isAside(top)) return top
      top.indexed = false
      this.#heap.pop()
    }
  }
}

const isAside = ({ list }: PendingRecord): boolean => list !== undefined && list.home !== 'ready'
