import assert from 'node:assert/strict'
import {
  AlreadyStoppedError,
  BatchProducer,
  ClosedError,
  type CloseResult,
  type DroppedRecord,
  NotRunningError,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { deferred, FakeClient, serviceError } from '../../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../../support/core/harness.js'
import { settle, TestClock } from '../../../support/core/test-clock.js'

const never = () => new Promise<never>(() => {})
const dataOf = (records: readonly { data: unknown }[]): unknown[] => records.map(({ data }) => data)
const droppedData = (dropped: readonly DroppedRecord[]): unknown[] =>
  dataOf(dropped.map(({ record }) => record))

/** Adds `count` records at once: callbacks run between awaited adds. */
const offerMany = (producer: BatchProducer, count: number): void => {
  for (let i = 0; i < count; i++) producer.tryAdd(`r${i}`, `k${i}`)
}

/** Three records that nothing will deliver: two in flight and one that waits. */
const stuck = async (config: ProducerConfig = {}) => {
  const harness = createHarness(
    { batchSize: 2, flushInterval: 0, maxInFlight: 1, requestTimeout: 0, ...config },
    never,
  )
  harness.producer.start()
  await addMany(harness.producer, 3)
  await settle()
  return harness
}

describe('what close and dispose leave has one fate', () => {
  it('close alone: all is handed back, nothing dropped', async () => {
    const { producer, clock, dropped } = await stuck()
    const closing = producer.close(1000)
    await clock.advance(1000)
    assert.deepEqual(dataOf((await closing).leftover), texts(3))
    assert.equal(dropped.length, 0)
    assert.equal(producer.stats().remaining, 3)
    assert.equal(producer.stats().slabBytesHeld, 0, 'what is handed back are copies')
    assertLaw(producer)
  })

  it('dispose alone: all is dropped, nothing remains', async () => {
    const { producer, clock, dropped } = await stuck()
    const disposing = producer[Symbol.asyncDispose]()
    await clock.advance(30_000)
    await disposing
    assert.deepEqual(droppedData(dropped), texts(3))
    assert.ok(dropped.every(({ reason }) => reason === 'closed'))
    assert.deepEqual(
      dropped.map(({ possiblyDelivered }) => possiblyDelivered),
      [true, true, false],
    )
    assert.deepEqual([producer.stats().remaining, producer.stats().remainingBytes], [0, 0])
    assert.equal(producer.stats().slabBytesHeld, 0)
    assertLaw(producer)
  })

  it('close, then dispose: handed back, and not dropped as well', async () => {
    const { producer, clock, dropped } = await stuck()
    const both = [producer.close(1000), producer[Symbol.asyncDispose]()] as const
    await clock.advance(60_000)
    const [{ leftover }] = await Promise.all(both)
    assert.deepEqual([leftover.length, dropped.length], [3, 0])
    assertLaw(producer)
  })

  it('dispose, then close before its end: handed back, and not dropped as well', async () => {
    const { producer, clock, dropped } = await stuck()
    const disposing = producer[Symbol.asyncDispose]()
    await clock.advance(1000)
    const closing = producer.close(1000)
    await clock.advance(60_000)
    await disposing
    assert.deepEqual([(await closing).leftover.length, dropped.length], [3, 0])
    assertLaw(producer)
  })

  it('dispose, then close after its end: dropped, and not handed back as well', async () => {
    const { producer, clock, dropped } = await stuck()
    const disposing = producer[Symbol.asyncDispose]()
    await clock.advance(30_000)
    await disposing
    const { leftover } = await producer.close()
    assert.deepEqual([leftover.length, dropped.length], [0, 3])
    assertLaw(producer)
  })

  it('close, then dispose after its end: nothing more happens', async () => {
    const { producer, clock, dropped } = await stuck()
    const closing = producer.close(10)
    await clock.advance(10)
    const { leftover } = await closing
    await producer[Symbol.asyncDispose]()
    await producer[Symbol.asyncDispose]()
    assert.deepEqual([leftover.length, dropped.length], [3, 0])
    assert.equal((await producer.close()).leftover, leftover)
  })

  it('dispose twice: each is dropped once', async () => {
    const { producer, clock, dropped } = await stuck()
    const both = [producer[Symbol.asyncDispose](), producer[Symbol.asyncDispose]()]
    await clock.advance(30_000)
    await Promise.all(both)
    assert.equal(dropped.length, 3)
    assertLaw(producer)
  })

  it('a record that was dropped is no leftover', async () => {
    const { producer, clock, dropped } = await stuck({ recordTtl: 1000 })
    const closing = producer.close(2000)
    await clock.advance(2000)
    const { leftover } = await closing
    assert.deepEqual([droppedData(dropped), dataOf(leftover)], [['r2'], ['r0', 'r1']])
    assertLaw(producer)
  })

  it('a leftover is a copy: to change it changes nothing', async () => {
    const { producer, clock } = await stuck()
    await producer.add(new Uint8Array([1, 2, 3]), 'bytes')
    const closing = producer.close(10)
    await clock.advance(10)
    const { leftover } = await closing
    assert.deepEqual([...Buffer.from(leftover.at(-1)?.data ?? '')], [1, 2, 3])
  })
})

describe('calls of the producer inside its callbacks', () => {
  const refusing = (config: (get: () => BatchProducer) => ProducerConfig) => {
    const harness: ReturnType<typeof createHarness> = createHarness(
      { batchSize: 5, flushInterval: 0, maxInFlight: 2, ...config(() => harness.producer) },
      async request => {
        const { clock, client } = harness
        if (client.calls.length > 1)
          await new Promise<void>(resolve => void clock.setTimeout(resolve, 100))
        return client.store(request, text =>
          text === 'r0' ? 'InvalidArgumentException' : undefined,
        )
      },
    )
    harness.producer.start()
    return harness
  }

  it('close in onDrop ends when all others are delivered', async () => {
    let closing: Promise<CloseResult> | undefined
    const { producer, client, clock } = refusing(get => ({
      onDrop: () => void (closing ??= get().close(60_000)),
    }))
    offerMany(producer, 21)
    await clock.advance(60_000)
    assert.deepEqual((await closing)?.leftover, [])
    assert.equal(client.stored.length, 20)
    assert.equal(producer.stats().state, 'closed')
    assertLaw(producer)
  })

  it('drain in onDrop ends when all others are delivered', async () => {
    let left: number | undefined
    const { producer, client, clock } = refusing(get => ({
      onDrop: () =>
        get()
          .drain(60_000)
          .then(({ remaining }) => (left = remaining)),
    }))
    offerMany(producer, 21)
    await clock.advance(60_000)
    assert.deepEqual([left, client.stored.length], [0, 20])
  })

  it('stop in onDrop resolves when no request can leave any more', async () => {
    let stopped: { inFlight: number; calls: number } | undefined
    const { producer, client, clock } = refusing(get => ({
      onDrop: async () => {
        await get().stop()
        stopped = { inFlight: get().stats().requestsInFlight, calls: client.calls.length }
      },
    }))
    offerMany(producer, 21)
    await clock.advance(60_000)
    assert.deepEqual(stopped, { inFlight: 0, calls: client.calls.length })
    assert.equal(producer.stats().state, 'idle')
    assert.equal(producer.stats().requestsInFlight, 0)
    assertLaw(producer)
  })

  it('stop in onDrop of a record that expired late lets no request leave', async () => {
    const clock = new TestClock()
    // The event loop was blocked: timers are late, and the next request is looked for first.
    let late = 0
    const { producer, client } = createHarness({
      batchSize: 2,
      flushInterval: 0,
      recordTtl: 1000,
      clock: {
        now: () => clock.now() + late,
        setTimeout: (fire, ms) => clock.setTimeout(fire, ms),
      },
      onDrop: () => void producer.stop().catch(() => {}),
    })
    producer.start()
    producer.tryAdd('old')
    await settle()
    late = 1500
    producer.tryAdd('young 1')
    producer.tryAdd('young 2')
    await clock.advance(5000)
    const { state, requestsInFlight, remaining, delivered } = producer.stats()
    assert.deepEqual([state, requestsInFlight, remaining + delivered], ['idle', 0, 2])
    assert.equal(client.calls.length * 2, delivered)
  })

  it('add in onDrop adds the record again, each time in a later turn', async () => {
    let tries = 0
    const { producer, clock, client } = refusing(get => ({
      onDrop: ({ record }) => {
        if (++tries < 5) get().tryAdd(record.data, record.partitionKey)
      },
    }))
    offerMany(producer, 5)
    for (let i = 0; i < 10; i++) {
      void producer.drain(1000)
      await clock.advance(1000)
    }
    assert.equal(tries, 5)
    assert.equal(client.stored.length, 4)
    assertLaw(producer)
  })

  it('add in onDrop of a full buffer holds up nobody', async () => {
    let drops = 0
    const { producer } = createHarness(
      {
        batchSize: 10,
        bufferSize: 20,
        flushInterval: 0,
        whenFull: 'dropOldest',
        onDrop: ({ record }) => {
          drops++
          if (drops < 1000) producer.tryAdd(record.data, record.partitionKey)
        },
      },
      never,
    )
    producer.start()
    for (let i = 0; i < 40; i++) producer.tryAdd(`r${i}`, 'k')
    assert.ok(drops <= 20, `${drops} drops within the calls`)
    for (let i = 0; i < 50; i++) await settle()
    assert.ok(drops >= 1000)
    assertLaw(producer)
    await producer.close(0, { signal: AbortSignal.abort() })
  })

  for (const [name, config] of [
    ['onRequest', (act: () => void) => ({ onRequest: act })],
    ['statReceiver', (act: () => void) => ({ statReceiver: { receive: act }, statInterval: 100 })],
    ['logger', (act: () => void) => ({ logger: { debug: act, info: act, warn: act, error: act } })],
  ] as const) {
    it(`stop, close and add in ${name} do what they do elsewhere`, async () => {
      let acted = 0
      const outcomes: string[] = []
      const { producer, clock } = refusing(get => {
        const act = (): void => {
          if (acted++ > 0) return
          const note = (what: string) => (error?: unknown) =>
            outcomes.push(error instanceof Error ? error.name : what)
          void get()
            .add('inside', 'k')
            .then(() => note('added')(), note(''))
          void get()
            .stop()
            .then(() => note('stopped')(), note(''))
          void get()
            .close(5000)
            .then(() => note('closed')(), note(''))
        }
        return config(act)
      })
      offerMany(producer, 12)
      await clock.advance(10_000)
      assert.deepEqual(outcomes.toSorted(), ['added', 'closed', 'stopped'])
      const { state, remaining, requestsInFlight } = producer.stats()
      assert.deepEqual([state, remaining, requestsInFlight], ['closed', 0, 0])
      assertLaw(producer)
      assert.equal(clock.armed.all, 0)
    })
  }
})

describe('start', () => {
  it('after a stop tries at once, in the middle of a backoff or a pause, with one request', async () => {
    for (const error of ['InternalFailure', 'AccessDeniedException']) {
      const { producer, client, clock } = createHarness(
        { batchSize: 1, flushInterval: 0, bufferSize: 1000, whenFull: 'reject' },
        () => {
          throw serviceError(error, error === 'InternalFailure' ? 500 : 400)
        },
      )
      producer.start()
      await addMany(producer, 10)
      await clock.advance(60_000)
      await producer.stop()
      const calls = client.calls.length
      producer.start()
      await settle()
      assert.equal(client.calls.length, calls + 1, error)
    }
  })

  it('sends what a stop kept when its interval is over, and at once what was due', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 2, flushInterval: 1000 })
    producer.start()
    await addMany(producer, 1)
    await producer.stop()
    await clock.advance(10_000)
    assert.deepEqual(client.sizes, [])
    producer.start()
    await clock.advance(1)
    assert.deepEqual(client.sizes, [1])
  })
})

