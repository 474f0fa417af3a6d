import assert from 'node:assert/strict'
import type { ShardBackoff } from '@kinesis-producer/core/internal/queue/shard-backoff'
import { ShardBackoffs } from '@kinesis-producer/core/internal/queue/shard-backoffs'
import {
  admit,
  admitAll,
  answer,
  drainNames,
  FULL_JITTER,
  mustTake,
  namesOf,
  queueOf,
  recordOf,
  SHARD_A,
  SHARD_B,
  stored,
  take,
  takeNames,
  throttled,
} from '../../../support/core/queue.js'

/** An explicit hash key whose top bits are `part` of 64. */
const hashKey = (part: number): string =>
  ((2n ** 128n * BigInt(Math.round(part * 1000))) / 64_000n).toString()

const shardsOf = (): ShardBackoffs => new ShardBackoffs(FULL_JITTER)

/** A shard that most records of `keys` failed in. */
const hotOf = (
  shards: ShardBackoffs,
  name: string | undefined,
  ...parts: number[]
): ShardBackoff => {
  let shard: ShardBackoff | undefined
  for (const part of parts) shard = shards.of(recordOf(1, { hashKey: hashKey(part) }), name)
  assert.ok(shard)
  shards.learn(new Map([[shard, { stored: 0, failed: 2 }]]), [], 0, 0)
  return shard
}

