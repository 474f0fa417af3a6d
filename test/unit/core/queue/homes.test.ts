import assert from 'node:assert/strict'
import { AgeIndex } from '@kinesis-producer/core/internal/queue/age-index'
import { Bisection } from '@kinesis-producer/core/internal/queue/bisection'
import { FreshRecords } from '@kinesis-producer/core/internal/queue/fresh-records'
import { assignShard, detach, type Homes } from '@kinesis-producer/core/internal/queue/homes'
import { KeyOrder } from '@kinesis-producer/core/internal/queue/key-order'
import { RecordList } from '@kinesis-producer/core/internal/queue/record-list'
import { RetryDelays } from '@kinesis-producer/core/internal/queue/retry-delays'
import { ShardBackoff } from '@kinesis-producer/core/internal/queue/shard-backoff'
import { ShardBackoffs } from '@kinesis-producer/core/internal/queue/shard-backoffs'
import { NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { enter, FULL_JITTER, recordOf } from '../../../support/core/queue.js'

const homesOf = (order?: KeyOrder): Homes => ({
  ready: new RecordList('ready'),
  fresh: new FreshRecords(new SlabStore(1000, NO_FRAMING)),
  again: new RecordList('again'),
  order,
  shards: new ShardBackoffs(FULL_JITTER),
  delays: new RetryDelays(FULL_JITTER),
  bisection: new Bisection(),
  aside: new AgeIndex(),
})

describe('detach', () => {
  it('takes a record out of the list it waits in', () => {
    const homes = homesOf()
    const [first, second] = [recordOf(1), recordOf(2)]
    homes.ready.push(first)
    homes.ready.push(second)
    assert.equal(detach(homes, first), false)
    assert.equal(homes.ready.head, second)
    assert.equal(first.list, undefined)
  })

  it('takes it out of the index of those that wait elsewhere', () => {
    const homes = homesOf()
    const [ready, again] = [recordOf(1), recordOf(2)]
    homes.ready.push(ready)
    homes.again.push(again)
    again.setAside(homes.aside)
    detach(homes, ready)
    assert.equal(homes.aside.oldest(), again)
    detach(homes, again)
    assert.equal(homes.aside.oldest(), undefined)
  })

  it('says whether it was held behind its key, and counts it no longer', () => {
    const order = new KeyOrder()
    const homes = homesOf(order)
    const [free, held] = [recordOf(1, { key: 'k' }), recordOf(2, { key: 'k' })]
    enter(order, free)
    homes.ready.push(free)
    enter(order, held)
    held.setAside(homes.aside)
    assert.equal(detach(homes, held), true)
    assert.equal(order.held, 0)
    assert.equal(detach(homes, free), false)
  })

  it('does nothing to a record that waits nowhere', () => {
    assert.equal(detach(homesOf(), recordOf(1)), false)
  })
})

describe('assignShard', () => {
  it('assigns a record, and with ordering those behind it', () => {
    const shard = new ShardBackoff({ kind: 'any' }, FULL_JITTER)
    for (const order of [undefined, new KeyOrder()]) {
      const [free, held] = [recordOf(1, { key: 'k' }), recordOf(2, { key: 'k' })]
      enter(order, free)
      enter(order, held)
      assignShard(homesOf(order), free, shard)
      assert.equal(free.shard, shard)
      assert.equal(held.shard, order === undefined ? undefined : shard)
    }
  })
})
