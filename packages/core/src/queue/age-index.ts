import { MinHeap } from './min-heap.js'
import type { PendingRecord } from './pending-record.js'

/** Entries without a record are swept out when they are this many and more than the others. */
const SWEEP_FROM = 1000

/** Where an index has a record. */
export interface AgeEntry {
  readonly sequence: number
  /** Undefined once the record has left: what is settled must not be kept in memory from here. */
  record: PendingRecord | undefined
}

/**
 * Records by order of admission, so that the oldest is known at once, wherever it waits. The entry
 * of a record that leaves stays in the heap, without the record, until it comes to the top.
 */
export class AgeIndex {
  readonly #heap = new MinHeap<AgeEntry>((a, b) => a.sequence < b.sequence)
  /** Entries that have a record. */
  count = 0

  add(record: PendingRecord): AgeEntry {
    const entry = { sequence: record.sequence, record }
    this.count++
    this.#heap.push(entry)
    return entry
  }

  remove(entry: AgeEntry): void {
    entry.record = undefined
    this.count--
    if (this.#heap.size < SWEEP_FROM || this.#heap.size < 2 * this.count) return
    this.#heap.filter(({ record }) => record !== undefined)
  }

  /** Entries, with those that were not swept out yet. */
  get size(): number {
    return this.#heap.size
  }

  /** All of them, in no order. */
  records(): PendingRecord[] {
    return this.#heap.items.flatMap(({ record }) => record ?? [])
  }

  oldest(): PendingRecord | undefined {
    for (;;) {
      const top = this.#heap.peek()
      if (top === undefined || top.record !== undefined) return top?.record
      this.#heap.pop()
    }
  }
}
