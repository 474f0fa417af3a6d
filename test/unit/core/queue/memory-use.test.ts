import assert from 'node:assert/strict'
import {
  FAILED,
  mustTake,
  queueOf,
  SHARD_A,
  stored,
  throttled,
} from '../../../support/core/queue.js'

const KIB = 1024
const BUFFER = 1024 * KIB

describe('the memory that bufferBytes bounds', () => {
  const filled = (count: number, text: string, ordered = false) => {
    const queue = queueOf({ bufferSize: 1e6, bufferBytes: BUFFER, ordered })
    for (let i = 0; i < count; i++)
      queue.admit(text, `key-${i % 1000}`, undefined, text.length + 8, 0, undefined, undefined)
    return queue
  }

  it('is that of the slabs while nothing was tried', () => {
    const queue = filled(1000, 'x'.repeat(200))
    const { bytes, heldBytes, pinnedBytes, pooledBytes } = queue.memory
    assert.equal(pooledBytes, 0)
    assert.equal(pinnedBytes, heldBytes - queue.bytes)
    assert.ok(bytes >= heldBytes && bytes < heldBytes + 1000 * 50, `${bytes} of ${heldBytes}`)
  })

  it('holds the bodies of requests in flight, until they are answered', () => {
    const queue = filled(1000, 'x'.repeat(200))
    const before = queue.memory.bytes
    const batch = mustTake(queue)
    const more = queue.memory.bytes - before - (batch.bytes * 4) / 3
    // The first one that had no room is an object.
    assert.ok(more >= 0 && more < 500, `${more}`)
    queue.stored(batch)
    assert.ok(queue.memory.bytes < before + 500)
  })

  it('holds what is known of failed tries, until their records are settled', () => {
    const queue = filled(500, 'x'.repeat(200))
    const before = queue.memory.bytes
    const failed = { code: 'x', ambiguous: false, message: 'no', startedAt: 0, endedAt: 1 }
    let last = before
    for (let tries = 0; tries < 12; tries++) {
      const batch = mustTake(queue)
      queue.inFlight.noteFailedTry(batch, failed)
      queue.requeue(batch)
      queue.stepEnded()
      const { bytes } = queue.memory
      if (tries === 0) assert.ok(bytes - before > 500 * 500, `${bytes - before}`)
      // Ten tries are remembered.
      else assert.equal(bytes > last, tries < 10, `${bytes} after ${last}, try ${tries}`)
      last = bytes
    }
    while (queue.evictOldest(undefined) !== undefined);
    queue.stepEnded()
    assert.ok(queue.memory.bytes < before, `${queue.memory.bytes}`)
    queue.admit('x', 'k', undefined, 10, 0, undefined, undefined)
    const batch = mustTake(queue)
    const text = { ...failed, message: 'm'.repeat(5000) }
    const own = queue.memory.bytes
    queue.inFlight.noteFailedRecord(batch, 0, text, true)
    assert.ok(queue.memory.bytes - own > 5000)
    queue.answered(batch, [FAILED], 0, 0)
    assert.notEqual(queue.evictOldest(undefined), undefined)
    queue.stepEnded()
    assert.ok(queue.memory.bytes < before)
  })

  it('counts objects of records that wait behind their key', () => {
    const [free, held] = [filled(1000, 'x'), filled(4000, 'x', true)]
    const perRecord = (held.memory.bytes - free.memory.bytes) / 3000
    assert.ok(perRecord > 200, `${perRecord}`)
  })

  it('counts what is known of records of a shard that backs off', () => {
    const queue = filled(500, 'x'.repeat(200))
    const batch = mustTake(queue)
    const before = queue.memory.bytes
    queue.answered(
      batch,
      batch.records.map(() => throttled(SHARD_A)),
      0,
      0,
    )
    assert.ok(queue.memory.bytes > before - (batch.bytes * 4) / 3 + 500 * 300)
  })

  it('admits fewer records the more they take beyond their bytes', () => {
    const admitAll = (text: string, ordered: boolean) => {
      const queue = queueOf({ bufferSize: 1e7, bufferBytes: BUFFER, ordered })
      const bytes = text.length + 1
      while (queue.fits(bytes)) queue.admit(text, 'k', undefined, bytes, 0, undefined, undefined)
      assert.ok(queue.memory.bytes < 1.2 * BUFFER, `${queue.memory.bytes} of ${BUFFER}`)
      return queue.bytes
    }
    assert.ok(admitAll('x'.repeat(1023), false) > 0.9 * BUFFER)
    assert.ok(admitAll('x'.repeat(10), false) < 0.4 * BUFFER)
    assert.ok(admitAll('x'.repeat(10), true) < 0.1 * BUFFER)
    assert.ok(admitAll('x'.repeat(1023), true) > 0.7 * BUFFER)
  })

  it('is given back at the end of the step that settles the last record', () => {
    const queue = filled(3000, 'x'.repeat(200))
    for (let i = 0; i < 6; i++) {
      const batch = mustTake(queue)
      queue.answered(
        batch,
        batch.records.map(() => stored()),
        0,
        0,
      )
    }
    queue.stepEnded()
    assert.equal(queue.records, 0)
    const { bytes, heldBytes, pooledBytes } = queue.memory
    assert.equal(bytes, heldBytes)
    assert.ok(pooledBytes > 0)
    queue.abandon(() => false)
    queue.forgetAbandoned()
    queue.freeMemory()
    assert.deepEqual(queue.memory, { bytes: 0, heldBytes: 0, pinnedBytes: 0, pooledBytes: 0 })
  })
})
