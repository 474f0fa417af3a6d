import assert from 'node:assert/strict'
import {
  admit,
  admitAll,
  answer,
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

const WAITER = { resolve: () => {}, reject: () => {} }

describe('Taking', () => {
  it('takes ready records in the order of their admission, as many as a request holds', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c', 'd', 'e'])
    assert.deepEqual(takeNames(queue, { limit: 2 }), ['a', 'b'])
    assert.deepEqual(takeNames(queue, { maxRecords: 1 }), ['c'])
    assert.deepEqual(takeNames(queue), ['d', 'e'])
    assert.equal(take(queue), undefined)
  })

  it('takes those that were tried before ahead of the others, or every other time behind them', () => {
    for (const alternates of [false, true]) {
      const queue = queueOf()
      admitAll(queue, ['a', 'b'])
      queue.requeue(mustTake(queue))
      admitAll(queue, ['c', 'd'])
      const names = takeNames(queue, { limit: 3, alternates })
      assert.deepEqual(names, alternates ? ['c', 'd', 'a'] : ['a', 'b', 'c'])
    }
  })

  it('gives untried records their turns, whatever parts of bisected requests go in between', () => {
    const queue = queueOf()
    admitAll(queue, ['part', 'part', 'again'])
    const batch = mustTake(queue, { limit: 2 })
    queue.requeue(mustTake(queue))
    queue.bisect(batch)
    admitAll(queue, ['new', 'newer'])
    const probe = (): string => {
      const taken = mustTake(queue, { limit: 1, maxRecords: 1, alternates: true })
      const [name = ''] = namesOf(taken.records)
      queue.requeue(taken)
      return name
    }
    const probes = Array.from({ length: 8 }, probe)
    assert.deepEqual(probes, ['part', 'new', 'part', 'again', 'part', 'newer', 'part', 'new'])
  })

  it('takes no more of a key along than the request may carry', () => {
    const queue = queueOf({ ordered: true })
    admitAll(queue, ['k:1', 'k:2', 'k:3', 'l:1'])
    assert.deepEqual(takeNames(queue, { packer: packerOf(9), maxRecords: 2 }), ['k:1', 'k:2'])
  })

  it('takes nothing that is not due, unless something due goes anyway', () => {
    const queue = queueOf({ dueRecords: 10 })
    admit(queue, 'hot', 'hot')
    answer(queue, mustTake(queue), throttled(SHARD_A))
    admit(queue, 'new', 'new')
    assert.equal(take(queue, { all: false, now: 10 }), undefined)
    assert.deepEqual(takeNames(queue, { all: false, now: 50 }), ['hot', 'new'])
  })

  it('says whether it matters where its records are stored', () => {
    const queue = queueOf()
    admit(queue, 'a', 'a')
    const plain = mustTake(queue)
    assert.deepEqual([plain.wantsPlaces, plain.tracksShards, plain.isTurn], [false, false, false])
    admit(queue, 'b', 'b', { waiter: WAITER })
    const awaited = mustTake(queue)
    assert.deepEqual([awaited.wantsPlaces, awaited.tracksShards], [true, false])
    answer(queue, plain, throttled(SHARD_A))
    const turn = mustTake(queue, { now: 50 })
    assert.deepEqual([turn.wantsPlaces, turn.tracksShards, turn.isTurn], [true, true, true])
    assert.equal(turn.isPart, false)
  })

  it('looks where others are stored while a hot shard may be the only one', () => {
    const queue = queueOf()
    admitAll(queue, ['hot:1', 'hot:2'])
    answer(queue, mustTake(queue), throttled(SHARD_A))
    admit(queue, 'cold', 'cold')
    const first = mustTake(queue)
    assert.deepEqual(namesOf(first.records), ['cold'])
    assert.deepEqual([first.wantsPlaces, first.tracksShards], [true, true])
    answer(queue, first, stored(SHARD_B))
    admit(queue, 'cold', 'cold')
    const second = mustTake(queue)
    assert.deepEqual([second.wantsPlaces, second.tracksShards], [false, false])
  })

  describe('turns of shards', () => {
    it('takes as many as the window of the shard, and none while its turn is in flight', () => {
      const queue = queueOf()
      for (let i = 0; i < 10; i++) admit(queue, `hot:${i}`, 'hot')
      answer(queue, mustTake(queue), throttled(SHARD_A))
      const turn = mustTake(queue, { now: 50 })
      assert.deepEqual(namesOf(turn.records), ['hot:0', 'hot:1', 'hot:2', 'hot:3', 'hot:4'])
      assert.equal(take(queue, { now: 9999 }), undefined)
      answer(queue, turn, stored(SHARD_A), 60)
      assert.deepEqual(takeNames(queue, { now: 60 }), ['hot:5', 'hot:6', 'hot:7', 'hot:8', 'hot:9'])
    })

    it('takes no more than a request holds, and goes on with the rest at the next turn', () => {
      for (const bound of [{ limit: 3 }, { maxRecords: 3 }]) {
        const queue = queueOf()
        for (let i = 0; i < 10; i++) admit(queue, `hot:${i}`, 'hot')
        answer(queue, mustTake(queue), throttled(SHARD_A))
        admit(queue, 'cold', 'cold')
        const turn = mustTake(queue, { now: 50, ...bound })
        assert.deepEqual(namesOf(turn.records), ['hot:0', 'hot:1', 'hot:2'])
        assert.deepEqual(takeNames(queue, { now: 50 }), ['cold'])
        answer(queue, turn, stored(SHARD_A), 60)
        assert.equal(takeNames(queue, { now: 60 })[0], 'hot:3')
      }
    })

    it('fills the rest of the request with ready records', () => {
      const queue = queueOf()
      admitAll(queue, ['hot:1', 'hot:2'])
      answer(queue, mustTake(queue), throttled(SHARD_A))
      admitAll(queue, ['cold:1', 'cold:2'])
      assert.deepEqual(takeNames(queue, { now: 50, limit: 2 }), ['hot:1', 'cold:1'])
    })

    it('gives a turn of which nothing was learned back to the shard, in its place', () => {
      const queue = queueOf()
      for (let i = 0; i < 4; i++) admit(queue, `hot:${i}`, 'hot')
      answer(queue, mustTake(queue), throttled(SHARD_A))
      admit(queue, 'cold', 'cold')
      const turn = mustTake(queue, { now: 50 })
      assert.deepEqual(namesOf(turn.records), ['hot:0', 'hot:1', 'cold'])
      queue.requeue(turn)
      assert.deepEqual(takeNames(queue, { now: 50 }), ['hot:0', 'hot:1', 'cold'])
    })

    it('ends the turn, however the request ends', () => {
      for (const end of ['stored', 'requeue', 'bisect', 'answered'] as const) {
        const queue = queueOf()
        for (let i = 0; i < 6; i++) admit(queue, `hot:${i}`, 'hot')
        answer(queue, mustTake(queue), throttled(SHARD_A))
        const turn = mustTake(queue, { now: 50 })
        assert.equal(turn.records.length, 3)
        assert.equal(queue.backoffWait(50), undefined)
        if (end === 'answered') answer(queue, turn, REQUEUED, 50)
        else queue[end](turn)
        assert.equal(queue.backoffWait(50), 0, end)
      }
    })
  })

  describe('ready records of a hot shard', () => {
    it('are moved to their shard, in their order, and others go', () => {
      const queue = queueOf()
      admitAll(queue, ['hot:1', 'hot:2'])
      const batch = mustTake(queue)
      admitAll(queue, ['hot:3', 'cold:1', 'hot:4', 'cold:2'])
      answer(queue, batch, throttled(SHARD_A))
      assert.deepEqual(takeNames(queue), ['cold:1', 'cold:2'])
      assert.equal(queue.hasReady, false)
      const turn = mustTake(queue, { now: 50 })
      assert.deepEqual(namesOf(turn.records), ['hot:1'])
      answer(queue, turn, stored(SHARD_A), 60)
      const second = mustTake(queue, { now: 60 })
      assert.deepEqual(namesOf(second.records), ['hot:2', 'hot:3'])
      answer(queue, second, stored(SHARD_A), 70)
      assert.deepEqual(takeNames(queue, { now: 70 }), ['hot:4'])
      assert.equal(queue.oldestWaitingSince, undefined)
    })

    it('go at once when the backoff of the shard is over', () => {
      const queue = queueOf()
      admitAll(queue, ['hot:1', 'hot:2'])
      const batch = mustTake(queue)
      admit(queue, 'hot:3', 'hot')
      answer(queue, batch, throttled(SHARD_A))
      queue.evictOldest(undefined)
      queue.evictOldest(undefined)
      // Only this one is there; it is found to belong to the shard while records are looked for.
      assert.deepEqual(takeNames(queue, { now: 50 }), ['hot:3'])
    })

    it('are moved out of those that wait for the next request as well', () => {
      const queue = queueOf()
      admitAll(queue, ['hot:1', 'hot:2', 'hot:3'])
      const [first, second] = [mustTake(queue, { limit: 2 }), mustTake(queue)]
      answer(queue, first, throttled(SHARD_A))
      queue.requeue(second)
      assert.equal(take(queue), undefined)
      assert.equal(queue.hasReady, false)
      assert.equal(queue.countUpTo(9), 3)
    })

    it('take those held behind them along into the share of the shard', () => {
      const queue = queueOf({ ordered: true })
      admit(queue, 'one', '', { hashKey: '5' })
      admit(queue, 'two', '', { hashKey: '5' })
      const batch = mustTake(queue)
      for (const text of ['free', 'held']) queue.admit(text, 'k', '5', 10, 0, undefined, undefined)
      answer(queue, batch, throttled(SHARD_A))
      assert.equal(take(queue), undefined)
      const shard = pendingOf(batch)[0]?.shard
      assert.ok(shard)
      assert.deepEqual(namesOf(shard.waiting.records()).toSorted(), ['free', 'held', 'one', 'two'])
    })
  })

  describe('into packed requests', () => {
    it('goes on with records that still fit into the Kinesis records there are', () => {
      const queue = queueOf()
      const packer = packerOf(3)
      admitAll(queue, ['a:1', 'b:1', 'a:2', 'c:1', 'a:3', 'a:4'])
      assert.deepEqual(takeNames(queue, { packer, limit: 2 }), ['a:1', 'b:1', 'a:2', 'a:3'])
      assert.deepEqual(takeNames(queue, { packer, limit: 2 }), ['c:1', 'a:4'])
    })

    it('gives up when it skipped more records than it took', () => {
      const queue = queueOf()
      const packer = packerOf(3)
      admitAll(queue, ['a:1', 'b:1', 'a:2', 'c:1', 'd:1', 'e:1', 'a:3'])
      assert.deepEqual(takeNames(queue, { packer, limit: 1 }), ['a:1', 'a:2'])
      const late = queueOf()
      admitAll(late, ['a:1', 'b:1', 'c:1', 'a:2'])
      assert.deepEqual(takeNames(late, { packer, limit: 1 }), ['a:1'])
    })

    it('takes those behind a record of its key along, as long as they fit into its Kinesis record', () => {
      const queue = queueOf({ ordered: true })
      const packer = packerOf(2)
      admitAll(queue, ['a:1', 'b:1', 'a:2', 'a:3'])
      const batch = mustTake(queue, { packer })
      assert.deepEqual(namesOf(batch.records), ['a:1', 'a:2', 'b:1'])
      assert.equal(queue.oldest()?.sequence, 1)
      assert.equal(queue.oldestWaitingSince, 0)
      assert.equal(queue.countUpTo(9), 4)
      queue.stored(batch)
      assert.deepEqual(takeNames(queue, { packer }), ['a:3'])
    })

    it('sends records of a key that were bisected in one Kinesis record again, and holds what does not fit', () => {
      const queue = queueOf({ ordered: true })
      admitAll(queue, ['a:1', 'a:2', 'a:3', 'a:4', 'b:1', 'b:2', 'b:3', 'b:4'])
      const batch = mustTake(queue, { packer: packerOf(4) })
      assert.equal(batch.records.length, 8)
      queue.bisect(batch)
      const part = mustTake(queue, { packer: packerOf(2) })
      assert.deepEqual(namesOf(part.records), ['a:1', 'a:2'])
      assert.deepEqual(takeNames(queue, { packer: packerOf(4) }), ['b:1', 'b:2', 'b:3', 'b:4'])
      assert.equal(take(queue), undefined)
      queue.stored(part)
      assert.deepEqual(takeNames(queue, { packer: packerOf(2) }), ['a:3', 'a:4'])
    })

    it('lets no record of a bisected key overtake one that did not fit', () => {
      const queue = queueOf({ ordered: true })
      const [a1, a2, a3] = [10, 300, 10]
      for (const [i, size] of [a1, a2, a3].entries()) admit(queue, `${i}`.padEnd(size, '.'), 'a')
      admit(queue, 'b', 'b')
      const batch = mustTake(queue, { packer: packerOf(4) })
      assert.equal(batch.records.length, 4)
      queue.bisect(batch)
      const half = mustTake(queue)
      assert.deepEqual(
        half.records.map(({ sequence }) => sequence),
        [1],
      )
      assert.deepEqual(takeNames(queue), ['b'])
      queue.stored(half)
      assert.deepEqual(
        mustTake(queue).records.map(({ sequence }) => sequence),
        [2],
      )
    })

    it('sends several of a key in a part without ordering, each as it fits', () => {
      const queue = queueOf()
      admitAll(queue, ['a:1', 'a:2', 'a:3', 'a:4'])
      queue.bisect(mustTake(queue))
      assert.deepEqual(takeNames(queue), ['a:1', 'a:2'])
    })

    it('sends records without a key in a part each by itself, with ordering as well', () => {
      const queue = queueOf({ ordered: true })
      admitAll(queue, ['', '', '', ''])
      queue.bisect(mustTake(queue))
      assert.equal(mustTake(queue).records.length, 2)
    })
  })

  it('lets parts of bisected requests and all else take turns', () => {
    const queue = queueOf()
    admitAll(queue, ['a', 'b', 'c', 'd'])
    queue.bisect(mustTake(queue))
    admitAll(queue, ['e', 'f'])
    const names = [1, 2, 3, 4].map(() => takeNames(queue, { limit: 1 }).join(''))
    assert.deepEqual(names, ['a', 'e', 'b', 'f'])
    assert.deepEqual(
      [1, 2, 3].map(() => takeNames(queue, { limit: 1 }).join('')),
      ['c', 'd', ''],
    )
  })

  it('takes a part after a part when nothing else is due', () => {
    const queue = queueOf({ dueRecords: 5 })
    admitAll(queue, ['a', 'b'])
    queue.bisect(mustTake(queue))
    admit(queue, 'c', 'c')
    assert.deepEqual(
      [1, 2, 3].map(() => takeNames(queue, { all: false }).join('')),
      ['a', 'b', ''],
    )
  })
})
