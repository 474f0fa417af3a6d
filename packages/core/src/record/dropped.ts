import type { Attempt } from './attempt.js'
import type { UserRecord } from './record.js'

/** Why a record was given up. A closed list: each reason has its own counter. */
export const DROP_REASONS = [
  /** Failed `maxAttemptsPerRecord` times by its own fault. */
  'maxAttempts',
  /** Failed by its own fault for longer than `retryTimeout`. */
  'retryTimeout',
  /** Older than `recordTtl`. */
  'expired',
  /** The service refuses this record whatever the circumstances. */
  'rejected',
  /** The oldest under `whenFull: 'dropOldest'`, the newest under `'dropNewest'`, or of the batch that `'rejectThenDropBatch'` gives up. */
  'bufferFull',
  /** Left when the producer was disposed of, with nobody to hand it to but `onDrop`. */
  'closed',
] as const

export type DropReason = (typeof DROP_REASONS)[number]

/** A record that will not be delivered, with all that is known about why. */
export interface DroppedRecord {
  readonly record: UserRecord
  readonly reason: DropReason
  readonly attempts: readonly Attempt[]
  /** The newest error; absent when nothing was tried. */
  readonly error?: unknown
  /** A response was lost on the way: the record may be in the stream all the same. */
  readonly possiblyDelivered: boolean
}
