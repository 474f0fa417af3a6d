import type { SlabStore } from '../store/slab-store.js'
import type { Homes } from './homes.js'
import type { InFlightBatches } from './in-flight-batches.js'

/**
 * What a record takes that an object stands for, with its entry in the index of ages, and beyond that
 * one that belongs to a shard: measured, and doubled, since the collector lets about as much garbage
 * stand as there is life.
 */
const OBJECT_BYTES = 400
const OF_SHARD_BYTES = 350

/** The body of a request holds the data once more, in base64. */
const BODY_SHARE = 4 / 3

/** The memory that unsettled records take: what `bufferBytes` bounds. */
export class MemoryUse {
  readonly #store: SlabStore
  readonly #homes: Homes
  readonly #inFlight: InFlightBatches

  constructor(store: SlabStore, homes: Homes, inFlight: InFlightBatches) {
    this.#store = store
    this.#homes = homes
    this.#inFlight = inFlight
  }

  get bytes(): number {
    const { ready, aside, shards } = this.#homes
    let ofShards = 0
    if (shards.active) for (const { records } of shards.all) ofShards += records
    const objects = ready.length + aside.count + this.#inFlight.objects
    return Math.ceil(
      this.#store.bytes +
        objects * OBJECT_BYTES +
        ofShards * OF_SHARD_BYTES +
        this.#inFlight.historyBytes +
        this.#inFlight.bytes * BODY_SHARE,
    )
  }
}
