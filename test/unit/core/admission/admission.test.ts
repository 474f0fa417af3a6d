import assert from 'node:assert/strict'
import {
  BatchProducer,
  BufferFullError,
  DEFAULT_CONFIG,
  type DroppedRecord,
  type ProducerConfig,
  RecordTooLargeError,
} from '@kinesis-producer/core'
import { WHEN_FULL } from '@kinesis-producer/core/internal/config/options'
import { FakeClient, serviceError } from '../../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../../support/core/harness.js'
import { settle, TestClock } from '../../../support/core/test-clock.js'

const never = () => new Promise<never>(() => {})
const MIB = 1024 * 1024
const WAITING = ['wait', 'waitThenDropBatch'] as const

/** What each promise came to so far. */
const outcomes = (promises: readonly Promise<unknown>[]): string[] => {
  const seen = promises.map(() => 'waits')
  promises.forEach((promise, i) => {
    promise.then(
      () => (seen[i] = 'admitted'),
      (error: Error) => (seen[i] = error.name),
    )
  })
  return seen
}

describe('whenFull', () => {
  it('has six names, and is rejectThenDropBatch if it is left out', () => {
    assert.deepEqual(WHEN_FULL, [
      'rejectThenDropBatch',
      'waitThenDropBatch',
      'reject',
      'wait',
      'dropOldest',
      'dropNewest',
    ])
    for (const whenFull of WHEN_FULL) assert.doesNotThrow(() => createHarness({ whenFull }))
    assert.equal(DEFAULT_CONFIG.addBlocksWhenBufferFull, false)
  })

  for (const [whenFull, add, tryAdd] of [
    [undefined, 'BufferFullError', false],
    ['rejectThenDropBatch', 'BufferFullError', false],
    ['reject', 'BufferFullError', false],
    ['wait', 'waits', false],
    ['waitThenDropBatch', 'waits', false],
    ['dropOldest', 'admitted', true],
    ['dropNewest', 'admitted', true],
  ] as const) {
    it(`${whenFull ?? 'left out'}: add of a full buffer ${add}, tryAdd says ${tryAdd}`, async () => {
      const { producer } = createHarness(
        { batchSize: 5, bufferSize: 5, flushInterval: 0, ...(whenFull && { whenFull }) },
        never,
      )
      producer.start()
      await addMany(producer, 5)
      const adds = outcomes([producer.add('x')])
      await settle()
      assert.deepEqual(adds, [add])
      assert.equal(producer.tryAdd('x'), tryAdd)
      assert.equal(producer.stats().remaining, 5)
      assert.equal(producer.stats().refused, (add === 'BufferFullError' ? 1 : 0) + (tryAdd ? 0 : 1))
      assertLaw(producer)
      const closing = producer.close(0, { signal: AbortSignal.abort() })
      await closing
    })
  }

  it('drops of the oldest as many bytes as the new record needs, and no more', async () => {
    const { producer, dropped } = createHarness({
      batchSize: 500,
      flushInterval: 0,
      bufferBytes: 100,
      maxRecordBytes: 100,
      whenFull: 'dropOldest',
    })
    producer.start()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await producer.add(name.repeat(19), name)
    await producer.add('f'.repeat(40), 'f')
    assert.deepEqual(
      dropped.map(({ record }) => record.partitionKey),
      ['a', 'b', 'c'],
    )
    assert.equal(producer.stats().remainingBytes, 81)
    assertLaw(producer)
  })
})

