import assert from 'node:assert/strict'
import { RecordLimit } from '@kinesis-producer/core/internal/admission/record-limit'

const same = (bytes: number): number => bytes

describe('the largest record that is admitted', () => {
  it('is the configured one where it fits into a request and into the buffer', () => {
    assert.equal(new RecordLimit(same, 100, [500, 400]).bytes, 100)
  })

  it('is never larger than a request or the buffer', () => {
    assert.equal(new RecordLimit(same, 1000, [500, 400]).bytes, 400)
    assert.equal(new RecordLimit(same, 1000, [400, 500]).bytes, 400)
  })

  it('is what the packer leaves of the Kinesis record that fits', () => {
    const limits: number[] = []
    const limit = new RecordLimit(
      bytes => {
        limits.push(bytes)
        return bytes - 30
      },
      1000,
      [500, 400],
    )
    assert.equal(limit.bytes, 370)
    assert.deepEqual(limits, [400])
  })

  it('stays within the bounds, though a packer allows more than it was given', () => {
    assert.equal(new RecordLimit(bytes => bytes * 2, 300, [500, 400]).bytes, 400)
  })

  it('follows what the stream says, in both directions, within the same bounds', () => {
    const limit = new RecordLimit(bytes => bytes - 10, 100, [500, 400])
    limit.discovered(300)
    assert.equal(limit.bytes, 290)
    limit.discovered(10_000)
    assert.equal(limit.bytes, 390)
    limit.discovered(200)
    assert.equal(limit.bytes, 190)
  })
})
