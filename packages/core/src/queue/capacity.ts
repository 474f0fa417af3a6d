import { NEARLY_FULL, SHARD_SHARE } from '../config/tuning.js'
import type { ShardBackoff } from './shard-backoff.js'
import type { ShardBackoffs } from './shard-backoffs.js'

/** Counts the unsettled records and their bytes, and says what else fits. */
export class BufferCapacity {
  readonly maxRecords: number
  readonly maxBytes: number
  readonly #shards: ShardBackoffs
  records = 0
  bytes = 0

  constructor(maxRecords: number, maxBytes: number, shards: ShardBackoffs) {
    this.maxRecords = maxRecords
    this.maxBytes = maxBytes
    this.#shards = shards
  }

  get isNearlyFull(): boolean {
    return (
      this.records >= NEARLY_FULL * this.maxRecords || this.bytes >= NEARLY_FULL * this.maxBytes
    )
  }

  fits(bytes: number): boolean {
    return this.records < this.maxRecords && this.bytes + bytes <= this.maxBytes
  }

  /**
   * Whether a shard that backs off may hold another record: at most half of the buffer, or of what
   * other such shards leave of it. So there is always capacity for the shards that work.
   */
  shardFits(shard: ShardBackoff, bytes: number): boolean {
    if (!shard.hot || !this.#shards.othersKnown(shard)) return true
    const held = this.#shards.heldByOtherHot(shard)
    return (
      shard.records < SHARD_SHARE * (this.maxRecords - held.records) &&
      shard.bytes + bytes <= SHARD_SHARE * (this.maxBytes - held.bytes)
    )
  }

  add(bytes: number): void {
    this.records++
    this.bytes += bytes
  }

  remove(bytes: number): void {
    this.records--
    this.bytes -= bytes
  }

  removeMany(records: number, bytes: number): void {
    this.records -= records
    this.bytes -= bytes
  }

  clear(): void {
    this.records = 0
    this.bytes = 0
  }
}
