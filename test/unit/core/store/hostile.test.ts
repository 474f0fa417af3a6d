import assert from 'node:assert/strict'
import { BatchProducer, type DroppedRecord, type ProducerConfig } from '@kinesis-producer/core'
import { FakeClient } from '../../../support/core/fake-client.js'
import { TestClock } from '../../../support/core/test-clock.js'

const MIB = 1024 * 1024
const never = (): Promise<never> => new Promise(() => {})

const make = (options: ProducerConfig, handler?: FakeClient['handler']) => {
  const [clock, client] = [new TestClock(), new FakeClient()]
  if (handler !== undefined) client.handler = handler
  const dropped: DroppedRecord[] = []
  const onDrop = (record: DroppedRecord): void => void dropped.push(record)
  const settings = { clock, logger: false, flushInterval: 100, onDrop, ...options } as const
  const producer = new BatchProducer(client, 's', settings)
  producer.start()
  const run = async (ms: number, times = 1): Promise<void> => {
    for (let i = 0; i < times; i++) await clock.advance(ms)
  }
  return { client, producer, dropped, run }
}

describe('records that strain the slabs', () => {
  it('come back as what they were: text as text, bytes as bytes of their own', async () => {
    const { producer, dropped, run } = make(
      { whenFull: 'dropNewest', bufferSize: 2, batchSize: 2 },
      never,
    )
    const bytes = Buffer.from('abc')
    for (const data of ['x', 'y', bytes, 'half \ud800', '', new Uint8Array(0)])
      producer.tryAdd(data, 'k')
    bytes.fill(0)
    await run(10)
    assert.deepEqual(
      dropped.map(({ record }) => record.data),
      [Buffer.from('abc'), 'half \ufffd', '', Buffer.alloc(0)],
    )
    for (const { record } of dropped)
      if (typeof record.data !== 'string')
        assert.equal(record.data.buffer.byteLength, record.data.length, 'not a view of a slab')
  })

  it('of 10 MiB give their memory back as soon as they are settled', async () => {
    const { producer, run } = make({
      bufferSize: 1000,
      bufferBytes: 64 * MIB,
      maxRecordBytes: 10 * MIB,
      batchSize: 10,
    })
    const data = Buffer.alloc(10 * MIB - 100, 1)
    for (let i = 0; i < 4; i++) {
      assert.equal(producer.tryAdd(data, `k${i}`), true)
      producer.tryAdd('small', 'k')
      await run(100, 3)
    }
    const { delivered, slabBytesHeld } = producer.stats()
    assert.equal(delivered, 8)
    assert.ok(slabBytesHeld <= MIB, `${slabBytesHeld}`)
  })

  it('of one byte stay within bufferBytes, however many there are', async () => {
    const { producer } = make(
      { bufferSize: 1e7, bufferBytes: MIB, whenFull: 'dropOldest', batchSize: 500 },
      never,
    )
    for (let i = 0; i < 20_000; i++) producer.tryAdd('x', `k${i % 7}`)
    const { admitted, dropped, remaining, memoryBytes } = producer.stats()
    assert.equal(admitted, dropped + remaining)
    assert.ok(remaining > 1000)
    assert.ok(memoryBytes < 1.3 * MIB, `${memoryBytes}`)
  })

  it('that fail for long keep little memory of those that were stored meanwhile', async () => {
    const isBad = (data: Uint8Array): boolean => data[0] === 0x62
    const { producer, run } = make(
      { bufferSize: 1e6, bufferBytes: 4 * MIB, maxAttemptsPerRecord: 1e6, batchSize: 500 },
      ({ Records }) => {
        const results = Records.map(({ Data }) =>
          isBad(Data)
            ? { ErrorCode: 'InternalFailure', ErrorMessage: 'no' }
            : { SequenceNumber: '1', ShardId: 'shardId-000000000000' },
        )
        const failed = results.filter(({ ErrorCode }) => ErrorCode !== undefined).length
        return Promise.resolve({ FailedRecordCount: failed, Records: results })
      },
    )
    for (let i = 0; i < 20_000; i++) {
      producer.tryAdd(`${i % 97 === 0 ? 'bad' : 'good'}${i}`.padEnd(200, 'z'), `k${i}`)
      if (i % 2000 === 0) await run(20, 2)
    }
    await run(100, 10)
    const { remaining, memoryBytes, slabBytesPinned } = producer.stats()
    assert.ok(remaining >= 200)
    assert.ok(slabBytesPinned < MIB, `${slabBytesPinned}`)
    assert.ok(memoryBytes < 4 * MIB, `${memoryBytes}`)
    const closing = producer.close(10)
    await run(50, 3)
    for (const { data } of (await closing).leftover) assert.match(String(data), /^bad\d+z+$/)
  })
})
