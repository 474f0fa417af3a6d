import { hash } from 'node:crypto'

export const HASH_END: bigint = 1n << 128n
const HEX_DIGITS = 32

/** 128 bits as fixed-width hex: compares as text in the order of the numbers, and far faster than BigInt. */
export const toHex = (value: bigint): string => value.toString(16).padStart(HEX_DIGITS, '0')

export const hashOf = (partitionKey: string, explicitHashKey: string | undefined): string =>
  explicitHashKey === undefined ? hash('md5', partitionKey) : toHex(BigInt(explicitHashKey))

export interface HashRange {
  readonly id: string
  readonly from: bigint
  /** Inclusive, as in the API. */
  readonly to: bigint
}

/** The ranges of n new shards: steps of floor(2^128 / n), the last one takes the rest. */
export const evenRanges = (count: number): { from: bigint; to: bigint }[] => {
  const step = HASH_END / BigInt(count)
  return Array.from({ length: count }, (_, i) => ({
    from: step * BigInt(i),
    to: i === count - 1 ? HASH_END - 1n : step * BigInt(i + 1) - 1n,
  }))
}

/** Finds the open shard a hash belongs to. */
export class ShardMap {
  readonly #ids: readonly string[]
  readonly #starts: readonly string[]

  constructor(open: readonly HashRange[]) {
    const sorted = open.toSorted((a, b) => (a.from < b.from ? -1 : 1))
    this.#ids = sorted.map(({ id }) => id)
    this.#starts = sorted.map(({ from }) => toHex(from))
  }

  find(hashHex: string): string {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? '') <= hashHex) low = middle
      else high = middle - 1
    }
    return this.#ids[low] ?? ''
  }
}
