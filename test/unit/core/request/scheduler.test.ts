import assert from 'node:assert/strict'
import type { ProducerConfig } from '@kinesis-producer/core'
import type { RequestBuilder } from '@kinesis-producer/core/internal/packing/request-builder'
import { RecordQueue } from '@kinesis-producer/core/internal/queue/record-queue'
import { CircuitBreaker } from '@kinesis-producer/core/internal/request/circuit-breaker'
import { InFlightLimit } from '@kinesis-producer/core/internal/request/in-flight-limit'
import { Scheduler, type SentRequest } from '@kinesis-producer/core/internal/request/scheduler'
import { type RequestOutcome, Sender } from '@kinesis-producer/core/internal/request/sender'
import { StateMachine } from '@kinesis-producer/core/internal/steps/state'
import { Steps } from '@kinesis-producer/core/internal/steps/steps'
import { NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import { deferred, serviceError, textOf } from '../../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../../support/core/harness.js'
import { packingOf } from '../../../support/core/packable.js'
import { settle, TestClock } from '../../../support/core/test-clock.js'

const THROTTLED = 'ProvisionedThroughputExceededException'
const never = () => new Promise<never>(() => {})

describe('when requests leave', () => {
  it('is not within the call that makes one due, but before the next turn', async () => {
    const { producer, client } = createHarness({ batchSize: 2, flushInterval: 0 })
    producer.start()
    producer.tryAdd('r0')
    producer.tryAdd('r1')
    assert.equal(client.calls.length, 0)
    await Promise.resolve()
    await Promise.resolve()
    assert.equal(client.calls.length, 1)
  })

  it('is by batchSize while the producer runs, and up to 500 while somebody drains', async () => {
    const { producer, client } = createHarness({
      batchSize: 7,
      bufferSize: 5000,
      flushInterval: 0,
      maxInFlight: 1,
    })
    producer.start()
    for (let i = 0; i < 21; i++) producer.tryAdd('x', 'k')
    await settle()
    assert.deepEqual(client.sizes, [7, 7, 7])
    for (let i = 0; i < 1203; i++) producer.tryAdd('x', 'k')
    await producer.drain()
    assert.deepEqual(client.sizes.slice(3), [500, 500, 203])
    for (let i = 0; i < 7; i++) producer.tryAdd('x', 'k')
    await settle()
    assert.equal(client.sizes.at(-1), 7)
  })

  it('is at once when a drain asks, whatever the interval', async () => {
    const { producer, client } = createHarness({ batchSize: 500, flushInterval: 60_000 })
    producer.start()
    await addMany(producer, 3)
    void producer.drain()
    await settle()
    assert.deepEqual(client.sizes, [3])
  })

  it('is when the interval of the oldest record ends, also after requests that were full', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 5, flushInterval: 100 })
    producer.start()
    await clock.advance(30)
    await addMany(producer, 4)
    await clock.advance(50)
    await addMany(producer, 3, 4)
    assert.deepEqual(client.sizes, [5])
    await clock.advance(99)
    assert.deepEqual(client.sizes, [5])
    await clock.advance(1)
    assert.deepEqual(client.sizes, [5, 2])
  })

  it('is not again while nothing is due: a quiet producer arms no timer', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 5, flushInterval: 100 })
    producer.start()
    await addMany(producer, 3)
    await clock.advance(100)
    assert.deepEqual([client.sizes, clock.armed.all], [[3], 0])
    await clock.advance(10_000)
    assert.deepEqual([client.sizes, clock.armed.all], [[3], 0])
  })

  it('is never after a stop, though an answer makes records due', async () => {
    const answer = deferred<void>()
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 50, maxInFlight: 1, recordTtl: 60_000 },
      async request => {
        await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 3)
    const stopping = producer.stop()
    answer.resolve()
    await stopping
    await clock.advance(120_000)
    assert.deepEqual(client.sizes, [1])
    assert.deepEqual([producer.stats().remaining, clock.armed.all], [2, 0])
  })

  it('is not more often than the backoff allows, however many records are added', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 1, bufferSize: 10_000, flushInterval: 0, whenFull: 'reject' },
      () => {
        throw serviceError('InternalFailure', 500)
      },
    )
    producer.start()
    await addMany(producer, 1)
    await clock.advance(50 + 100 + 200 + 400)
    const before = client.calls.length
    for (let i = 0; i < 100; i++) {
      producer.tryAdd(`x${i}`)
      await clock.advance(1)
    }
    assert.equal(client.calls.length, before)
    assert.equal(clock.armed.all, 1, 'one timer for the end of the backoff')
  })

  it('is once the backoff of a shard is over, with no other request meanwhile', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 5, flushInterval: 0 }, request =>
      client.store(request, () => (client.calls.length === 1 ? THROTTLED : undefined)),
    )
    producer.start()
    await addMany(producer, 5)
    await clock.advance(49)
    assert.equal(client.calls.length, 1)
    await clock.advance(1)
    assert.ok(client.calls.length > 1)
    await clock.advance(1000)
    assert.equal(client.stored.length, 5)
    assert.equal(clock.armed.all, 0)
  })
})

