import { hash } from 'node:crypto'

/**
 * Top 48 bits of the 128-bit hash key that decides a record's shard: exact in a double, and enough
 * to predict a shard. Undefined for a record that may go anywhere, and where MD5 is not to be had
 * (FIPS): then nothing is predicted. Never throws.
 */
export const hashKeyOf = (
  partitionKey: string | undefined,
  explicitHashKey: string | undefined,
): number | undefined => {
  if (explicitHashKey !== undefined) return Number(BigInt(explicitHashKey) >> 80n)
  if (partitionKey === undefined) return undefined
  try {
    return Number.parseInt(hash('md5', partitionKey).slice(0, 12), 16)
  } catch {
    return undefined
  }
}
