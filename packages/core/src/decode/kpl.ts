import { hash } from 'node:crypto'
import { CorruptRecordError } from '../errors/errors.js'
import { KPL_DIGEST_BYTES, KPL_MAGIC, KPL_TAG } from '../packing/kpl/kpl-format.js'
import { ProtobufReader } from './protobuf-reader.js'

/** A user record of an aggregate. */
export interface AggregatedRecord {
  readonly data: Uint8Array
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
}

/** Whether the bytes are an aggregate: as every reader of the format decides, by magic and digest. */
export const isAggregate = (data: Uint8Array): boolean => {
  const end = data.length - KPL_DIGEST_BYTES
  if (end < KPL_MAGIC.length || KPL_MAGIC.some((byte, i) => data[i] !== byte)) return false
  const digest = hash('md5', data.subarray(KPL_MAGIC.length, end), 'buffer')
  return digest.equals(data.subarray(end))
}

/** @throws {CorruptRecordError} if the message inside is no valid one */
export const readAggregate = (data: Uint8Array): AggregatedRecord[] => {
  const message = new ProtobufReader(
    data.subarray(KPL_MAGIC.length, data.length - KPL_DIGEST_BYTES),
  )
  const partitionKeys: string[] = []
  const hashKeys: string[] = []
  const parts: Part[] = []
  while (!message.done) {
    const tag = message.varint()
    if (tag === KPL_TAG.partitionKey) partitionKeys.push(message.text())
    else if (tag === KPL_TAG.explicitHashKey) hashKeys.push(message.text())
    else if (tag === KPL_TAG.record) parts.push(readPart(new ProtobufReader(message.bytes())))
    else message.skip(tag)
  }
  // Only now: the tables may come after the records.
  return parts.map(({ key, hashKey, data: bytes }) => {
    const partitionKey = partitionKeys[key]
    const explicitHashKey = hashKey === undefined ? undefined : hashKeys[hashKey]
    if (partitionKey === undefined || (hashKey !== undefined && explicitHashKey === undefined))
      throw new CorruptRecordError('a record of the aggregate names a key that is not in its table')
    return { data: bytes, partitionKey, explicitHashKey }
  })
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
