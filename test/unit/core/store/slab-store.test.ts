import assert from 'node:assert/strict'
import type { RecordData } from '@kinesis-producer/core'
import { PADDING } from '@kinesis-producer/core/internal/packing/none/padding'
import { newRecord } from '@kinesis-producer/core/internal/queue/fresh-records'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { copyOfData } from '@kinesis-producer/core/internal/record/record'
import { type Framing, NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import fc from 'fast-check'

const KIB = 1024
let sequence = 0

const sizeOf = (data: RecordData): number =>
  typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength

const keep = (store: SlabStore, data: RecordData, key = 'k'): PendingRecord => {
  store.write(data, key, undefined, sizeOf(data) + 1, 0, undefined, ++sequence)
  return newRecord(store)
}

const storeOf = (bufferBytes = 64 * KIB * KIB, framing: Framing = NO_FRAMING): SlabStore =>
  new SlabStore(bufferBytes, framing)

const release = (store: SlabStore, { slab, index }: PendingRecord): void =>
  store.release(slab, index)

describe('the data of a queued record', () => {
  it('is a copy: the caller may change or transfer its buffer afterwards', () => {
    const data = new Uint8Array([1, 2, 3])
    const record = keep(storeOf(), data)
    data.fill(9)
    structuredClone(data, { transfer: [data.buffer] })
    assert.deepEqual(record.data, Buffer.from([1, 2, 3]))
  })

  it('is the part of a buffer that was given', () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4])
    assert.deepEqual(keep(storeOf(), whole.subarray(1, 4)).data, Buffer.from([1, 2, 3]))
  })

  it('is handed back as a copy: what the user does to it changes nothing here', () => {
    const record = keep(storeOf(), new Uint8Array([1, 2, 3]))
    const { data } = record.userRecord()
    assert.ok(data instanceof Uint8Array)
    assert.equal(data.buffer.byteLength, 3, 'not in memory that others share')
    data.fill(9)
    assert.deepEqual(record.userRecord().data, Buffer.from([1, 2, 3]))
  })

  it('comes back as text if it was text', () => {
    const store = storeOf()
    for (const text of ['', 'text', 'ü', 'Ã\u0083', '日本', '😀', 'x'.repeat(100_000)]) {
      assert.equal(keep(store, text).data, text)
      assert.equal(keep(store, text).userRecord().data, text)
    }
    assert.equal(keep(store, 'half \ud83d').data, 'half \ufffd', 'as it is sent')
    assert.equal(copyOfData('text'), 'text')
  })
})

