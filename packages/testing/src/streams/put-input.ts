import type { FaultRecord } from '../faults/faults.js'
import { ServiceError } from '../http/reply.js'
import { isJson, type Json, listOf, stringOf } from '../json.js'
import { HASH_END, hashOf } from './hash-ranges.js'

export const MAX_RECORDS = 500
export const MAX_REQUEST_BYTES: number = 10 * 1024 * 1024
export const MIB: number = 1024 * 1024
const MAX_KEY_LENGTH = 256
const HASH_KEY = /^(0|[1-9]\d{0,38})$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** One entry of a PutRecords body, as strings: decoded only when someone needs the bytes. */
export interface PutEntry {
  readonly base64: string
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  /** Of data and key, as the limits count. */
  readonly bytes: number
  readonly dataBytes: number
}

const base64Bytes = (text: string): number =>
  (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)

const constraint = (value: string, path: string, rule: string): ServiceError =>
  new ServiceError(
    'ValidationException',
    `1 validation error detected: Value${value} at '${path}' failed to satisfy constraint: ${rule}`,
  )

/** How many items an answer may have: the caller's own number, or the most. */
export const limitOf = (
  body: Json,
  name: string,
  most: number,
  fallback: number = most,
): number => {
  const value = body[name]
  if (value === undefined || value === null) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most)
    return value
  const path = name.charAt(0).toLowerCase() + name.slice(1)
  throw constraint(` ${JSON.stringify(value)}`, path, `Member must be between 1 and ${most}`)
}

const checkKey = (key: string, path: string): void => {
  if (key === '')
    throw constraint(
      " ''",
      `${path}partitionKey`,
      'Member must have length greater than or equal to 1',
    )
  // Characters, not UTF-16 units.
  if (key.length > MAX_KEY_LENGTH && Array.from(key).length > MAX_KEY_LENGTH) {
    throw constraint(
      ` '${key}'`,
      `${path}partitionKey`,
      `Member must have length less than or equal to ${MAX_KEY_LENGTH}`,
    )
  }
}

const checkHashKey = (key: string, path: string): void => {
  if (!HASH_KEY.test(key)) {
    throw constraint(
      ` '${key}'`,
      `${path}explicitHashKey`,
      'Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})',
    )
  }
  if (BigInt(key) >= HASH_END) {
    throw new ServiceError(
      'InvalidArgumentException',
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${key}`,
    )
  }
}

/** One record, checked as the service checks it. `path` ends with a dot, or is empty for PutRecord. */
export const parseEntry = (value: unknown, path: string, maxRecordBytes: number): PutEntry => {
  const record: Json = isJson(value) ? value : {}
  const base64 = stringOf(record['Data'])
  const partitionKey = stringOf(record['PartitionKey'])
  const explicitHashKey = stringOf(record['ExplicitHashKey'])
  if (base64 === undefined) throw constraint(' null', `${path}data`, 'Member must not be null')
  if (partitionKey === undefined)
    throw constraint(' null', `${path}partitionKey`, 'Member must not be null')
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) {
    throw new ServiceError('SerializationException', 'Invalid base64 in a blob')
  }
  checkKey(partitionKey, path)
  if (explicitHashKey !== undefined) checkHashKey(explicitHashKey, path)
  const dataBytes = base64Bytes(base64)
  const bytes = dataBytes + Buffer.byteLength(partitionKey)
  if (bytes > maxRecordBytes) {
    throw constraint(
      '',
      `${path}data`,
      `Member must have length less than or equal to ${maxRecordBytes}`,
    )
  }
  return { base64, partitionKey, explicitHashKey, bytes, dataBytes }
}

/** The entries of a PutRecords body; throws what the service would answer. */
export const parseEntries = (body: Json, maxRecordBytes: number): readonly PutEntry[] => {
  const records = listOf(body['Records'])
  if (records.length === 0)
    throw constraint(" '[]'", 'records', 'Member must have length greater than or equal to 1')
  if (records.length > MAX_RECORDS) {
    throw constraint('', 'records', `Member must have length less than or equal to ${MAX_RECORDS}`)
  }
  const entries = records.map((record, i) =>
    parseEntry(record, `records.${i + 1}.member.`, maxRecordBytes),
  )
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  if (bytes > MAX_REQUEST_BYTES)
    throw new ServiceError('InvalidArgumentException', 'Records size exceeds 10 MB limit')
  return entries
}

export const entryHash = ({ partitionKey, explicitHashKey }: PutEntry): string =>
  hashOf(partitionKey, explicitHashKey)

/** An entry for a fault to look at. */
export class EntryView implements FaultRecord {
  readonly index: number
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly shardId: string
  readonly #base64: string
  #data: Buffer | undefined

  constructor(entry: PutEntry, index: number, shardId: string) {
    this.index = index
    this.partitionKey = entry.partitionKey
    this.explicitHashKey = entry.explicitHashKey
    this.shardId = shardId
    this.#base64 = entry.base64
  }

  get data(): Buffer {
    this.#data ??= Buffer.from(this.#base64, 'base64')
    return this.#data
  }

  get text(): string {
    return this.data.toString('utf8')
  }
}
