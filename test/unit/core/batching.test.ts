import assert from 'node:assert/strict'
import { addMany, assertLaw, createHarness, texts } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

describe('batching without an interval', () => {
  it('sends exactly when a batch is full', async () => {
    const { producer, client } = createHarness({ batchSize: 5, flushInterval: 0 })
    producer.start()
    await addMany(producer, 4)
    await settle()
    assert.deepEqual(client.sizes, [])
    await addMany(producer, 1, 4)
    await settle()
    assert.deepEqual(client.sizes, [5])
    await addMany(producer, 6, 5)
    await settle()
    assert.deepEqual(client.sizes, [5, 5])
    assert.equal(producer.stats().remaining, 1)
    await addMany(producer, 19, 11)
    await settle()
    assert.deepEqual(client.sizes, [5, 5, 5, 5, 5, 5])
    assert.equal(producer.stats().remaining, 0)
    assert.deepEqual(client.stored, texts(30))
    assertLaw(producer)
  })

  it('arms no timer at all', async () => {
    const { producer, clock } = createHarness({ batchSize: 5, flushInterval: 0 })
    producer.start()
    await addMany(producer, 4)
    await settle()
    assert.equal(clock.armed.all, 0)
  })
})

describe('batching with an interval', () => {
  it('sends whatever is there when the interval ends, then full batches at once', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 5, flushInterval: 100 })
    producer.start()
    await addMany(producer, 3)
    await clock.advance(99)
    assert.deepEqual(client.sizes, [])
    await clock.advance(1)
    assert.deepEqual(client.sizes, [3])
    await addMany(producer, 5, 3)
    await settle()
    assert.deepEqual(client.sizes, [3, 5])
    await addMany(producer, 1, 8)
    await clock.advance(100)
    assert.deepEqual(client.sizes, [3, 5, 1])
    assert.deepEqual(client.stored, texts(9))
  })

  it('counts the interval from the oldest record, not from a fixed beat', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 5, flushInterval: 100 })
    producer.start()
    await clock.advance(70)
    await addMany(producer, 1)
    await clock.advance(60)
    await addMany(producer, 1, 1)
    await clock.advance(39)
    assert.deepEqual(client.sizes, [])
    await clock.advance(1)
    assert.deepEqual(client.sizes, [2])
  })

  it('keeps no process alive while records merely wait', async () => {
    const { producer, clock } = createHarness({ batchSize: 5, flushInterval: 100 })
    producer.start()
    await addMany(producer, 1)
    await settle()
    assert.deepEqual(clock.armed, { all: 1, keepingAlive: 0 })
  })

  it('keeps the process alive while a receipt or a flush is awaited', async () => {
    const { producer, clock } = createHarness({ batchSize: 5, flushInterval: 100 })
    producer.start()
    const receipt = producer.put('x')
    await settle()
    assert.equal(clock.armed.keepingAlive, 1)
    await clock.advance(100)
    await receipt
    await producer.add('y')
    await settle()
    assert.deepEqual(clock.armed, { all: 1, keepingAlive: 0 })
  })
})

describe('request limits', () => {
  it('cuts a request at its bytes, keys counted', async () => {
    const { producer, client } = createHarness({
      batchSize: 500,
      flushInterval: 0,
      maxRequestBytes: 5 * 1024 * 1024,
    })
    producer.start()
    const data = new Uint8Array(1024 * 1024 - 4)
    for (let i = 0; i < 11; i++) await producer.add(data, 'four')
    await settle()
    assert.deepEqual(client.sizes, [5, 5])
    assert.equal(producer.stats().remaining, 1)
  })

  it('never sends more than 500 records, even while it is flushed', async () => {
    const { producer, client } = createHarness({
      batchSize: 7,
      bufferSize: 5000,
      flushInterval: 0,
      maxInFlight: 1,
    })
    producer.start()
    for (let i = 0; i < 1207; i++) producer.tryAdd('x', 'k')
    assert.deepEqual(await producer.flush(), { sent: 1207, remaining: 0 })
    assert.equal(Math.max(...client.sizes), 500)
  })

  it('gives records without a key keys of their own that differ', async () => {
    const { producer, client } = createHarness({ batchSize: 100, flushInterval: 0 })
    producer.start()
    for (let i = 0; i < 100; i++) await producer.add('x')
    await settle()
    const keys = new Set(client.calls[0]?.map(record => record.PartitionKey))
    assert.equal(keys.size, 100)
    for (const key of keys) assert.ok(key.length >= 1 && key.length <= 14, key)
  })

  it('has no more requests under way than maxInFlight', async () => {
    const { producer, client } = createHarness(
      { batchSize: 1, flushInterval: 0, maxInFlight: 3 },
      async request => {
        await settle()
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 20)
    await producer.drain()
    assert.equal(client.maxInFlight, 3)
    assert.equal(client.stored.length, 20)
  })
})
