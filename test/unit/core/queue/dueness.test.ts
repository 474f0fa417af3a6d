import assert from 'node:assert/strict'
import {
  admit,
  admitAll,
  answer,
  drainNames,
  FAILED,
  mustTake,
  queueOf,
  REQUEUED,
  SHARD_A,
  SHARD_B,
  stored,
  take,
  takeNames,
  throttled,
} from '../../../support/core/queue.js'

describe('Dueness', () => {
  it('calls a request due when there are enough records, or enough bytes', () => {
    const queue = queueOf({ dueRecords: 3, dueBytes: 100 })
    assert.equal(queue.hasReady, false)
    assert.equal(queue.isReadyDue(), false)
    admitAll(queue, ['a', 'b'], { bytes: 10 })
    assert.equal(queue.hasReady, true)
    assert.equal(queue.isReadyDue(), false)
    admit(queue, 'c', 'c', { bytes: 10 })
    assert.equal(queue.isReadyDue(), true)

    const heavy = queueOf({ dueRecords: 3, dueBytes: 100 })
    admit(heavy, 'a', 'a', { bytes: 99 })
    assert.equal(heavy.isReadyDue(), false)
    admit(heavy, 'b', 'b', { bytes: 1 })
    assert.equal(heavy.isReadyDue(), true)
  })

  it('takes ready records that are not due only when it is told to', () => {
    const queue = queueOf({ dueRecords: 3 })
    admitAll(queue, ['a', 'b'])
    assert.equal(take(queue, { all: false }), undefined)
    assert.deepEqual(takeNames(queue, { all: true }), ['a', 'b'])
  })

  it('calls what was marked due, and what comes later not', () => {
    const queue = queueOf({ dueRecords: 3 })
    admit(queue, 'a', 'a')
    queue.markDue()
    assert.equal(queue.isReadyDue(), true)
    queue.stored(mustTake(queue, { all: false }))
    admit(queue, 'b', 'b')
    assert.equal(queue.isReadyDue(), false)
  })

  it('counts held records as well: they follow as soon as they can', () => {
    const queue = queueOf({ ordered: true, dueRecords: 4, dueBytes: 1000 })
    admitAll(queue, ['a:1', 'a:2', 'a:3'])
    assert.equal(queue.isReadyDue(), false)
    admit(queue, 'b:1', 'b')
    assert.equal(queue.isReadyDue(), true)

    const heavy = queueOf({ ordered: true, dueRecords: 100, dueBytes: 100 })
    admitAll(heavy, ['a:1', 'a:2'], { bytes: 49 })
    assert.equal(heavy.isReadyDue(), false)
    admit(heavy, 'a:3', 'a', { bytes: 2 })
    assert.equal(heavy.isReadyDue(), true)
  })

  it('does not call held records due while none of them is free', () => {
    const queue = queueOf({ ordered: true, dueRecords: 2 })
    admitAll(queue, ['a:1', 'a:2', 'a:3', 'a:4'])
    mustTake(queue)
    assert.equal(queue.hasReady, false)
    assert.equal(queue.isReadyDue(), false)
  })

  it('lingers since the oldest ready record was admitted, whether it is new or was held', () => {
    const queue = queueOf({ ordered: true, dueRecords: 10 })
    assert.equal(queue.lingersSince, undefined)
    admit(queue, 'a:1', 'a', { at: 10 })
    assert.equal(queue.lingersSince, 10)
    const batch = mustTake(queue)
    admit(queue, 'a:2', 'a', { at: 20 })
    assert.equal(queue.lingersSince, undefined)
    admit(queue, 'b:1', 'b', { at: 30 })
    assert.equal(queue.lingersSince, 30)
    queue.stored(batch)
    assert.equal(queue.lingersSince, 20)
    queue.evictOldest(undefined)
    assert.equal(queue.lingersSince, 30)
  })

  it('counts those that were held and are free together with the new ones', () => {
    for (const bounds of [{ dueRecords: 3 }, { dueRecords: 10, dueBytes: 30 }]) {
      const queue = queueOf({ ordered: true, ...bounds })
      admit(queue, 'a:1', 'a')
      const batch = mustTake(queue)
      admit(queue, 'a:2', 'a')
      queue.stored(batch)
      admit(queue, 'b:1', 'b')
      assert.equal(queue.isReadyDue(), false)
      admit(queue, 'c:1', 'c')
      assert.equal(queue.isReadyDue(), true)
    }
  })

  it('keeps due what was due when an older record comes back', () => {
    const queue = queueOf({ dueRecords: 10 })
    admit(queue, 'a', 'a')
    const batch = mustTake(queue)
    admit(queue, 'b', 'b')
    queue.markDue()
    queue.requeue(batch)
    assert.deepEqual(takeNames(queue, { all: false, limit: 1 }), ['a'])
    assert.deepEqual(takeNames(queue, { all: false }), ['b'])
  })

  it('lets a record that failed go with the next request, without linger', () => {
    for (const fate of [REQUEUED, FAILED, throttled(SHARD_A)]) {
      const queue = queueOf({ dueRecords: 10 })
      admit(queue, 'a', 'a')
      answer(queue, mustTake(queue), fate)
      assert.deepEqual(takeNames(queue, { all: false, now: 100 }), ['a'])
    }
  })

  it('lets a requeued batch go with the next request, without linger', () => {
    const queue = queueOf({ dueRecords: 10 })
    admitAll(queue, ['a', 'b'])
    queue.requeue(mustTake(queue))
    assert.deepEqual(takeNames(queue, { all: false }), ['a', 'b'])
  })

  it('knows the oldest of those that were held, in whatever order they became free', () => {
    const queue = queueOf({ ordered: true, dueRecords: 10 })
    admitAll(queue, ['a:1', 'b:1'], { at: 0 })
    const [a, b] = [mustTake(queue, { limit: 1 }), mustTake(queue, { limit: 1 })]
    admit(queue, 'a:2', 'a', { at: 10 })
    admit(queue, 'b:2', 'b', { at: 20 })
    queue.stored(b)
    assert.equal(queue.lingersSince, 20)
    queue.stored(a)
    assert.equal(queue.lingersSince, 10)
  })

  it('lets a held record go whose linger ended while it was held, whoever became free before', () => {
    const queue = queueOf({ ordered: true, dueRecords: 10 })
    admitAll(queue, ['a:1', 'b:1'])
    const [a, b] = [mustTake(queue, { limit: 1 }), mustTake(queue, { limit: 1 })]
    admit(queue, 'a:2', 'a', { at: 10 })
    queue.markDue()
    admit(queue, 'b:2', 'b', { at: 20 })
    queue.stored(b)
    assert.equal(queue.isReadyDue(), false)
    queue.stored(a)
    assert.equal(queue.isReadyDue(), true)
  })

  it('lets a retried record go at once though one that became free before is still lingering', () => {
    const queue = queueOf({ ordered: true, dueRecords: 10 })
    admitAll(queue, ['a:1', 'b:1'])
    const [a, b] = [mustTake(queue, { limit: 1 }), mustTake(queue, { limit: 1 })]
    admit(queue, 'b:2', 'b', { at: 20 })
    queue.stored(b)
    assert.equal(queue.isReadyDue(), false)
    queue.requeue(a)
    assert.equal(queue.isReadyDue(), true)
    assert.deepEqual(takeNames(queue, { all: false }), ['b:2', 'a:1'])
  })

  it('waits for the earlier of a shard and a record that back off', () => {
    const queue = queueOf()
    assert.equal(queue.backoffWait(0), undefined)
    admitAll(queue, ['a', 'b'])
    const batch = mustTake(queue)
    answer(queue, batch, name => (name === 'a' ? FAILED : throttled(SHARD_A)))
    assert.equal(Math.round(queue.backoffWait(10) ?? 0), 40)
    admit(queue, 'c', 'c')
    const [, c] = [takeNames(queue, { limit: 1, now: 20 }), undefined]
    assert.equal(c, undefined)
    for (const [fate, wait] of [
      [FAILED, 50],
      [throttled(SHARD_B), 50],
    ] as const) {
      const one = queueOf()
      admit(one, 'a', 'a')
      answer(one, mustTake(one), fate)
      assert.equal(Math.round(one.backoffWait(0) ?? 0), wait)
      assert.equal(one.backoffWait(60), 0)
    }
  })

  it('waits for the record when its time comes before that of the shard, and the other way round', () => {
    for (const first of ['a', 'b']) {
      const queue = queueOf()
      admit(queue, first, first)
      answer(queue, mustTake(queue), first === 'a' ? FAILED : throttled(SHARD_A), 0)
      const second = first === 'a' ? 'b' : 'a'
      admit(queue, second, second)
      const batch = mustTake(queue, { now: 10 })
      answer(queue, batch, second === 'a' ? FAILED : throttled(SHARD_A), 30)
      assert.equal(Math.round(queue.backoffWait(40) ?? 0), 10)
    }
  })

  it('lets what a dissolved shard held go at once', () => {
    const queue = queueOf({ dueRecords: 10 })
    admitAll(queue, ['a', 'a2', 'a3'])
    answer(queue, mustTake(queue), throttled(SHARD_A))
    const turn = mustTake(queue, { limit: 1, now: 100 })
    answer(queue, turn, stored(SHARD_B), 100)
    assert.deepEqual(takeNames(queue, { all: false, now: 100 }), ['a2', 'a3'])
  })

  it('goes on in the order of admission after the service recovered', () => {
    const queue = queueOf({ dueRecords: 10 })
    admitAll(queue, ['a', 'b', 'c', 'd'])
    const batches = [1, 2].map(() => mustTake(queue, { limit: 2 }))
    for (const batch of batches.toReversed()) queue.requeue(batch)
    admit(queue, 'e', 'e')
    queue.recovered()
    assert.equal(queue.isReadyDue(), true)
    assert.deepEqual(drainNames(queue, { all: false, limit: 3 }), [
      ['a', 'b', 'c'],
      ['d', 'e'],
    ])
  })
})
