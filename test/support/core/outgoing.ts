import {
  type OutgoingRecord,
  type PlainRecord,
  toWireRecord,
} from '@kinesis-producer/core/internal/packing/outgoing'

/** A Kinesis record whose data lies in the middle of other bytes, as it does in a slab. */
export const plain = (
  data: Uint8Array | string,
  PartitionKey: string,
  ExplicitHashKey?: string,
): PlainRecord => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  const memory = Buffer.concat([Buffer.from([0xa5, 0xa5]), bytes, Buffer.from([0xa5])])
  return { PartitionKey, ExplicitHashKey, memory, start: 2, size: bytes.length }
}

/** The same, of the SDK's form. */
export const plainOf = ({
  Data,
  PartitionKey,
  ExplicitHashKey,
}: {
  readonly Data: Uint8Array
  readonly PartitionKey: string
  readonly ExplicitHashKey?: string
}): PlainRecord => plain(Data, PartitionKey, ExplicitHashKey)

/** What is sent of a record. */
export const sentData = (record: OutgoingRecord): Buffer => Buffer.from(toWireRecord(record).Data)