describe('a request that cannot be built', () => {
  it('is told as such at once, with its records, and nothing leaves', async () => {
    const clock = new TestClock()
    const timers = new Timers(clock)
    const steps = new Steps(error => assert.fail(String(error)))
    const state = new StateMachine()
    state.step('start')
    const queue = new RecordQueue(
      {
        bufferSize: 100,
        bufferBytes: 1000,
        ordered: false,
        recordTtl: 0,
        dueRecords: 2,
        dueBytes: 1000,
        random: () => 0.5,
      },
      new SlabStore(1000, NO_FRAMING),
    )
    const { packer } = packingOf({ kind: 'none' })
    const cause = new Error('no memory')
    const open = (limit: number): RequestBuilder => {
      const builder = packer.open(limit)
      builder.build = () => {
        throw cause
      }
      return builder
    }
    const seen: [SentRequest, RequestOutcome][] = []
    const inFlightLimit = new InFlightLimit(4)
    const breaker = new CircuitBreaker(inFlightLimit, () => 0.5)
    const scheduler = new Scheduler({
      queue,
      packer: { ...packer, overhead: 0, open, recordLimit: bytes => bytes },
      breaker,
      inFlightLimit,
      sender: new Sender({ putRecords: () => assert.fail('nothing may leave') }, timers, 1000),
      timers,
      steps,
      state,
      batchSize: 2,
      bufferBytes: 1000,
      flushInterval: 0,
      recordTtl: 0,
      awaited: () => false,
      draining: () => false,
      departed: () => assert.fail('it has not left'),
      answered: (request, outcome) => {
        seen.push([request, outcome])
        queue.stored(request.batch)
      },
      expired: () => {},
    })
    for (const data of ['a', 'b']) {
      scheduler.recordAdmitted(queue.admit(data, 'k', undefined, 2, 0, undefined, undefined))
    }
    await settle()
    assert.equal(seen.length, 1)
    const [[request, outcome] = []] = seen
    assert.deepEqual(outcome, { kind: 'unbuilt', error: cause })
    assert.deepEqual(
      request?.batch.records.map(({ data }) => data),
      ['a', 'b'],
    )
    assert.deepEqual(
      [request?.carriers, request?.shards, request?.count, request?.startedAt, request?.generation],
      [undefined, undefined, 0, 0, 0],
    )
    assert.deepEqual([scheduler.inFlight, clock.armed.all], [0, 0])
  })
})

