import assert from 'node:assert/strict'
import {
  AlreadyStartedError,
  AlreadyStoppedError,
  ClosedError,
  DeliveryError,
  NotRunningError,
} from '@kinesis-producer/core'
import { deferred, serviceError } from '../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

const never = () => new Promise<never>(() => {})

describe('start and stop', () => {
  it('admits nothing before start and after stop', async () => {
    const { producer } = createHarness()
    await assert.rejects(producer.add('x'), NotRunningError)
    assert.equal(producer.tryAdd('x'), false)
    producer.start()
    await producer.add('x')
    await producer.stop()
    await assert.rejects(producer.add('x'), {
      name: 'NotRunningError',
      code: 'NOT_RUNNING',
      message: /is idle; call start\(\)/,
    })
    assert.equal(producer.stats().refused, 3)
    assertLaw(producer)
  })

  it('refuses a second start and a second stop', async () => {
    const { producer } = createHarness()
    await assert.rejects(producer.stop(), AlreadyStoppedError)
    producer.start()
    assert.throws(() => producer.start(), AlreadyStartedError)
    await producer.stop()
    await assert.rejects(producer.stop(), AlreadyStoppedError)
  })

  it('survives ten starts and stops in a row, keeping its records', async () => {
    const { producer, client } = createHarness({ batchSize: 500, flushInterval: 0 })
    for (let round = 0; round < 10; round++) {
      producer.start()
      await addMany(producer, 1, round)
      await producer.stop()
      assert.equal(producer.stats().remaining, round + 1)
    }
    assert.deepEqual(await producer.flush(), { sent: 10, remaining: 0 })
    assert.deepEqual(client.stored, texts(10))
  })

  it('waits on stop for the request under way and keeps the rest for the next start', async () => {
    const gate = deferred<void>()
    const { producer, client } = createHarness(
      { batchSize: 5, flushInterval: 0, maxInFlight: 1 },
      async request => {
        await gate.promise
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 12)
    await settle()
    let stopped = false
    const stop = producer.stop().then(() => (stopped = true))
    await settle()
    assert.equal(stopped, false)
    assert.equal(producer.tryAdd('late'), false)
    assert.throws(() => producer.start(), AlreadyStartedError)
    gate.resolve()
    await stop
    assert.deepEqual(client.sizes, [5])
    assert.equal(producer.stats().remaining, 7)
    producer.start()
    await producer.drain()
    assert.deepEqual(client.stored, texts(12))
  })

  it('leaves no timer behind when stopped', async () => {
    const { producer, clock } = createHarness({
      recordTtl: 5000,
      statReceiver: { receive: () => {} },
    })
    producer.start()
    await addMany(producer, 3)
    await settle()
    assert.ok(clock.armed.all >= 3)
    await producer.stop()
    assert.equal(clock.armed.all, 0)
  })
})

describe('flush', () => {
  const slow = (ms: number, config = {}) => {
    const harness = createHarness(
      { bufferSize: 1000, flushInterval: 0, batchSize: 500, maxInFlight: 1, ...config },
      async request => {
        await new Promise<void>(resolve => void harness.clock.setTimeout(resolve, ms))
        return harness.client.store(request)
      },
    )
    return harness
  }

  it('reports what its deadline left, and a new start sends the rest', async () => {
    const { producer, clock, client } = slow(100, {
      batchSize: 10,
      bufferSize: 1000,
      flushInterval: 0,
    })
    producer.start()
    for (let i = 0; i < 600; i++) producer.tryAdd(`r${i}`, `k${i}`)
    const flush = producer.flush(150)
    await clock.advance(150)
    assert.deepEqual(await flush, { sent: 500, remaining: 100 })
    assert.equal(producer.stats().remaining, 100)
    producer.start()
    const rest = producer.drain()
    await clock.advance(100)
    assert.deepEqual(await rest, { sent: 100, remaining: 0 })
    assert.deepEqual(client.stored, texts(600))
  })

  it('sends everything without a deadline', async () => {
    const { producer, clock } = slow(100)
    producer.start()
    for (let i = 0; i < 600; i++) producer.tryAdd(`r${i}`, `k${i}`)
    const flush = producer.flush()
    await clock.advance(200)
    assert.deepEqual(await flush, { sent: 600, remaining: 0 })
    assert.equal(producer.stats().state, 'idle')
  })

  it('keeps its deadline even when a request hangs', async () => {
    const { producer, clock } = createHarness({ batchSize: 5, flushInterval: 0 }, never)
    producer.start()
    await addMany(producer, 7)
    const flush = producer.flush(1000)
    await clock.advance(1000)
    assert.deepEqual(await flush, { sent: 0, remaining: 7 })
    assertLaw(producer)
  })

  it('counts records that are being retried as remaining', async () => {
    const { producer, clock, client } = createHarness(
      { batchSize: 10, flushInterval: 0 },
      request => client.store(request, text => (text === 'r3' ? 'InternalFailure' : undefined)),
    )
    producer.start()
    await addMany(producer, 10)
    const flush = producer.flush(20)
    await clock.advance(20)
    assert.deepEqual(await flush, { sent: 9, remaining: 1 })
  })

  it('does not settle a record twice when an answer comes after the deadline', async () => {
    const answer = deferred<void>()
    const { producer, clock, client } = createHarness(
      { batchSize: 5, flushInterval: 0 },
      async request => {
        await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 5)
    const flush = producer.flush(10)
    await clock.advance(10)
    assert.deepEqual(await flush, { sent: 0, remaining: 5 })
    answer.resolve()
    await settle()
    assert.equal(producer.stats().delivered, 5)
    producer.start()
    await producer.drain()
    assert.deepEqual(client.stored, texts(5))
    assertLaw(producer)
  })

  it('sends what a stop kept, without a start', async () => {
    const { producer, client } = createHarness({ batchSize: 500, flushInterval: 0 })
    producer.start()
    await addMany(producer, 3)
    await producer.stop()
    assert.deepEqual(await producer.flush(), { sent: 3, remaining: 0 })
    assert.deepEqual(client.stored, texts(3))
  })

  it('may be called twice at once, each call with its own deadline', async () => {
    const { producer, clock } = slow(100)
    producer.start()
    for (let i = 0; i < 600; i++) producer.tryAdd(`r${i}`, `k${i}`)
    const short = producer.flush(150)
    const long = producer.flush()
    await clock.advance(150)
    assert.deepEqual(await short, { sent: 500, remaining: 100 })
    assert.equal(producer.stats().state, 'flushing')
    await clock.advance(50)
    assert.deepEqual(await long, { sent: 600, remaining: 0 })
    assert.equal(producer.stats().state, 'idle')
  })

  it('ends early when its signal aborts', async () => {
    const { producer } = createHarness({ batchSize: 5, flushInterval: 0 }, never)
    producer.start()
    await addMany(producer, 5)
    const controller = new AbortController()
    const flush = producer.flush(0, false, { signal: controller.signal })
    controller.abort()
    assert.deepEqual(await flush, { sent: 0, remaining: 5 })
  })

  it('refuses a deadline that is no whole number of milliseconds', async () => {
    const { producer } = createHarness()
    await assert.rejects(producer.flush(-1), /timeoutMs must be at least 0/)
    await assert.rejects(producer.flush(Number.NaN), /timeoutMs must be a whole number/)
    assert.equal(producer.stats().state, 'idle')
  })
})

describe('drain', () => {
  it('sends everything at once and keeps running', async () => {
    const { producer, client } = createHarness({ batchSize: 500, flushInterval: 0 })
    producer.start()
    await addMany(producer, 3)
    assert.deepEqual(await producer.drain(), { sent: 3, remaining: 0 })
    assert.equal(producer.stats().state, 'running')
    await producer.add('r3', 'k')
    await producer.drain()
    assert.deepEqual(client.stored, texts(4))
  })

  it('does not wait for records added after it', async () => {
    const hold = deferred<void>()
    const { producer, client } = createHarness(
      { batchSize: 1, flushInterval: 0 },
      async request => {
        if (client.calls.length > 1) await hold.promise
        return client.store(request)
      },
    )
    producer.start()
    await producer.add('r0', 'k')
    const drain = producer.drain()
    await producer.add('r1', 'k')
    assert.deepEqual(await drain, { sent: 1, remaining: 0 })
    hold.resolve()
    await producer.close()
  })

  it('needs a running producer', async () => {
    const { producer } = createHarness()
    await assert.rejects(producer.drain(), NotRunningError)
  })
})

describe('close', () => {
  it('hands back what its deadline left, oldest first, and says what may have been delivered', async () => {
    const { producer, clock } = createHarness(
      { batchSize: 2, flushInterval: 0, maxInFlight: 1 },
      never,
    )
    producer.start()
    await producer.add('r0', 'k0')
    await producer.add('r1')
    await producer.add('r2', 'k2', { explicitHashKey: '7' })
    await settle()
    const close = producer.close(1000)
    await clock.advance(1000)
    const { sent, leftover } = await close
    assert.equal(sent, 0)
    assert.deepEqual(leftover, [
      { data: 'r0', partitionKey: 'k0', possiblyDelivered: true },
      { data: 'r1', possiblyDelivered: true },
      { data: 'r2', partitionKey: 'k2', explicitHashKey: '7', possiblyDelivered: false },
    ])
    assert.equal(clock.armed.all, 0)
    assertLaw(producer)
  })

  it('aborts the requests that are under way at its deadline', async () => {
    let signal: AbortSignal | undefined
    const { producer, clock } = createHarness({ batchSize: 1, flushInterval: 0 }, (_, options) => {
      signal = options?.abortSignal
      return never()
    })
    producer.start()
    await producer.add('x')
    const close = producer.close(10)
    await clock.advance(10)
    await close
    assert.equal(signal?.aborted, true)
  })

  it('rejects the receipts of what it leaves', async () => {
    const { producer, clock } = createHarness({ batchSize: 1, flushInterval: 0 }, never)
    producer.start()
    const receipt = assert.rejects(
      producer.put('x'),
      (error: unknown) =>
        error instanceof DeliveryError && error.reason === 'closed' && error.possiblyDelivered,
    )
    const close = producer.close(10)
    await clock.advance(10)
    await Promise.all([close, receipt])
  })

  it('is idempotent and final', async () => {
    const { producer } = createHarness({ batchSize: 500, flushInterval: 0 })
    producer.start()
    await addMany(producer, 2)
    const [first, second] = await Promise.all([producer.close(), producer.close()])
    assert.equal(first, second)
    assert.deepEqual(first, { sent: 2, leftover: [] })
    assert.throws(() => producer.start(), ClosedError)
    await assert.rejects(producer.add('x'), { code: 'CLOSED' })
    await assert.rejects(producer.flush(), ClosedError)
    await assert.rejects(producer.drain(), ClosedError)
    await assert.rejects(producer.stop(), AlreadyStoppedError)
  })

  it('drops leftovers to onDrop under `await using`, since nobody holds the result', async () => {
    const { producer, clock, dropped } = createHarness(
      { batchSize: 1, flushInterval: 0, requestTimeout: 0 },
      never,
    )
    producer.start()
    await producer.add('x', 'k')
    const disposed = producer[Symbol.asyncDispose]()
    await clock.advance(30_000)
    await disposed
    assert.deepEqual(
      dropped.map(({ reason, record, possiblyDelivered }) => [
        reason,
        record.data,
        possiblyDelivered,
      ]),
      [['closed', 'x', true]],
    )
    assert.equal(producer.stats().remaining, 0)
    assertLaw(producer)
  })
})

describe('lifecycle calls at the same time', () => {
  const setUp = async () => {
    const gate = deferred<void>()
    const harness = createHarness(
      { batchSize: 2, flushInterval: 0, maxInFlight: 1 },
      async request => {
        await gate.promise
        return harness.client.store(request)
      },
    )
    harness.producer.start()
    await addMany(harness.producer, 5)
    await settle()
    return { ...harness, gate }
  }

  it('stop then flush: both end, everything is sent', async () => {
    const { producer, gate, client } = await setUp()
    const both = Promise.all([producer.stop(), producer.flush()])
    gate.resolve()
    assert.equal((await both)[1].remaining, 0)
    assert.equal(client.stored.length, 5)
    assert.equal(producer.stats().state, 'idle')
  })

  it('flush then stop: the stop is refused, the flush goes on', async () => {
    const { producer, gate } = await setUp()
    const flush = producer.flush()
    await assert.rejects(producer.stop(), AlreadyStoppedError)
    gate.resolve()
    assert.deepEqual(await flush, { sent: 5, remaining: 0 })
  })

  it('stop then close: both end, the producer is closed', async () => {
    const { producer, gate } = await setUp()
    const both = Promise.all([producer.stop(), producer.close()])
    gate.resolve()
    assert.deepEqual((await both)[1], { sent: 5, leftover: [] })
    assert.equal(producer.stats().state, 'closed')
  })

  it('flush then close: both end, the producer is closed', async () => {
    const { producer, gate } = await setUp()
    const both = Promise.all([producer.flush(), producer.close()])
    gate.resolve()
    const [flushed, closed] = await both
    assert.equal(flushed.remaining, 0)
    assert.deepEqual(closed.leftover, [])
    assert.equal(producer.stats().state, 'closed')
  })

  it('close then flush: the flush shares the work', async () => {
    const { producer, gate } = await setUp()
    const both = Promise.all([producer.close(), producer.flush()])
    gate.resolve()
    assert.equal((await both)[1].remaining, 0)
    assert.equal(producer.stats().state, 'closed')
  })

  it('drain then stop: the drain ends at once with what is left', async () => {
    const { producer, gate } = await setUp()
    const drain = producer.drain()
    const stop = producer.stop()
    assert.deepEqual(await drain, { sent: 0, remaining: 5 })
    gate.resolve()
    await stop
    assert.equal(producer.stats().remaining, 3)
  })

  it('drain then close: the drain sees everything settled', async () => {
    const { producer, gate } = await setUp()
    const both = Promise.all([producer.drain(), producer.close()])
    gate.resolve()
    assert.deepEqual((await both)[0], { sent: 5, remaining: 0 })
  })

  it('start during a flush is refused', async () => {
    const { producer, gate } = await setUp()
    const flush = producer.flush()
    assert.throws(() => producer.start(), AlreadyStartedError)
    gate.resolve()
    await flush
  })
})

describe('a stop that a flush takes over', () => {
  it('resolves when nothing is sent any more, not between two answers of the flush', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 1, maxInFlight: 1 },
      request =>
        new Promise(resolve => void clock.setTimeout(() => resolve(client.store(request)), 100)),
    )
    producer.start()
    for (let i = 0; i < 1200; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await settle()
    let sentAtStop: number | undefined
    const stopped = async (): Promise<void> => {
      await producer.stop()
      sentAtStop = client.stored.length
    }
    void stopped()
    const flush = producer.flush()
    await clock.advance(1000)
    assert.deepEqual(await flush, { sent: 1200, remaining: 0 })
    assert.equal(sentAtStop, 1200)
  })
})

describe('an onDrop that awaits a call of its own producer', () => {
  it('does not wait for itself when it calls at once, and at most 30 s when it calls later', async () => {
    const ended: string[] = []
    const { producer, clock } = createHarness(
      {
        batchSize: 1,
        flushInterval: 0,
        onDrop: async ({ record }) => {
          if (record.data === 'later') await Promise.resolve()
          await producer.flush()
          ended.push(String(record.data))
        },
      },
      () => {
        throw serviceError('ValidationException')
      },
    )
    producer.start()
    producer.tryAdd('at once', 'k')
    await clock.advance(10)
    assert.deepEqual(ended, ['at once'])
    producer.start()
    producer.tryAdd('later', 'k')
    await clock.advance(31_000)
    assert.deepEqual(ended, ['at once', 'later'])
    await producer.close(1)
  })
})
