import type { Attempt } from './attempt.js'

/** What can be sent: bytes, which are copied, or text that is sent as UTF-8. */
export type RecordData = Uint8Array | string

/** A copy that nobody else can change, and that keeps nobody else's memory. */
export const copyOfData = (data: RecordData): RecordData => {
  if (typeof data === 'string') return data
  const copy = Buffer.allocUnsafeSlow(data.byteLength)
  copy.set(data)
  return copy
}

/** A record as its owner added it; also the form in which it is handed back. */
export interface UserRecord {
  readonly data: RecordData
  /** Absent: any shard. */
  readonly partitionKey?: string
  /** A 128-bit number in decimals that picks the shard in place of the key's MD5. */
  readonly explicitHashKey?: string
}

/** What came of a `put()`. */
export interface Receipt {
  readonly shardId: string
  readonly sequenceNumber: string
  /** All tries, the last one being the successful one. */
  readonly attempts: readonly Attempt[]
  /** The outcome of an earlier try is unknown: consumers may see this record twice. */
  readonly possibleDuplicate: boolean
}

/** A record that a deadline left unsettled, handed back by `close()`. */
export interface Leftover extends UserRecord {
  /** Its request was in flight, or the outcome of a try is unknown: it may be in the stream all the same. */
  readonly possiblyDelivered: boolean
}
