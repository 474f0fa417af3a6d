import { hash } from 'node:crypto'
import type { Entry } from './pending-record.js'

/** Top 48 bits of a record's 128-bit hash key: exact in a double, and enough to predict a shard. */
export const hashOf = (entry: Entry): number =>
  entry.explicitHashKey === undefined
    ? Number.parseInt(hash('md5', entry.partitionKey ?? '').slice(0, 12), 16)
    : Number(BigInt(entry.explicitHashKey) >> 80n)

/** Hashes learned of one shard. A shard owns one unbroken range, so all between two of them are its too. */
export class HashRange {
  #low = Number.POSITIVE_INFINITY
  #high = Number.NEGATIVE_INFINITY

  include(entry: Entry): void {
    if (entry.partitionKey === undefined && entry.explicitHashKey === undefined) return
    const value = hashOf(entry)
    if (value < this.#low) this.#low = value
    if (value > this.#high) this.#high = value
  }

  has(value: number): boolean {
    return value >= this.#low && value <= this.#high
  }
}
