import assert from 'node:assert/strict'
import type { ProducerConfig, PutRecordsResponse, Receipt } from '@kinesis-producer/core'
import { UserCallbacks } from '@kinesis-producer/core/internal/callbacks/user-callbacks'
import { RecordQueue } from '@kinesis-producer/core/internal/queue/record-queue'
import { CircuitBreaker } from '@kinesis-producer/core/internal/request/circuit-breaker'
import { InFlightLimit } from '@kinesis-producer/core/internal/request/in-flight-limit'
import type { SentRequest } from '@kinesis-producer/core/internal/request/scheduler'
import { Settlement } from '@kinesis-producer/core/internal/settling/settlement'
import { Settler } from '@kinesis-producer/core/internal/settling/settler'
import { Counters } from '@kinesis-producer/core/internal/stats/counters'
import { EventLog } from '@kinesis-producer/core/internal/stats/event-log'
import { WarningLimiter } from '@kinesis-producer/core/internal/stats/warning-limiter'
import { NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import { deferred, serviceError, textOf } from '../../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../../support/core/harness.js'
import { packingOf } from '../../../support/core/packable.js'
import { settle, TestClock } from '../../../support/core/test-clock.js'

const THROTTLED = 'ProvisionedThroughputExceededException'
const SHARD = 'shardId-000000000000'

const result = (i: number): { SequenceNumber: string; ShardId: string } => ({
  SequenceNumber: String(i + 1),
  ShardId: SHARD,
})
const results = (count: number) => Array.from({ length: count }, (_, i) => result(i))
const thrower = (): never => {
  throw new Error('a getter')
}

/** What a client of one's own may resolve with in place of an answer for three records. */
const GARBLED: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a number', 42],
  ['text with a byte order mark', `\ufeff${JSON.stringify({ Records: results(3) })}`],
  ['no results', {}],
  ['results that are no array', { Records: { length: 3 } }],
  ['fewer results', { Records: results(2) }],
  ['more results', { Records: results(4) }],
  ['results of nothing', { Records: [null, undefined, 7] }],
  ['a getter that throws', Object.defineProperty({}, 'Records', { get: thrower })],
  ['a revoked proxy', revoked()],
  [
    'empty sequence numbers',
    { Records: results(3).map(({ ShardId }) => ({ ShardId, SequenceNumber: '' })) },
  ],
  ['sequence numbers that are numbers', { Records: results(3).map(() => ({ SequenceNumber: 7 })) }],
  ['codes that are numbers', { Records: results(3).map(() => ({ ErrorCode: 500 })) }],
  ['codes that are objects', { Records: results(3).map(() => ({ ErrorCode: {} })) }],
  ['the code "constructor"', { Records: results(3).map(() => ({ ErrorCode: 'constructor' })) }],
  ['the code "__proto__"', { Records: results(3).map(() => ({ ErrorCode: '__proto__' })) }],
  ['an empty code and nothing else', { Records: results(3).map(() => ({ ErrorCode: '' })) }],
  [
    'a message that throws',
    {
      Records: results(3).map(() =>
        Object.defineProperty({ ErrorCode: 'X' }, 'ErrorMessage', { get: thrower }),
      ),
    },
  ],
]

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('an answer that is garbled', () => {
  for (const [what, answer] of GARBLED) {
    it(`by ${what} loses no record and stops nothing`, async () => {
      let garbled = true
      const { producer, client, clock, dropped, log } = createHarness(
        { batchSize: 3, flushInterval: 0 },
        request => client.store(request),
      )
      const inner = client.handler
      client.handler = (request, options) => {
        if (!garbled) return inner(request, options)
        garbled = false
        return answer as PutRecordsResponse
      }
      producer.start()
      await addMany(producer, 3)
      await clock.advance(60_000)
      assert.equal(client.calls.length, 2)
      assert.deepEqual(new Set(client.stored), new Set(texts(3)))
      assert.deepEqual([dropped.length, producer.stats().remaining], [0, 0])
      assert.ok(!log.some(({ message }) => /unexpected/.test(message)))
      assertLaw(producer)
    })
  }

  it('by an empty code beside a sequence number is a stored record', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 3, flushInterval: 0 }, () => ({
      Records: results(3).map(stored => Object.assign(stored, { ErrorCode: '' })),
    }))
    producer.start()
    await addMany(producer, 3)
    await clock.advance(60_000)
    assert.deepEqual([client.calls.length, producer.stats().delivered], [1, 3])
  })
})

