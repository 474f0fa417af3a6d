import type { Slab } from '../store/slab.js'
import type { SlabStore } from '../store/slab-store.js'
import type { FreshRun } from './batch.js'
import type { BufferCapacity } from './capacity.js'
import { detach, type Homes } from './homes.js'
import type { InFlightBatches } from './in-flight-batches.js'
import type { PendingRecord } from './pending-record.js'
import type { Returning } from './returning.js'

/**
 * How a settled record leaves the queue: it is no longer counted, its memory and its copy on disk may
 * go, and the next record of its key is free.
 */
export class Leaving {
  readonly #homes: Homes
  readonly #store: SlabStore
  readonly #capacity: BufferCapacity
  readonly #inFlight: InFlightBatches
  readonly #returning: Returning
  readonly #settled: ((id: number, count: number) => void) | undefined

  constructor(
    homes: Homes,
    store: SlabStore,
    capacity: BufferCapacity,
    inFlight: InFlightBatches,
    returning: Returning,
    settled: ((id: number, count: number) => void) | undefined,
  ) {
    this.#homes = homes
    this.#store = store
    this.#capacity = capacity
    this.#inFlight = inFlight
    this.#returning = returning
    this.#settled = settled
  }

  /** The record leaves; the next one of its key, if it was waiting for this one, is free. */
  settle(record: PendingRecord): void {
    this.#uncount(record)
    this.#leaveKey(record.partitionKey)
  }

  /** The same for one that waits. A held one frees no other: an older one of its key is still here. */
  settleWaiting(record: PendingRecord): void {
    const wasHeld = detach(this.#homes, record)
    if (wasHeld) this.#uncount(record)
    else this.settle(record)
  }

  /** The same for neighbours that no object stands for: they have no shard. */
  settleRun({ slab, from, to }: FreshRun): void {
    this.#forgetOnDisk(slab, from, to)
    const bytes = this.#store.releaseRun(slab, from, to)
    this.#capacity.removeMany(to - from, bytes)
    if (this.#homes.order === undefined) return
    for (let index = from; index < to; index++) this.#leaveKey(slab.keys[index])
  }

  #uncount(record: PendingRecord): void {
    record.place = 'settled'
    this.#capacity.remove(record.bytes)
    this.#forgetOnDisk(record.slab, record.index, record.index + 1)
    this.#store.release(record.slab, record.index)
    this.#inFlight.forgetHistory(record)
    const { shard } = record
    if (shard === undefined) return
    record.assign(undefined)
    this.#homes.shards.closeIfDone(shard)
  }

  #leaveKey(key: string | undefined): void {
    const next = this.#homes.order?.leave(key)
    if (next === undefined) return
    const { shard } = next
    if (shard?.hot === true && !shard.dissolved) shard.list.insertNearTail(next)
    else this.#returning.pushFreed(next)
  }

  /** They are settled: the disk need not keep them. */
  #forgetOnDisk({ keptIds }: Slab, from: number, to: number): void {
    if (keptIds === undefined) return
    for (let index = from; index < to; ) {
      const id = keptIds[index] ?? 0
      let end = index + 1
      while (end < to && keptIds[end] === id + end - index) end++
      if (id !== 0) this.#settled?.(id, end - index)
      index = end
    }
  }
}
