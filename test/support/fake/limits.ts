import { type Json, stringOf } from './json.js'
import { badArgument, invalid } from './refusal.js'
import { HASH_END } from './streams.js'

const MAX_RECORDS = 500
const MAX_REQUEST_BYTES = 10 * 1024 * 1024

/** What a shard takes. */
export interface ShardLimits {
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
}

const base64Bytes = (text: string): number => {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return (text.length / 4) * 3 - padding
}

/** Weight of a record as the service counts it: data and key. */
export const weightOf = (record: Json): number =>
  base64Bytes(stringOf(record['Data']) ?? '') + Buffer.byteLength(stringOf(record['PartitionKey']) ?? '')

/** @throws {Refusal} the service would refuse the whole request */
export const checkRequest = (records: readonly Json[], maxRecordBytes: number): void => {
  const must = (what: string): string => `failed to satisfy constraint: Member must ${what}`
  if (records.length === 0) throw invalid(`Value '[]' at 'records' ${must('have length greater than or equal to 1')}`)
  if (records.length > MAX_RECORDS) {
    throw invalid(`Value at 'records' (${records.length}) ${must(`have length less than or equal to ${MAX_RECORDS}`)}`)
  }
  let total = 0
  for (const [i, record] of records.entries()) {
    const at = `Value at 'records.${i + 1}.member`
    const key = stringOf(record['PartitionKey']) ?? ''
    if (key.length < 1) throw invalid(`${at}.partitionKey' ${must('have length greater than or equal to 1')}`)
    if (key.length > 256) throw invalid(`${at}.partitionKey' ${must('have length less than or equal to 256')}`)
    const hashKey = stringOf(record['ExplicitHashKey'])
    if (hashKey !== undefined) {
      if (!/^(?:0|[1-9]\d{0,38})$/.test(hashKey)) {
        throw invalid(`${at}.explicitHashKey' ${must('satisfy regular expression pattern: 0|([1-9]\\d{0,38})')}`)
      }
      if (BigInt(hashKey) >= HASH_END) {
        throw badArgument(`Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${hashKey}`)
      }
    }
    const bytes = weightOf(record)
    if (bytes > maxRecordBytes) throw invalid(`${at}.data' ${must(`have length less than or equal to ${maxRecordBytes}`)}`)
    total += bytes
  }
  if (total > MAX_REQUEST_BYTES) throw badArgument('Records size exceeds 10 MB limit')
}

/** A shard's allowance. It saves up one second's worth; how much the service saves is undocumented. */
export class Allowance {
  readonly #limits: ShardLimits
  #records: number
  #bytes: number
  #at: number

  constructor(limits: ShardLimits, now: number) {
    this.#limits = limits
    this.#records = limits.recordsPerSecond
    this.#bytes = limits.bytesPerSecond
    this.#at = now
  }

  take(bytes: number, now: number): boolean {
    const seconds = (now - this.#at) / 1000
    const { recordsPerSecond, bytesPerSecond } = this.#limits
    this.#at = now
    this.#records = Math.min(recordsPerSecond, this.#records + seconds * recordsPerSecond)
    this.#bytes = Math.min(bytesPerSecond, this.#bytes + seconds * bytesPerSecond)
    if (this.#records < 1 || this.#bytes < bytes) return false
    this.#records--
    this.#bytes -= bytes
    return true
  }
}