describe('settling that throws', () => {
  const make = () => {
    const timers = new Timers(new TestClock())
    const errors: string[] = []
    const changes: string[] = []
    const say = (message: string): void => void errors.push(message)
    const logger = { debug: () => {}, info: () => {}, warn: say, error: say }
    const callbacks = new UserCallbacks({
      onDrop: undefined,
      onRequest: undefined,
      statReceiver: undefined,
      logger,
    })
    const counters = new Counters()
    const log = new EventLog(callbacks, new WarningLimiter(() => 0), 's', logger)
    const settlement = new Settlement(counters, log, callbacks)
    const queue = new RecordQueue(
      {
        bufferSize: 100,
        bufferBytes: 1000,
        ordered: false,
        recordTtl: 0,
        dueRecords: 1,
        dueBytes: 100,
        random: () => 0.5,
      },
      new SlabStore(1000, NO_FRAMING),
    )
    const inFlightLimit = new InFlightLimit(4)
    const breaker = new CircuitBreaker(inFlightLimit, () => 0.5)
    const settler = new Settler({
      queue,
      breaker,
      inFlightLimit,
      settlement,
      counters,
      log,
      timers,
      callbacks,
      whenFull: 'reject',
      maxAttemptsPerRecord: 3,
      retryTimeout: 0,
      shardsChanged: () => void changes.push('changed'),
    })
    for (let i = 0; i < 3; i++) queue.admit('x', 'k', undefined, 2, 0, undefined, undefined)
    const options = { now: 0, maxRecords: 3, alternates: false }
    const take = (): SentRequest => {
      const batch = queue.take(packingOf({ kind: 'none' }).packer.open(3), true, options)
      assert.ok(batch !== undefined)
      const generation = breaker.started()
      const number = inFlightLimit.started()
      return {
        batch,
        carriers: undefined,
        shards: undefined,
        count: 3,
        startedAt: 0,
        generation,
        number,
      }
    }
    return { settler, queue, breaker, counters, settlement, callbacks, errors, changes, take }
  }
  const defect = (): never => {
    throw new Error('a defect')
  }

  it('before a record moved puts all back, and counts as a failed request', () => {
    const { settler, queue, breaker, counters, callbacks, errors, take } = make()
    counters.requestEnded = defect
    const request = take()
    assert.doesNotThrow(() => settler.answered(request, { kind: 'allStored', places: undefined }))
    callbacks.run()
    assert.deepEqual([queue.records, counters.delivered, breaker.consecutiveErrors], [3, 0, 1])
    assert.equal(errors.length, 1)
    assert.match(errors[0] ?? '', /unexpected error, records are kept: Error: a defect/)
    assert.equal(take().batch.records.length, 3, 'they go again')
  })

  it('after the records left puts none back: none is delivered twice', () => {
    const { settler, queue, settlement, take } = make()
    settlement.delivered = defect
    settler.answered(take(), { kind: 'allStored', places: undefined })
    assert.equal(queue.records, 0)
  })

  for (const kind of ['allStored', 'answered'] as const) {
    for (const [shardId, left] of [
      ['made for', 0],
      ['another', 2],
    ] as const) {
      it(`lets an aggregate in the shard ${shardId} leave ${left} of three records (${kind})`, () => {
        const { settler, queue, counters, changes, take } = make()
        const stored = { kind: 'stored', shardId, sequenceNumber: '1' } as const
        const outcome =
          kind === 'allStored' ? { kind, places: [stored] } : { kind, results: [stored] }
        const request = { ...take(), carriers: [0, 0, 0], shards: ['made for'], count: 1 }
        settler.answered(request, outcome)
        assert.deepEqual([queue.records, counters.delivered], [left, 3 - left])
        assert.equal(changes.length, left === 0 ? 0 : 1)
      })
    }
  }

  it('splits a request that could not be built, without an outage', () => {
    const { settler, queue, breaker, take } = make()
    settler.answered(take(), { kind: 'unbuilt', error: new Error('no memory') })
    assert.deepEqual([queue.records, breaker.consecutiveErrors], [3, 0])
    assert.equal(take().batch.isPart, true)
  })

  it('lets an answer without a result for a record count as a failure of that record', () => {
    const { settler, queue, counters, take } = make()
    const stored = { kind: 'stored', shardId: 's', sequenceNumber: '1' } as const
    settler.answered(take(), { kind: 'answered', results: [stored, stored] })
    assert.deepEqual([queue.records, counters.delivered, counters.retries], [1, 2, 1])
  })
})

