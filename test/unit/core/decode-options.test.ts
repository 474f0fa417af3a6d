import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import { CorruptRecordError, type DecodeOptions, decode } from '@kinesis-producer/core/decode'
import { oracleWrite } from '../../support/core/kpl-oracle.js'

const texts = (data: Uint8Array, options?: DecodeOptions | null): string[] =>
  Array.from(decode(data, options), one => Buffer.from(one.data).toString('latin1'))

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])
const aggregateOf = (message: Uint8Array): Buffer =>
  Buffer.concat([MAGIC, message, createHash('md5').update(message).digest()])
const latin1 = (data: Uint8Array): string => Buffer.from(data).toString('latin1')

describe('decode, told how to read', () => {
  const zipped = gzipSync('a\nb\n')
  const deflated = deflateSync('a\nb\n')

  it('takes every record as it is with packing none', () => {
    for (const data of [zipped, deflated, Buffer.from('a\nb\n'), aggregateOf(Buffer.alloc(0))])
      assert.deepEqual(texts(data, { packing: 'none' }), [latin1(data)])
    assert.deepEqual(texts(zipped, { packing: 'none', gunzip: true }), ['a\nb\n'])
    assert.deepEqual(texts(deflated, { packing: 'none', gunzip: true }), ['a\nb\n'])
  })

  it('splits at every terminator with packing concat, and loses no rest', () => {
    const how = { packing: 'concat' } as const
    assert.deepEqual(texts(Buffer.from('a\nb\n'), how), ['a', 'b'])
    assert.deepEqual(texts(Buffer.from('a\nb'), how), ['a', 'b'])
    assert.deepEqual(texts(Buffer.from('\n\na\n'), how), ['', '', 'a'])
    assert.deepEqual(texts(Buffer.alloc(0), how), [''])
    assert.deepEqual(texts(Buffer.from('a||b|\n||'), { ...how, terminator: '||' }), ['a', 'b|\n'])
    assert.deepEqual(texts(Buffer.from('a\nb\n'), { ...how, terminator: false }), ['a\nb\n'])
    assert.deepEqual(texts(Buffer.from('a\nb\n'), { ...how, terminator: '' }), ['a\nb\n'])
    const view = new Uint16Array(Uint8Array.of(13, 10).buffer)
    const bytes = new Uint8Array(view.buffer)
    assert.deepEqual(texts(Buffer.from('a\r\nb\r\n'), { ...how, terminator: bytes }), ['a', 'b'])
  })

  it('decompresses concat unless it is told not to', () => {
    assert.deepEqual(texts(zipped, { packing: 'concat' }), ['a', 'b'])
    assert.deepEqual(texts(zipped, { packing: 'concat', gunzip: true }), ['a', 'b'])
    assert.deepEqual(texts(zipped, { packing: 'concat', gunzip: false }).join('\n'), latin1(zipped))
    assert.deepEqual(texts(zipped, { gunzip: false, terminator: false }), [latin1(zipped)])
    const cut = zipped.subarray(0, -1)
    assert.throws(() => texts(cut, { packing: 'concat' }), CorruptRecordError)
    // Followed by the terminator, it is the gzip of a user; but not where all is told to be gzip.
    const lines = Buffer.concat([zipped, Buffer.from('\n')])
    assert.deepEqual(texts(lines, { packing: 'concat' }).join('\n'), latin1(zipped))
    assert.throws(() => texts(lines, { packing: 'concat', gunzip: true }), CorruptRecordError)
    const zeros = Buffer.concat([zipped, Buffer.alloc(1)])
    const how = { packing: 'concat', terminator: '\0' } as const
    assert.deepEqual(texts(zeros, how).join('\0'), latin1(zipped))
  })

  it('takes aggregates apart with packing kpl, and leaves single records as they are', async () => {
    const [aggregate = Buffer.alloc(0)] = await oracleWrite([
      { data: gzipSync('x'), partitionKey: 'a' },
      { data: Buffer.from('y\n'), partitionKey: 'b' },
    ])
    assert.deepEqual(texts(aggregate, { packing: 'kpl' }), [latin1(gzipSync('x')), 'y\n'])
    for (const data of [zipped, deflated, Buffer.from('a\nb\n')])
      assert.deepEqual(texts(data, { packing: 'kpl' }), [latin1(data)])
    const packed = gzipSync(aggregate)
    assert.deepEqual(texts(packed, { packing: 'kpl' }), [latin1(packed)])
    assert.equal(texts(packed, { packing: 'kpl', gunzip: true }).length, 2)
  })

  it('says what is wrong with a broken aggregate, or yields it as it is', async () => {
    const [aggregate = Buffer.alloc(0)] = await oracleWrite([
      { data: Buffer.from('x'), partitionKey: 'a' },
      { data: Buffer.from('y'), partitionKey: 'b' },
    ])
    const flipped = Buffer.from(aggregate)
    flipped.writeUInt8(flipped.readUInt8(10) ^ 1, 10)
    const broken: [Buffer, RegExp][] = [
      [flipped, /digest of the aggregate is wrong/],
      [aggregate.subarray(0, -1), /digest of the aggregate is wrong/],
      [MAGIC, /digest of the aggregate is wrong/],
      [aggregateOf(Buffer.from([0x1a, 5, 1])), /longer than its message/],
      // The second record is the broken one: nothing may come of the first.
      [
        aggregateOf(Buffer.from([0x0a, 1, 97, 0x1a, 5, 8, 0, 0x1a, 1, 98, 0x1a, 0])),
        /lacks its key/,
      ],
    ]
    for (const [data, expected] of broken) {
      const records = decode(data, { packing: 'kpl' })
      assert.throws(() => records.next(), expected)
      assert.deepEqual(texts(data, { packing: 'kpl', onCorrupt: 'raw' }), [latin1(data)])
    }
    // Without being told, the digest is what tells an aggregate.
    assert.deepEqual(texts(flipped), [latin1(flipped)])
  })

  it('judges by the bytes when it is not told', () => {
    assert.deepEqual(texts(zipped), ['a', 'b'])
    assert.deepEqual(texts(deflated), ['a', 'b'])
    assert.deepEqual(texts(zipped, { gunzip: false, terminator: false }), [latin1(zipped)])
    assert.deepEqual(texts(deflated, { gunzip: false, terminator: false }), [latin1(deflated)])
    // Text that begins as zlib does.
    assert.deepEqual(texts(Buffer.from('x^2\ny\n')), ['x^2', 'y'])
    assert.deepEqual(texts(Buffer.from('x^2')), ['x^2'])
    assert.deepEqual(texts(Buffer.alloc(0)), [''])
  })

  it('takes undefined and null for not given, and refuses what it does not know', () => {
    const nothing: Record<string, unknown> = {}
    for (const name of ['packing', 'terminator', 'gunzip', 'onCorrupt', 'maxBytes', 'maxRecords'])
      for (const value of [undefined, null]) nothing[name] = value
    assert.deepEqual(texts(zipped, nothing), ['a', 'b'])
    assert.deepEqual(texts(zipped, null), ['a', 'b'])
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ terminater: '' }, /did you mean "terminator"/],
      [{ packing: 'kcl' }, /packing must be one of none, concat, kpl, not "kcl"/],
      [{ packing: { kind: 'kpl' } }, /packing must be one of .* not an object/],
      [{ terminator: true }, /terminator must be a string or bytes/],
      [{ terminator: 'x'.repeat(65) }, /at most 64/],
      [{ packing: 'kpl', terminator: '\n' }, /terminator belongs to packing 'concat'/],
      [{ gunzip: 'no' }, /gunzip must be true or false/],
      [{ onCorrupt: 'ignore' }, /onCorrupt must be one of/],
      [{ maxBytes: 0 }, /maxBytes must be at least 1/],
      [{ maxRecords: 1.5 }, /maxRecords must be a whole number/],
    ]
    for (const [options, expected] of cases)
      assert.throws(
        () => decode(zipped, options),
        error => {
          assert.equal(Reflect.get(Object(error), 'code'), 'CONFIG')
          assert.match(String(error), expected)
          return true
        },
      )
  })
})