describe('a full buffer of a batch that cannot fill', () => {
  for (const flushInterval of [0, 60_000]) {
    for (const whenFull of WAITING) {
      it(`by bytes is sent, so that adds do not wait for ever (${whenFull}, interval ${flushInterval})`, async () => {
        const { producer, client, clock } = createHarness({
          batchSize: 10,
          flushInterval,
          bufferBytes: 1000,
          maxRecordBytes: 1000,
          whenFull,
        })
        producer.start()
        const adds = outcomes(
          Array.from({ length: 12 }, (_, i) => producer.add(Buffer.alloc(300), `k${i}`)),
        )
        await clock.advance(1000)
        assert.deepEqual(new Set(adds), new Set(['admitted']))
        await producer.close()
        assert.equal(client.stored.length, 12)
        assertLaw(producer)
      })
    }
  }

  for (const whenFull of WHEN_FULL) {
    it(`is sent also when tryAdd found no capacity (${whenFull})`, async () => {
      const { producer, client, clock } = createHarness({
        batchSize: 10,
        flushInterval: 0,
        bufferBytes: 100,
        maxRecordBytes: 100,
        whenFull,
      })
      producer.start()
      await clock.advance(1)
      assert.equal(producer.tryAdd('x'.repeat(90), 'k'), true)
      producer.tryAdd('y'.repeat(90), 'k')
      await settle()
      // The oldest makes way at once, and then there is no reason to hurry.
      assert.equal(client.stored.length, whenFull === 'dropOldest' ? 0 : 1)
      assertLaw(producer)
    })
  }
})

describe('an add that waits', () => {
  const waiting = async (config: ProducerConfig = {}) => {
    const harness = createHarness(
      { batchSize: 5, bufferSize: 5, flushInterval: 0, whenFull: 'wait', ...config },
      never,
    )
    harness.producer.start()
    await addMany(harness.producer, 5)
    return harness
  }

  it('does not hold up the next one when it is aborted at the head of the line', async () => {
    const { producer, client } = createHarness({
      batchSize: 500,
      flushInterval: 0,
      bufferBytes: 100,
      maxRecordBytes: 100,
      whenFull: 'wait',
    })
    client.handler = never
    producer.start()
    await producer.add('x'.repeat(49), 'k')
    const controller = new AbortController()
    const large = outcomes([producer.add('x'.repeat(90), 'k', { signal: controller.signal })])
    const small = outcomes([producer.add('x', 'k')])
    await settle()
    assert.deepEqual([large, small], [['waits'], ['waits']])
    controller.abort()
    await settle()
    assert.deepEqual([large, small], [['AbortedError'], ['admitted']])
    assert.deepEqual([producer.stats().waiting, producer.stats().refused], [0, 1])
  })

  it('is told at once when its signal was aborted before', async () => {
    const { producer } = await waiting()
    const reason = new Error('before')
    await assert.rejects(producer.add('x', 'k', { signal: AbortSignal.abort(reason) }), {
      code: 'ABORTED',
      cause: reason,
    })
    assert.equal(producer.stats().waiting, 0)
  })

  it('takes an AbortSignal, and says so to whoever passes its controller', async () => {
    const { producer } = await waiting()
    for (const call of ['add', 'put'] as const) {
      await assert.rejects(
        Reflect.apply(producer[call], producer, ['x', 'k', { signal: new AbortController() }]),
        { code: 'CONFIG', message: /must be an AbortSignal, not an AbortController: pass its/ },
      )
    }
    for (const call of ['drain', 'flush', 'close'] as const) {
      const options = { signal: new AbortController() }
      const args = call === 'flush' ? [1000, false, options] : [1000, options]
      await assert.rejects(Reflect.apply(producer[call], producer, args), {
        message: /pass its \.signal/,
      })
    }
    assert.equal(producer.stats().waiting, 0)
    assert.equal(producer.stats().state, 'running')
  })

  it('shares one listener with a thousand others of the same signal', async () => {
    const { producer } = await waiting()
    const controller = new AbortController()
    const { signal } = controller
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    const adds = outcomes(
      Array.from({ length: 1000 }, (_, i) => producer.add(`${i}`, `k${i}`, { signal })),
    )
    await settle()
    assert.deepEqual([listeners, producer.stats().waiting], [1, 1000])
    controller.abort()
    await settle()
    assert.deepEqual(new Set(adds), new Set(['AbortedError']))
    assert.equal(producer.stats().refused, 1000)
  })

  it('is counted once it is admitted, as of then', async () => {
    const { producer, client, clock } = await waiting()
    client.handler = request => client.store(request)
    void producer.add('late', 'k')
    assert.deepEqual([producer.stats().admitted, producer.stats().waiting], [5, 1])
    await clock.advance(31_000)
    assert.deepEqual([producer.stats().admitted, producer.stats().waiting], [6, 0])
    assertLaw(producer)
  })
})

