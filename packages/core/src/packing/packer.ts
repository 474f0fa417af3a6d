import type { Entry } from '../queue/pending-record.js'
import type { OutgoingRecord } from './outgoing.js'

/** The user records of a request as Kinesis records. */
export interface Packed {
  /** A promise while they are being compressed, off this thread. */
  readonly records: readonly OutgoingRecord[] | Promise<readonly OutgoingRecord[]>
  /** How many Kinesis records these are. */
  readonly count: number
  /** Index of the Kinesis record that carries each entry; undefined: entry i is record i. */
  readonly carriers: readonly number[] | undefined
  /**
   * Shard each Kinesis record was made for, where it matters: its user records are only readable
   * there. Undefined: anywhere.
   */
  readonly shards?: readonly (string | undefined)[] | undefined
}

/** A request being put together: user records join it until it is full. */
export interface Load {
  /** The user records taken so far, in that order. */
  readonly entries: readonly Entry[]
  /** Takes the record into the request, if there is room; an empty load has room for any. */
  take(entry: Entry): boolean
  /**
   * Takes a record only if it can share the Kinesis record of an older one of its key, so that they
   * succeed or fail together.
   */
  takeAlong(entry: Entry): boolean
  /** Whether, though one record was refused, later ones may fit into the packs there are. */
  readonly hasRoom: boolean
  pack(): Packed
}

/** How user records become Kinesis records: one object a producer. */
export interface Packer {
  /** Records, or bytes, that make a request worth sending before its linger is over. */
  readonly dueRecords: number
  readonly dueBytes: number
  /** Bytes each record gains on its way into a Kinesis record. */
  readonly overhead: number
  /** Most a record may weigh (data and key) so that its Kinesis record weighs at most `limit`. */
  recordLimit(limit: number): number
  /** Begins a request of at most `limit` Kinesis records. */
  open(limit: number): Load
}
