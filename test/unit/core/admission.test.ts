import assert from 'node:assert/strict'
import {
  BufferFullError,
  InvalidRecordError,
  NotRunningError,
  RecordTooLargeError,
} from '@kinesis-producer/core'
import { deferred, serviceError } from '../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

describe('a record at the door', () => {
  it('is refused at once when it can never be sent, and the producer goes on', async () => {
    const { producer, client } = createHarness({ batchSize: 1, flushInterval: 0 })
    producer.start()
    const bad: [unknown, unknown, unknown, RegExp][] = [
      [42, 'k', undefined, /data must be a string, a Uint8Array, .*; not 42/],
      [undefined, 'k', undefined, /data must be .* not undefined/],
      [{}, 'k', undefined, /not an object/],
      ['x', '', undefined, /partitionKey must not be empty/],
      ['x', 'k'.repeat(257), undefined, /at most 256 characters, not 257/],
      ['x', 7, undefined, /partitionKey must be a string/],
      ['x', 'k', '-1', /explicitHashKey must be a decimal number/],
      ['x', 'k', 'abc', /explicitHashKey/],
      ['x', 'k', (2n ** 128n).toString(), /explicitHashKey/],
      ['x', 'k', '007', /explicitHashKey/],
    ]
    for (const [data, key, explicitHashKey, message] of bad) {
      const options =
        explicitHashKey === undefined ? undefined : { explicitHashKey: explicitHashKey as string }
      await assert.rejects(
        producer.add(data as string, key as string, options),
        (error: unknown) => {
          assert.ok(error instanceof InvalidRecordError)
          assert.match(error.message, message)
          return true
        },
      )
      assert.equal(producer.tryAdd(data as string, key as string, options), false)
      await assert.rejects(producer.put(data as string, key as string, options), InvalidRecordError)
    }
    await producer.add('x', 'k'.repeat(256), { explicitHashKey: (2n ** 128n - 1n).toString() })
    await settle()
    assert.equal(client.stored.length, 1)
    assert.equal(producer.stats().refused, bad.length * 3)
    assertLaw(producer)
  })

  it('is counted with its key, in UTF-8', async () => {
    const { producer } = createHarness({ maxRecordBytes: 10, flushInterval: 0 })
    producer.start()
    await producer.add('1234567', 'key')
    await producer.add('äöü', 'keyy')
    await producer.add(new Uint8Array(9), 'k')
    for (const [data, key] of [
      ['12345678', 'key'],
      ['äöü1', 'keyy'],
      ['😀😀', 'key'],
    ] as const) {
      await assert.rejects(producer.add(data, key), RecordTooLargeError)
    }
    await assert.rejects(producer.add(new Uint8Array(10), 'k'), {
      code: 'RECORD_TOO_LARGE',
      bytes: 11,
      maxRecordBytes: 10,
    })
    assert.equal(producer.stats().remainingBytes, 30)
  })
})

