import type { PackableRecord } from '../record/packable-record.js'
import type { OutgoingRecord } from './outgoing.js'

/** One Kinesis record being built of many user records. */
export interface AggregateBuilder {
  /** Its bytes so far, as the service counts them: partition key included. */
  readonly bytes: number
  /** The shard it is made for; undefined: it holds records of one key (or of none). */
  readonly shard: string | undefined
  /** Bytes it would gain by this record; undefined: it does not fit any more. */
  growth(record: PackableRecord): number | undefined
  add(record: PackableRecord, growth: number): void
  build(): OutgoingRecord
}

/** What tells packings apart. */
export interface AggregateFormat {
  /** Begins an aggregate with its first record, which fits whatever its size. */
  open(record: PackableRecord, shard: string | undefined): AggregateBuilder
  /** The shard whose records may share an aggregate; undefined: only those of the same key. */
  shardOf(record: PackableRecord): string | undefined
  /** A step after building, such as compression. It rejects and never throws. */
  readonly finish: ((records: readonly OutgoingRecord[]) => Promise<OutgoingRecord[]>) | undefined
}

/** Bounds of one aggregate; a first record may be larger. */
export interface AggregateBounds {
  readonly maxBytes: number
  readonly maxRecords: number
}
