import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { hashKeyOf, topBitsOf } from '@kinesis-producer/core/internal/record/hash-key'
import fc from 'fast-check'

describe('the hash key of a record', () => {
  it('is the top 48 bits of the MD5 of its partition key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), key => {
        const md5 = BigInt(`0x${createHash('md5').update(key, 'utf8').digest('hex')}`)
        assert.equal(hashKeyOf(key, undefined), Number(md5 >> 80n))
      }),
    )
  })

  it('is that of its explicit hash key if it has one', () => {
    assert.equal(hashKeyOf('k', String(2n ** 127n)), 2 ** 47)
    assert.equal(hashKeyOf(undefined, '0'), 0)
    assert.equal(hashKeyOf('k', String(2n ** 128n - 1n)), 2 ** 48 - 1)
  })

  it('is not known without a key, and for a hash key that is no number', () => {
    assert.equal(hashKeyOf(undefined, undefined), undefined)
    for (const odd of ['', 'x', '-1', '1.5', '0x10', ' 1', '9'.repeat(100_000)])
      assert.equal(topBitsOf(odd), undefined, odd.slice(0, 20))
  })
})