describe('a record that came back', () => {
  for (const [name, first] of [
    ['with its request', () => serviceError('InternalFailure', 500)],
    ['refused, in a part of its request', () => serviceError('ValidationException')],
  ] as const) {
    it(`${name} does not wait for others again`, async () => {
      const { producer, client, clock } = createHarness(
        { batchSize: 100, flushInterval: 60_000 },
        request => {
          if (client.calls.length === 1) throw first()
          return client.store(request)
        },
      )
      producer.start()
      await addMany(producer, 2)
      await clock.advance(60_000 + 50)
      assert.equal(client.stored.length, 2)
    })
  }

  for (const code of ['InternalFailure', THROTTLED]) {
    it(`by itself with ${code} does not wait for others again`, async () => {
      const { producer, client, clock } = createHarness(
        { batchSize: 100, flushInterval: 60_000 },
        request =>
          client.store(request, text =>
            client.calls.length === 1 && text === 'r0' ? code : undefined,
          ),
      )
      producer.start()
      await addMany(producer, 2)
      await clock.advance(60_000 + 50)
      assert.equal(client.stored.length, 2)
    })
  }

  it('does not take along young ones that still wait for others', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 100, flushInterval: 1000 },
      request =>
        client.store(request, text =>
          client.calls.length === 1 && text === 'r0' ? 'InternalFailure' : undefined,
        ),
    )
    producer.start()
    await addMany(producer, 2)
    await clock.advance(1000)
    await addMany(producer, 1, 2)
    const drained = client.calls.length
    await clock.advance(50)
    assert.equal(client.calls.length, drained + 1)
    await clock.advance(1000)
    assert.deepEqual(new Set(client.stored), new Set(texts(3)))
  })

  it('lingers no more when it was held behind its key', async () => {
    const answer = deferred<void>()
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 60_000, ordering: 'partitionKey' },
      async request => {
        if (client.calls.length === 1) await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    await producer.add('first', 'k')
    await producer.add('second', 'k')
    await settle()
    answer.resolve()
    await clock.advance(1)
    assert.deepEqual(client.stored, ['first', 'second'])
  })
})

