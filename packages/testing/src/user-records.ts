import { type DecodeOptions, decode } from '@kinesis-producer/core/decode'
import type { StoredRecord } from './streams/record-log.js'

/** A record as it was added, whatever it was packed into. */
export interface UserRecord {
  readonly data: Buffer
  /** The data as UTF-8. */
  readonly text: string
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly shardId: string
  /** Of the Kinesis record; all records of a pack share it. */
  readonly sequenceNumber: string
  /** Place within the pack. */
  readonly subSequenceNumber: number
  /** In milliseconds, by the endpoint's clock. */
  readonly arrivedAt: number
}

export const userRecords = (
  records: readonly StoredRecord[],
  options?: DecodeOptions,
): UserRecord[] =>
  records.flatMap(record => {
    const { sequenceNumber, shardId, arrivedAt } = record
    return Array.from(decode(record.data, options), user => {
      const data = Buffer.from(user.data)
      return {
        data,
        text: data.toString('utf8'),
        partitionKey: user.partitionKey ?? record.partitionKey,
        explicitHashKey: user.explicitHashKey ?? record.explicitHashKey,
        shardId,
        sequenceNumber,
        subSequenceNumber: user.subSequenceNumber,
        arrivedAt,
      }
    })
  })