describe('stop', () => {
  it('waits for records that are still being compressed', async () => {
    const { producer, client, clock } = createHarness({
      batchSize: 1,
      flushInterval: 50,
      packing: { kind: 'concat', compression: 'gzip' },
    })
    producer.start()
    await producer.add('x'.repeat(1000), 'k')
    await clock.advance(50)
    await producer.stop()
    const calls = client.calls.length
    await settle()
    assert.equal(client.calls.length, calls)
    assert.equal(producer.stats().requestsInFlight, 0)
  })

  it('keeps the process alive while it waits, and not longer', async () => {
    const { producer, clock } = await stuck({ requestTimeout: 5000 })
    assert.equal(clock.armed.keepingAlive, 0)
    const stopping = producer.stop()
    assert.equal(clock.armed.keepingAlive, 1)
    await clock.advance(5000)
    await stopping
    assert.equal(clock.armed.all, 0)
  })

  it('ends a drain with what is left, and refuses those who wait for capacity', async () => {
    const { producer } = await stuck({ bufferSize: 3, whenFull: 'wait' })
    const draining = producer.drain()
    const waiting = assert.rejects(producer.add('x'), (error: unknown) => {
      assert.ok(error instanceof NotRunningError)
      assert.match(error.message, /was stopped while the record waited for capacity/)
      return true
    })
    void producer.stop()
    assert.deepEqual(await draining, { sent: 0, remaining: 3 })
    await waiting
  })

  it('is refused twice, while a flush takes over and when the producer is closed', async () => {
    const { producer, clock } = await stuck()
    const first = producer.stop()
    await assert.rejects(producer.stop(), AlreadyStoppedError)
    const flushing = producer.flush(100)
    await assert.rejects(producer.stop(), /it is flushing/)
    await clock.advance(100)
    assert.deepEqual(await flushing, { sent: 0, remaining: 3 })
    const closing = producer.close(10)
    await clock.advance(10)
    await closing
    await first
    await assert.rejects(producer.stop(), /it is closed/)
  })
})

