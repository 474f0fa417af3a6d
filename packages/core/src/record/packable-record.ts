/** What packing may see of a queued record: it reads, and changes nothing. */
export interface PackableRecord {
  /** Its data: `length` bytes of this memory, from `start` on, with the packing's framing around them. */
  readonly memory: Buffer
  readonly start: number
  readonly length: number
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  /**
   * Bytes as admission counted them: data + partition key (`SPREAD_KEY_BYTES` when there is none)
   * + the packer's `overhead`.
   */
  readonly bytes: number
  /** It may be in the stream already: an answer was lost, or an aggregate landed elsewhere. */
  readonly possiblyDelivered: boolean
  /** It failed so often that it is to share its Kinesis record with no other. */
  readonly travelsAlone: boolean
}
