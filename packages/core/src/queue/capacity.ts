import { NEARLY_FULL, SHARD_SHARE, TOLERATED_SHARE } from '../config/tuning.js'
import type { ShardBackoff } from './shard-backoff.js'
import type { ShardBackoffs } from './shard-backoffs.js'

/**
 * Counts the unsettled records and their bytes, and says what else fits. The bound of bytes is one of
 * memory: what the records take beyond their own bytes counts as well, but for a tolerated part.
 */
export class BufferCapacity {
  readonly maxRecords: number
  readonly maxBytes: number
  readonly #shards: ShardBackoffs
  readonly #tolerated: number
  /** Memory beyond the bytes of the records and what is tolerated, when it was last measured. */
  #excess = 0
  records = 0
  bytes = 0

  /** @param least of the tolerated memory: in a small buffer, one slab is much */
  constructor(maxRecords: number, maxBytes: number, least: number, shards: ShardBackoffs) {
    this.maxRecords = maxRecords
    this.maxBytes = maxBytes
    this.#tolerated = Math.max(least, TOLERATED_SHARE * maxBytes)
    this.#shards = shards
  }

  get excess(): number {
    return this.#excess
  }

  get isNearlyFull(): boolean {
    return (
      this.records >= NEARLY_FULL * this.maxRecords ||
      this.bytes + this.#excess >= NEARLY_FULL * this.maxBytes
    )
  }

  /**
   * All memory in use for the records. Not read for each of them: memory is freed at the end of a step
   * only, and who drops records to make capacity would drop all of them.
   */
  measured(memory: number): void {
    this.#excess = Math.max(0, memory - this.bytes - this.#tolerated)
  }

  /** An empty buffer takes any record that is not larger than its bounds. */
  fits(bytes: number): boolean {
    const excess = this.records === 0 ? 0 : this.#excess
    return this.records < this.maxRecords && this.bytes + bytes + excess <= this.maxBytes
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
      shard.bytes + bytes <= SHARD_SHARE * (this.maxBytes - this.#excess - held.bytes)
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

  clear(records = 0): void {
    this.records = records
    this.bytes = 0
    this.#excess = 0
  }
}
