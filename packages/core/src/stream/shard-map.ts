import { hashKeyOf } from '../record/hash-key.js'
import type { PackableRecord } from '../record/packable-record.js'
import type { OpenShard } from './describe.js'

/** Keys whose shard is remembered, so that few need their MD5. */
const MAX_REMEMBERED = 10_000

/** Predicts the shard of a record from the ranges of the stream's open shards. */
export class ShardMap {
  #shards: readonly OpenShard[] = []
  readonly #remembered = new Map<string, string | undefined>()

  get known(): boolean {
    return this.#shards.length > 0
  }

  /** Takes what the service tells; an empty list forgets all, so that nothing is predicted. */
  learn(shards: readonly OpenShard[]): void {
    this.#shards = shards.toSorted((a, b) => a.first - b.first)
    this.#remembered.clear()
  }

  /** Undefined: not known, or too close to a border to be sure. */
  shardOf(record: PackableRecord): string | undefined {
    const { partitionKey, explicitHashKey } = record
    if (this.#shards.length === 0) return undefined
    // An aggregate with it may have landed in a wrong shard: sent by its own key, it cannot.
    if (record.possiblyDelivered) return undefined
    if (explicitHashKey !== undefined) return this.#find(hashKeyOf(undefined, explicitHashKey))
    if (partitionKey === undefined) return undefined
    if (this.#remembered.has(partitionKey)) return this.#remembered.get(partitionKey)
    const shard = this.#find(hashKeyOf(partitionKey, undefined))
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    // A copy: the key may be a slice of a line that would be kept whole.
    this.#remembered.set(Buffer.from(partitionKey).toString(), shard)
    return shard
  }

  /** Hashes are known to 48 of their 128 bits; one that shares them with a border is no one's. */
  #find(hash: number | undefined): string | undefined {
    if (hash === undefined) return undefined
    let [low, high] = [0, this.#shards.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#shards[middle]?.first ?? 0) <= hash) low = middle
      else high = middle - 1
    }
    const shard = this.#shards[low]
    if (shard === undefined || hash > shard.last) return undefined
    if ((hash === shard.first && hash !== 0) || hash === shard.last) return undefined
    return shard.id
  }
}
