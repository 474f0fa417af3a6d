import assert from 'node:assert/strict'
import { HEAP_STORE } from '@kinesis-producer/core/internal/queue/record-store'

describe('HEAP_STORE', () => {
  it('keeps a copy: the caller may change or transfer its buffer afterwards', () => {
    const data = new Uint8Array([1, 2, 3])
    const kept = HEAP_STORE.keep(data)
    data.fill(9)
    structuredClone(data, { transfer: [data.buffer] })
    assert.deepEqual(kept, Buffer.from([1, 2, 3]))
  })

  it('copies the part of a buffer that the data is', () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4])
    const kept = HEAP_STORE.keep(whole.subarray(1, 4))
    assert.deepEqual(kept, Buffer.from([1, 2, 3]))
  })

  it('hands back a copy of its own: what the user does to it changes nothing here', () => {
    const kept = HEAP_STORE.keep(new Uint8Array([1, 2, 3]))
    const first = HEAP_STORE.handBack(kept)
    assert.ok(first instanceof Uint8Array)
    assert.deepEqual(first, Buffer.from([1, 2, 3]))
    first.fill(9)
    assert.deepEqual(HEAP_STORE.handBack(kept), Buffer.from([1, 2, 3]))
    assert.equal(first.buffer.byteLength, 3, 'not in a pool that others share')
  })

  it('keeps and hands back strings as they are, and no bytes at all', () => {
    assert.equal(HEAP_STORE.keep('text'), 'text')
    assert.equal(HEAP_STORE.handBack('text'), 'text')
    assert.equal(HEAP_STORE.handBack(HEAP_STORE.keep(new Uint8Array())).length, 0)
  })
})