describe('flush and close', () => {
  it('wait for what onDrop does with the dropped records', async () => {
    for (const call of ['flush', 'close', 'drain'] as const) {
      const saved = deferred<void>()
      const { producer, client } = createHarness(
        { batchSize: 1, flushInterval: 0, onDrop: () => saved.promise },
        request => client.store(request, () => 'ValidationException'),
      )
      producer.start()
      await producer.add('x')
      let ended = false
      const ending = producer[call]().then(() => (ended = true))
      await settle()
      assert.equal(ended, false, call)
      saved.resolve()
      await ending
    }
  })

  it('wait for that until their deadline, and leave no timer', async () => {
    for (const call of ['flush', 'close', 'drain'] as const) {
      const { producer, client, clock } = createHarness(
        { batchSize: 1, flushInterval: 0, onDrop: never },
        request => client.store(request, () => 'ValidationException'),
      )
      producer.start()
      await producer.add('x')
      let ended = false
      void producer[call](1000).then(() => (ended = true))
      await clock.advance(999)
      assert.deepEqual([ended, clock.armed], [false, { all: 1, keepingAlive: 1 }], call)
      await clock.advance(1)
      assert.deepEqual([ended, clock.armed.all], [true, 0], call)
    }
  })

  it('wait for that until their signal aborts', async () => {
    const { producer, client } = createHarness(
      { batchSize: 1, flushInterval: 0, onDrop: never },
      request => client.store(request, () => 'ValidationException'),
    )
    producer.start()
    await producer.add('x')
    const controller = new AbortController()
    let ended = false
    void producer.flush(0, false, { signal: controller.signal }).then(() => (ended = true))
    await settle()
    assert.equal(ended, false)
    controller.abort()
    await settle()
    assert.equal(ended, true)
  })

  it('try at once in the middle of a backoff, with one request', async () => {
    let down = true
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 0, bufferSize: 1000, whenFull: 'reject' },
      request => {
        if (down) throw serviceError('AccessDeniedException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 10)
    await clock.advance(20_000)
    down = false
    const calls = client.calls.length
    assert.deepEqual(await producer.close(), { sent: 10, leftover: [] })
    assert.ok(client.calls.length - calls <= 3)
  })

  it('count what was delivered while they ran', async () => {
    const { producer } = createHarness({ batchSize: 2, flushInterval: 0 })
    producer.start()
    await addMany(producer, 2)
    await settle()
    await addMany(producer, 1, 2)
    assert.deepEqual(await producer.drain(), { sent: 1, remaining: 0 })
  })

  it('with a last batch of stats, unless something remains', async () => {
    const { producer, stats } = createHarness({
      batchSize: 2,
      flushInterval: 0,
      statReceiver: { receive: batch => void stats.push(batch) },
    })
    producer.start()
    await producer.flush()
    assert.equal(stats.length, 0)
    await producer.flush(0, true)
    assert.equal(stats.length, 1)
  })

  it('that were called in other states say so', async () => {
    const { producer } = createHarness()
    await assert.rejects(
      producer.drain(),
      /the producer is idle; call start\(\) first, or flush\(\)/,
    )
    assert.deepEqual(await producer.close(), { sent: 0, leftover: [] })
    await assert.rejects(producer.drain(), ClosedError)
    await assert.rejects(producer.flush(), ClosedError)
    assert.throws(() => producer.start(), ClosedError)
    await assert.rejects(producer.add('x'), ClosedError)
    assert.equal(producer.tryAdd('x'), false)
  })
})

describe('after close', () => {
  /** A client that can be asked about the stream, and counts every command. */
  const asked = (config: ProducerConfig, answer: () => unknown) => {
    const clock = new TestClock()
    const fake = new FakeClient()
    const commands: string[] = []
    const signals: AbortSignal[] = []
    const client = {
      putRecords: fake.putRecords.bind(fake),
      send: async (command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown> => {
        commands.push(command.constructor.name)
        if (options?.abortSignal !== undefined) signals.push(options.abortSignal)
        return answer()
      },
    }
    const producer = new BatchProducer(client, 's', { clock, logger: false, ...config })
    return { producer, clock, fake, commands, signals }
  }
  const BY_SHARD: ProducerConfig = {
    packing: { kind: 'kpl', groupBy: 'shard' },
    maxRecordBytes: 'discover',
    statReceiver: { receive: () => {} },
    recordTtl: 60_000,
  }

  for (const [name, answer] of [
    ['that fail', (): never => assert.fail('no permission')],
    ['that are never answered', () => never()],
    ['that are answered', () => ({ Shards: [] })],
  ] as const) {
    it(`nothing runs any more: no timer, and no questions about the stream ${name}`, async () => {
      const { producer, clock, commands, signals } = asked(BY_SHARD, answer)
      producer.start()
      await clock.advance(5000)
      assert.ok(commands.includes('ListShardsCommand'))
      assert.ok(commands.includes('DescribeStreamSummaryCommand'))
      await producer.add('x', 'k')
      await producer.close(1000)
      const before = commands.length
      assert.equal(clock.armed.all, 0)
      await clock.advance(3_600_000)
      assert.deepEqual([commands.length, clock.armed.all], [before, 0])
      if (name === 'that are never answered') assert.ok(signals.every(({ aborted }) => aborted))
    })
  }

  it('an answer that was under way starts nothing', async () => {
    const answer = deferred<void>()
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 50, recordTtl: 60_000, bufferSize: 100, whenFull: 'reject' },
      async request => {
        await answer.promise
        throw serviceError('InternalFailure', 500, String(request.Records.length))
      },
    )
    producer.start()
    await addMany(producer, 20)
    const closing = producer.close(10)
    await clock.advance(10)
    await closing
    const calls = client.calls.length
    answer.resolve()
    await clock.advance(3_600_000)
    assert.deepEqual([client.calls.length, clock.armed.all], [calls, 0])
  })

  it('and after a stop no question about the stream is asked', async () => {
    const { producer, clock, commands } = asked(BY_SHARD, () => assert.fail('no permission'))
    producer.start()
    await clock.advance(5000)
    await producer.stop()
    const before = commands.length
    await clock.advance(3_600_000)
    assert.deepEqual([commands.length, clock.armed.all], [before, 0])
  })
})
