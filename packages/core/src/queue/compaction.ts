import type { SlabStore } from '../store/slab-store.js'
import type { PendingRecord } from './pending-record.js'

/**
 * Moves records that wait for long out of slabs of which little else is left, so that a few of them
 * do not keep the memory of many.
 */
export class Compaction {
  readonly #store: SlabStore
  readonly #waiting: () => Iterable<PendingRecord>
  readonly #least: number
  #threshold: number

  /**
   * @param least memory that settled records may pin before others are moved
   * @param waiting the records that may be moved: no request may be reading them
   */
  constructor(store: SlabStore, least: number, waiting: () => Iterable<PendingRecord>) {
    this.#store = store
    this.#waiting = waiting
    this.#least = least
    this.#threshold = least
  }

  runIfNeeded(): void {
    const store = this.#store
    if (store.pinnedBytes <= this.#threshold) return
    for (const record of this.#waiting()) {
      if (!store.isSparse(record.slab)) continue
      const moved = store.move(record.slab, record.index)
      if (moved !== undefined) record.movedTo(moved.slab, moved.index)
    }
    store.recycle()
    // What cannot be moved is no reason to look again soon.
    this.#threshold = Math.max(this.#least, 2 * store.pinnedBytes)
  }
}
