import type { PackableRecord } from '../record/packable-record.js'
import type { RecordData } from '../record/record.js'
import type { Framing } from '../store/framing.js'
import type { OutgoingRecord } from './outgoing.js'

/** The user records of a request as Kinesis records. */
export interface BuiltRequest {
  /** A promise while they are being compressed, off this thread; if that fails it rejects: await it. */
  readonly records: readonly OutgoingRecord[] | Promise<readonly OutgoingRecord[]>
  /** How many Kinesis records these are. */
  readonly count: number
  /** Index of the Kinesis record that carries each user record; undefined: user record i is Kinesis record i. */
  readonly carriers: readonly number[] | undefined
  /**
   * Shard each Kinesis record was made for, where it matters: its user records are only readable
   * there. Undefined: anywhere.
   */
  readonly shards: readonly (string | undefined)[] | undefined
}

/** A request being built: user records join it until it is full. */
export interface RequestBuilder {
  /** User records taken so far. */
  readonly count: number
  /**
   * Takes the record; returns the index of the Kinesis record that carries it, or -1 if it does not
   * fit. It always fits into an empty builder. The builder reads the record at once and does not
   * keep it.
   */
  take(record: PackableRecord): number
  /**
   * Takes the record only into that Kinesis record. With ordering, it is the one that carries the
   * record before it of the same key, so that both succeed or fail together.
   */
  takeInto(index: number, record: PackableRecord): boolean
  /** Whether, though one record was refused, others may still fit into the packs there are. */
  readonly hasRoom: boolean
  /** The taken records as Kinesis records. Never throws for admitted records. */
  build(): BuiltRequest
}

/** How user records become Kinesis records: one object a producer. */
export interface Packer {
  /** Records, or bytes, that make a request worth sending before its linger is over. */
  readonly dueRecords: number
  readonly dueBytes: number
  /** Bytes each record gains on its way into a Kinesis record. */
  readonly overhead: number
  /** What it wants around the data of each record in memory. */
  readonly framing: Framing
  /** Most bytes a record may have (data and key) so that its Kinesis record has at most `limit`. */
  recordLimit(limit: number): number
  /**
   * Asked of each record before it is admitted; undefined: the packing takes any data.
   * @throws {InvalidRecordError} it does not take this one
   */
  readonly checkData?: ((data: RecordData) => void) | undefined
  /** Begins a request of at most `limit` Kinesis records. */
  open(limit: number): RequestBuilder
}