describe('ShardBackoffs', () => {
  it('tells apart the shards that the service names', () => {
    const shards = shardsOf()
    assert.equal(shards.active, false)
    const a = shards.of(recordOf(1, { key: 'k' }), 'a')
    assert.equal(shards.of(recordOf(2, { key: 'other' }), 'a'), a)
    assert.notEqual(shards.of(recordOf(3, { key: 'k' }), 'b'), a)
    assert.deepEqual(a.ref, { kind: 'named', id: 'a' })
    assert.equal(shards.named('a'), a)
    assert.equal(shards.named('c'), undefined)
    assert.equal(shards.active, true)
    assert.equal([...shards.all].length, 2)
  })

  it('puts records of unnamed shards into 64 buckets by their hash key', () => {
    const shards = shardsOf()
    const bucketOf = (part: number): unknown =>
      shards.of(recordOf(1, { hashKey: hashKey(part) }), undefined).ref
    assert.deepEqual(bucketOf(0), { kind: 'hashed', bucket: 0 })
    assert.deepEqual(bucketOf(0.999), { kind: 'hashed', bucket: 0 })
    assert.deepEqual(bucketOf(1), { kind: 'hashed', bucket: 1 })
    assert.deepEqual(bucketOf(63.999), { kind: 'hashed', bucket: 63 })
    assert.equal([...shards.all].length, 3)
  })

  it('puts records without a key together, whatever shard refused them', () => {
    const shards = shardsOf()
    const any = shards.of(recordOf(1), 'a')
    assert.deepEqual(any.ref, { kind: 'any' })
    assert.equal(shards.of(recordOf(2), undefined), any)
    assert.notEqual(shards.of(recordOf(3, { hashKey: '1' }), 'a'), any)
  })

  it('puts records whose hash key cannot be told into the first bucket', () => {
    const shard = shardsOf().of(recordOf(1, { hashKey: 'no number' }), undefined)
    assert.deepEqual(shard.ref, { kind: 'hashed', bucket: 0 })
  })

  it('names up to 20,000 shards, and keeps their names; further ones share the buckets', function () {
    this.timeout(20_000)
    const shards = shardsOf()
    const record = recordOf(1, { hashKey: hashKey(5) })
    for (let i = 0; i < 19_999; i++) shards.of(record, `shard ${i}`)
    assert.deepEqual(shards.of(record, 'the last').ref, { kind: 'named', id: 'the last' })
    assert.deepEqual(shards.of(record, 'one more').ref, { kind: 'hashed', bucket: 5 })
    assert.deepEqual(shards.of(record, 'shard 7').ref, { kind: 'named', id: 'shard 7' })
  })

  it('knows the hot shard of a key between two that belong to it, and no other', () => {
    const shards = shardsOf()
    const cool = shards.of(recordOf(1, { hashKey: hashKey(30) }), 'cool')
    assert.equal(shards.anyHot, false)
    assert.equal(shards.hotShardOf(undefined, hashKey(30)), undefined)
    const hot = hotOf(shards, 'hot', 10, 20)
    assert.equal(shards.anyHot, true)
    assert.equal(shards.hotShardOf(undefined, hashKey(10)), hot)
    assert.equal(shards.hotShardOf(undefined, hashKey(15)), hot)
    assert.equal(shards.hotShardOf(undefined, hashKey(20)), hot)
    assert.equal(shards.hotShardOf(undefined, hashKey(9.99)), undefined)
    assert.equal(shards.hotShardOf(undefined, hashKey(20.01)), undefined)
    assert.equal(shards.hotShardOf(undefined, hashKey(30)), undefined, 'known, not hot')
    assert.equal(shards.hotShardOf(undefined, undefined), undefined)
    assert.equal(shards.hotShardOf(undefined, 'no number'), undefined)
    assert.equal(cool.hot, false)
  })

  it('knows the hot shard of a partition key that was throttled', () => {
    const shards = shardsOf()
    const shard = shards.of(recordOf(1, { key: 'k' }), undefined)
    shards.learn(new Map([[shard, { stored: 0, failed: 5 }]]), [], 0, 0)
    assert.equal(shards.hotShardOf('k', undefined), shard)
    assert.equal(shards.hotShardOf('another', undefined), undefined)
  })

  it('lets new records without a key wait only when those before them were throttled', () => {
    const shards = shardsOf()
    hotOf(shards, 'hot', 1)
    assert.equal(shards.hotShardOf(undefined, undefined), undefined)
    const any = shards.of(recordOf(1), undefined)
    assert.equal(shards.hotShardOf(undefined, undefined), undefined, 'not hot')
    shards.learn(new Map([[any, { stored: 0, failed: 5 }]]), [], 0, 0)
    assert.equal(shards.hotShardOf(undefined, undefined), any)
  })

  it('counts how many are hot', () => {
    const shards = shardsOf()
    const [a, b] = [hotOf(shards, 'a', 1), hotOf(shards, 'b', 2)]
    const recovered = { stored: 9, failed: 1 }
    shards.learn(new Map([[a, recovered]]), [], 0, 0)
    assert.equal(shards.anyHot, true)
    shards.dissolve(b)
    assert.equal(shards.anyHot, false)
    shards.learn(new Map([[b, { stored: 0, failed: 9 }]]), [], 0, 0)
    assert.equal(b.hot, false, 'a dissolved shard learns nothing')
    assert.equal(shards.anyHot, false)
  })

  it('knows whether records can go elsewhere', () => {
    const shards = shardsOf()
    const [a, bucket] = [hotOf(shards, 'a', 1), hotOf(shards, undefined, 2)]
    const any = shards.of(recordOf(1), undefined)
    for (const shard of [a, bucket, any]) assert.equal(shards.othersKnown(shard), false)
    shards.noteStored('a')
    assert.equal(shards.othersKnown(a), false, 'itself')
    assert.equal(shards.othersKnown(bucket), true)
    shards.noteStored('a')
    assert.equal(shards.othersKnown(a), false)
    shards.noteStored('b')
    assert.equal(shards.othersKnown(a), true)
    assert.equal(shards.othersKnown(any), false, 'they may go anywhere')
    const other = shardsOf()
    other.noteStored('b')
    assert.equal(other.othersKnown(hotOf(other, 'a', 1)), true)
  })

  it('looks for others as long as a shard is hot and may be the only one', () => {
    const shards = shardsOf()
    assert.equal(shards.seeksOthers, false)
    const a = hotOf(shards, 'a', 1)
    assert.equal(shards.seeksOthers, true)
    shards.noteStored('a')
    assert.equal(shards.seeksOthers, true)
    shards.noteStored('b')
    assert.equal(shards.seeksOthers, false)
    const others = shardsOf()
    others.noteStored('b')
    hotOf(others, 'a', 1)
    assert.equal(others.seeksOthers, false)
    others.of(recordOf(1, { key: 'k' }), 'b')
    assert.equal(others.seeksOthers, false, 'it backs off and is not hot')
    assert.equal(shards.heldByOtherHot(a).records, 0)
  })

  it('counts what other hot shards hold', () => {
    const shards = shardsOf()
    const [a, b] = [hotOf(shards, 'a', 1), hotOf(shards, 'b', 2)]
    const cool = shards.of(recordOf(1, { key: 'k' }), 'cool')
    a.charge(1)
    for (const shard of [b, b, cool]) shard.charge(10)
    assert.deepEqual(shards.heldByOtherHot(a), { records: 2, bytes: 20 })
    assert.deepEqual(shards.heldByOtherHot(b), { records: 1, bytes: 1 })
  })

  it('waits for the next turn of the shards that have records and no request in flight', () => {
    const shards = shardsOf()
    assert.equal(shards.wait(0), undefined)
    const [a, b] = [hotOf(shards, 'a', 1), hotOf(shards, 'b', 2)]
    assert.equal(shards.wait(0), undefined, 'no records')
    a.list.push(recordOf(1))
    b.list.push(recordOf(2))
    a.notBefore = 300
    b.notBefore = 200
    assert.equal(shards.wait(50), 150)
    assert.equal(shards.wait(250), 0)
    b.trying = true
    assert.equal(shards.wait(50), 250)
  })

  it('forgets a shard that has recovered and has no records, and no other', () => {
    const shards = shardsOf()
    const [hot, used, tried, done] = ['hot', 'used', 'tried', 'done'].map(name =>
      shards.of(recordOf(1, { key: name }), name),
    )
    assert.ok(hot && used && tried && done)
    shards.learn(new Map([[hot, { stored: 0, failed: 9 }]]), [], 0, 0)
    used.charge(1)
    tried.trying = true
    for (const shard of [hot, used, tried, done]) shards.closeIfDone(shard)
    assert.deepEqual(
      [...shards.all].map(({ ref }) => ref.kind === 'named' && ref.id),
      ['hot', 'used', 'tried'],
    )
    shards.answered(tried)
    assert.equal(tried.trying, false)
    assert.equal(shards.named('tried'), undefined)
    used.release(1)
    shards.learn(new Map([[used, { stored: 5, failed: 0 }]]), [], 0, 0)
    assert.equal(shards.named('used'), undefined)
  })

  it('does not close the shard that took the name of a dissolved one', () => {
    const shards = shardsOf()
    const old = shards.of(recordOf(1, { key: 'k' }), 'a')
    shards.dissolve(old)
    const fresh = shards.of(recordOf(2, { key: 'k' }), 'a')
    assert.notEqual(fresh, old)
    shards.closeIfDone(old)
    assert.equal(shards.named('a'), fresh)
  })

  it('gives back what waits when it is dissolved', () => {
    const shards = shardsOf()
    const shard = hotOf(shards, 'a', 1)
    shard.list.push(recordOf(1))
    assert.deepEqual(namesOf(shards.dissolve(shard)), ['r1'])
    assert.equal(shard.dissolved, true)
    assert.equal(shards.active, false)
  })

  it('lets a shard whose turn it was have another, stored or not', () => {
    const shards = shardsOf()
    const shard = hotOf(shards, 'a', 1)
    shard.trying = true
    shards.learn(new Map(), [shard], 0, 0)
    assert.equal(shard.trying, false)
  })
})

