import type { OutgoingRecord } from '../../packing/outgoing.js'
import type { PutRecordsResponse } from '../client-types.js'

/** A request as the producer hands it over; a client's own kind of request is one too. */
export interface OutgoingRequest {
  readonly Records: readonly OutgoingRecord[]
  readonly StreamName?: string
  readonly StreamARN?: string
}

/** A way to write PutRecords and to read its answer. */
export interface Wire {
  readonly contentType: string
  /** Bytes the body of the request takes at most. */
  maxBodyBytes(request: OutgoingRequest): number
  /**
   * Writes the body in steps, each of which tells how far it came; the last one returns where the body
   * ends. Others may have their turn between two steps.
   */
  writeBody(request: OutgoingRequest, body: Buffer): Generator<number, number>
  /** Whether an answer says, without being parsed, that all of the records were stored. */
  tellsAllStored(answer: Buffer, sent: number): boolean
  /** Throws if the answer cannot be read. */
  parse(answer: Buffer): PutRecordsResponse
}
