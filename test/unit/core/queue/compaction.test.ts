import assert from 'node:assert/strict'
import { PADDING } from '@kinesis-producer/core/internal/packing/none/padding'
import { RecordQueue } from '@kinesis-producer/core/internal/queue/record-queue'
import { type Framing, NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { FAILED, FULL_JITTER, mustTake, stored, throttled } from '../../../support/core/queue.js'

const MIB = 1024 * 1024
const BUFFER = 4 * MIB

const make = (ordered: boolean, framing: Framing = NO_FRAMING) => {
  const store = new SlabStore(BUFFER, framing)
  const options = { bufferSize: 100_000, bufferBytes: BUFFER, ordered, recordTtl: 0 }
  const limits = { dueRecords: 1, dueBytes: BUFFER, random: FULL_JITTER }
  return { store, queue: new RecordQueue({ ...options, ...limits }, store) }
}

const lineOf = (i: number): string => `${i} `.padEnd(200, 'x')
const waiter = { resolve: () => {}, reject: () => {} }

describe('the memory of records that wait for long', () => {
  for (const framing of [NO_FRAMING, PADDING])
    it('is not that of all that were admitted with them', () => {
      const { store, queue } = make(false, framing)
      let admitted = 0
      for (let round = 0; round < 300; round++) {
        for (let i = 0; i < 500; i++) {
          const n = ++admitted
          const late = n % 50 === 0
          queue.admit(
            lineOf(n),
            `k${n}`,
            late ? '7' : undefined,
            210,
            n,
            late ? waiter : undefined,
            undefined,
          )
        }
        const batch = mustTake(queue)
        const fates = batch.records.map(({ sequence }) => (sequence % 50 === 0 ? FAILED : stored()))
        queue.answered(batch, fates, 0, 0)
        queue.stepEnded()
        assert.ok(store.heldBytes < BUFFER, `${store.heldBytes} after ${round} rounds`)
      }
      assert.equal(queue.records, 3000)
      assert.equal(store.liveBytes, queue.bytes)
      // All of them are what they were.
      const left = queue.abandon(() => false)
      assert.equal(left.length, 3000)
      left.forEach((record, i) => {
        const n = (i + 1) * 50
        assert.equal(record.sequence, n)
        assert.equal(record.data, lineOf(n))
        assert.equal(record.partitionKey, `k${n}`)
        assert.equal(record.explicitHashKey, '7')
        assert.equal(record.waiter, waiter)
        assert.equal(record.admittedAt, n)
        assert.equal(record.bytes, 210)
      })
    })

  it('is given up with them, wherever they were moved', () => {
    const { store, queue } = make(true)
    for (let round = 0; round < 100; round++) {
      for (let i = 0; i < 500; i++) {
        const key = i % 100 === 0 ? 'hot' : `k${i}`
        queue.admit(lineOf(i), key, undefined, 210, 0, undefined, queue.hotShardOf(key, undefined))
      }
      while (queue.hasReady) {
        const taken = mustTake(queue)
        queue.answered(
          taken,
          taken.records.map(({ partitionKey }) =>
            partitionKey === 'hot' ? throttled('shardId-000000000001') : stored(),
          ),
          0,
          0,
        )
        queue.stepEnded()
      }
    }
    assert.equal(queue.records, 500)
    assert.ok(store.heldBytes < BUFFER)
    for (let i = 0; i < 500; i++) assert.notEqual(queue.evictOldest(undefined), undefined)
    queue.stepEnded()
    assert.deepEqual([store.liveBytes, queue.records, queue.bytes], [0, 0, 0])
    assert.ok(store.heldBytes <= 3 * store.slabBytes, `${store.heldBytes}`)
  })
})
