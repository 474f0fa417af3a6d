import assert from 'node:assert/strict'
import {
  admit,
  admitAll,
  answer,
  DROPPED,
  drainNames,
  FAILED,
  mustTake,
  namesOf,
  packerOf,
  pendingOf,
  queueOf,
  REQUEUED,
  SHARD_A,
  SHARD_B,
  stored,
  take,
  takeNames,
  throttled,
} from '../../../support/core/queue.js'

describe('Returning', () => {
  it('sends each record of an answer where its fate says', () => {
    const queue = queueOf()
    admitAll(queue, ['stored', 'dropped', 'throttled', 'failed', 'requeued'])
    answer(queue, mustTake(queue), name => {
      switch (name) {
        case 'stored':
          return stored()
        case 'dropped':
          return DROPPED
        case 'throttled':
          return throttled(SHARD_B)
        case 'failed':
          return FAILED
        default:
          return REQUEUED
      }
    })
    assert.equal(queue.records, 3)
    assert.deepEqual(takeNames(queue, { now: 10 }), ['requeued'])
    assert.deepEqual(takeNames(queue, { now: 50 }), ['throttled', 'failed'])
  })

  it('lets a record of which the answer says nothing go with the next request', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b'])
    queue.answered(mustTake(queue), [stored()], 0, 0)
    assert.deepEqual(takeNames(queue), ['b'])
  })

  it('puts throttled records back to their shard by age, whenever they left', () => {
    const queue = queueOf()
    admitAll(queue, ['hot:1', 'hot:2', 'hot:3', 'hot:4'])
    const [first, second] = [mustTake(queue, { limit: 2 }), mustTake(queue)]
    answer(queue, second, throttled(SHARD_A))
    answer(queue, first, throttled(SHARD_A))
    assert.deepEqual(drainNames(queue, { now: 100 }).flat(), ['hot:1', 'hot:2', 'hot:3', 'hot:4'])
  })

  it('counts what a shard stored and refused in one answer: its window is what got through', () => {
    const queue = queueOf()
    for (let i = 0; i < 10; i++) admit(queue, `hot:${i}`, 'hot')
    admit(queue, 'cold', 'cold')
    answer(queue, mustTake(queue), name =>
      name === 'cold'
        ? stored(SHARD_B)
        : Number(name.split(':')[1]) < 4
          ? throttled(SHARD_A)
          : stored(SHARD_A),
    )
    // Six of ten were stored before the shard was known to back off, and four were not.
    const turn = mustTake(queue, { now: 50 })
    assert.deepEqual(namesOf(turn.records), ['hot:0', 'hot:1', 'hot:2', 'hot:3'])
    assert.equal(queue.hotShardOf('hot', undefined), undefined)
  })

  it('counts records that were stored for the shard they were taken for', () => {
    const queue = queueOf()
    for (let i = 0; i < 8; i++) admit(queue, `hot:${i}`, 'hot')
    answer(queue, mustTake(queue), throttled(SHARD_A))
    const turn = mustTake(queue, { now: 50 })
    assert.equal(turn.records.length, 4)
    answer(queue, turn, stored(SHARD_A), 60)
    assert.equal(mustTake(queue, { now: 60 }).records.length, 4)
  })

  it('takes a throttled record over to the shard that is named now', () => {
    const queue = queueOf()
    admitAll(queue, ['a:1'])
    const batch = mustTake(queue)
    const [record] = pendingOf(batch)
    answer(queue, batch, throttled())
    assert.equal(record?.shard?.ref.kind, 'hashed')
    const bucket = record?.shard
    answer(queue, mustTake(queue, { now: 50 }), throttled(SHARD_A), 50)
    assert.deepEqual(record?.shard?.ref, { kind: 'named', id: SHARD_A })
    assert.equal(bucket?.records, 0)
  })

  it('counts all held records of a key for the shard of the first, and gives them up one by one', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['k:1', 'k:2', 'k:3'])
    admit(queue, 'other:1', 'other')
    const batch = mustTake(queue)
    const records = pendingOf(batch)
    answer(queue, batch, name => (name === 'other:1' ? stored(SHARD_B) : throttled(SHARD_A)))
    const shard = records[0]?.shard
    assert.ok(shard)
    assert.deepEqual([shard.records, shard.bytes], [3, 30])
    assert.equal(queue.evictOldest(undefined)?.sequence, 1)
    assert.deepEqual([shard.records, shard.bytes], [2, 20])
  })

  it('frees the next record of a key into the backoff of its shard while that is hot', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['k:1', 'k:2'])
    const [first] = [mustTake(queue)]
    answer(queue, first, throttled(SHARD_A), 0)
    answer(queue, mustTake(queue, { now: 50 }), throttled(SHARD_A), 50)
    const turn = mustTake(queue, { now: 200 })
    answer(queue, turn, stored(SHARD_A), 200)
    assert.equal(queue.hasReady, false)
    assert.equal(queue.backoffWait(200), 0)
    const last = mustTake(queue, { now: 200 })
    assert.equal(last.isTurn, true)
    assert.deepEqual(namesOf(last.records), ['k:2'])
  })

  it('frees the next record of a key for the next request when its shard is not hot', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['k:1', 'k:2'])
    answer(queue, mustTake(queue), throttled(SHARD_A), 0)
    queue.evictOldest(undefined)
    assert.equal(queue.hasReady, true)
    assert.deepEqual(takeNames(queue), ['k:2'])
  })

  describe('after resharding', () => {
    it('dissolves a shard when one of its records is stored in another, and what waited goes on', () => {
      const queue = queueOf()
      admitAll(queue, ['hot:1', 'hot:2', 'hot:3'])
      const batch = mustTake(queue)
      const records = pendingOf(batch)
      answer(queue, batch, throttled(SHARD_A))
      const shard = records[0]?.shard
      const turn = mustTake(queue, { now: 50 })
      assert.deepEqual(namesOf(turn.records), ['hot:1'])
      assert.notEqual(queue.hotShardOf('hot', undefined), undefined)
      answer(queue, turn, stored(SHARD_B), 50)
      assert.equal(shard?.dissolved, true)
      assert.equal(shard?.records, 0)
      assert.equal(queue.hotShardOf('hot', undefined), undefined)
      assert.equal(records[1]?.shard, undefined)
      assert.deepEqual(takeNames(queue, { now: 50, all: false }), ['hot:2', 'hot:3'])
    })

    it('keeps a shard whose record was stored in it', () => {
      const queue = queueOf()
      admitAll(queue, ['hot:1', 'hot:2', 'hot:3'])
      answer(queue, mustTake(queue), throttled(SHARD_A))
      answer(queue, mustTake(queue, { now: 50 }), stored(SHARD_A), 50)
      assert.equal(queue.hotShardOf('hot', undefined)?.records, 2)
    })

    it('keeps a bucket and the records without a key, wherever their records are stored', () => {
      for (const key of ['k', '']) {
        const queue = queueOf()
        for (const name of ['x:1', 'x:2', 'x:3']) admit(queue, name, key)
        const batch = mustTake(queue)
        const records = pendingOf(batch)
        answer(queue, batch, throttled())
        answer(queue, mustTake(queue, { now: 50 }), stored(SHARD_B), 50)
        assert.equal(records[2]?.shard?.dissolved, false)
        assert.equal(records[2]?.shard?.records, 2)
      }
    })

    it('puts records of a dissolved shard that were in flight to the next request', () => {
      const queue = queueOf()
      for (let i = 0; i < 8; i++) admit(queue, `hot:${i}`, 'hot')
      answer(queue, mustTake(queue), throttled(SHARD_A))
      const turn = mustTake(queue, { now: 50 })
      assert.equal(turn.records.length, 4)
      answer(queue, turn, name => (name === 'hot:0' ? stored(SHARD_B) : throttled(SHARD_B)), 50)
      assert.equal(queue.records, 7)
      assert.equal(drainNames(queue, { now: 50 }).flat().length, 7)
    })

    it('requeues records of a shard that was dissolved meanwhile', () => {
      const queue = queueOf()
      for (let i = 0; i < 8; i++) admit(queue, `hot:${i}`, 'hot')
      const early = mustTake(queue, { limit: 1 })
      answer(queue, mustTake(queue), throttled(SHARD_A))
      answer(queue, early, throttled(SHARD_A))
      const first = mustTake(queue, { now: 50, limit: 2 })
      answer(queue, first, stored(SHARD_A), 60)
      const turn = mustTake(queue, { now: 60, limit: 1 })
      const lost = queue.hotShardOf('hot', undefined)
      assert.ok(lost)
      answer(queue, turn, stored(SHARD_B), 70)
      assert.equal(lost.dissolved, true)
      assert.equal(queue.records, 5)
      assert.equal(takeNames(queue, { now: 70 }).length, 5)
    })
  })

  describe('with ordering', () => {
    it('holds companions again behind the oldest of them, and counts them as waiting', () => {
      const queue = queueOf({ ordered: true })
      const packer = packerOf(3)
      admitAll(queue, ['a:1', 'a:2', 'a:3', 'b:1'])
      const batch = mustTake(queue, { packer })
      const records = pendingOf(batch)
      assert.equal(batch.records.length, 4)
      answer(queue, batch, FAILED)
      assert.deepEqual(
        records.map(({ list }) => list?.home),
        ['delay', 'held', 'held', 'delay'],
      )
      assert.ok(records.every(({ place }) => place === 'waiting'))
      assert.deepEqual(takeNames(queue, { packer, now: 50 }), ['a:1', 'a:2', 'a:3', 'b:1'])
    })

    it('keeps a key in one half of a bisected request', () => {
      const queue = queueOf({ ordered: true })
      const packer = packerOf(4)
      admitAll(queue, ['b:1', 'a:1', 'a:2', 'a:3', 'c:1'])
      const batch = mustTake(queue, { packer })
      assert.equal(batch.records.length, 5)
      queue.bisect(batch)
      assert.deepEqual(takeNames(queue, { packer }), ['b:1', 'a:1', 'a:2'])
      assert.deepEqual(takeNames(queue, { packer }), ['c:1'], 'the third is held behind')
      assert.equal(take(queue, { packer }), undefined)
    })

    it('keeps companions that are in one half', () => {
      const queue = queueOf({ ordered: true })
      const packer = packerOf(4)
      admitAll(queue, ['b:1', 'c:1', 'a:1', 'a:2'])
      queue.bisect(mustTake(queue, { packer }))
      assert.deepEqual(takeNames(queue, { packer }), ['b:1', 'c:1'])
      assert.deepEqual(takeNames(queue, { packer }), ['a:1', 'a:2'])
    })

    it('requeues what was taken for a shard there, and the rest for the next request', () => {
      const queue = queueOf({ ordered: true })
      const packer = packerOf(2)
      admitAll(queue, ['a:1', 'a:2', 'b:1', 'b:2'])
      answer(queue, mustTake(queue, { packer }), name =>
        name.startsWith('a') ? throttled(SHARD_A) : stored(SHARD_B),
      )
      const turn = mustTake(queue, { packer, now: 50 })
      assert.deepEqual(namesOf(turn.records), ['a:1', 'a:2'])
      queue.requeue(turn)
      const again = mustTake(queue, { packer, now: 50 })
      assert.deepEqual(namesOf(again.records), ['a:1', 'a:2'])
      assert.equal(again.isTurn, true)
    })
  })
})
