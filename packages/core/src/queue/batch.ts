import type { PendingRecord, QueuedRecord } from './pending-record.js'
import type { ShardBackoff } from './shard-backoff.js'

/** The records of one request, from the moment they leave the queue until it is answered. */
export interface Batch {
  readonly records: readonly QueuedRecord[]
  /** A part of a bisected request: nothing else is in it, so that its outcome tells of it alone. */
  readonly isPart: boolean
  /** Whether it matters where the records are stored: somebody awaits a receipt, or a shard backs off. */
  readonly wantsPlaces: boolean
  /**
   * Whether the queue learns from where they are stored: some of them belong to a shard that backs
   * off, or backed off, or such a shard may be the only one.
   */
  readonly tracksShards: boolean
  /** Whether it is the turn of such a shard. */
  readonly isTurn: boolean
}

/** As the queue knows it. */
export interface TakenBatch extends Batch {
  readonly records: readonly PendingRecord[]
  readonly oldest: PendingRecord | undefined
  /** Shards whose turn it is. */
  readonly turns: ReadonlySet<ShardBackoff>
}

/** What became of a record of an answered request. */
export type RecordFate =
  | { readonly kind: 'stored'; readonly shardId: string }
  /** Given up. */
  | { readonly kind: 'dropped' }
  /** Its shard is to get less; the service may have named it. */
  | { readonly kind: 'throttled'; readonly shardId: string | undefined }
  /** Failed by itself, in a request that succeeded or in one of its own: goes again after a backoff. */
  | { readonly kind: 'failed'; readonly isAlone: boolean }
  /**
   * Its Kinesis record is refused, and it is not alone in it: one of those that share it is to blame.
   */
  | { readonly kind: 'suspected'; readonly carrier: number }
  /** Not its fault: goes with the next request. */
  | { readonly kind: 'requeued' }