describe('recordTtl', () => {
  const TTL = 10_000
  /** Two records at 0 and three at 4000, and what expired until when. */
  const expiry = async (config: ProducerConfig, handler: Parameters<typeof createHarness>[1]) => {
    const harness = createHarness(
      {
        flushInterval: 0,
        batchSize: 2,
        recordTtl: TTL,
        bufferSize: 1000,
        whenFull: 'reject',
        ...config,
      },
      handler,
    )
    const tried: { text: string; at: number }[] = []
    const inner = harness.client.handler
    harness.client.handler = (request, options) => {
      for (const record of request.Records)
        tried.push({ text: textOf(record).trimEnd(), at: harness.clock.now() })
      return inner(request, options)
    }
    harness.producer.start()
    for (let i = 0; i < 4; i++) harness.producer.tryAdd(`r${i}`, 'k')
    await harness.clock.advance(TTL - 1)
    assert.equal(harness.dropped.length, 0)
    await harness.clock.advance(1)
    assert.deepEqual(
      harness.dropped.map(({ record, reason }) => [record.data, reason]),
      texts(4).map(text => [text, 'expired']),
    )
    assert.equal(harness.producer.stats().remaining, 0)
    assertLaw(harness.producer)
    const calls = harness.client.calls.length
    await harness.clock.advance(120_000)
    assert.equal(harness.client.calls.length, calls, 'nothing is tried any more')
    assert.ok(tried.every(({ at }) => at < TTL))
    assert.equal(harness.clock.armed.all, 0)
  }

  const fails = (error: () => Error) => () => {
    throw error()
  }
  const failsEach = (code: string) => (request: { Records: readonly unknown[] }) => ({
    Records: request.Records.map(() => ({
      ErrorCode: code,
      ErrorMessage: 'Rate exceeded for shard shardId-000000000000',
    })),
  })
  for (const [where, config, handler] of [
    ['an outage', {}, fails(() => serviceError('InternalFailure', 500))],
    ['a pause', {}, fails(() => serviceError('AccessDeniedException'))],
    ['a pause of single records', {}, failsEach('KMSDisabledException')],
    [
      'the delays of its own failures',
      { maxAttemptsPerRecord: 1000 },
      failsEach('InternalFailure'),
    ],
    ['the backoff of its shard', {}, failsEach(THROTTLED)],
    [
      'the line behind its key',
      { ordering: 'partitionKey', batchSize: 1, maxAttemptsPerRecord: 1000 },
      failsEach('InternalFailure'),
    ],
  ] as const) {
    it(`ends a record in ${where}, at its time`, () => expiry(config, handler))
  }

  it('ends a record that waits for a batch to fill', async () => {
    const { producer, clock, dropped } = createHarness({
      batchSize: 10,
      flushInterval: 0,
      recordTtl: TTL,
    })
    producer.start()
    await addMany(producer, 1)
    await clock.advance(TTL - 1)
    assert.equal(dropped.length, 0)
    await clock.advance(1)
    assert.deepEqual([dropped.length, clock.armed.all], [1, 0])
  })

  it('ends a record in a part of a bisected request', async () => {
    let refused = 0
    const { producer, clock, dropped, client } = createHarness(
      { batchSize: 4, flushInterval: 0, recordTtl: TTL, maxInFlight: 1 },
      request => {
        if (refused++ === 0) throw serviceError('ValidationException')
        if (request.Records.some(record => textOf(record) === 'r4')) return client.store(request)
        throw serviceError('InternalFailure', 500)
      },
    )
    producer.start()
    await addMany(producer, 4)
    await clock.advance(TTL)
    assert.deepEqual(
      dropped.map(({ record, reason }) => `${String(record.data)} ${reason}`).toSorted(),
      texts(4).map(text => `${text} expired`),
    )
    assertLaw(producer)
  })

  it('does not end a record in flight, whose answer decides', async () => {
    const answer = deferred<void>()
    const { producer, client, clock, dropped } = createHarness(
      { batchSize: 1, flushInterval: 0, recordTtl: TTL, requestTimeout: 0 },
      async request => {
        await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 1)
    await clock.advance(TTL * 2)
    assert.equal(dropped.length, 0)
    answer.resolve()
    await settle()
    assert.equal(client.stored.length, 1)
  })

  it('sends nothing that is too old, though timers are late', async () => {
    const { producer, client, clock, dropped } = createHarness({
      batchSize: 2,
      flushInterval: 0,
      recordTtl: TTL,
    })
    producer.start()
    producer.tryAdd('old')
    await clock.freeze(TTL + 500)
    producer.tryAdd('young 1')
    producer.tryAdd('young 2')
    await settle()
    assert.deepEqual(
      dropped.map(({ record }) => record.data),
      ['old'],
    )
    assert.deepEqual(client.stored, ['young 1', 'young 2'])
  })

  it('of a full buffer ends in steps of 5000, with turns between them and no request', async () => {
    const { producer, client, clock, dropped } = createHarness(
      {
        batchSize: 500,
        bufferSize: 20_000,
        flushInterval: 0,
        recordTtl: TTL,
        whenFull: 'reject',
        logger: false,
      },
      () => {
        throw serviceError('AccessDeniedException')
      },
    )
    producer.start()
    for (let i = 0; i < 12_000; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(TTL - 1)
    const calls = client.calls.length
    const seen: number[] = []
    const watch = setImmediate(function look() {
      seen.push(dropped.length)
      if (dropped.length < 12_000) setImmediate(look)
    })
    await clock.advance(1)
    for (let i = 0; i < 20 && dropped.length < 12_000; i++) await settle()
    clearImmediate(watch)
    assert.equal(dropped.length, 12_000)
    assert.ok(
      seen.some(count => count > 0 && count < 12_000),
      `in one go: ${seen.join(' ')}`,
    )
    assert.equal(client.calls.length, calls)
  }).timeout(20_000)
})

describe('requestTimeout 0', () => {
  it('lets a request take for ever, says so once, and close ends it', async () => {
    const { producer, client, clock, log } = createHarness(
      { batchSize: 1, flushInterval: 0, requestTimeout: 0 },
      never,
    )
    producer.start()
    await addMany(producer, 1)
    await clock.advance(1_000_000_000)
    assert.equal(client.calls.length, 1)
    assert.equal(producer.stats().requestsInFlight, 1)
    assert.equal(log.filter(({ message }) => /requestTimeout is 0/.test(message)).length, 1)
    const closing = producer.close(1000)
    await clock.advance(1000)
    assert.equal((await closing).leftover.length, 1)
  })
})
