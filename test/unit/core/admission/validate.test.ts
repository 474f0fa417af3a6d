import assert from 'node:assert/strict'
import { InvalidRecordError, RecordTooLargeError } from '@kinesis-producer/core'
import { validate } from '@kinesis-producer/core/internal/admission/validate'
import { SPREAD_KEY_BYTES } from '@kinesis-producer/core/internal/record/counted-bytes'

const bytesOf = (
  data: string | Uint8Array,
  {
    key,
    hashKey,
    overhead = 0,
    max = 1000,
  }: { key?: string; hashKey?: string; overhead?: number; max?: number } = {},
): number => validate(data, key, hashKey, overhead, max)

const MAX_HASH_KEY = (2n ** 128n - 1n).toString()

describe('the bytes of a record', () => {
  it('are those of its data and of its key, both in UTF-8', () => {
    assert.equal(bytesOf('abc', { key: 'de' }), 5)
    assert.equal(bytesOf('äö', { key: 'k' }), 5)
    assert.equal(bytesOf('😀', { key: 'k' }), 5)
    assert.equal(bytesOf('a', { key: 'ä' }), 3)
    assert.equal(bytesOf('a', { key: 'xy\u0080' }), 5)
    assert.equal(bytesOf('a', { key: '\u007f' }), 2)
    assert.equal(bytesOf('a', { key: 'kü€😀' }), 1 + 1 + 2 + 3 + 4)
    assert.equal(bytesOf('', { key: 'k' }), 1)
    assert.equal(bytesOf(new Uint8Array(7), { key: 'k' }), 8)
    assert.equal(bytesOf(Buffer.from('abcdef').subarray(2, 4), { key: 'k' }), 3)
  })

  it('are with a key that is to be made, of its longest', () => {
    assert.equal(bytesOf('abc'), 3 + SPREAD_KEY_BYTES)
  })

  it('are with what packing adds, and not with the hash key', () => {
    assert.equal(bytesOf('abc', { key: 'k', overhead: 20, hashKey: MAX_HASH_KEY }), 24)
  })

  it('may be as many as the limit, and not one more', () => {
    assert.equal(bytesOf('12345', { key: 'k', overhead: 4, max: 10 }), 10)
    assert.throws(
      () => bytesOf('123456', { key: 'k', overhead: 4, max: 10 }),
      (error: unknown) => {
        assert.ok(error instanceof RecordTooLargeError)
        assert.deepEqual([error.bytes, error.maxRecordBytes], [11, 10])
        return true
      },
    )
  })
})

describe('a partition key', () => {
  it('has at most 256 characters, whatever their bytes', () => {
    assert.equal(bytesOf('', { key: '€'.repeat(256) }), 768)
    assert.throws(() => bytesOf('', { key: 'k'.repeat(257) }), InvalidRecordError)
    assert.throws(() => bytesOf('', { key: '' }), InvalidRecordError)
  })

  it('is text that UTF-8 can hold: JSON and CBOR would carry halves of characters as different keys', () => {
    for (const key of ['\ud83d', '\ude00', 'a\ud83d', '\ude00\ud83d', `ü\udfff${'€'.repeat(200)}`])
      assert.throws(
        () => bytesOf('x', { key }),
        (error: unknown) =>
          error instanceof InvalidRecordError &&
          /^partitionKey must be well-formed text.*toWellFormed/.test(error.message),
      )
    for (const key of ['😀', '\ufffd', '\ud83d\ude00', '\0', '\uffff'])
      assert.equal(bytesOf('', { key }), Buffer.byteLength(key))
  })
})

describe('an explicit hash key', () => {
  it('is a decimal number of 128 bits, written in one way', () => {
    for (const hashKey of ['0', '7', '10', MAX_HASH_KEY])
      assert.equal(bytesOf('x', { key: 'k', hashKey }), 2, hashKey)
    for (const hashKey of [
      '',
      '00',
      '01',
      '-0',
      '+1',
      '1.0',
      '1e3',
      '0x1',
      ' 1',
      '1 ',
      '1\n',
      '1\ud83d',
      '\ude001',
      '١',
      (2n ** 128n).toString(),
      '9'.repeat(39),
      '1'.repeat(40),
    ])
      assert.throws(
        () => bytesOf('x', { key: 'k', hashKey }),
        (error: unknown) =>
          error instanceof InvalidRecordError && /from 0 to 2\^128 - 1/.test(error.message),
        JSON.stringify(hashKey),
      )
  })

  it('is a string, since numbers of that size have no other exact form', () => {
    for (const hashKey of [7, 7n, null, {}, ['7']])
      assert.throws(
        () => Reflect.apply(validate, undefined, ['x', 'k', hashKey, 0, 1000]),
        InvalidRecordError,
      )
  })
})
