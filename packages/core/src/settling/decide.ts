import type { RecordResult } from '../client/answer.js'
import { BISECT_AFTER_FAILURES } from '../config/tuning.js'
import type { RecordFate } from '../queue/batch.js'
import type { QueuedRecord } from '../queue/pending-record.js'
import type { DropReason } from '../record/dropped.js'
import { classifyRecordError, type Verdict } from './classify.js'

/** Bounds of the retries of a record that fails by itself. */
export interface RetryBounds {
  readonly maxAttemptsPerRecord: number
  /** Milliseconds from its first failure; 0: none. */
  readonly retryTimeout: number
}

/** What is to become of a record that was tried. */
export interface Decision {
  readonly fate: RecordFate
  /** Why it was not delivered; undefined if it was. */
  readonly verdict: Verdict | undefined
  readonly message: string
  /** Whether the failure is the record's own. */
  readonly isFault: boolean
  /** Why it is given up; undefined if it is not. */
  readonly dropped: DropReason | undefined
}

/** Stored in a shard where consumers of aggregates drop it unread; some may see it all the same. */
const WRONG_SHARD: Verdict = {
  action: 'retry',
  throttled: false,
  ambiguous: true,
  code: 'WrongShard',
}

/** The service names the shard in the message of a throttled record. */
const SHARD_ID = /\bshardId-\d{1,20}\b/

/** How a user record travelled. */
export interface Travelled {
  /** Index of its Kinesis record, if it shared it with others. */
  readonly shared: number | undefined
  /** Whether its aggregate landed in another shard than it was made for. */
  readonly isStray: boolean
}

export const decide = (
  record: QueuedRecord,
  result: RecordResult,
  { shared, isStray }: Travelled,
  bounds: RetryBounds,
  now: number,
): Decision => {
  if (result.kind === 'stored') {
    const { shardId } = result
    if (!isStray)
      return {
        fate: { kind: 'stored', shardId },
        verdict: undefined,
        message: '',
        isFault: false,
        dropped: undefined,
      }
    // The next try packs it by its own key, and so it arrives where that belongs.
    return again(WRONG_SHARD, `landed in ${shardId}, which was resharded`, { kind: 'requeued' })
  }
  const verdict = classifyRecordError(result.code)
  const { message } = result
  switch (verdict.action) {
    case 'isolate':
    case 'fail':
      if (shared === undefined) return dropped(verdict, message, 'rejected', false)
      return again(verdict, message, { kind: 'suspected', carrier: shared })
    case 'pause':
      return again(verdict, message, { kind: 'requeued' })
    case 'retry':
      // A throttled shard is not the record's fault; recordTtl bounds the wait.
      if (verdict.throttled)
        return again(verdict, message, {
          kind: 'throttled',
          shardId: SHARD_ID.exec(message)?.[0],
        })
      return sharedFailure(
        ownFailure(record, verdict, message, bounds, now, false),
        record,
        verdict,
        shared,
      )
  }
}

/**
 * A Kinesis record that keeps failing may do so for one of those that share it: before they are
 * given up together, or after a few tries, it is found out which.
 */
const sharedFailure = (
  own: Decision,
  record: QueuedRecord,
  verdict: Verdict,
  shared: number | undefined,
): Decision => {
  // From that many failures on it travels alone.
  const isLast = own.dropped !== undefined || record.faults + 1 >= BISECT_AFTER_FAILURES
  if (shared === undefined || !isLast) return own
  return again(verdict, own.message, { kind: 'suspected', carrier: shared })
}

/** A failure of the record's own: it goes again after a backoff, unless this was its last. */
export const ownFailure = (
  record: QueuedRecord,
  verdict: Verdict,
  message: string,
  { maxAttemptsPerRecord, retryTimeout }: RetryBounds,
  now: number,
  isAlone: boolean,
): Decision => {
  if (record.faults + 1 >= maxAttemptsPerRecord)
    return dropped(verdict, message, 'maxAttempts', true)
  const since = now - (record.firstFaultAt ?? now)
  if (retryTimeout > 0 && since >= retryTimeout)
    return dropped(verdict, message, 'retryTimeout', true)
  return { fate: { kind: 'failed', isAlone }, verdict, message, isFault: true, dropped: undefined }
}

export const dropped = (
  verdict: Verdict,
  message: string,
  reason: DropReason,
  isFault: boolean,
): Decision => ({ fate: { kind: 'dropped' }, verdict, message, isFault, dropped: reason })

const again = (verdict: Verdict, message: string, fate: RecordFate): Decision => ({
  fate,
  verdict,
  message,
  isFault: false,
  dropped: undefined,
})
