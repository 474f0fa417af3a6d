import { hasKplMagic } from '../packing/kpl/kpl-format.js'
import { decompress, gunzip, gunzipWhole, isGzip } from './compression.js'
import type { Reading } from './decode-options.js'
import { isAggregate, readAggregate } from './kpl.js'
import { endsWith, split } from './terminated.js'

/** A user record of a Kinesis record. */
export interface Part {
  readonly data: Uint8Array
  /** Undefined: those of the Kinesis record. */
  readonly partitionKey?: string
  readonly explicitHashKey?: string | undefined
}

/**
 * The user records of a Kinesis record. What is wrong with it is found before the first is yielded.
 * @throws {CorruptRecordError}
 */
export const partsOf = (data: Buffer, how: Reading): Iterable<Part> => {
  switch (how.packing) {
    case 'none':
      return [{ data: unpackedOf(data, how) }]
    case 'concat':
      return lines(packOf(data, how), how)
    case 'kpl': {
      const plain = unpackedOf(data, how)
      // A single record travels as it is; the producer wraps one that begins like an aggregate.
      return hasKplMagic(plain) ? readAggregate(plain, how.maxRecords) : [{ data: plain }]
    }
    case undefined:
      return guess(data, how)
  }
}

/** Where the packing is known not to compress, only on request. */
const unpackedOf = (data: Buffer, { gunzip: wanted, maxBytes }: Reading): Buffer =>
  wanted === true ? decompress(data, maxBytes) : data

/**
 * The records of a concat pack and their terminators. A gzip that is not all of the pack, and that
 * the terminator follows, is the gzip of a user at its beginning.
 */
const packOf = (data: Buffer, { gunzip: wanted, terminator, maxBytes }: Reading): Buffer => {
  if (wanted === false || !isGzip(data)) return data
  const content = gunzipWhole(data, maxBytes)
  if (content !== undefined) return content
  const mayBePlain = wanted === undefined && terminator !== undefined && endsWith(data, terminator)
  return mayBePlain ? data : gunzip(data, maxBytes)
}

const lines = (data: Buffer, { terminator, maxRecords }: Reading): Iterable<Part> =>
  terminator === undefined ? [{ data }] : split(data, terminator, maxRecords)

/** Without being told: as the bytes look. */
const guess = (data: Buffer, how: Reading): Iterable<Part> => {
  if (isAggregate(data)) return readAggregate(data, how.maxRecords)
  const plain = how.gunzip === false ? data : decompress(data, how.maxBytes)
  if (plain !== data && isAggregate(plain)) return readAggregate(plain, how.maxRecords)
  const { terminator } = how
  return terminator !== undefined && endsWith(plain, terminator)
    ? lines(plain, how)
    : [{ data: plain }]
}
