import assert from 'node:assert/strict'
import { BufferCapacity } from '@kinesis-producer/core/internal/queue/capacity'
import type { ShardBackoff } from '@kinesis-producer/core/internal/queue/shard-backoff'
import { ShardBackoffs } from '@kinesis-producer/core/internal/queue/shard-backoffs'
import {
  admit,
  answer,
  mustTake,
  queueOf,
  recordOf,
  SHARD_A,
  SHARD_B,
  stored,
  throttled,
} from '../../../support/core/queue.js'

describe('BufferCapacity', () => {
  const capacityOf = (records: number, bytes: number): BufferCapacity =>
    new BufferCapacity(records, bytes, 0, new ShardBackoffs(Math.random))

  it('takes records up to either bound, and not one more', () => {
    const capacity = capacityOf(2, 100)
    assert.equal(capacity.fits(100), true)
    assert.equal(capacity.fits(101), false)
    capacity.add(60)
    assert.equal(capacity.fits(40), true)
    assert.equal(capacity.fits(41), false)
    capacity.add(10)
    assert.equal(capacity.fits(0), false)
    assert.deepEqual([capacity.records, capacity.bytes], [2, 70])
    capacity.remove(60)
    assert.deepEqual([capacity.records, capacity.bytes], [1, 10])
    assert.equal(capacity.fits(90), true)
    capacity.clear()
    assert.deepEqual([capacity.records, capacity.bytes], [0, 0])
  })

  it('is nearly full at 95 % of either bound', () => {
    const records = capacityOf(100, 1e9)
    for (let i = 0; i < 94; i++) records.add(1)
    assert.equal(records.isNearlyFull, false)
    records.add(1)
    assert.equal(records.isNearlyFull, true)
    const bytes = capacityOf(100, 1000)
    bytes.add(949)
    assert.equal(bytes.isNearlyFull, false)
    bytes.add(1)
    assert.equal(bytes.isNearlyFull, true)
  })

  it('counts memory beyond the bytes of the records, but for an eighth of the bound', () => {
    const capacity = capacityOf(100, 8000)
    capacity.add(1000)
    capacity.measured(2000)
    assert.equal(capacity.fits(7000), true, 'tolerated')
    capacity.measured(4000)
    assert.equal(capacity.fits(5000), true)
    assert.equal(capacity.fits(5001), false)
    capacity.add(5000)
    assert.equal(capacity.isNearlyFull, true)
    capacity.remove(5000)
    assert.equal(capacity.fits(5000), true, 'what is dropped is capacity at once')
    capacity.measured(1000)
    assert.equal(capacity.fits(7000), true)
  })

  it('takes a record into an empty buffer, whatever memory is still in use', () => {
    const capacity = capacityOf(100, 8000)
    capacity.measured(80_000)
    assert.equal(capacity.fits(8000), true)
    assert.equal(capacity.fits(8001), false)
    capacity.add(10)
    assert.equal(capacity.fits(10), false)
  })

  it('tolerates a few slabs in a small buffer', () => {
    const capacity = new BufferCapacity(100, 8000, 50_000, new ShardBackoffs(Math.random))
    capacity.add(1000)
    capacity.measured(51_000)
    assert.equal(capacity.fits(7000), true)
    capacity.measured(51_001)
    assert.equal(capacity.fits(7000), false)
  })

  describe('for a hot shard', () => {
    /** Shards that were throttled, of `held` records of 10 bytes each. */
    const hotOf = (held: readonly number[]) => {
      const shards = new ShardBackoffs(() => 0.5)
      const capacity = new BufferCapacity(100, 10_000, 0, shards)
      shards.noteStored('elsewhere')
      const hot = held.map((count, i): ShardBackoff => {
        let shard: ShardBackoff | undefined
        for (let n = 0; n < count; n++) {
          const record = recordOf(n, { key: 'k' })
          shard = shards.of(record, `shard ${i}`)
          record.assign(shard)
        }
        assert.ok(shard)
        shards.learn(new Map([[shard, { stored: 0, failed: count }]]), [], 0, 0)
        return shard
      })
      return { capacity, shards, hot }
    }

    it('keeps half of the buffer for the others, by records and by bytes', () => {
      for (const [held, fits] of [
        [49, true],
        [50, false],
        [51, false],
      ] as const) {
        const { capacity, hot } = hotOf([held])
        assert.equal(capacity.shardFits(hot[0]!, 0), fits, `${held}`)
      }
      const { capacity, hot } = hotOf([10])
      assert.equal(capacity.shardFits(hot[0]!, 4900), true)
      assert.equal(capacity.shardFits(hot[0]!, 4901), false)
    })

    it('shares what other hot shards leave', () => {
      const { capacity, hot } = hotOf([50, 24])
      assert.equal(capacity.shardFits(hot[1]!, 0), true)
      const full = hotOf([50, 25])
      assert.equal(full.capacity.shardFits(full.hot[1]!, 0), false)
      const third = hotOf([50, 25, 12])
      assert.equal(third.capacity.shardFits(third.hot[2]!, 0), true)
      // 10000 bytes, less 500 and 250, halved, less 120.
      assert.equal(third.capacity.shardFits(third.hot[2]!, 4505), true)
      assert.equal(third.capacity.shardFits(third.hot[2]!, 4506), false)
    })

    it('has no share while it is not hot, or while no other shard is known', () => {
      const { capacity, hot, shards } = hotOf([60])
      hot[0]!.hot = false
      assert.equal(capacity.shardFits(hot[0]!, 9000), true)
      hot[0]!.hot = true
      assert.equal(capacity.shardFits(hot[0]!, 9000), false)
      assert.equal(shards.othersKnown(hot[0]!), true)
    })
  })

  it('is told by the queue, for all records wherever they are', () => {
    const queue = queueOf({ bufferSize: 4, bufferBytes: 100 })
    for (const key of ['a', 'b', 'c', 'd']) admit(queue, key, key)
    assert.equal(queue.fits(1), false)
    assert.equal(queue.isNearlyFull, true)
    const batch = mustTake(queue, { limit: 2 })
    assert.equal(queue.fits(1), false)
    answer(queue, batch, name => (name === 'a' ? stored(SHARD_B) : throttled(SHARD_A)))
    assert.equal(queue.fits(70), true)
    assert.equal(queue.fits(71), false)
    assert.equal(queue.records, 3)
    assert.equal(queue.bytes, 30)
    assert.equal(queue.lastSequence, 4)
  })
})
