import assert from 'node:assert/strict'
import { ShardBackoff, type ShardRef } from '@kinesis-producer/core/internal/queue/shard-backoff'
import { FULL_JITTER, recordsOf } from '../../../support/core/queue.js'

const NAMED: ShardRef = { kind: 'named', id: 'shardId-1' }

const shardOf = (records = 0, ref: ShardRef = NAMED): ShardBackoff => {
  const shard = new ShardBackoff(ref, FULL_JITTER)
  for (const record of recordsOf(records)) shard.list.push(record)
  return shard
}

const after = (now: number, { notBefore }: ShardBackoff): number => Math.round(notBefore - now)

describe('ShardBackoff', () => {
  it('is due when records wait, its backoff is over and no request with its turn is in flight', () => {
    const shard = shardOf()
    assert.equal(shard.isDue(0), false)
    const [record] = recordsOf(1)
    assert.ok(record)
    shard.list.push(record)
    assert.equal(shard.isDue(0), true)
    shard.notBefore = 10
    assert.equal(shard.isDue(9), false)
    assert.equal(shard.isDue(10), true)
    shard.trying = true
    assert.equal(shard.isDue(10), false)
  })

  it('counts the records it is answerable for', () => {
    const shard = shardOf()
    shard.charge(5)
    shard.charge(7)
    assert.deepEqual([shard.records, shard.bytes], [2, 12])
    shard.release(5)
    assert.deepEqual([shard.records, shard.bytes], [1, 7])
  })

  it('waits twice as long after each turn in which nothing got through, up to 10 s', () => {
    const shard = shardOf()
    const waits: number[] = []
    for (let now = 0, turn = 0; turn < 10; turn++) {
      shard.learn(0, 10, now, now)
      waits.push(after(now, shard))
      now = Math.ceil(shard.notBefore)
    }
    assert.deepEqual(waits, [50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
  })

  it('starts over when all get through', () => {
    const shard = shardOf()
    for (let now = 0; now < 10_000; now += 1000) shard.learn(0, 10, now, now)
    shard.learn(10, 0, 20_000, 20_000)
    assert.equal(after(20_000, shard), 0)
    shard.learn(0, 10, 20_001, 20_001)
    assert.equal(after(20_001, shard), 50)
  })

  it('waits the least time after a turn in which some got through', () => {
    const shard = shardOf()
    for (let now = 0; now < 10_000; now += 1000) shard.learn(0, 10, now, now)
    shard.learn(1, 10, 20_000, 20_000)
    assert.equal(after(20_000, shard), 50)
    shard.learn(0, 10, 20_100, 20_100)
    assert.equal(after(20_100, shard), 100)
  })

  it('is not pushed further away by later answers to requests that left before', () => {
    const shard = shardOf()
    shard.learn(0, 10, 0, 10)
    shard.learn(0, 10, 5, 20)
    assert.equal(after(10, shard), 50)
    shard.learn(5, 5, 5, 30)
    assert.equal(after(10, shard), 50)
    // This one left when the backoff was over.
    shard.learn(0, 10, 60, 70)
    assert.equal(after(70, shard), 100)
  })

  it('counts a request that left exactly at the end of its backoff', () => {
    const shard = shardOf()
    shard.learn(0, 10, 0, 0)
    const end = shard.notBefore
    shard.learn(0, 10, end - 1, end)
    assert.equal(shard.notBefore, end)
    shard.learn(0, 10, end, end)
    assert.equal(after(end, shard), 100)
    const some = shardOf()
    some.learn(0, 10, 0, 0)
    some.learn(1, 10, 0, some.notBefore)
    assert.equal(after(50, some), 50)
  })

  it('backs off after the first failure, also of a request that left before a success was known', () => {
    const shard = shardOf()
    shard.learn(5, 0, 0, 100)
    assert.equal(shard.notBefore, 100)
    shard.learn(0, 10, 50, 110)
    assert.equal(after(110, shard), 50)
  })

  it('halves its window while nothing gets through, from what was tried, down to one', () => {
    const shard = shardOf()
    const windows: number[] = []
    assert.equal(shard.window, 500)
    for (let now = 0; now < 70_000; now += 10_000) {
      shard.learn(0, Math.min(101, shard.window), now, now)
      windows.push(shard.window)
    }
    assert.deepEqual(windows, [50, 25, 12, 6, 3, 1, 1])
    const small = shardOf()
    small.window = 8
    small.learn(0, 400, 0, 0)
    assert.equal(small.window, 4, 'from the window, when more was tried')
  })

  it('doubles its window while all get through, up to 500', () => {
    const shard = shardOf()
    shard.window = 100
    const windows: number[] = []
    for (let now = 0; now < 4; now++) {
      shard.learn(10, 0, now, now)
      windows.push(shard.window)
    }
    assert.deepEqual(windows, [200, 400, 500, 500])
  })

  it('sets its window to what got through, or twice that when it was most', () => {
    for (const [stored, failed, window] of [
      [3, 7, 3],
      [5, 5, 5],
      [7, 3, 14],
      [300, 100, 500],
      [600, 700, 500],
    ] as const) {
      const shard = shardOf()
      shard.learn(stored, failed, 0, 0)
      assert.equal(shard.window, window, `${stored} of ${stored + failed}`)
    }
  })

  it('is hot when most fail: more than one record, or one again and again', () => {
    const hotAfter = (...answers: (readonly [stored: number, failed: number])[]): boolean => {
      const shard = shardOf()
      answers.forEach(([stored, failed], i) => shard.learn(stored, failed, i * 20_000, i * 20_000))
      return shard.hot
    }
    assert.equal(hotAfter([0, 1]), false)
    assert.equal(hotAfter([0, 2]), true)
    assert.equal(hotAfter([0, 1], [0, 1]), true)
    assert.equal(hotAfter([5, 5]), true)
    assert.equal(hotAfter([6, 5]), false)
    assert.equal(hotAfter([4, 5]), true)
    assert.equal(hotAfter([0, 2], [6, 5]), false, 'no longer')
    assert.equal(hotAfter([0, 2], [1, 0]), true, 'until its window has grown again')
  })

  it('is no longer hot when its window is at 500 again', () => {
    const shard = shardOf()
    shard.learn(0, 200, 0, 0)
    assert.equal(shard.window, 100)
    shard.learn(10, 0, 100, 100)
    shard.learn(10, 0, 200, 200)
    assert.equal(shard.hot, true)
    shard.learn(10, 0, 300, 300)
    assert.equal(shard.hot, false)
  })

  describe('first', () => {
    const firsts = (shard: ShardBackoff, turns: number): (number | undefined)[] => {
      const seen: (number | undefined)[] = []
      for (let turn = 0; turn < turns; turn++) {
        seen.push(shard.first(false)?.sequence)
        shard.learn(0, 2, turn * 20_000, turn * 20_000)
      }
      return seen
    }

    it('is the oldest record of a shard that the service named, and of those without a key', () => {
      assert.deepEqual(firsts(shardOf(5), 4), [1, 1, 1, 1])
      assert.deepEqual(firsts(shardOf(5, { kind: 'any' }), 4), [1, 1, 1, 1])
      assert.equal(shardOf(0).first(false), undefined)
    })

    it('is another each turn where keys merely hash alike, as long as nothing gets through', () => {
      const shard = shardOf(5, { kind: 'hashed', bucket: 1 })
      assert.deepEqual(firsts(shard, 7), [1, 2, 3, 4, 5, 1, 2])
      shard.learn(2, 0, 200_000, 200_000)
      assert.equal(shard.first(false)?.sequence, 1)
    })

    it('skips as many records as were tried', () => {
      const shard = shardOf(10, { kind: 'hashed', bucket: 1 })
      shard.learn(0, 6, 0, 0)
      assert.equal(shard.window, 3)
      assert.equal(shard.first(false)?.sequence, 4)
    })
  })
})
