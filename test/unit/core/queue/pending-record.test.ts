import assert from 'node:assert/strict'
import { AgeIndex } from '@kinesis-producer/core/internal/queue/age-index'
import type { FailedTry } from '@kinesis-producer/core/internal/queue/retry-state'
import { ShardBackoff } from '@kinesis-producer/core/internal/queue/shard-backoff'
import { recordOf } from '../../../support/core/queue.js'

const failedTry = (fields: Partial<FailedTry> = {}): FailedTry => ({
  code: 'InternalFailure',
  ambiguous: false,
  message: 'it failed',
  startedAt: 100,
  endedAt: 130,
  ...fields,
})

describe('PendingRecord', () => {
  it('is what was added', () => {
    const waiter = { resolve: () => {}, reject: () => {} }
    const record = recordOf(7, { data: 'text', key: 'k', hashKey: '5', bytes: 5, at: 99, waiter })
    assert.deepEqual(
      [record.data, record.partitionKey, record.explicitHashKey, record.bytes],
      ['text', 'k', '5', 5],
    )
    assert.deepEqual([record.sequence, record.admittedAt, record.waiter], [7, 99, waiter])
    assert.equal(record.place, 'waiting')
  })

  it('copies its data, and hands back copies', () => {
    const data = new Uint8Array([1, 2])
    const record = recordOf(1, { data })
    data.fill(9)
    const { data: back } = record.userRecord()
    assert.ok(back instanceof Uint8Array)
    assert.deepEqual([...back], [1, 2])
    back.fill(8)
    assert.deepEqual(record.userRecord().data, Buffer.from([1, 2]))
  })

  it('hands back the keys it has, and no others', () => {
    assert.deepEqual(recordOf(1, { data: 'x' }).userRecord(), { data: 'x' })
    assert.deepEqual(recordOf(1, { data: 'x', key: 'k' }).userRecord(), {
      data: 'x',
      partitionKey: 'k',
    })
    assert.deepEqual(recordOf(1, { data: 'x', hashKey: '5' }).leftover(), {
      data: 'x',
      explicitHashKey: '5',
      possiblyDelivered: false,
    })
  })

  it('has no history before its first try', () => {
    const record = recordOf(1)
    assert.equal(record.faults, 0)
    assert.equal(record.firstFaultAt, undefined)
    assert.deepEqual(record.history, [])
    assert.equal(record.error, undefined)
    assert.equal(record.lastMessage, undefined)
    assert.equal(record.possiblyDelivered, false)
    assert.equal(record.shard, undefined)
    record.addFault(1)
    assert.equal(record.error, undefined)
    assert.equal(record.lastMessage, undefined)
    assert.deepEqual(record.history, [])
  })

  it('remembers its tries: how long each took, and how long after the one before it began', () => {
    const record = recordOf(1, { at: 60 })
    record.addFailedTry(failedTry())
    record.addFailedTry(
      failedTry({ code: 'Timeout', startedAt: 200, endedAt: 250, message: 'late' }),
    )
    assert.deepEqual(record.history, [
      { delay: 40, duration: 30, code: 'InternalFailure', message: 'it failed', ambiguous: false },
      { delay: 70, duration: 50, code: 'Timeout', message: 'late', ambiguous: false },
    ])
    assert.equal(record.lastMessage, 'late')
    assert.deepEqual(record.attempts(300, 310).at(-1), {
      delay: 50,
      duration: 10,
      code: 'ok',
      ambiguous: false,
    })
    assert.equal(record.attempts(300, 310).length, 4, 'kept: it is asked once')
  })

  it('tells of the one try of a record that was stored at once', () => {
    assert.deepEqual(recordOf(1, { at: 60 }).attempts(100, 115), [
      { delay: 40, duration: 15, code: 'ok', ambiguous: false },
    ])
  })

  it('has the newest error: what was thrown, or the service’s words', () => {
    const record = recordOf(1)
    const thrown = new Error('socket hang up')
    record.addFailedTry(failedTry({ error: thrown }))
    assert.equal(record.error, thrown)
    record.addFailedTry(failedTry({ message: 'slow down' }))
    assert.equal(record.error?.message, 'slow down')
  })

  it('was possibly delivered by an ambiguous try, whatever came after, or by a request given up', () => {
    const record = recordOf(1)
    record.addFailedTry(failedTry({ ambiguous: true }))
    record.addFailedTry(failedTry())
    assert.equal(record.possiblyDelivered, true)
    const abandoned = recordOf(2)
    abandoned.addFailedTry(failedTry())
    assert.equal(abandoned.possiblyDelivered, false)
    abandoned.markPossiblyDelivered()
    assert.equal(abandoned.leftover().possiblyDelivered, true)
  })

  it('counts its faults since the first', () => {
    const record = recordOf(1)
    record.addFault(100)
    record.addFault(200)
    assert.deepEqual([record.faults, record.firstFaultAt], [2, 100])
  })

  it('may be to blame for its requests’ failures when others succeeded in between', () => {
    const record = recordOf(1)
    assert.equal(record.addRequestFailure(0, 3), false)
    assert.equal(record.addRequestFailure(1, 3), false)
    assert.equal(record.addRequestFailure(1, 3), true, 'three, and one success between two of them')
    assert.equal(record.addRequestFailure(1, 3), true)
  })

  it('is not to blame while nothing succeeds', () => {
    const record = recordOf(1)
    for (let i = 0; i < 10; i++) assert.equal(record.addRequestFailure(7, 3), false)
    assert.equal(record.addRequestFailure(8, 3), true)
    const first = recordOf(2)
    assert.equal(
      first.addRequestFailure(100, 1),
      false,
      'successes before its first failure say nothing',
    )
  })

  it('counts for one shard at most', () => {
    const [a, b] = ['a', 'b'].map(id => new ShardBackoff({ kind: 'named', id }, Math.random))
    assert.ok(a && b)
    const record = recordOf(1, { bytes: 12 })
    record.assign(undefined)
    record.assign(a)
    record.assign(a)
    assert.deepEqual([a.records, a.bytes, record.shard], [1, 12, a])
    record.assign(b)
    assert.deepEqual([a.records, a.bytes, b.records, b.bytes], [0, 0, 1, 12])
    record.assign(undefined)
    assert.deepEqual([b.records, b.bytes, record.shard], [0, 0, undefined])
  })

  it('is among those that wait for its shard while it waits, and while it belongs there', () => {
    const all = new AgeIndex()
    const [a, b] = ['a', 'b'].map(id => new ShardBackoff({ kind: 'named', id }, Math.random))
    assert.ok(a && b)
    const waitingOf = (shard: ShardBackoff): number => shard.waiting.records().length
    const record = recordOf(1)
    record.assign(a)
    assert.equal(waitingOf(a), 0)
    record.setAside(all)
    assert.equal(waitingOf(a), 1)
    record.assign(b)
    assert.deepEqual([waitingOf(a), waitingOf(b)], [0, 1])
    record.leaveAside(all)
    assert.equal(waitingOf(b), 0)
    assert.deepEqual(all.records(), [])
    record.assign(a)
    assert.equal(waitingOf(a), 0, 'it does not wait')
    record.setAside(all)
    record.assign(undefined)
    assert.equal(waitingOf(a), 0)
    assert.deepEqual(all.records(), [record])
    record.leaveAside(all)
    record.leaveAside(all)
    assert.equal(all.oldest(), undefined)
  })
})
