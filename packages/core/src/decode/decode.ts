import { CorruptRecordError } from '../errors/errors.js'
import { type DecodeOptions, type Reading, resolveDecodeOptions } from './decode-options.js'
import { type Part, partsOf } from './parts.js'
import { type EncodedEvent, type EncodedRecord, type PlainRecord, plainRecords } from './shapes.js'

/** A user record, as it was added. */
export interface DecodedRecord {
  /** A window on the Kinesis record where that is possible: copy it if you keep it for long. */
  readonly data: Uint8Array
  /** Undefined where the form of the record does not tell. */
  readonly partitionKey: string | undefined
  /** Of a record of an aggregate that was added with one: Kinesis gives back no others. */
  readonly explicitHashKey: string | undefined
  /** Of the Kinesis record; all records of a pack share it. */
  readonly sequenceNumber: string | undefined
  /** Place within the pack; with the sequence number it names the record for good. */
  readonly subSequenceNumber: number
}

/**
 * The user records of a Kinesis record, or of all Kinesis records of an event, one after the other.
 *
 * With `packing` it is the exact inverse of that packing. Without, it is best effort: aggregates
 * are told by their digest, compression by the first bytes, concat by the terminator at the end.
 * An aggregate with a wrong digest is then taken for a record as it is.
 * @throws {CorruptRecordError} when its turn comes, unless `onCorrupt` is `raw`
 * @throws {ConfigError} an option is wrong
 * @throws {InvalidRecordError} not a record in any known form; of an event, when its turn comes
 */
export const decode = (
  record: EncodedRecord | EncodedEvent,
  options?: DecodeOptions | null,
): Generator<DecodedRecord, void, undefined> =>
  decodeAll(plainRecords(record), resolveDecodeOptions(options ?? {}))

function* decodeAll(
  records: Iterable<PlainRecord>,
  how: Reading,
): Generator<DecodedRecord, void, undefined> {
  for (const record of records) yield* decodeOne(record, how)
}

function* decodeOne(record: PlainRecord, how: Reading): Generator<DecodedRecord, void, undefined> {
  const { partitionKey, sequenceNumber } = record
  let { subSequenceNumber } = record
  for (const part of readable(record.data, how)) {
    yield {
      data: part.data,
      partitionKey: part.partitionKey ?? partitionKey,
      explicitHashKey: part.explicitHashKey,
      sequenceNumber,
      subSequenceNumber: subSequenceNumber++,
    }
  }
}

const readable = (data: Buffer, how: Reading): Iterable<Part> => {
  try {
    return partsOf(data, how)
  } catch (error) {
    if (how.raw && error instanceof CorruptRecordError) return [{ data }]
    throw error
  }
}
