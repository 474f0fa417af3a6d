import type { Attempt } from './attempt.js'
import type { UserRecord } from './record.js'

/** Why a record was given up. A closed list: each reason has its own counter. */
export const DROP_REASONS = [
  /** It had `maxAttemptsPerRecord` failures of its own. */
  'maxAttempts',
  /** It still failed by itself `retryTimeout` after its first failure. */
  'retryTimeout',
  /** It reached the age of `recordTtl`. */
  'expired',
  /** The service refuses this record whatever the circumstances. */
  'rejected',
  /** The oldest under `whenFull: 'dropOldest'`, the newest under `'dropNewest'`, or of a batch that `'rejectThenDropBatch'` or `'waitThenDropBatch'` gave up. */
  'bufferFull',
  /** A producer in a worker: it was in flight when three workers died, and may be what killed them. */
  'workerDied',
  /** It was on disk alone and cannot be read back: there is nothing to hand to `onDrop`. */
  'lost',
  /** Left over by `await using`, with nobody to hand it to but `onDrop`. */
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
  /** The outcome of a try is unknown: the record may be in the stream all the same. */
  readonly possiblyDelivered: boolean
}
