import assert from 'node:assert/strict'
import { KeyOrder } from '@kinesis-producer/core/internal/queue/key-order'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { ShardBackoff } from '@kinesis-producer/core/internal/queue/shard-backoff'
import fc from 'fast-check'
import {
  admitAll,
  answer,
  DROPPED,
  enter,
  mustTake,
  namesOf,
  packerOf,
  queueOf,
  REQUEUED,
  recordOf,
  take,
  takeNames,
} from '../../../support/core/queue.js'

const record = (sequence: number, key?: string, bytes = 10): PendingRecord =>
  recordOf(sequence, { ...(key !== undefined && { key }), bytes })

describe('KeyOrder', () => {
  it('lets one record of a key be free, and each that has no key', () => {
    const order = new KeyOrder()
    assert.equal(enter(order, record(1, 'a')), true)
    assert.equal(enter(order, record(2, 'b')), true)
    assert.equal(enter(order, record(3)), true)
    assert.equal(enter(order, record(4)), true)
    const held = record(5, 'a', 7)
    assert.equal(enter(order, held), false)
    assert.equal(held.list?.home, 'held')
    assert.deepEqual([order.held, order.heldBytes], [1, 7])
  })

  it('frees the next of a key when one leaves, in order, and forgets a key of which nothing is left', () => {
    const order = new KeyOrder()
    const [a, b, c] = [record(1, 'k'), record(2, 'k'), record(3, 'k')]
    for (const each of [a, b, c]) enter(order, each)
    assert.equal(order.following(a), b)
    assert.equal(order.leave(a.partitionKey), b)
    assert.equal(b.list, undefined)
    assert.equal(order.leave(b.partitionKey), c)
    assert.deepEqual([order.held, order.heldBytes], [0, 0])
    assert.equal(order.leave(c.partitionKey), undefined)
    assert.equal(enter(order, record(4, 'k')), true)
    assert.equal(order.leave(record(5).partitionKey), undefined)
  })

  it('forgets a key that never had more than one record at a time', () => {
    const order = new KeyOrder()
    const only = record(1, 'k')
    enter(order, only)
    assert.equal(order.following(only), undefined)
    assert.equal(order.leave(only.partitionKey), undefined)
    assert.equal(enter(order, record(2, 'k')), true)
  })

  it('keeps keys apart that held records before', () => {
    const order = new KeyOrder()
    const [a, a2, b, b2] = [record(1, 'a'), record(2, 'a'), record(3, 'b'), record(4, 'b')]
    for (const each of [a, a2, b, b2]) enter(order, each)
    assert.equal(order.leave(b.partitionKey), b2)
    assert.equal(order.leave(a.partitionKey), a2)
    assert.equal(order.following(record(9, 'c')), undefined)
    assert.equal(order.following(record(9)), undefined)
  })

  it('lets records go along with the one before, and frees the next when all of them have left', () => {
    const order = new KeyOrder()
    const [a, b, c] = [record(1, 'k'), record(2, 'k'), record(3, 'k')]
    for (const each of [a, b, c]) enter(order, each)
    assert.equal(order.hasCompanions, false)
    order.accompany(b)
    assert.equal(order.hasCompanions, true)
    assert.equal(b.list, undefined)
    assert.equal(order.held, 1)
    assert.equal(order.leave(a.partitionKey), undefined)
    assert.equal(order.hasCompanions, false)
    assert.equal(order.leave(b.partitionKey), c)
  })

  it('holds companions again, but for the last that is out, each in its place', () => {
    const order = new KeyOrder()
    const [a, b, c, d] = [1, 2, 3, 4].map(sequence => record(sequence, 'k'))
    assert.ok(a && b && c && d)
    for (const each of [a, b, c, d]) enter(order, each)
    order.accompany(b)
    order.accompany(c)
    assert.equal(order.holdAgain(c), true)
    assert.equal(order.holdAgain(b), true)
    assert.equal(order.holdAgain(a), false)
    assert.equal(order.hasCompanions, false)
    assert.deepEqual([order.held, order.heldBytes], [3, 30])
    assert.deepEqual(namesOf(b.list), ['r2', 'r3', 'r4'])
    assert.equal(order.leave(a.partitionKey), b)
    assert.equal(order.holdAgain(record(9)), false)
    assert.equal(order.holdAgain(record(9, 'unknown')), false)
  })

  it('lets only records go along that are held', () => {
    const order = new KeyOrder()
    const [a, b] = [record(1, 'k'), record(2, 'k')]
    enter(order, a)
    order.accompany(a)
    order.accompany(record(9))
    assert.equal(order.hasCompanions, false)
    enter(order, b)
    order.accompany(a)
    assert.equal(order.hasCompanions, false)
    assert.equal(order.held, 1)
  })

  it('gives away a record that is held, and nothing else moves', () => {
    const order = new KeyOrder()
    const [a, b, c] = [record(1, 'k'), record(2, 'k', 5), record(3, 'k')]
    for (const each of [a, b, c]) enter(order, each)
    assert.ok(b.list)
    order.removeHeld(b, b.list)
    assert.deepEqual([order.held, order.heldBytes], [1, 10])
    assert.equal(order.leave(a.partitionKey), c)
  })

  it('assigns a record and all that are held behind it to a shard', () => {
    const order = new KeyOrder()
    const shard = new ShardBackoff({ kind: 'any' }, Math.random)
    const other = new ShardBackoff({ kind: 'any' }, Math.random)
    const [a, b, c] = [record(1, 'k'), record(2, 'k'), record(3, 'k')]
    for (const each of [a, b]) enter(order, each)
    // It came when the shard was hot already; the one before it did not.
    c.assign(shard)
    enter(order, c)
    order.assign(a, shard)
    assert.deepEqual(
      [a, b, c].map(each => each.shard),
      [shard, shard, shard],
    )
    assert.equal(shard.records, 3)
    order.assign(a, other)
    assert.deepEqual([shard.records, other.records], [0, 3])
    const d = record(4, 'k')
    enter(order, d)
    order.assign(a, other)
    assert.equal(d.shard, other)
    const alone = record(5)
    order.assign(alone, shard)
    assert.equal(alone.shard, shard)
  })

  it('assigns those that are held again as well', () => {
    const order = new KeyOrder()
    const shard = new ShardBackoff({ kind: 'any' }, Math.random)
    const [a, b, c] = [record(1, 'k'), record(2, 'k'), record(3, 'k')]
    for (const each of [a, b, c]) enter(order, each)
    order.accompany(b)
    order.assign(a, shard)
    assert.equal(b.shard, undefined)
    assert.equal(c.shard, shard)
    order.holdAgain(b)
    order.assign(a, shard)
    assert.equal(b.shard, shard)
  })

  it('holds, frees and forgets as a list for each key does', () => {
    const steps = fc.array(fc.record({ enter: fc.boolean(), key: fc.nat(3) }), {
      maxLength: 80,
      size: 'max',
    })
    fc.assert(
      fc.property(steps, all => {
        const order = new KeyOrder()
        const model = new Map<string, PendingRecord[]>()
        all.forEach(({ enter: enters, key: number }, i) => {
          const key = `k${number}`
          const line = model.get(key) ?? []
          model.set(key, line)
          if (enters) {
            const added = record(i, key)
            line.push(added)
            assert.equal(enter(order, added), line.length === 1)
          } else {
            const left = line.shift()
            if (left !== undefined) assert.equal(order.leave(left.partitionKey), line[0])
          }
          const held = [...model.values()].reduce(
            (sum, { length }) => sum + Math.max(0, length - 1),
            0,
          )
          assert.deepEqual([order.held, order.heldBytes], [held, held * 10])
          if (line[0] !== undefined) assert.equal(order.following(line[0]), line[1])
        })
      }),
    )
  })
})

