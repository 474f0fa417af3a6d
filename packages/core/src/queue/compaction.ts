import type { SlabStore } from '../store/slab-store.js'
import type { PendingRecord } from './pending-record.js'

/** Slabs, and part of the buffer, whose memory settled records may pin before others are moved. */
const MIN_SLABS = 8
const SHARE_OF_BUFFER = 1 / 8

/**
 * Moves records that wait for long out of slabs of which little else is left, so that a few of them
 * do not keep the memory of many.
 */
export class Compaction {
  readonly #store: SlabStore
  readonly #waiting: () => Iterable<PendingRecord>
  readonly #least: number
  #threshold: number

  /** @param waiting the records that may be moved: no request may be reading them */
  constructor(store: SlabStore, bufferBytes: number, waiting: () => Iterable<PendingRecord>) {
    this.#store = store
    this.#waiting = waiting
    this.#least = Math.max(MIN_SLABS * store.slabBytes, SHARE_OF_BUFFER * bufferBytes)
    this.#threshold = this.#least
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