describe('a record that can never fit', () => {
  /** A stream that takes 10 MiB, and says so when it is asked. */
  const discovering = async (config: ProducerConfig) => {
    const clock = new TestClock()
    const dropped: DroppedRecord[] = []
    const fake = new FakeClient()
    const client = {
      putRecords: fake.putRecords.bind(fake),
      send: async () => ({ StreamDescriptionSummary: { MaxRecordSizeInKiB: 10_240 } }),
    }
    const producer = new BatchProducer(client, 's', {
      clock,
      logger: false,
      maxRecordBytes: 'discover',
      onDrop: drop => void dropped.push(drop),
      ...config,
    })
    producer.start()
    await settle()
    return { producer, clock, dropped, fake }
  }

  for (const whenFull of WHEN_FULL) {
    it(`into the buffer is refused, though the stream takes it (${whenFull})`, async () => {
      const { producer, dropped, fake } = await discovering({ bufferBytes: 2 * MIB, whenFull })
      for (let i = 0; i < 5; i++) await producer.add(`s${i}`, `k${i}`)
      const large = Buffer.alloc(2 * MIB)
      for (const add of [producer.add(large, 'k'), producer.put(large, 'k')])
        await assert.rejects(add, (error: unknown) => {
          assert.ok(error instanceof RecordTooLargeError)
          assert.equal(error.maxRecordBytes, 2 * MIB)
          return true
        })
      assert.equal(producer.tryAdd(large, 'k'), false)
      await producer.close()
      assert.deepEqual([dropped.length, fake.stored.length], [0, 5])
      assertLaw(producer)
    })
  }

  it('into a request is refused, and what just fits is delivered', async () => {
    const { producer, fake } = await discovering({ maxRequestBytes: 5 * MIB })
    await assert.rejects(producer.add(Buffer.alloc(5 * MIB), 'k'), RecordTooLargeError)
    await producer.add(Buffer.alloc(5 * MIB - 1), 'k')
    await producer.drain()
    assert.deepEqual(fake.sizes, [1])
  })

  for (const kind of ['concat', 'kpl'] as const) {
    it(`with what packing adds is refused, and what just fits is delivered (${kind})`, async () => {
      const { producer, fake } = await discovering({ bufferBytes: 2 * MIB, packing: { kind } })
      let size = 2 * MIB
      while (size > 2 * MIB - 300 && !producer.tryAdd(Buffer.alloc(size), 'k')) size--
      assert.ok(size > 2 * MIB - 300 && size < 2 * MIB, `${2 * MIB - size} bytes less`)
      await producer.close()
      assert.deepEqual([fake.sizes, producer.stats().remaining], [[1], 0])
    })
  }
})

