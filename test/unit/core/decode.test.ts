import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { CorruptRecordError, decode, type EncodedRecord } from '@kinesis-producer/core/decode'
import fc from 'fast-check'
import { oracleWrite } from '../../support/core/kpl-oracle.js'

const texts = (record: EncodedRecord, options?: Parameters<typeof decode>[1]): string[] =>
  [...decode(record, options)].map(({ data }) => Buffer.from(data).toString('utf8'))

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])
const aggregateOf = (message: Buffer): Buffer =>
  Buffer.concat([MAGIC, message, createHash('md5').update(message).digest()])

describe('decode', () => {
  it('leaves whole what is no pack', () => {
    assert.deepEqual(texts(Buffer.from('one record')), ['one record'])
    assert.deepEqual(texts(Buffer.from('two\nlines')), ['two\nlines'])
    assert.deepEqual(texts(Buffer.from('a\nb\n'), { terminator: false }), ['a\nb\n'])
    assert.deepEqual(texts(Buffer.from('a|b|'), { terminator: '|' }), ['a', 'b'])
    assert.deepEqual(texts(Buffer.alloc(0)), [''])
    assert.deepEqual(texts(Buffer.from('\n\n')), ['', ''])
  })

  it('decompresses, and not without bounds', () => {
    const zipped = gzipSync('a\nb\n')
    assert.deepEqual(texts(zipped), ['a', 'b'])
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    assert.throws(() => texts(bomb, { maxBytes: 1_000_000 }), CorruptRecordError)
    assert.throws(() => texts(zipped.subarray(0, -4)), CorruptRecordError)
    const [raw] = decode(zipped.subarray(0, -4), { onCorrupt: 'raw' })
    assert.deepEqual(raw?.data, zipped.subarray(0, -4))
  })

  it('reads aggregates of others, integer-like keys or not', async () => {
    const record = fc.record(
      {
        data: fc.uint8Array({ minLength: 1, maxLength: 100 }).map(bytes => Buffer.from(bytes)),
        partitionKey: fc.constantFrom('a', 'b', 'some key', 'ключ'),
        explicitHashKey: fc.constantFrom('0', '12345678901234567890'),
      },
      { requiredKeys: ['data', 'partitionKey'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 2, maxLength: 30 }), async records => {
        const [written] = await oracleWrite(records)
        const read = [...decode(written ?? Buffer.alloc(0))]
        assert.deepEqual(
          read.map(one => [Buffer.from(one.data).toString('hex'), one.partitionKey]),
          records.map(one => [one.data.toString('hex'), one.partitionKey]),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('takes an aggregate with a wrong digest for what it may be: a record', () => {
    const broken = aggregateOf(Buffer.from([0x0a, 1, 0x61]))
    broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1)
    assert.deepEqual([...decode(broken)].length, 1)
  })

  it('says what is wrong with an aggregate that cannot be read', () => {
    const cases: [number[], RegExp][] = [
      [[0x1a, 5, 1], /longer than its message/],
      [[0x1a, 4, 0x08, 0, 0x1a, 0], /not in its table/],
      [[0x0a, 1, 0x61, 0x1a, 6, 0x08, 0, 0x10, 0, 0x1a, 0], /not in its table/],
      // The data of the record would end in what follows the record.
      [[0x0a, 1, 0x61, 0x1a, 4, 0x08, 0, 0x1a, 2, 0x20, 1], /longer than its message/],
      [[0x0a, 1, 0x61, 0x1a, 2, 0x08, 0], /lacks its key or its data/],
      [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], /too large/],
      [[0x1f, 1], /unknown type 7/],
      [Array.from({ length: 100 }, () => 0x23), /nested too deeply/],
    ]
    for (const [message, expected] of cases)
      assert.throws(() => texts(aggregateOf(Buffer.from(message))), expected)
  })

  it('passes over fields it does not know', () => {
    const message = [
      '20 01', // a number
      '20 ffffffffffffffffff01', // a negative one
      '29 0102030405060708', // eight bytes
      '35 01020304', // four
      '3b 0801 3c', // a group
      '0a 01 61',
      '1a 08 0800 1a017a 220100', // a record with a tag
    ].join('')
    assert.deepEqual(texts(aggregateOf(Buffer.from(message.replaceAll(' ', ''), 'hex'))), ['z'])
  })

  it('survives any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map(data => Buffer.from(data)),
      fc.uint8Array({ maxLength: 300 }).map(data => aggregateOf(Buffer.from(data))),
      fc
        .array(fc.constantFrom(0x0a, 0x12, 0x1a, 0x08, 0x10, 0, 1, 2, 4, 0x61, 0x80, 0xff), {
          maxLength: 60,
        })
        .map(data => aggregateOf(Buffer.from(data))),
      fc
        .uint8Array({ maxLength: 300 })
        .map(data => Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), data])),
      fc
        .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(255))
        .map(([data, at, value]) => {
          const zipped = gzipSync(data)
          zipped[at % zipped.length] = value
          return zipped
        }),
    )
    fc.assert(
      fc.property(bytes, data => {
        try {
          for (const one of decode(data)) assert.ok(one.data.length <= 10_000_000)
        } catch (error) {
          assert.ok(error instanceof CorruptRecordError, String(error))
        }
        const raw = [...decode(data, { onCorrupt: 'raw' })]
        assert.ok(Array.isArray(raw))
      }),
      { numRuns: 5000 },
    )
  })
})
