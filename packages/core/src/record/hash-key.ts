import { hash } from 'node:crypto'

/** Bits of a 128-bit hash key that are left out. */
const DROPPED_BITS = 80n
/** Hexadecimal digits of 48 bits. */
const KEPT_DIGITS = 12

const DECIMAL = /^(?:0|[1-9]\d{0,38})$/
const HASH_KEY_END = 1n << 128n

/** Whether the service takes this as an explicit hash key. */
export const isHashKey = (value: unknown): value is string =>
  typeof value === 'string' && DECIMAL.test(value) && BigInt(value) < HASH_KEY_END

/** The top 48 bits of a hash key: exact in a double, and enough to predict a shard. */
export const topBitsOf = (hashKey: string): number | undefined => {
  try {
    return /^\d{1,39}$/.test(hashKey) ? Number(BigInt(hashKey) >> DROPPED_BITS) : undefined
  } catch {
    return undefined
  }
}

/**
 * Where in the stream's range of hash keys a record belongs, by the top 48 bits; undefined if that
 * cannot be told: without a key of its own, or where MD5 is not available (FIPS mode). The explicit
 * hash key decides, as in the service.
 */
export const hashKeyOf = (
  partitionKey: string | undefined,
  explicitHashKey: string | undefined,
): number | undefined => {
  if (explicitHashKey !== undefined) return topBitsOf(explicitHashKey)
  if (partitionKey === undefined) return undefined
  try {
    return Number.parseInt(hash('md5', partitionKey).slice(0, KEPT_DIGITS), 16)
  } catch {
    return undefined
  }
}
