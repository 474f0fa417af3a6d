import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import { CorruptRecordError, type DecodeOptions, decode } from '@kinesis-producer/core/decode'

const countOf = (data: Uint8Array, options?: DecodeOptions): number => {
  let count = 0
  for (const _ of decode(data, options)) count++
  return count
}

const aggregateOf = (message: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from([0xf3, 0x89, 0x9a, 0xc2]),
    message,
    createHash('md5').update(message).digest(),
  ])

/** An aggregate of records of nothing, all of the same key. */
const emptyRecords = (count: number): Buffer =>
  aggregateOf(
    Buffer.concat([
      Buffer.from([0x0a, 1, 97]),
      Buffer.alloc(count * 6, Buffer.from([0x1a, 4, 0x08, 0, 0x1a, 0])),
    ]),
  )

describe('what decode bounds', () => {
  it('is the bytes that a compressed record becomes', () => {
    for (const bomb of [gzipSync(Buffer.alloc(100_000)), deflateSync(Buffer.alloc(100_000))]) {
      assert.throws(() => countOf(bomb, { maxBytes: 99_999 }), {
        name: 'CorruptRecordError',
        message: /more than maxBytes 99999/,
      })
      assert.equal(countOf(bomb, { maxBytes: 100_000 }), 1)
      assert.equal(countOf(bomb, { maxBytes: Number.MAX_SAFE_INTEGER }), 1)
    }
    const pack = gzipSync(Buffer.alloc(100_000, 10))
    for (const packing of ['concat', undefined] as const)
      assert.throws(() => countOf(pack, { packing, maxBytes: 99_999 }), /maxBytes 99999/)
  })

  it('is the records of a pack and of an aggregate, before the first is yielded', () => {
    const cases: [Buffer, DecodeOptions][] = [
      [Buffer.alloc(10, 10), {}],
      [gzipSync(Buffer.alloc(10, 10)), { packing: 'concat' }],
      [emptyRecords(10), {}],
      [gzipSync(emptyRecords(10)), { packing: 'kpl', gunzip: true }],
    ]
    for (const [data, options] of cases) {
      assert.equal(countOf(data, { ...options, maxRecords: 10 }), 10)
      const records = decode(data, { ...options, maxRecords: 9 })
      assert.throws(() => records.next(), /more (than|records than) maxRecords 9/)
      assert.equal(countOf(data, { ...options, maxRecords: 9, onCorrupt: 'raw' }), 1)
    }
  })

  it('is the keys of an aggregate', () => {
    for (const tag of [0x0a, 0x12]) {
      const keys = aggregateOf(Buffer.alloc(22, Buffer.from([tag, 0])))
      assert.throws(() => countOf(keys, { maxRecords: 10 }), /more (hash )?keys than maxRecords 10/)
    }
  })

  it('is a million records unless it is told otherwise', () => {
    const million = gzipSync(Buffer.alloc(1_000_000, 10))
    const [first] = decode(million)
    assert.equal(first?.data.length, 0)
    assert.equal(countOf(million), 1_000_000)
    const more = gzipSync(Buffer.alloc(1_000_001, 10))
    assert.throws(() => countOf(more), CorruptRecordError)
    assert.equal(countOf(more, { maxRecords: 2_000_000 }), 1_000_001)
  })

  it('holds no list of records: a small bomb that may be read is read in little memory', () => {
    const before = process.memoryUsage().heapUsed
    let count = 0
    let most = 0
    for (const _ of decode(gzipSync(emptyRecords(900_000)))) {
      if (++count % 100_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed - before)
    }
    assert.equal(count, 900_000)
    // Nine hundred thousand records kept are more than 100 MB; garbage between collections is not.
    assert.ok(most < 80_000_000, String(most))
  })
})