describe('order within a key', () => {
  it('keeps one unpacked record of a key in a request, and fills it with other keys', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['a:1', 'a:2', 'b:1', 'b:2', 'c:1'])
    const batch = mustTake(queue)
    assert.deepEqual(namesOf(batch.records), ['a:1', 'b:1', 'c:1'])
    assert.equal(take(queue), undefined)
    queue.stored(batch)
    assert.deepEqual(takeNames(queue), ['a:2', 'b:2'])
  })

  it('lets records of a key share a Kinesis record, and holds all but the first when that fails', () => {
    const queue = queueOf({ ordered: true })
    const packer = packerOf(3)
    admitAll(queue, ['a:1', 'a:2', 'a:3', 'a:4'])
    const batch = mustTake(queue, { packer })
    assert.deepEqual(namesOf(batch.records), ['a:1', 'a:2', 'a:3'])
    assert.equal(take(queue, { packer }), undefined)
    answer(queue, batch, REQUEUED)
    assert.deepEqual(takeNames(queue, { packer }), ['a:1', 'a:2', 'a:3'])
  })

  it('goes on with the next of a key when the one before is dropped, expires or is evicted', () => {
    const queue = queueOf({ ordered: true, recordTtl: 1000 })
    admitAll(queue, ['a:1'], { at: 0 })
    admitAll(queue, ['a:2'], { at: 10 })
    admitAll(queue, ['a:3', 'a:4'], { at: 1000 })
    answer(queue, mustTake(queue), DROPPED)
    assert.deepEqual(namesOf(queue.expire(1500)), ['a:2'])
    assert.deepEqual(namesOf([queue.evictOldest(undefined)].flatMap(each => each ?? [])), ['a:3'])
    assert.deepEqual(takeNames(queue), ['a:4'])
  })

  it('keeps the others of a key in their order when one that is held leaves', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['a:1', 'a:2', 'a:3'])
    const batch = mustTake(queue)
    assert.deepEqual(namesOf([queue.evictOldest(undefined)].flatMap(each => each ?? [])), ['a:2'])
    assert.equal(take(queue), undefined)
    queue.stored(batch)
    assert.deepEqual(takeNames(queue), ['a:3'])
  })
})