describe('more shards or codes than are counted apart', () => {
  it('are all delivered, and counted as other', async () => {
    const seen = new Set<string>()
    const { producer, client, clock } = createHarness({
      batchSize: 500,
      bufferSize: 5000,
      flushInterval: 50,
      whenFull: 'reject',
    })
    client.handler = request => ({
      Records: request.Records.map(record => {
        const text = textOf(record)
        const shard = `shardId-${text.slice(1).padStart(12, '0')}`
        if (seen.has(text)) return { ShardId: shard, SequenceNumber: '1' }
        seen.add(text)
        return {
          ErrorCode: THROTTLED,
          ErrorMessage: `Rate exceeded for shard ${shard} in stream s`,
        }
      }),
    })
    producer.start()
    for (let i = 0; i < 1500; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(600_000)
    const { delivered, throttledByShard } = producer.stats()
    assert.equal(delivered, 1500)
    assert.equal(Object.keys(throttledByShard).length, 1001)
    assert.equal(throttledByShard['other'], 500)
    assertLaw(producer)
  }).timeout(20_000)

  it('of requests are counted as other as well', async () => {
    let failures = 0
    const { producer, clock } = createHarness({ batchSize: 1, flushInterval: 0 }, () => {
      throw serviceError(`Invented${failures++}`, 500)
    })
    producer.start()
    await addMany(producer, 1)
    await clock.advance(11_000_000)
    const { requestErrors, requestErrorsByCode } = producer.stats()
    assert.ok(requestErrors > 1050, `${requestErrors} errors`)
    assert.equal(Object.keys(requestErrorsByCode).length, 1001)
    assert.equal(requestErrorsByCode['other'], requestErrors - 1000)
  }).timeout(20_000)
})

describe('a code of a single record that waits for an operator', () => {
  const paused = async (config: ProducerConfig = {}) => {
    let denied = true
    const harness = createHarness(
      { batchSize: 5, flushInterval: 0, maxAttemptsPerRecord: 1, retryTimeout: 1, ...config },
      request =>
        harness.client.store(request, text =>
          denied && text === 'r2' ? 'KMSAccessDeniedException' : undefined,
        ),
    )
    harness.producer.start()
    await addMany(harness.producer, 5)
    return { ...harness, permit: () => (denied = false) }
  }

  it('pauses: the record is kept for an hour, with one loud message at a time', async () => {
    const { producer, client, clock, dropped, log } = await paused()
    await settle()
    assert.equal(producer.stats().paused, true)
    assert.deepEqual([producer.stats().delivered, producer.stats().remaining], [4, 1])
    await clock.advance(3_600_000)
    assert.deepEqual(dropped, [])
    assert.equal(producer.stats().paused, true)
    assert.ok(client.calls.length < 130, `${client.calls.length} requests in an hour`)
    const loud = log.filter(({ level }) => level === 'error')
    assert.equal(
      loud[0]?.message,
      'kinesis producer s: KMSAccessDeniedException for 1 record: KMSAccessDeniedException happened; ' +
        'paused, records are kept: mend it and sending resumes by itself',
    )
    assert.ok(loud.length <= 120, `${loud.length} loud messages in an hour`)
    assertLaw(producer)
  })

  it('resumes by itself when it is mended', async () => {
    const { producer, client, clock, permit } = await paused()
    await clock.advance(60_000)
    permit()
    await clock.advance(30_000)
    assert.equal(producer.stats().paused, false)
    assert.deepEqual(client.stored.toSorted(), texts(5))
  })
})

describe('what an answer says of the service', () => {
  it('is that it works, when a record failed by itself among others', async () => {
    const { producer, client } = createHarness({ batchSize: 5, flushInterval: 0 }, request =>
      client.store(request, text => (text === 'r1' ? 'InternalFailure' : undefined)),
    )
    producer.start()
    await addMany(producer, 5)
    await settle()
    assert.deepEqual([producer.stats().consecutiveErrors, producer.stats().requestLimit], [0, 4])
  })

  it('is that it is broken, when all records failed', async () => {
    const { producer, client } = createHarness({ batchSize: 5, flushInterval: 0 }, request =>
      client.store(request, () => 'InternalFailure'),
    )
    producer.start()
    await addMany(producer, 5)
    await settle()
    assert.deepEqual([producer.stats().consecutiveErrors, producer.stats().requestLimit], [1, 2])
  })

  it('is nothing bad, when all were throttled by shards that are named: those back off', async () => {
    const { producer, client } = createHarness({ batchSize: 5, flushInterval: 0 }, request =>
      client.store(request, () => THROTTLED),
    )
    producer.start()
    await addMany(producer, 5)
    await settle()
    assert.equal(producer.stats().consecutiveErrors, 0)
    assert.deepEqual(producer.stats().throttledByShard, { [SHARD]: 5 })
  })

  it('is that it asks for less, when all were throttled and no shard is named', async () => {
    const { producer, client } = createHarness({ batchSize: 5, flushInterval: 0 })
    client.handler = request => ({
      Records: request.Records.map(() => ({ ErrorCode: THROTTLED, ErrorMessage: 'slow down' })),
    })
    producer.start()
    await addMany(producer, 5)
    await settle()
    assert.equal(producer.stats().consecutiveErrors, 1)
    assert.deepEqual(producer.stats().throttledByShard, { unknown: 5 })
  })

  it('is nothing bad, when records without a key were throttled: they go elsewhere', async () => {
    const { producer, client } = createHarness({ batchSize: 5, flushInterval: 0 })
    client.handler = request => ({
      Records: request.Records.map(() => ({ ErrorCode: THROTTLED, ErrorMessage: 'slow down' })),
    })
    producer.start()
    for (let i = 0; i < 5; i++) await producer.add(`r${i}`)
    await settle()
    assert.equal(producer.stats().consecutiveErrors, 0)
  })

  it('is that it asks for less, when a hash key stands for the key', async () => {
    const { producer, client } = createHarness({ batchSize: 1, flushInterval: 0 })
    client.handler = request => ({
      Records: request.Records.map(() => ({ ErrorCode: THROTTLED, ErrorMessage: 'slow down' })),
    })
    producer.start()
    await producer.add('r0', undefined, { explicitHashKey: '7' })
    await settle()
    assert.equal(producer.stats().consecutiveErrors, 1)
  })

  it('is that it works, when all were refused for good', async () => {
    const { producer, client, dropped } = createHarness(
      { batchSize: 5, flushInterval: 0 },
      request => client.store(request, () => 'InvalidArgumentException'),
    )
    producer.start()
    await addMany(producer, 5)
    await settle()
    assert.equal(dropped.length, 5)
    assert.equal(producer.stats().consecutiveErrors, 0)
  })

  it('ends an outage, though each of its records failed in its own way', async () => {
    let call = 0
    const { producer, client, clock } = createHarness(
      { batchSize: 2, flushInterval: 0 },
      request => {
        if (++call === 1) throw serviceError('InternalFailure', 500)
        return client.store(request, text =>
          text === 'r0' ? 'InvalidArgumentException' : THROTTLED,
        )
      },
    )
    producer.start()
    await addMany(producer, 2)
    await clock.advance(50)
    assert.equal(producer.stats().consecutiveErrors, 0)
  })
})

describe('receipts', () => {
  it('name the shard and the sequence number of their own record, retries included', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 4, flushInterval: 0 })
    let sequence = 0
    client.handler = request => ({
      Records: request.Records.map((record): { [key: string]: string } => {
        const text = textOf(record)
        if (client.calls.length === 1 && text === 'r1') return { ErrorCode: 'InternalFailure' }
        return { ShardId: `shard of ${text}`, SequenceNumber: `${text} ${++sequence}` }
      }),
    })
    producer.start()
    const receipts: Promise<Receipt>[] = []
    for (let i = 0; i < 4; i++) receipts.push(producer.put(`r${i}`, `k${i}`))
    await clock.advance(1000)
    assert.deepEqual(
      (await Promise.all(receipts)).map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
      [
        ['shard of r0', 'r0 1'],
        ['shard of r1', 'r1 4'],
        ['shard of r2', 'r2 2'],
        ['shard of r3', 'r3 3'],
      ],
    )
  })

  it('of packed records name the place of the Kinesis record that carried them', async () => {
    const { producer, client } = createHarness({
      batchSize: 500,
      flushInterval: 0,
      packing: { kind: 'concat' },
    })
    let place = 0
    client.handler = request => ({
      Records: request.Records.map(({ PartitionKey }) => ({
        ShardId: PartitionKey,
        SequenceNumber: String(++place),
      })),
    })
    producer.start()
    const receipts = ['a', 'b', 'a'].map(key => producer.put('x', key))
    await producer.drain()
    assert.deepEqual(
      (await Promise.all(receipts)).map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '1'],
      ],
    )
  })
})

