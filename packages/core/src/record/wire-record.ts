/** One Kinesis record of a request. */
export interface WireRecord {
  Data: Uint8Array
  PartitionKey: string
  ExplicitHashKey?: string
}
