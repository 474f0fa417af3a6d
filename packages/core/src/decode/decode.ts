import { gunzipSync } from 'node:zlib'
import { checkInteger, checkKeys, checkOneOf, show } from '../config/check.js'
import { ConfigError, CorruptRecordError } from '../errors/errors.js'
import { isAggregate, readAggregate } from './kpl.js'
import { type EncodedRecord, type PlainRecord, plainRecord } from './shapes.js'

/** A user record, as it was added. */
export interface DecodedRecord {
  /** A window on the Kinesis record where that is possible: copy it if you keep it for long. */
  readonly data: Uint8Array
  /** Undefined where the form of the record does not tell. */
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  /** Of the Kinesis record; all records of a pack share it. */
  readonly sequenceNumber: string | undefined
  /** Place within the pack; with the sequence number it names the record for good. */
  readonly subSequenceNumber: number
}

export interface DecodeOptions {
  /**
   * What ends each record of a concat pack. A Kinesis record that does not end with it is taken to
   * be a single one. `false`: nothing does, so that what is neither gzip nor an aggregate stays
   * whole, such as OTLP protobuf.
   * @default '\n'
   */
  readonly terminator?: string | Uint8Array | false | undefined
  /**
   * `throw`: a `CorruptRecordError`. `raw`: what cannot be decoded is yielded as it is.
   * @default 'throw'
   */
  readonly onCorrupt?: 'throw' | 'raw' | undefined
  /**
   * Most bytes a compressed record may become; a bomb must not eat the consumer's memory.
   * @default 67108864 (64 MiB)
   */
  readonly maxBytes?: number | undefined
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024

/**
 * The user records of a Kinesis record, whatever the packing and compression: aggregates of `kpl`
 * are told by their digest, gzip by its first bytes, concat by the terminator at the end.
 * @throws {CorruptRecordError} when its turn comes, unless `onCorrupt` is `raw`
 * @throws {ConfigError} an option is wrong
 * @throws {InvalidRecordError} not a record in any known form
 */
export const decode = (
  record: EncodedRecord,
  options: DecodeOptions = {},
): Generator<DecodedRecord, void, undefined> => {
  checkKeys('DecodeOptions', options, ['terminator', 'onCorrupt', 'maxBytes'])
  const terminator = terminatorOf(options.terminator ?? '\n')
  const onCorrupt = checkOneOf('onCorrupt', options.onCorrupt ?? 'throw', ['throw', 'raw'])
  const maxBytes = checkInteger(
    'maxBytes',
    options.maxBytes ?? DEFAULT_MAX_BYTES,
    1,
    Number.MAX_SAFE_INTEGER,
  )
  const whole = plainRecord(record)
  return number(whole, () => partsOf(whole, terminator, maxBytes), onCorrupt === 'raw')
}

type Part = Pick<DecodedRecord, 'data'> &
  Partial<Pick<DecodedRecord, 'partitionKey' | 'explicitHashKey'>>

function* number(
  { data, partitionKey, sequenceNumber }: PlainRecord,
  parts: () => Iterable<Part>,
  raw: boolean,
): Generator<DecodedRecord, void, undefined> {
  let subSequenceNumber = 0
  for (const part of readable(parts, data, raw)) {
    yield {
      data: part.data,
      partitionKey: part.partitionKey ?? partitionKey,
      explicitHashKey: part.explicitHashKey,
      sequenceNumber,
      subSequenceNumber: subSequenceNumber++,
    }
  }
}

const readable = (parts: () => Iterable<Part>, whole: Uint8Array, raw: boolean): Iterable<Part> => {
  try {
    return parts()
  } catch (error) {
    if (raw && error instanceof CorruptRecordError) return [{ data: whole }]
    throw error
  }
}

const partsOf = (
  { data }: PlainRecord,
  terminator: Uint8Array | undefined,
  maxBytes: number,
): Iterable<Part> => {
  if (isAggregate(data)) return readAggregate(data)
  const plain = isGzip(data) ? gunzip(data, maxBytes) : data
  if (terminator === undefined || !endsWith(plain, terminator)) return [{ data: plain }]
  return split(plain, terminator)
}

/** The magic of gzip and the one method there is (RFC 1952, 2.3.1). */
const isGzip = (data: Uint8Array): boolean =>
  data[0] === 0x1f && data[1] === 0x8b && data[2] === 8 && data.length >= 18

const gunzip = (data: Uint8Array, maxOutputLength: number): Uint8Array => {
  try {
    return gunzipSync(data, { maxOutputLength })
  } catch (error) {
    throw new CorruptRecordError(
      `gzip: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

const endsWith = (data: Uint8Array, end: Uint8Array): boolean =>
  data.length >= end.length && end.every((byte, i) => data[data.length - end.length + i] === byte)

function* split(data: Uint8Array, terminator: Uint8Array): Generator<Part, void, undefined> {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (let from = 0; from < bytes.length; ) {
    const to = bytes.indexOf(terminator, from)
    if (to === -1) return
    yield { data: data.subarray(from, to) }
    from = to + terminator.length
  }
}

const terminatorOf = (value: unknown): Uint8Array | undefined => {
  if (value === false) return undefined
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
  if (bytes instanceof Uint8Array && bytes.length > 0) return bytes
  throw new ConfigError(
    `terminator must be a string, bytes or false, and not empty; not ${show(value)}`,
  )
}
