import assert from 'node:assert/strict'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { RetryDelays } from '@kinesis-producer/core/internal/queue/retry-delays'
import {
  admit,
  admitAll,
  answer,
  FAILED,
  FULL_JITTER,
  mustTake,
  namesOf,
  queueOf,
  recordOf,
  recordsOf,
  sequencesOf,
  stored,
  take,
  takeNames,
} from '../../../support/core/queue.js'

/** A record that failed `faults` times by itself. */
const faulty = (sequence: number, faults: number): PendingRecord => {
  const record = recordOf(sequence)
  for (let i = 0; i < faults; i++) record.addFault(0)
  return record
}

const dueOf = (delays: RetryDelays, now: number): number[][] => {
  const lists = delays.due(now)
  const sequences = lists.map(list => sequencesOf(list))
  // As the queue does: what is due leaves its list.
  for (const list of lists) for (const record of list) list.remove(record)
  return sequences
}

describe('RetryDelays', () => {
  it('lets records that failed equally often in one answer go together', () => {
    const delays = new RetryDelays(FULL_JITTER)
    delays.add([faulty(1, 1), faulty(2, 3), faulty(3, 1), faulty(4, 3)], 0, true)
    assert.equal(Math.round(delays.wait(0) ?? 0), 50)
    assert.deepEqual(dueOf(delays, 49), [])
    assert.deepEqual(dueOf(delays, 50), [[1, 3]])
    assert.equal(Math.round(delays.wait(100) ?? 0), 100)
    assert.deepEqual(dueOf(delays, 200), [[2, 4]])
    assert.equal(delays.wait(200), undefined)
  })

  it('gives all that are due, the earliest first', () => {
    const delays = new RetryDelays(FULL_JITTER)
    delays.add([faulty(1, 3)], 0, true)
    delays.add([faulty(2, 2)], 0, true)
    delays.add([faulty(3, 1)], 0, true)
    delays.add([faulty(4, 9)], 0, true)
    assert.deepEqual(dueOf(delays, 1000), [[3], [2], [1]])
  })

  it('doubles the delay with each failure, up to 10 s', () => {
    const waits = [1, 2, 3, 8, 9, 20].map(faults => {
      const delays = new RetryDelays(FULL_JITTER)
      delays.add([faulty(1, faults)], 1000, true)
      return Math.round(delays.wait(1000) ?? 0)
    })
    assert.deepEqual(waits, [50, 100, 200, 6400, 10_000, 10_000])
  })

  it('waits a second at most for a record that failed in a request that succeeded', () => {
    const delays = new RetryDelays(FULL_JITTER)
    delays.add([faulty(1, 20)], 0, false)
    assert.equal(Math.round(delays.wait(0) ?? 0), 1000)
  })

  it('waits no less than nothing for what is due', () => {
    const delays = new RetryDelays(FULL_JITTER)
    delays.add([faulty(1, 1)], 0, true)
    assert.equal(delays.wait(1000), 0)
  })

  it('does not wait for records that left meanwhile', () => {
    const delays = new RetryDelays(FULL_JITTER)
    const [gone, stays] = [faulty(1, 1), faulty(2, 2)]
    delays.add([gone, stays], 0, true)
    gone.list?.remove(gone)
    assert.equal(Math.round(delays.wait(0) ?? 0), 100)
    assert.deepEqual(dueOf(delays, 1000), [[2]])
  })

  it('is over exactly at its time', () => {
    const delays = new RetryDelays(() => 0.5)
    delays.add([faulty(1, 1)], 0, true)
    assert.equal(delays.wait(0), 25)
    assert.deepEqual(dueOf(delays, 24), [])
    assert.deepEqual(dueOf(delays, 25), [[1]])
  })

  it('has nothing to wait for at first, and adds nothing for no records', () => {
    const delays = new RetryDelays(FULL_JITTER)
    delays.add([], 0, true)
    assert.equal(delays.wait(0), undefined)
    assert.deepEqual(delays.due(1000), [])
  })

  it('says that its records wait for a delay', () => {
    const [record] = recordsOf(1)
    assert.ok(record)
    new RetryDelays(FULL_JITTER).add([record], 0, true)
    assert.equal(record.list?.home, 'delay')
  })
})

describe('records that fail by themselves', () => {
  const FAILED_TRY = { code: 'InternalFailure', ambiguous: false, message: 'm', startedAt: 0 }

  it('never delay one that fails for the first time, however often they failed', () => {
    const queue = queueOf()
    admit(queue, 'bad', 'k')
    let now = 0
    for (let i = 0; i < 12; i++) {
      const batch = mustTake(queue, { now })
      queue.inFlight.noteFailedRecord(batch, 0, { ...FAILED_TRY, endedAt: now }, true)
      answer(queue, batch, FAILED, now)
      now += Math.ceil(queue.backoffWait(now) ?? 0)
    }
    // The bad one and a new one fail in one answer.
    admit(queue, 'new', 'k')
    const batch = mustTake(queue, { now })
    assert.deepEqual(namesOf(batch.records), ['bad', 'new'])
    for (const i of [0, 1])
      queue.inFlight.noteFailedRecord(batch, i, { ...FAILED_TRY, endedAt: now }, true)
    answer(queue, batch, FAILED, now)
    assert.equal(Math.round(queue.backoffWait(now) ?? 0), 50)
    assert.deepEqual(takeNames(queue, { now: now + 50 }), ['new'])
    assert.equal(take(queue, { now: now + 999 }), undefined)
    assert.deepEqual(takeNames(queue, { now: now + 1000 }), ['bad'])
  })

  it('do not hold up records of their key without ordering, and do with it', () => {
    for (const ordered of [false, true]) {
      const queue = queueOf({ ordered })
      admitAll(queue, ['k:1', 'k:2', 'other:1'])
      answer(queue, mustTake(queue), name => (name === 'k:1' ? FAILED : stored()))
      assert.deepEqual(takeNames(queue), [])
      assert.equal(queue.records, ordered ? 2 : 1)
      assert.deepEqual(takeNames(queue, { now: 50 }), ['k:1'])
    }
  })

  it('go in the order of their admission, ahead of those that were never tried', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c'])
    answer(queue, mustTake(queue), FAILED)
    admitAll(queue, ['d'])
    assert.deepEqual(takeNames(queue, { now: 50 }), ['a', 'b', 'c', 'd'])
  })
})
