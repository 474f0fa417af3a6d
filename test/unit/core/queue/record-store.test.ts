import assert from 'node:assert/strict'
import type { RecordData } from '@kinesis-producer/core'
import { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { copyOfData } from '@kinesis-producer/core/internal/queue/record-store'

const recordOf = (data: RecordData): PendingRecord =>
  new PendingRecord(data, 'k', undefined, data.length + 1, 1, 0, undefined)

const failed = (record: PendingRecord): void =>
  record.addFailedTry({ code: 'X', ambiguous: false, message: 'x', startedAt: 0, endedAt: 1 })

describe('the data of a queued record', () => {
  it('is a copy: the caller may change or transfer its buffer afterwards', () => {
    const data = new Uint8Array([1, 2, 3])
    const record = recordOf(data)
    data.fill(9)
    structuredClone(data, { transfer: [data.buffer] })
    assert.deepEqual(record.data, Buffer.from([1, 2, 3]))
  })

  it('is the part of a buffer that was given', () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4])
    assert.deepEqual(recordOf(whole.subarray(1, 4)).data, Buffer.from([1, 2, 3]))
  })

  it('is each record\u2019s own, however they share memory, small and large', () => {
    const sizes = [0, 1, 100, 4096, 4097, 60_000, 70_000, 1, 3000]
    const records = Array.from({ length: 300 }, (_, i) => {
      const size = sizes[i % sizes.length] ?? 0
      return { size, byte: i % 251, record: recordOf(new Uint8Array(size).fill(i % 251)) }
    })
    for (const [i, { record }] of records.entries()) if (i % 3 === 0) failed(record)
    for (const { size, byte, record } of records)
      assert.deepEqual(record.data, Buffer.alloc(size, byte))
  })

  it('shares memory with its neighbours until it fails', () => {
    const [first, second] = [recordOf(new Uint8Array([1])), recordOf(new Uint8Array([2]))]
    assert.ok(first.data instanceof Uint8Array && second.data instanceof Uint8Array)
    assert.equal(first.data.buffer, second.data.buffer)
    failed(first)
    assert.ok(first.data instanceof Uint8Array)
    assert.equal(first.data.buffer.byteLength, 1)
    assert.deepEqual(first.data, Buffer.from([1]))
  })

  it('is handed back as a copy: what the user does to it changes nothing here', () => {
    const record = recordOf(new Uint8Array([1, 2, 3]))
    const { data } = record.userRecord()
    assert.ok(data instanceof Uint8Array)
    assert.equal(data.buffer.byteLength, 3, 'not in memory that others share')
    data.fill(9)
    assert.deepEqual(record.userRecord().data, Buffer.from([1, 2, 3]))
  })

  it('is the very text that was given', () => {
    assert.equal(recordOf('text').data, 'text')
    assert.equal(recordOf('text').userRecord().data, 'text')
    assert.equal(copyOfData('text'), 'text')
  })
})
