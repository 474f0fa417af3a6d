import { hash } from 'node:crypto'
import { CorruptRecordError } from '../errors/errors.js'
import { hasKplMagic, KPL_DIGEST_BYTES, KPL_MAGIC, KPL_TAG } from '../packing/kpl/kpl-format.js'
import { ProtobufReader } from './protobuf-reader.js'

/** A user record of an aggregate. */
export interface AggregatedRecord {
  readonly data: Uint8Array
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
}

/** Whether the bytes are an aggregate: as every reader of the format decides, by magic and digest. */
export const isAggregate = (data: Uint8Array): boolean => hasKplMagic(data) && hasDigest(data)

const hasDigest = (data: Uint8Array): boolean => {
  const end = data.length - KPL_DIGEST_BYTES
  if (end < KPL_MAGIC.length) return false
  let digest: Buffer
  try {
    digest = hash('md5', data.subarray(KPL_MAGIC.length, end), 'buffer')
  } catch {
    // No MD5 in FIPS mode: the message is still checked as a whole.
    return true
  }
  return digest.equals(data.subarray(end))
}

/**
 * The records of an aggregate. All of it is checked before the first is yielded, and none is kept.
 * @throws {CorruptRecordError} the digest or the message inside is wrong, or there are more than `maxRecords`
 */
export const readAggregate = (data: Uint8Array, maxRecords: number): Iterable<AggregatedRecord> => {
  if (!hasDigest(data)) throw new CorruptRecordError('the digest of the aggregate is wrong')
  const message = data.subarray(KPL_MAGIC.length, data.length - KPL_DIGEST_BYTES)
  return recordsOf(new ProtobufReader(message), readTables(new ProtobufReader(message), maxRecords))
}

interface Tables {
  readonly partitionKeys: readonly string[]
  readonly hashKeys: readonly string[]
}

/** The keys of the aggregate, after a look at the whole message: they may come after the records. */
const readTables = (message: ProtobufReader, maxRecords: number): Tables => {
  const partitionKeys: string[] = []
  const hashKeys: string[] = []
  let records = 0
  let largestKey = -1
  let largestHashKey = -1
  const bounded = (count: number, what: string): void => {
    if (count > maxRecords)
      throw new CorruptRecordError(`the aggregate has more ${what} than maxRecords ${maxRecords}`)
  }
  while (!message.done) {
    const tag = message.varint()
    if (tag === KPL_TAG.partitionKey) {
      bounded(partitionKeys.push(message.text()), 'keys')
    } else if (tag === KPL_TAG.explicitHashKey) {
      bounded(hashKeys.push(message.text()), 'hash keys')
    } else if (tag === KPL_TAG.record) {
      bounded(++records, 'records')
      const { key, hashKey } = readPart(message.message())
      largestKey = Math.max(largestKey, key)
      largestHashKey = Math.max(largestHashKey, hashKey ?? -1)
    } else message.skip(tag)
  }
  if (largestKey >= partitionKeys.length || largestHashKey >= hashKeys.length)
    throw new CorruptRecordError('a record of the aggregate names a key that is not in its table')
  return { partitionKeys, hashKeys }
}

function* recordsOf(
  message: ProtobufReader,
  { partitionKeys, hashKeys }: Tables,
): Generator<AggregatedRecord, void, undefined> {
  while (!message.done) {
    const tag = message.varint()
    if (tag !== KPL_TAG.record) {
      message.skip(tag)
      continue
    }
    const { key, hashKey, data } = readPart(message.message())
    yield {
      data,
      partitionKey: partitionKeys[key] ?? '',
      explicitHashKey: hashKey === undefined ? undefined : hashKeys[hashKey],
    }
  }
}

interface Part {
  readonly key: number
  readonly hashKey: number | undefined
  readonly data: Uint8Array
}

const readPart = (record: ProtobufReader): Part => {
  let key: number | undefined
  let hashKey: number | undefined
  let data: Uint8Array | undefined
  while (!record.done) {
    const tag = record.varint()
    if (tag === KPL_TAG.partitionKeyIndex) key = record.varint()
    else if (tag === KPL_TAG.explicitHashKeyIndex) hashKey = record.varint()
    else if (tag === KPL_TAG.data) data = record.bytes()
    else record.skip(tag)
  }
  if (key === undefined || data === undefined)
    throw new CorruptRecordError('a record of the aggregate lacks its key or its data')
  return { key, hashKey, data }
}