describe('a shard that backs off', () => {
  const HOT = 'shardId-000000000001'
  /** A buffer of 20, of which the hot shard holds ten; requests of the hot key are throttled. */
  const hot = async (config: ProducerConfig = {}) => {
    let throttles = true
    const harness = createHarness(
      { batchSize: 2, bufferSize: 20, flushInterval: 50, ...config },
      request =>
        harness.client.store(request, (_, record) =>
          throttles && record.PartitionKey === 'hot'
            ? 'ProvisionedThroughputExceededException'
            : undefined,
        ),
    )
    const { producer, client, clock } = harness
    client.shardOf = key => (key === 'hot' ? HOT : 'shardId-000000000000')
    producer.start()
    await addMany(producer, 2)
    for (let i = 0; i < 4; i++) await producer.add(`hot${i}`, 'hot')
    await clock.advance(1000)
    // Requests of other keys alone tell that there are other shards.
    await addMany(producer, 2)
    await clock.advance(1000)
    for (let i = 4; i < 10; i++) await producer.add(`hot${i}`, 'hot')
    assert.equal(producer.stats().remaining, 10)
    return { ...harness, cool: () => (throttles = false) }
  }

  for (const whenFull of WHEN_FULL) {
    it(`holds at most half of the buffer, and others flow (${whenFull})`, async () => {
      const { producer, client, clock, dropped, cool } = await hot({ whenFull })
      const more = outcomes([producer.add('hot10', 'hot'), producer.add('hot11', 'hot')])
      const others = outcomes(
        Array.from({ length: 8 }, (_, i) => producer.add(`cold${i}`, `cold${i}`)),
      )
      await clock.advance(1000)
      assert.deepEqual(new Set(others), new Set(['admitted']))
      assert.equal(client.stored.filter(text => text.startsWith('cold')).length, 8)
      assert.equal(producer.stats().remaining, 10)
      const dropsOf = (...names: string[]): void =>
        assert.deepEqual(
          dropped.map(({ record, reason }) => [record.data, reason]),
          names.map(name => [name, 'bufferFull']),
        )
      switch (whenFull) {
        case 'reject':
        case 'rejectThenDropBatch':
          assert.deepEqual(more, ['BufferFullError', 'BufferFullError'])
          break
        case 'wait':
        case 'waitThenDropBatch':
          assert.deepEqual(more, ['waits', 'waits'])
          break
        case 'dropOldest':
          assert.deepEqual(more, ['admitted', 'admitted'])
          dropsOf('hot0', 'hot1')
          break
        case 'dropNewest':
          assert.deepEqual(more, ['admitted', 'admitted'])
          dropsOf('hot10', 'hot11')
          break
      }
      cool()
      await clock.advance(60_000)
      assert.ok(more.every(outcome => outcome !== 'waits'))
      await producer.close()
      assert.equal(producer.stats().remaining, 0)
      assertLaw(producer)
    })
  }

  it('is named by the error, with what helps', async () => {
    const { producer } = await hot({ whenFull: 'reject' })
    await assert.rejects(producer.add('more', 'hot'), (error: unknown) => {
      assert.ok(error instanceof BufferFullError)
      assert.match(
        error.message,
        /no capacity for a record of 7 bytes: its shard backs off and holds half of the buffer \(10 records of 70 bytes\)/,
      )
      return true
    })
  })

  it('that is no reason is not named: the whole buffer is full', async () => {
    const { producer } = await hot({ whenFull: 'reject' })
    producer.stats()
    for (let i = 0; i < 10; i++) assert.equal(producer.tryAdd(`cold${i}`, `c${i}`), true)
    await assert.rejects(
      producer.add('cold', 'cold'),
      /20 records of \d+ bytes are not yet settled/,
    )
  })

  it('keeps the order of its waiting adds, and those of others pass', async () => {
    const { producer, client, clock, cool } = await hot({
      whenFull: 'wait',
      ordering: 'partitionKey',
    })
    const waits = outcomes(Array.from({ length: 5 }, (_, i) => producer.add(`hot1${i}`, 'hot')))
    const others = outcomes([producer.add('cold', 'cold')])
    await clock.advance(1000)
    assert.deepEqual([waits[0], others], ['waits', ['admitted']])
    cool()
    await clock.advance(120_000)
    await producer.close()
    assert.deepEqual(
      client.stored.filter(text => text.startsWith('hot')),
      Array.from({ length: 15 }, (_, i) => `hot${i}`),
    )
  })
})

describe('records admitted in an outage', () => {
  it('are sent in their order when it is over, with those that waited for capacity', async () => {
    let down = true
    const { producer, client, clock } = createHarness(
      { batchSize: 5, bufferSize: 10, flushInterval: 50, whenFull: 'wait', maxInFlight: 1 },
      request => {
        if (down) throw serviceError('InternalFailure', 500)
        return client.store(request)
      },
    )
    producer.start()
    const adds = outcomes(Array.from({ length: 15 }, (_, i) => producer.add(`r${i}`, `k${i}`)))
    await clock.advance(10_000)
    assert.equal(adds.filter(outcome => outcome === 'waits').length, 5)
    down = false
    await clock.advance(20_000)
    assert.deepEqual(new Set(adds), new Set(['admitted']))
    assert.deepEqual(new Set(client.stored), new Set(texts(15)))
  })
})
