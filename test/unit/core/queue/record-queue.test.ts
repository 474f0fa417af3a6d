import assert from 'node:assert/strict'
import { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import {
  admit,
  admitAll,
  answer,
  drainNames,
  FAILED,
  mustTake,
  namesOf,
  pendingOf,
  queueOf,
  SHARD_A,
  SHARD_B,
  sequencesOf,
  stored,
  take,
  takeNames,
  throttled,
} from '../../../support/core/queue.js'

const FAILED_TRY = {
  code: 'InternalFailure',
  ambiguous: false,
  message: 'it failed',
  startedAt: 10,
  endedAt: 20,
}

const evicted = (queue: ReturnType<typeof queueOf>): number | undefined =>
  queue.evictOldest(undefined)?.sequence

describe('RecordQueue', () => {
  it('counts a record from its admission until it settles', () => {
    const queue = queueOf()
    assert.deepEqual([queue.records, queue.bytes, queue.lastSequence], [0, 0, 0])
    queue.admit('x', 'k', undefined, 12, 0, undefined, undefined)
    assert.deepEqual([queue.records, queue.bytes, queue.lastSequence], [1, 12, 1])
    const batch = mustTake(queue)
    assert.deepEqual([queue.records, queue.bytes], [1, 12])
    queue.stored(batch)
    assert.deepEqual([queue.records, queue.bytes], [0, 0])
  })

  it('says when a record begins to wait for its hot shard: nothing else would wake the sender', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['a:1', 'b:1'])
    const offer = (key: string): boolean =>
      queue.admit('x', key, undefined, 1, 0, undefined, queue.hotShardOf(key, undefined))
    const batch = mustTake(queue)
    assert.equal(offer('c'), false)
    queue.answered(batch, [throttled(SHARD_A), throttled(SHARD_A)], 0, 0)
    assert.equal(offer('a'), false, 'held')
    drainNames(queue, { now: 100 })
    assert.ok(queue.hotShardOf('a', undefined))
    assert.equal(offer('a'), true)
    assert.equal(offer('b'), false, 'another waits already')
  })

  it('settles a batch once: what comes after moves nothing', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b'])
    const batch = mustTake(queue)
    queue.stored(batch)
    queue.stored(batch)
    answer(queue, batch, FAILED)
    queue.requeue(batch)
    queue.bisect(batch)
    queue.inFlight.noteFailedTry(batch, FAILED_TRY)
    queue.inFlight.noteFailedRecord(batch, 0, FAILED_TRY, true)
    queue.inFlight.noteFault(batch, 0)
    assert.equal(queue.inFlight.noteRequestFailure(batch, 0), false)
    assert.deepEqual([queue.records, queue.bytes], [0, 0])
    assert.equal(batch.records[0]?.faults, 0)
    assert.deepEqual(batch.records[0]?.history, [])
  })

  describe('expiry', () => {
    it('gives up what is too old, the oldest first, wherever it waits', () => {
      const queue = queueOf({ ordered: true, recordTtl: 100 })
      admitAll(queue, ['throttled:1', 'failed:1', 'requeued:1', 'b:1', 'c:1', 'b:2', 'ready:1'], {
        at: 1,
      })
      const batch = mustTake(queue, { limit: 3 })
      answer(queue, batch, name =>
        name.startsWith('t')
          ? throttled(SHARD_A)
          : name.startsWith('f')
            ? FAILED
            : { kind: 'requeued' },
      )
      assert.deepEqual(namesOf(queue.expire(100)), [])
      assert.deepEqual(sequencesOf(queue.expire(101)), [1, 2, 3, 4, 5, 6, 7])
      assert.deepEqual([queue.records, queue.bytes], [0, 0])
      assert.equal(take(queue, { now: 1000 }), undefined)
      assert.equal(queue.backoffWait(0), undefined)
    })

    it('leaves what is in flight alone', () => {
      const queue = queueOf({ recordTtl: 100 })
      admitAll(queue, ['a', 'b'])
      mustTake(queue, { limit: 1 })
      assert.deepEqual(namesOf(queue.expire(500)), ['b'])
      assert.equal(queue.records, 1)
    })

    it('takes 5000 records in one step at most', () => {
      const queue = queueOf({ recordTtl: 100 })
      for (let i = 0; i < 5001; i++) admit(queue, 'x', 'k', { bytes: 1 })
      assert.equal(queue.expire(100).length, 5000)
      assert.equal(queue.expire(100).length, 1)
    })

    it('never happens without a TTL', () => {
      const queue = queueOf()
      admit(queue, 'a', 'a')
      assert.deepEqual(queue.expire(1e15), [])
    })
  })

  describe('evictOldest', () => {
    it('gives up the oldest that is not in flight, wherever it waits', () => {
      const queue = queueOf({ ordered: true })
      admitAll(queue, ['a:1', 'b:1', 'a:2', 'c:1'])
      const batch = mustTake(queue, { limit: 2 })
      assert.equal(evicted(queue), 3)
      answer(queue, batch, name => (name === 'b:1' ? FAILED : stored()))
      assert.equal(evicted(queue), 2)
      assert.equal(evicted(queue), 4)
      assert.equal(evicted(queue), undefined)
      assert.equal(queue.records, 0)
    })

    it('gives up the oldest of one shard, held or not, while its turn is in flight as well', () => {
      const queue = queueOf({ ordered: true })
      admitAll(queue, ['a:1', 'b:1', 'a:2', 'b:2', 'c:1'])
      const batch = mustTake(queue)
      const records = pendingOf(batch)
      answer(queue, batch, name => (name === 'c:1' ? stored(SHARD_B) : throttled(SHARD_A)))
      const shard = records[0]?.shard
      assert.ok(shard)
      const turn = mustTake(queue, { now: 50 })
      assert.deepEqual(sequencesOf(turn.records), [1])
      const names = [1, 2, 3].map(() => queue.evictOldest(shard)?.sequence)
      assert.deepEqual(names, [2, 3, 4])
      assert.equal(queue.evictOldest(shard), undefined)
      queue.stored(turn)
      assert.equal(queue.records, 0)
    })

    it('does not give up a record of another shard', () => {
      const queue = queueOf()
      admitAll(queue, ['old:1', 'a:1', 'a:2'])
      const [, batch] = [mustTake(queue, { limit: 1 }), mustTake(queue)]
      answer(queue, batch, throttled(SHARD_A))
      admit(queue, 'ready', 'ready')
      const shard = pendingOf(batch)[0]?.shard
      assert.deepEqual(
        [1, 2, 3].map(() => queue.evictOldest(shard)?.sequence),
        [2, 3, undefined],
      )
      assert.equal(queue.records, 2)
    })
  })

  describe('oldest', () => {
    it('is the oldest of all, in flight or not, whatever it waits for', () => {
      const queue = queueOf({ ordered: true })
      assert.equal(queue.oldest(), undefined)
      assert.equal(queue.oldestWaitingSince, undefined)
      admit(queue, 'a:1', 'a', { at: 1 })
      admit(queue, 'b:1', 'b', { at: 2 })
      admit(queue, 'a:2', 'a', { at: 3 })
      assert.equal(queue.oldest()?.sequence, 1)
      const [first, second] = [mustTake(queue, { limit: 1 }), mustTake(queue, { limit: 1 })]
      assert.equal(queue.oldest()?.sequence, 1)
      assert.equal(queue.oldestWaitingSince, 3)
      answer(queue, second, FAILED)
      assert.equal(queue.oldestWaitingSince, 2)
      assert.equal(queue.oldest()?.sequence, 1)
      queue.stored(first)
      assert.equal(queue.oldest()?.sequence, 2)
    })

    it('is found in a batch whose records are not in order', () => {
      const queue = queueOf()
      admitAll(queue, ['a', 'b', 'c'])
      const [first] = [mustTake(queue, { limit: 1 }), mustTake(queue, { limit: 1 })]
      queue.requeue(first)
      mustTake(queue, { alternates: true })
      assert.equal(queue.oldest()?.sequence, 1)
    })

    it('knows how many there are up to one', () => {
      const queue = queueOf({ ordered: true })
      admitAll(queue, ['a:1', 'a:2', 'b:1', 'c:1'])
      mustTake(queue, { limit: 1 })
      assert.deepEqual(
        [0, 1, 2, 3, 4].map(sequence => queue.countUpTo(sequence)),
        [0, 1, 2, 3, 4],
      )
    })
  })

  describe('failures', () => {
    it('are noted for all records of a request, or for one', () => {
      const queue = queueOf()
      admitAll(queue, ['a', 'b'])
      const batch = mustTake(queue)
      queue.inFlight.noteFailedTry(batch, FAILED_TRY)
      assert.deepEqual(
        batch.records.map(({ history }) => history.length),
        [1, 1],
      )
      assert.deepEqual(
        batch.records.map(({ faults }) => faults),
        [0, 0],
      )
      queue.inFlight.noteFailedRecord(batch, 1, FAILED_TRY, false)
      assert.deepEqual(
        batch.records.map(({ history }) => history.length),
        [1, 2],
      )
      queue.inFlight.noteFailedRecord(batch, 1, FAILED_TRY, true)
      assert.deepEqual(
        batch.records.map(({ faults }) => faults),
        [0, 1],
      )
      assert.equal(batch.records[1]?.firstFaultAt, 20)
      queue.inFlight.noteFault(batch, 30)
      assert.deepEqual(
        batch.records.map(({ faults }) => faults),
        [1, 1],
      )
      assert.equal(batch.records[0]?.firstFaultAt, 30)
    })

    it('make a request suspect when one of its records failed three times while others succeeded', () => {
      const queue = queueOf()
      admit(queue, 'a', 'a')
      const fail = (successes: number): boolean => {
        const batch = mustTake(queue)
        const suspect = queue.inFlight.noteRequestFailure(batch, successes)
        queue.requeue(batch)
        return suspect
      }
      assert.equal(fail(0), false)
      assert.equal(fail(1), false)
      admit(queue, 'b', 'b')
      assert.equal(fail(1), true, 'though the other one failed once')
    })
  })

  describe('recovered', () => {
    it('lets what waited go, in the order of admission', () => {
      const queue = queueOf({ dueRecords: 100 })
      admitAll(queue, ['a', 'b', 'c', 'd'])
      const batches = [1, 2, 3].map(() => mustTake(queue, { limit: 1 }))
      for (const batch of batches.toReversed()) queue.requeue(batch)
      queue.recovered()
      assert.deepEqual(takeNames(queue, { all: false }), ['a', 'b', 'c', 'd'])
    })
  })

  describe('abandon', () => {
    it('hands over all there is, oldest first, and says what may have been delivered', () => {
      const queue = queueOf({ ordered: true })
      admitAll(queue, ['a:1', 'b:1', 'a:2', 'c:1', 'd:1'])
      const [first, second] = [mustTake(queue, { limit: 1 }), mustTake(queue, { limit: 1 })]
      answer(queue, second, FAILED)
      const records = queue.abandon(() => true)
      assert.deepEqual(sequencesOf(records), [1, 2, 3, 4, 5])
      assert.deepEqual(
        records.map(record => record.leftover().possiblyDelivered),
        [true, false, false, false, false],
      )
      for (const record of records)
        assert.ok(record instanceof PendingRecord && record.place === 'settled')
      assert.deepEqual([queue.records, queue.bytes], [5, 50])
      queue.stored(first)
      assert.equal(queue.records, 5)
      queue.forgetAbandoned()
      assert.deepEqual([queue.records, queue.bytes], [0, 0])
    })
  })

  it('keeps track of many requests at once', () => {
    const queue = queueOf()
    for (let i = 0; i < 100; i++) admit(queue, String(i), `k${i}`)
    const batches = Array.from({ length: 10 }, () => mustTake(queue, { limit: 10 }))
    assert.equal(take(queue), undefined)
    for (const batch of batches.toReversed()) {
      assert.equal(queue.oldest()?.sequence, 1)
      queue.stored(batch)
    }
    assert.equal(queue.records, 0)
  })
})