describe('SlabStore', () => {
  it('puts neighbours next to each other, and large data into memory of its own', () => {
    const store = storeOf()
    const [first, large, second] = ['one', 'x'.repeat(200 * KIB), 'two'].map(text =>
      keep(store, text),
    )
    assert.ok(first && large && second)
    assert.equal(second.memory, first.memory)
    assert.equal(second.start, first.start + first.length)
    assert.notEqual(large.memory, first.memory)
    assert.equal(large.sequence, first.sequence + 1)
  })

  it('uses a slab again once its records are settled and the step is over', () => {
    const store = storeOf(0)
    const records = Array.from({ length: 300 }, (_, i) => keep(store, Buffer.alloc(100, i)))
    const slabs = new Set(records.map(({ slab }) => slab))
    assert.ok(slabs.size > 1)
    const held = store.heldBytes
    for (const record of records) release(store, record)
    assert.equal(store.liveBytes, 0)
    for (const [i, record] of records.entries())
      assert.deepEqual(record.data, Buffer.alloc(100, i), 'it is still there for who reports it')
    store.recycle()
    assert.ok(store.heldBytes < held)
    assert.equal(store.heldBytes + store.pooledBytes, held)
    const pooled = store.pooledBytes
    for (let i = 0; i < 150; i++) keep(store, Buffer.alloc(100))
    assert.ok(store.pooledBytes < pooled)
    assert.equal(store.heldBytes + store.pooledBytes, held, 'no new memory')
  })

  it('keeps no key and no large data of settled records', () => {
    const store = storeOf(0)
    const records = Array.from({ length: 3000 }, () => keep(store, 'x'))
    const large = keep(store, Buffer.alloc(5 * KIB * KIB))
    const held = store.heldBytes
    for (const record of [...records, large]) release(store, record)
    const [first] = records
    assert.ok(first)
    assert.equal(store.heldBytes, held, 'it is still there for who reports it')
    assert.equal(large.length, 5 * KIB * KIB)
    assert.equal(large.memory.length, 5 * KIB * KIB)
    assert.equal(large.slab.closed, false)
    store.recycle()
    assert.equal(first.slab.keys[first.index], undefined)
    assert.ok(held - store.heldBytes >= 5 * KIB * KIB, 'at once, though its slab is still in use')
  })

  it('has no memory before the first record, nor when it was cleared', () => {
    const store = storeOf()
    assert.equal(store.bytes, 0)
    const [first] = [keep(store, 'x'), keep(store, Buffer.alloc(200 * KIB))]
    assert.equal(store.heldBytes, store.slabBytes + 200 * KIB)
    store.clear()
    assert.deepEqual(
      [store.bytes, store.heldBytes, store.liveBytes, store.pooledBytes, store.pinnedBytes],
      [0, 0, 0, 0, 0],
    )
    store.recycle()
    assert.equal(store.pooledBytes, 0)
    assert.equal(first.data, 'x', 'who has a record may still read it')
    assert.notEqual(keep(store, 'y').slab, first.slab)
  })

  it('keeps a quarter of the buffer at most in empty slabs, and at least one', () => {
    for (const [buffer, kept] of [
      [4 * KIB, 1],
      [KIB * KIB, 8],
      [1000 * KIB * KIB, 64],
    ] as const) {
      const store = new SlabStore(buffer, NO_FRAMING)
      const records = Array.from({ length: 70 * Math.ceil(store.slabBytes / 1024) }, () =>
        keep(store, Buffer.alloc(1024)),
      )
      for (const record of records) release(store, record)
      store.recycle()
      assert.equal(store.pooledBytes, kept * store.slabBytes)
    }
  })

  it('tells what settled records pin', () => {
    const store = storeOf(0)
    const records = Array.from({ length: 100 }, () => keep(store, Buffer.alloc(99)))
    assert.equal(store.pinnedBytes, store.heldBytes - 100 * 100)
    for (const record of records.slice(0, 40)) release(store, record)
    assert.equal(store.pinnedBytes, store.heldBytes - 60 * 100)
    assert.equal(store.liveBytes, 60 * 100)
    const large = keep(store, Buffer.alloc(100 * KIB))
    assert.equal(store.pinnedBytes, store.heldBytes - store.liveBytes)
    release(store, large)
    store.recycle()
    assert.equal(store.pinnedBytes, store.slabBytes - 60 * 100)
  })

  it('has something to free when a full slab is settled, or a record with memory of its own', () => {
    const store = storeOf(0)
    const small = keep(store, 'x')
    release(store, small)
    assert.equal(store.hasRetired, false, 'its slab is still written to')
    const large = keep(store, Buffer.alloc(100 * KIB))
    assert.equal(store.hasRetired, false)
    release(store, large)
    assert.equal(store.hasRetired, true)
    store.recycle()
    assert.equal(store.hasRetired, false)
    const records = Array.from({ length: 300 }, () => keep(store, Buffer.alloc(100)))
    for (const record of records) release(store, record)
    assert.equal(store.hasRetired, true)
    store.recycle()
    assert.equal(store.hasRetired, false)
  })

  it('calls a slab sparse when little of its own memory is in use, and nothing more is written to it', () => {
    const store = storeOf(0)
    const half = Math.ceil(store.slabBytes / 2 / 101)
    const records = Array.from({ length: 2 * half + 20 }, () => keep(store, Buffer.alloc(100)))
    const [first] = records
    assert.ok(first)
    const { slab } = first
    assert.equal(slab.closed, true)
    const own = records.filter(record => record.slab === slab)
    assert.equal(store.isSparse(slab), false)
    for (const record of own.slice(half)) release(store, record)
    assert.equal(store.isSparse(slab), false, 'half of it')
    for (const record of own.slice(0, 2)) release(store, record)
    assert.equal(store.isSparse(slab), true)
    assert.equal(store.isSparse(store.slab), false)
    const other = storeOf(0)
    const large = keep(other, Buffer.alloc(100 * KIB))
    while (!large.slab.closed) keep(other, Buffer.alloc(1))
    for (let i = 1; i < large.slab.count; i++) other.release(large.slab, i)
    assert.equal(other.isSparse(large.slab), true, 'what has memory of its own takes none of it')
  })

  it('keeps what few records have for those alone', () => {
    const store = storeOf()
    const waiter = { resolve: () => {}, reject: () => {} }
    const plain = keep(store, 'x')
    assert.equal(plain.slab.extras, undefined)
    store.write('a', 'k', '7', 2, 0, undefined, ++sequence)
    const hashed = newRecord(store)
    store.write('b', 'k', undefined, 2, 0, waiter, ++sequence)
    const awaited = newRecord(store)
    const next = keep(store, 'y')
    assert.deepEqual([hashed.explicitHashKey, hashed.waiter], ['7', undefined])
    assert.deepEqual([awaited.explicitHashKey, awaited.waiter], [undefined, waiter])
    assert.deepEqual([next.explicitHashKey, next.waiter], [undefined, undefined])
    assert.equal(next.slab.extras?.size, 2)
  })

  it('tells what its records take beyond their data', () => {
    const store = storeOf(0)
    const records = Array.from({ length: 2 * 2048 + 1 }, () => keep(store, 'x'))
    assert.ok(store.bytes - store.heldBytes >= 4096 * 29, 'the columns of two full slabs')
    for (const record of records) release(store, record)
    store.recycle()
    assert.equal(store.bytes, store.heldBytes)
    assert.equal(store.heldBytes, store.slabBytes)
  })

  it('holds whatever is written to it until it is released', () => {
    const data = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.string({ unit: 'binary', maxLength: 50 }),
      fc.integer({ min: 1000, max: 40_000 }).map(size => new Uint8Array(size).fill(size)),
    )
    const step = fc.oneof(
      fc.record({ write: data }),
      fc.record({ release: fc.nat() }),
      fc.record({ recycle: fc.constant(true) }),
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.constantFrom(NO_FRAMING, PADDING),
        (steps, framing) => {
          const store = storeOf(0, framing)
          const live: { record: PendingRecord; data: RecordData }[] = []
          for (const one of steps) {
            if ('write' in one) live.push({ record: keep(store, one.write), data: one.write })
            else if ('recycle' in one) store.recycle()
            else {
              const [gone] = live.splice(one.release % Math.max(1, live.length), 1)
              if (gone !== undefined) release(store, gone.record)
            }
            assert.equal(
              store.liveBytes,
              live.reduce((sum, { record }) => sum + record.bytes, 0),
            )
            assert.ok(store.heldBytes >= store.liveBytes - live.length)
          }
          for (const { record, data: kept } of live) {
            const { memory, start, length } = record
            const bytes = Buffer.from(kept)
            assert.deepEqual(memory.subarray(start, start + length), bytes)
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})
