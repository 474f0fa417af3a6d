import assert from 'node:assert/strict'
import type { RecordResult } from '@kinesis-producer/core/internal/client/answer'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import {
  type Decision,
  decide,
  type RetryBounds,
} from '@kinesis-producer/core/internal/settling/decide'
import { recordOf } from '../../../support/core/queue.js'

const BOUNDS: RetryBounds = { maxAttemptsPerRecord: 3, retryTimeout: 0 }

const record = (faultsAt: readonly number[] = []): PendingRecord => {
  const made = recordOf(1, { data: 'x', key: 'k', bytes: 2 })
  for (const at of faultsAt) made.addFault(at)
  return made
}

const failed = (code: string, message = 'why'): RecordResult => ({ kind: 'failed', code, message })
const STORED: RecordResult = { kind: 'stored', shardId: 'shardId-7', sequenceNumber: '1' }

const decision = (
  result: RecordResult,
  {
    faultsAt = [],
    now = 0,
    isStray = false,
    bounds = BOUNDS,
  }: { faultsAt?: number[]; now?: number; isStray?: boolean; bounds?: RetryBounds } = {},
): Decision => decide(record(faultsAt), result, { shared: undefined, isStray }, bounds, now)

/** Fate, reason and whose fault it is. */
const brief = ({ fate, dropped, isFault }: Decision) => [fate.kind, dropped, isFault]

describe('what becomes of a record', () => {
  it('that is stored: it leaves, and its shard is noted', () => {
    const { fate, verdict, dropped, isFault, message } = decision(STORED)
    assert.deepEqual(fate, { kind: 'stored', shardId: 'shardId-7' })
    assert.deepEqual([verdict, dropped, isFault, message], [undefined, undefined, false, ''])
  })

  it('that is stored where consumers drop it: it goes again, and may be there twice', () => {
    const { fate, verdict, dropped, isFault, message } = decision(STORED, { isStray: true })
    assert.deepEqual([fate, dropped, isFault], [{ kind: 'requeued' }, undefined, false])
    assert.deepEqual([verdict?.code, verdict?.ambiguous], ['WrongShard', true])
    assert.deepEqual([verdict?.action, verdict?.throttled], ['retry', false])
    assert.equal(message, 'landed in shardId-7, which was resharded')
  })

  it('that is throttled: it goes again with its shard, without a fault of its own', () => {
    const message = 'Rate exceeded for shard shardId-000000000012 in stream s under account 1.'
    const throttled = decision(failed('ProvisionedThroughputExceededException', message), {
      faultsAt: [0, 0],
      now: 10 ** 9,
      bounds: { maxAttemptsPerRecord: 3, retryTimeout: 1 },
    })
    assert.deepEqual(throttled.fate, { kind: 'throttled', shardId: 'shardId-000000000012' })
    assert.deepEqual([throttled.dropped, throttled.isFault], [undefined, false])
    assert.equal(throttled.message, message)
  })

  it('that is throttled by a shard nobody names, or by a name that is too long for one', () => {
    for (const message of ['Rate exceeded', `xshardId-1`, `shardId-${'1'.repeat(21)}`]) {
      const { fate } = decision(failed('KMSThrottlingException', message))
      assert.deepEqual(fate, { kind: 'throttled', shardId: undefined }, message)
    }
  })

  it('that is refused for good: it is dropped as rejected, at its first try', () => {
    for (const code of [
      'ValidationException',
      'InvalidArgumentException',
      'SerializationException',
    ])
      assert.deepEqual(brief(decision(failed(code))), ['dropped', 'rejected', false], code)
  })

  it('that waits for an operator: it is kept, however often and however long', () => {
    for (const code of [
      'KMSAccessDeniedException',
      'KMSDisabledException',
      'KMSNotFoundException',
      'KMSInvalidStateException',
      'KMSOptInRequired',
      'ResourceNotFoundException',
    ]) {
      const kept = decision(failed(code), {
        faultsAt: [0, 0, 0],
        now: 10 ** 9,
        bounds: { maxAttemptsPerRecord: 1, retryTimeout: 1 },
      })
      assert.deepEqual(brief(kept), ['requeued', undefined, false], code)
      assert.equal(kept.verdict?.action, 'pause')
    }
  })

  it('that failed by itself: it goes again, up to maxAttemptsPerRecord', () => {
    const fate = (faultsAt: number[]) => brief(decision(failed('InternalFailure'), { faultsAt }))
    assert.deepEqual(fate([]), ['failed', undefined, true])
    assert.deepEqual(fate([1]), ['failed', undefined, true])
    assert.deepEqual(fate([1, 2]), ['dropped', 'maxAttempts', true])
  })

  it('that failed by itself: a last try is one from retryTimeout after its first failure on', () => {
    const bounds = { maxAttemptsPerRecord: 1000, retryTimeout: 5000 }
    const fate = (faultsAt: number[], now: number) =>
      brief(decision(failed('InternalFailure'), { faultsAt, now, bounds }))
    assert.deepEqual(fate([], 10 ** 6), ['failed', undefined, true], 'the first failure')
    assert.deepEqual(fate([1000, 5000], 5999), ['failed', undefined, true])
    assert.deepEqual(fate([1000, 5000], 6000), ['dropped', 'retryTimeout', true])
  })

  it('that failed by itself: without a retryTimeout no time is too long', () => {
    const bounds = { maxAttemptsPerRecord: 1000, retryTimeout: 0 }
    const late = decision(failed('InternalFailure'), { faultsAt: [0], now: 10 ** 12, bounds })
    assert.deepEqual(brief(late), ['failed', undefined, true])
  })

  for (const code of ['constructor', '__proto__', 'toString', '42', 'NobodyKnowsThis']) {
    it(`that failed with the code ${code}: it is a failure of its own, and may have been stored`, () => {
      const { verdict, ...rest } = decision(failed(code))
      assert.deepEqual(brief({ verdict, ...rest }), ['failed', undefined, true])
      assert.deepEqual([verdict?.code, verdict?.ambiguous], [code, true])
    })
  }
})
