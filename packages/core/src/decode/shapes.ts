import { InvalidRecordError } from '../errors/errors.js'

/** A Kinesis record as `GetRecords` and `SubscribeToShard` of the AWS SDK give it. */
export interface SdkRecord {
  readonly Data: Uint8Array | undefined
  readonly PartitionKey?: string | undefined
  readonly SequenceNumber?: string | undefined
}

/** A record of the event that Kinesis hands to a Lambda function. */
export interface LambdaRecord {
  readonly kinesis: {
    /** Base64. */
    readonly data: string
    readonly partitionKey?: string | undefined
    readonly sequenceNumber?: string | undefined
  }
}

/** A record of the event that Firehose hands to a transforming Lambda function. */
export interface FirehoseRecord {
  /** Base64. */
  readonly data: string
  readonly kinesisRecordMetadata?:
    | {
        readonly partitionKey?: string | undefined
        readonly sequenceNumber?: string | undefined
      }
    | undefined
}

/** Any form in which a Kinesis record comes; bare bytes too. */
export type EncodedRecord = SdkRecord | LambdaRecord | FirehoseRecord | Uint8Array

/** A Kinesis record in one form. */
export interface PlainRecord {
  readonly data: Uint8Array
  readonly partitionKey: string | undefined
  readonly sequenceNumber: string | undefined
}

/** @throws {InvalidRecordError} for what is no record in any known form */
export const plainRecord = (record: EncodedRecord): PlainRecord => {
  if (record instanceof Uint8Array) return plain(record, undefined)
  if (typeof record === 'object' && record !== null) {
    if ('Data' in record && (record.Data === undefined || record.Data instanceof Uint8Array)) {
      return plain(record.Data ?? new Uint8Array(), {
        partitionKey: record.PartitionKey,
        sequenceNumber: record.SequenceNumber,
      })
    }
    if ('kinesis' in record && typeof record.kinesis?.data === 'string')
      return plain(Buffer.from(record.kinesis.data, 'base64'), record.kinesis)
    if ('data' in record && typeof record.data === 'string')
      return plain(Buffer.from(record.data, 'base64'), record.kinesisRecordMetadata)
  }
  throw new InvalidRecordError(
    'decode() takes a record of GetRecords, of a Lambda event or of a Firehose event, or bytes',
  )
}

const plain = (
  data: Uint8Array,
  names: Pick<Partial<PlainRecord>, 'partitionKey' | 'sequenceNumber'> | undefined,
): PlainRecord => ({
  data,
  partitionKey: names?.partitionKey,
  sequenceNumber: names?.sequenceNumber,
})
