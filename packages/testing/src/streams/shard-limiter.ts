/** What a shard takes, and how often it may be read. */
export interface ShardLimits {
  readonly recordsPerSecond: number
  /** Data and partition keys. */
  readonly bytesPerSecond: number
  /**
   * Calls of GetRecords.
   * @default Infinity
   */
  readonly readsPerSecond?: number | undefined
}

/** The limits of a shard of AWS. */
export const AWS_SHARD_LIMITS: ShardLimits = {
  recordsPerSecond: 1000,
  bytesPerSecond: 1024 * 1024,
  readsPerSecond: 5,
}

interface Bucket {
  records: number
  bytes: number
  reads: number
  at: number
}

/** A token bucket per shard that holds one second's worth; AWS does not document its real burst. */
export class ShardLimiter {
  readonly #limits: ShardLimits
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  constructor(limits: ShardLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  takeRead(stream: string, shardId: string): boolean {
    const bucket = this.#refilled(`${stream}/${shardId}`)
    if (bucket.reads < 1) return false
    bucket.reads--
    return true
  }

  take(stream: string, shardId: string, bytes: number): boolean {
    const bucket = this.#refilled(`${stream}/${shardId}`)
    if (bucket.records < 1 || bucket.bytes < bytes) return false
    bucket.records--
    bucket.bytes -= bytes
    return true
  }

  #refilled(key: string): Bucket {
    const {
      recordsPerSecond,
      bytesPerSecond,
      readsPerSecond = Number.POSITIVE_INFINITY,
    } = this.#limits
    const now = this.#now()
    const bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      const full = {
        records: recordsPerSecond,
        bytes: bytesPerSecond,
        reads: readsPerSecond,
        at: now,
      }
      this.#buckets.set(key, full)
      return full
    }
    const seconds = Math.max(0, now - bucket.at) / 1000
    bucket.at = now
    bucket.records = Math.min(recordsPerSecond, bucket.records + seconds * recordsPerSecond)
    bucket.bytes = Math.min(bytesPerSecond, bucket.bytes + seconds * bytesPerSecond)
    bucket.reads = Math.min(readsPerSecond, bucket.reads + seconds * Math.min(readsPerSecond, 1e9))
    return bucket
  }
}
