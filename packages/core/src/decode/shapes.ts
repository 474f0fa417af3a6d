import { InvalidRecordError } from '../errors/errors.js'
import { bytesOf, bytesOfBase64 } from './bytes.js'
import { describeShape } from './describe-shape.js'

/** Bytes in any form; those of another realm too. */
export type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer

/** A record as `GetRecords` and `SubscribeToShard` of the AWS SDK give it, or the AWS CLI (base64). */
export interface SdkRecord {
  readonly Data: Uint8Array | string | undefined
  readonly PartitionKey?: string | undefined
  readonly SequenceNumber?: string | undefined
}

/** A record of the event that Kinesis hands to a Lambda function. */
export interface LambdaRecord {
  readonly kinesis: FlatRecord
}

/** A record as EventBridge Pipes and the KCL's MultiLang daemon (`aws-kcl`) give it. */
export interface FlatRecord {
  /** Base64. */
  readonly data: string
  readonly partitionKey?: string | undefined
  readonly sequenceNumber?: string | undefined
  /** Of the KCL, which takes aggregates apart itself. */
  readonly subSequenceNumber?: number | undefined
}

interface Metadata {
  readonly partitionKey?: string | undefined
  readonly sequenceNumber?: string | undefined
}

/** A record of the event that Firehose hands to a transforming Lambda function. */
export interface FirehoseRecord {
  /** Base64. */
  readonly data: string
  readonly kinesisRecordMetadata?: Metadata | undefined
}

/** A record of the event that Kinesis Data Analytics hands to a preprocessing Lambda function. */
export interface AnalyticsRecord {
  /** Base64. */
  readonly data: string
  readonly kinesisStreamRecordMetadata?: Metadata | undefined
}

/** Any form in which one Kinesis record comes; bare bytes too. */
export type EncodedRecord =
  | SdkRecord
  | LambdaRecord
  | FlatRecord
  | FirehoseRecord
  | AnalyticsRecord
  | Bytes

/**
 * Any form in which many come: the output of `GetRecords`, an event of `SubscribeToShard`, the
 * event of a Lambda function, or an array (EventBridge Pipes).
 */
export type EncodedEvent =
  | { readonly Records: readonly EncodedRecord[] | undefined }
  | { readonly records: readonly EncodedRecord[] | undefined }
  | { readonly SubscribeToShardEvent: { readonly Records: readonly EncodedRecord[] | undefined } }
  | readonly EncodedRecord[]

/** A Kinesis record in one form. */
export interface PlainRecord {
  readonly data: Buffer
  readonly partitionKey: string | undefined
  readonly sequenceNumber: string | undefined
  /** Place of the first user record within the pack. */
  readonly subSequenceNumber: number
}

/**
 * The Kinesis records of an event, or the one. What stands alone is looked at at once, a record of
 * an event when its turn comes.
 * @throws {InvalidRecordError} for what is no record in any known form
 */
export const plainRecords = (record: EncodedRecord | EncodedEvent): Iterable<PlainRecord> => {
  const list = listOf(record)
  if (list !== undefined) return plainList(list)
  const plain = plainRecord(record)
  if (plain === undefined) throw new InvalidRecordError(unknownShape('', record))
  return [plain]
}

function* plainList(list: readonly unknown[]): Generator<PlainRecord, void, undefined> {
  for (const [index, record] of list.entries()) {
    const plain = plainRecord(record)
    if (plain === undefined)
      throw new InvalidRecordError(unknownShape(`record ${index} of the event: `, record))
    yield plain
  }
}

const unknownShape = (where: string, record: unknown): string =>
  `${where}decode() takes bytes, a record or the whole output of GetRecords (Data) or of the AWS CLI (Data in base64), ` +
  'a record or the whole event of Lambda (kinesis.data), Firehose, Kinesis Analytics or EventBridge Pipes (data), ' +
  `or a record of the KCL (data); not ${describeShape(record)}`

const listOf = (event: unknown): readonly unknown[] | undefined => {
  if (Array.isArray(event)) return event
  const own = property(event, 'SubscribeToShardEvent') ?? event
  for (const name of ['Records', 'records']) {
    const list = property(own, name)
    if (Array.isArray(list)) return list
    // As the SDK types the output of GetRecords.
    if (list === undefined && hasProperty(own, name)) return []
  }
  return undefined
}

const plainRecord = (record: unknown): PlainRecord | undefined => {
  const bare = bytesOf(record)
  if (bare !== undefined) return plain(bare, undefined)
  if (hasProperty(record, 'Data')) return sdkRecord(record)
  const flat = property(record, 'kinesis') ?? record
  return plain(
    dataOf(property(flat, 'data')),
    property(flat, 'kinesisRecordMetadata') ??
      property(flat, 'kinesisStreamRecordMetadata') ??
      flat,
  )
}

const sdkRecord = (record: object): PlainRecord | undefined =>
  // The SDK leaves out data that is empty.
  plain(dataOf(property(record, 'Data') ?? ''), {
    partitionKey: property(record, 'PartitionKey'),
    sequenceNumber: property(record, 'SequenceNumber'),
  })

const dataOf = (data: unknown): Buffer | undefined =>
  typeof data === 'string' ? bytesOfBase64(data) : bytesOf(data)

const plain = (data: Buffer | undefined, names: unknown): PlainRecord | undefined =>
  data && {
    data,
    partitionKey: textOf(property(names, 'partitionKey')),
    sequenceNumber: textOf(property(names, 'sequenceNumber')),
    subSequenceNumber: indexOf(
      // The KCL and Firehose do not write it alike.
      property(names, 'subSequenceNumber') ?? property(names, 'subsequenceNumber'),
    ),
  }

const hasProperty = (value: unknown, name: string): value is object =>
  typeof value === 'object' && value !== null && name in value

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined

const indexOf = (value: unknown): number => {
  const index = typeof value === 'string' ? Number(value) : value
  return typeof index === 'number' && Number.isSafeInteger(index) && index >= 0 ? index : 0
}