describe('backoff by shard', () => {
  it('delays the records of a throttled shard and nobody else', () => {
    const queue = queueOf()
    admitAll(queue, ['hot:1', 'hot:2', 'cold:1'])
    answer(queue, mustTake(queue), name =>
      name === 'cold:1' ? stored(SHARD_B) : throttled(SHARD_A),
    )
    admitAll(queue, ['hot:3', 'cold:2'])
    assert.deepEqual(takeNames(queue, { now: 10 }), ['cold:2'])
    assert.equal(take(queue, { now: 49 }), undefined)
    assert.deepEqual(takeNames(queue, { now: 50 }), ['hot:1'], 'its window is one')
  })

  it('gives other buckets their turns while one of them never gets anything through', () => {
    const queue = queueOf()
    // Two keys in buckets of their own.
    for (let i = 0; i < 20; i++) {
      admit(queue, `hot:${i}`, '', { hashKey: hashKey(1) })
      admit(queue, `slow:${i}`, '', { hashKey: hashKey(40) })
    }
    let now = 0
    const slow: number[] = []
    for (let looks = 0; looks < 400 && slow.length < 20; looks++) {
      const batch = take(queue, { now, limit: 5 })
      if (batch === undefined) {
        now += Math.max(1, Math.ceil(queue.backoffWait(now) ?? 1))
        continue
      }
      const first = now < 40
      answer(
        queue,
        batch,
        name => {
          if (name.startsWith('hot') || first) return throttled(undefined)
          slow.push(Number(name.split(':')[1]))
          return stored(SHARD_B)
        },
        now,
      )
      now += 10
    }
    assert.equal(slow.length, 20)
    assert.ok(now < 2000, `${now} ms`)
  })

  it('finds the records of a bucket that would get through among those that never do', () => {
    const queue = queueOf()
    for (let i = 0; i < 9; i++) admit(queue, `hot:${i}`, '', { hashKey: hashKey(1.1) })
    admit(queue, 'well', '', { hashKey: hashKey(1.2) })
    answer(queue, mustTake(queue), throttled(undefined))
    let now = 0
    let delivered = false
    for (let turns = 0; turns < 12 && !delivered; turns++) {
      now += Math.ceil(queue.backoffWait(now) ?? 0)
      const batch = mustTake(queue, { now })
      delivered = namesOf(batch.records).includes('well')
      answer(queue, batch, name => (name === 'well' ? stored(SHARD_A) : throttled(undefined)), now)
    }
    assert.ok(delivered)
  })

  it('gives the shard with the oldest record its turn first', () => {
    const queue = queueOf()
    admitAll(queue, ['a:1', 'b:1', 'c:1'])
    answer(queue, mustTake(queue), name => throttled(`shardId-${name.codePointAt(0)}`))
    assert.deepEqual(takeNames(queue, { now: 100, limit: 2 }), ['a:1', 'b:1'])
    assert.deepEqual(takeNames(queue, { now: 100, limit: 2 }), ['c:1'])
    const reversed = queueOf()
    admitAll(reversed, ['a:1', 'b:1', 'c:1'])
    for (const batch of [1, 2, 3].map(() => mustTake(reversed, { limit: 1 })).toReversed())
      answer(reversed, batch, name => throttled(`shardId-${name.codePointAt(0)}`))
    assert.deepEqual(takeNames(reversed, { now: 100 }), ['a:1', 'b:1', 'c:1'])
  })

  it('forgets a shard when its last record leaves, however it leaves', () => {
    const queue = queueOf({ recordTtl: 1000 })
    for (const leave of ['stored', 'expired', 'evicted']) {
      admit(queue, 'a', 'a')
      answer(queue, mustTake(queue, { now: 0 }), throttled(SHARD_A))
      if (leave === 'stored') drainNames(queue, { now: 100 })
      else if (leave === 'expired') queue.expire(2000)
      else queue.evictOldest(undefined)
      assert.equal(queue.records, 0)
      assert.equal(queue.backoffWait(0), undefined, leave)
      admit(queue, 'b', 'a')
      const batch = mustTake(queue, { now: 0 })
      assert.equal(batch.isTurn, false)
      queue.stored(batch)
    }
  })
})