describe('what settling counts and tells', () => {
  it('is each request once, with its duration, records and Kinesis records', async () => {
    const reports: unknown[] = []
    const { producer, client, clock } = createHarness(
      {
        batchSize: 2,
        flushInterval: 0,
        onRequest: report => void reports.push(report),
      },
      async request => {
        await new Promise<void>(resolve => void clock.setTimeout(resolve, 10))
        return client.store(request, text =>
          client.calls.length === 1 && text === 'r1' ? 'InternalFailure' : undefined,
        )
      },
    )
    producer.start()
    await addMany(producer, 2)
    await clock.advance(1000)
    assert.deepEqual(reports, [
      { duration: 10, records: 2, kinesisRecords: 2 },
      { duration: 10, records: 1, kinesisRecords: 1 },
    ])
    const { requests, kinesisRecords, recordsPerRequest, retries, requestLatency } =
      producer.stats()
    assert.deepEqual([requests, kinesisRecords, recordsPerRequest, retries], [2, 3, 1.5, 1])
    assert.ok(Math.abs(requestLatency.max - 10) < 0.1)
  })

  it('is every record that goes again, after a failed request as well', async () => {
    let call = 0
    const { producer, client, clock } = createHarness(
      { batchSize: 5, flushInterval: 0 },
      request => {
        if (++call === 1) throw serviceError('InternalFailure', 500)
        if (call === 2) throw serviceError('ValidationException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 5)
    await clock.advance(1000)
    assert.deepEqual(client.sizes, [5, 5, 3, 2])
    assert.equal(producer.stats().retries, 10)
    assert.deepEqual(producer.stats().requestErrorsByCode, {
      InternalFailure: 1,
      ValidationException: 1,
    })
  })

  it('is one warning for thousands that are given up', async () => {
    const { producer, client, clock, log, dropped } = createHarness(
      {
        batchSize: 500,
        bufferSize: 10_000,
        flushInterval: 50,
        recordTtl: 1000,
        whenFull: 'reject',
      },
      () => new Promise<PutRecordsResponse>(() => {}),
    )
    client.handler = () => {
      throw serviceError('AccessDeniedException')
    }
    producer.start()
    for (let i = 0; i < 5000; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(1000)
    assert.equal(dropped.length, 5000)
    const told = log.filter(({ message }) => /dropped/.test(message))
    assert.deepEqual(
      told.map(({ level, message }) => [level, message.replace(/expired.*/, 'expired')]),
      [['error', 'kinesis producer s: dropped: 5000 records were given up (expired']],
    )
  })
})

describe('the rule of a stuck batch', () => {
  const fill = async (config: ProducerConfig, error: Error) => {
    const harness = createHarness(
      { batchSize: 5, bufferSize: 20, flushInterval: 0, maxInFlight: 1, ...config },
      () => {
        throw error
      },
    )
    harness.producer.start()
    for (let i = 0; i < 20; i++) harness.producer.tryAdd(`r${i}`, `k${i}`)
    return harness
  }

  for (const [whenFull, drops] of [
    ['rejectThenDropBatch', true],
    ['waitThenDropBatch', true],
    ['reject', false],
    ['wait', false],
    ['dropOldest', false],
    ['dropNewest', false],
  ] as const) {
    it(`${drops ? 'gives up the batch' : 'is not that'} of ${whenFull}`, async () => {
      const { producer, clock, dropped } = await fill(
        { whenFull },
        serviceError('InternalFailure', 500),
      )
      await clock.advance(120_000)
      assert.equal(dropped.length, drops ? 5 : 0)
      assert.ok(dropped.every(({ reason }) => reason === 'bufferFull'))
      assertLaw(producer)
    })
  }

  it('comes with the fifth failure in a row, and not before', async () => {
    const { clock, dropped } = await fill({}, serviceError('InternalFailure', 500))
    await clock.advance(50 + 100 + 200 + 400 - 1)
    assert.equal(dropped.length, 0)
    await clock.advance(1)
    assert.equal(dropped.length, 5)
  })

  it('does not come while an operator has to mend something', async () => {
    const { clock, dropped } = await fill({}, serviceError('AccessDeniedException'))
    await clock.advance(600_000)
    assert.equal(dropped.length, 0)
  })

  it('does not come while the buffer has capacity', async () => {
    const { producer, clock, dropped } = createHarness(
      { batchSize: 5, bufferSize: 20, flushInterval: 0, maxInFlight: 1 },
      () => {
        throw serviceError('InternalFailure', 500)
      },
    )
    producer.start()
    await addMany(producer, 18)
    await clock.advance(600_000)
    assert.equal(dropped.length, 0)
    await addMany(producer, 1, 18)
    await clock.advance(10_000)
    assert.ok(dropped.length > 0)
  })

  it('rejects the receipts of the batch', async () => {
    const { producer, clock } = createHarness(
      { batchSize: 2, bufferSize: 2, flushInterval: 0, maxInFlight: 1 },
      () => {
        throw serviceError('InternalFailure', 500)
      },
    )
    producer.start()
    const rejected = [1, 2].map(i =>
      assert.rejects(producer.put(`r${i}`, 'k'), { code: 'DELIVERY_FAILED', reason: 'bufferFull' }),
    )
    await clock.advance(1000)
    await Promise.all(rejected)
    assert.equal(producer.stats().remaining, 0)
  })
})

describe('messages of failures', () => {
  it('are kept bounded, however long the service’s are, and without line breaks', async () => {
    const message = `first line\n${'m'.repeat(1_000_000)}`
    const { producer, clock, dropped, log } = createHarness(
      { batchSize: 1, flushInterval: 0, maxAttemptsPerRecord: 2 },
      request => ({
        Records: request.Records.map(() => ({
          ErrorCode: 'c'.repeat(1000),
          ErrorMessage: message,
        })),
      }),
    )
    producer.start()
    await producer.add('x', 'k')
    await clock.advance(60_000)
    const [drop] = dropped
    assert.equal(drop?.reason, 'maxAttempts')
    assert.equal(drop.attempts.length, 2)
    for (const attempt of drop.attempts) {
      assert.ok(attempt.message !== undefined && attempt.message.length <= 256)
      assert.ok(attempt.code.length <= 128)
      assert.ok(!attempt.message.includes('\n'))
    }
    for (const { message: line } of log) assert.ok(line.length < 1000, `${line.length}`)
  })

  it('of codes that a service invents are at most fifty kinds of lines', async () => {
    let invented = 0
    const { producer, clock, log } = createHarness({ batchSize: 1, flushInterval: 0 }, () => {
      throw serviceError(`Invented${invented++}`, 500)
    })
    producer.start()
    await addMany(producer, 1)
    await clock.advance(3_600_000)
    const kinds = new Set(
      log
        .filter(({ level }) => level === 'warn')
        .map(({ message }) => /Invented\d+/.exec(message)?.[0]),
    )
    assert.ok(invented > 300)
    // Fifty of their own, and one each half minute for all others.
    assert.ok(kinds.size <= 51 + 120, `${kinds.size} kinds`)
  }).timeout(20_000)
})

describe('an answer that comes when nobody waits for it', () => {
  it('changes nothing any more after close', async () => {
    const answer = deferred<void>()
    const { producer, client, clock } = createHarness(
      { batchSize: 2, flushInterval: 0 },
      async request => {
        await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 2)
    const closing = producer.close(10)
    await clock.advance(10)
    const { leftover } = await closing
    const before = producer.stats()
    answer.resolve()
    await settle()
    assert.deepEqual(producer.stats(), before)
    assert.equal(leftover.length, 2)
    assert.equal(before.requests, 0)
  })
})
