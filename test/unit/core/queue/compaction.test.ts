import assert from 'node:assert/strict'
import { PADDING } from '@kinesis-producer/core/internal/packing/none/padding'
import { Compaction } from '@kinesis-producer/core/internal/queue/compaction'
import { newRecord } from '@kinesis-producer/core/internal/queue/fresh-records'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
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

  it('is left where it is while settled records pin little, and is looked at again when they pin more', () => {
    const store = new SlabStore(BUFFER, NO_FRAMING)
    const records: PendingRecord[] = []
    let looks = 0
    const compaction = new Compaction(store, 4 * store.slabBytes, () => {
      looks++
      return records
    })
    let sequence = 0
    /** One record that waits, and a slab full of others that are settled. */
    const add = (): void => {
      const before = store.slab
      store.write('waits', 'k', undefined, 6, 0, undefined, ++sequence)
      records.push(newRecord(store))
      do {
        store.write(lineOf(sequence), 'k', undefined, 201, 0, undefined, ++sequence)
        store.release(store.slab, store.index)
      } while (store.slab === before || store.slab === records.at(-1)?.slab)
    }
    for (let i = 0; i < 3; i++) add()
    const slabs = records.map(({ slab }) => slab)
    compaction.runIfNeeded()
    assert.equal(looks, 0)
    for (let i = 0; i < 3; i++) add()
    compaction.runIfNeeded()
    assert.equal(looks, 1)
    const survivors = new Set(records.slice(0, 5).map(({ slab }) => slab))
    assert.equal(survivors.size, 1, 'they share a slab')
    for (const slab of slabs) assert.ok(!survivors.has(slab))
    for (const { data } of records) assert.equal(data, 'waits')
    assert.ok(store.pinnedBytes < 4 * store.slabBytes)
    compaction.runIfNeeded()
    assert.equal(looks, 1)
  })

  it('is not looked at again at once when it cannot be freed', () => {
    const store = new SlabStore(BUFFER, NO_FRAMING)
    let looks = 0
    const compaction = new Compaction(store, 2 * store.slabBytes, () => {
      looks++
      return []
    })
    let sequence = 0
    const pin = (slabs: number): void => {
      for (const until = store.heldBytes + slabs * store.slabBytes; store.heldBytes < until; )
        store.write(lineOf(0), 'k', undefined, 1, 0, undefined, ++sequence)
    }
    pin(4)
    for (let i = 0; i < 5; i++) compaction.runIfNeeded()
    assert.equal(looks, 1)
    pin(3)
    compaction.runIfNeeded()
    assert.equal(looks, 1, 'less than twice as much')
    pin(2)
    compaction.runIfNeeded()
    assert.equal(looks, 2)
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