describe('a full buffer', () => {
  const never = () => new Promise<never>(() => {})

  it('refuses by default', async () => {
    const { producer } = createHarness({ batchSize: 5, bufferSize: 5, flushInterval: 0 }, never)
    producer.start()
    await addMany(producer, 5)
    await assert.rejects(
      producer.add('x'),
      (error: unknown) =>
        error instanceof BufferFullError && error.retryable && /no capacity/.test(error.message),
    )
    assert.equal(producer.tryAdd('x'), false)
    await assert.rejects(producer.put('x'), BufferFullError)
    assert.equal(producer.stats().remaining, 5)
    assertLaw(producer)
  })

  it('is full by bytes as well as by count, requests under way included', async () => {
    const { producer } = createHarness(
      { batchSize: 1, flushInterval: 0, bufferBytes: 100, maxRecordBytes: 100 },
      never,
    )
    producer.start()
    await producer.add('x'.repeat(59), 'k')
    await settle()
    assert.equal(producer.tryAdd('x'.repeat(40), 'k'), false)
    assert.equal(producer.tryAdd('x'.repeat(39), 'k'), true)
    assert.equal(producer.stats().remainingBytes, 100)
  })

  it('makes add wait until there is capacity, first come first served', async () => {
    const answer = deferred<void>()
    const { producer, client } = createHarness(
      { batchSize: 5, bufferSize: 5, flushInterval: 0, addBlocksWhenBufferFull: true },
      async request => {
        await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 5)
    const order: number[] = []
    const waiting = [5, 6, 7].map(i => producer.add(`r${i}`, `k${i}`).then(() => order.push(i)))
    assert.equal(producer.tryAdd('x'), false)
    await settle()
    assert.deepEqual([order, producer.stats().waiting], [[], 3])
    answer.resolve()
    await Promise.all(waiting)
    assert.deepEqual(order, [5, 6, 7])
    await producer.flush()
    assert.deepEqual(client.stored, texts(8))
    assertLaw(producer)
  })

  it('wakes a waiting add with an error when the producer stops, flushes or closes', async () => {
    for (const end of ['stop', 'flush', 'close'] as const) {
      const answer = deferred<void>()
      const { producer, client } = createHarness(
        { batchSize: 5, bufferSize: 5, flushInterval: 0, whenFull: 'wait' },
        async request => {
          await answer.promise
          return client.store(request)
        },
      )
      producer.start()
      await addMany(producer, 5)
      const waiting = assert.rejects(producer.add('x'), NotRunningError)
      const receipt = assert.rejects(producer.put('x'), NotRunningError)
      const ended = producer[end]()
      await Promise.all([waiting, receipt])
      answer.resolve()
      await ended
      assert.equal(producer.stats().refused, 2)
      assertLaw(producer)
    }
  })

  it('ends the wait of an add whose signal aborts', async () => {
    const { producer } = createHarness(
      { batchSize: 5, bufferSize: 5, flushInterval: 0, whenFull: 'wait' },
      never,
    )
    producer.start()
    await addMany(producer, 5)
    const controller = new AbortController()
    const waiting = producer.add('x', 'k', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await assert.rejects(waiting, { code: 'ABORTED', cause: new Error('enough') })
    assert.equal(producer.stats().waiting, 0)
  })

  it('drops the oldest queued records, exactly as many as needed', async () => {
    const { producer, dropped } = createHarness(
      { batchSize: 2, bufferSize: 5, flushInterval: 0, maxInFlight: 1, whenFull: 'dropOldest' },
      never,
    )
    producer.start()
    await addMany(producer, 2)
    await settle()
    await addMany(producer, 5, 2)
    assert.deepEqual(
      dropped.map(({ record, reason }) => [record.data, reason]),
      [
        ['r2', 'bufferFull'],
        ['r3', 'bufferFull'],
      ],
    )
    assert.equal(producer.stats().remaining, 5)
    assertLaw(producer)
  })

  it('drops the newest record, and says so', async () => {
    const { producer, dropped } = createHarness(
      { batchSize: 2, bufferSize: 2, flushInterval: 0, whenFull: 'dropNewest' },
      never,
    )
    producer.start()
    await addMany(producer, 4)
    assert.equal(producer.tryAdd('r4', 'k4'), true)
    assert.deepEqual(
      dropped.map(({ record }) => record.data),
      ['r2', 'r3', 'r4'],
    )
    assert.deepEqual([producer.stats().admitted, producer.stats().remaining], [5, 2])
    await assert.rejects(producer.put('r5', 'k5'), {
      code: 'DELIVERY_FAILED',
      reason: 'bufferFull',
    })
    assertLaw(producer)
  })

  it('drops the newest under dropOldest when requests hold everything else', async () => {
    const { producer, dropped } = createHarness(
      { batchSize: 2, bufferSize: 2, flushInterval: 0, whenFull: 'dropOldest' },
      never,
    )
    producer.start()
    await addMany(producer, 2)
    await settle()
    await addMany(producer, 1, 2)
    assert.deepEqual(
      dropped.map(({ record }) => record.data),
      ['r2'],
    )
    assertLaw(producer)
  })

  const stuck = async (config: object) => {
    const harness = createHarness(
      { batchSize: 5, bufferSize: 10, flushInterval: 0, maxInFlight: 1, ...config },
      () => {
        throw serviceError('InternalFailure', 500)
      },
    )
    harness.producer.start()
    await addMany(harness.producer, 10)
    await harness.clock.advance(30_000)
    return harness
  }

  it('gives up a batch after five failed requests, as the Go package batchproducer does, counted and handed back', async () => {
    const { producer, dropped } = await stuck({})
    assert.deepEqual(
      dropped.map(({ record, reason }) => [record.data, reason]),
      texts(5).map(text => [text, 'bufferFull']),
    )
    assert.equal(producer.stats().remaining, 5)
    assertLaw(producer)
  })

  it('keeps every record when whenFull is given', async () => {
    const { producer, dropped } = await stuck({ whenFull: 'reject' })
    assert.equal(dropped.length, 0)
    assert.equal(producer.stats().remaining, 10)
  })
})
