import assert from 'node:assert/strict'
import type { RequestReport, StatsBatch } from '@kinesis-producer/core'
import { serviceError } from '../../support/core/fake-client.js'
import { addMany, createHarness } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

const figures = (stats: StatsBatch) => [
  stats.bufferSize,
  stats.recordsSentSuccessfullySinceLastStat,
  stats.recordsDroppedSinceLastStat,
  stats.kinesisErrorsSinceLastStat,
]

describe('stats', () => {
  it('tell what happened since the last batch of them, and once more on stop', async () => {
    const received: StatsBatch[] = []
    let broken = false
    const { producer, client, clock } = createHarness(
      {
        batchSize: 5,
        flushInterval: 0,
        statInterval: 1000,
        statReceiver: { receive: stats => void received.push(stats) },
      },
      request => {
        if (broken) throw serviceError('InternalFailure', 500)
        return client.store(request, text => (text === 'r1' ? 'ValidationException' : undefined))
      },
    )
    producer.start()
    await addMany(producer, 7)
    await clock.advance(1000)
    assert.deepEqual(received.map(figures), [[2, 4, 1, 0]])
    await clock.advance(1000)
    assert.deepEqual(figures(received[1]!), [2, 0, 0, 0])
    broken = true
    await addMany(producer, 3, 7)
    await settle()
    await producer.stop()
    assert.deepEqual(figures(received[2]!), [5, 0, 0, 1])
    await clock.advance(10_000)
    assert.equal(received.length, 3)
  })

  it('come once more after a flush that asks for them and leaves nothing', async () => {
    const received: StatsBatch[] = []
    const statReceiver = { receive: (stats: StatsBatch) => void received.push(stats) }
    const { producer, client, clock } = createHarness({
      batchSize: 5,
      flushInterval: 0,
      statReceiver,
    })
    producer.start()
    await addMany(producer, 2)
    await producer.flush(0, true)
    assert.deepEqual(received.map(figures), [[0, 2, 0, 0]])
    producer.start()
    await producer.add('x')
    client.handler = () => new Promise(() => {})
    const flush = producer.flush(10, true)
    await clock.advance(10)
    await flush
    assert.equal(received.length, 1)
  })

  it('survive a receiver that throws', async () => {
    const { producer, clock, log, client } = createHarness({
      batchSize: 1,
      flushInterval: 0,
      statReceiver: {
        receive: () => {
          throw new Error('mine')
        },
      },
    })
    producer.start()
    await clock.advance(5000)
    await addMany(producer, 1)
    await settle()
    assert.equal(client.stored.length, 1)
    assert.equal(log.filter(({ message }) => /statReceiver.receive threw/.test(message)).length, 1)
  })

  it('let an operator see early that something is wrong', async () => {
    let broken = false
    const { producer, client, clock } = createHarness(
      { batchSize: 2, flushInterval: 0, maxInFlight: 1 },
      request => {
        if (broken) throw serviceError('ServiceUnavailable', 503)
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 2)
    await settle()
    broken = true
    await addMany(producer, 4)
    await clock.advance(7000)
    const stats = producer.stats()
    assert.equal(stats.remaining, 4)
    assert.equal(stats.remainingBytes, 16)
    assert.equal(stats.oldestRecordAge, 7000)
    assert.equal(stats.sinceLastSuccess, 7000)
    assert.equal(stats.requestErrorsByCode['ServiceUnavailable'], stats.consecutiveErrors)
    assert.ok(stats.retries >= 8)
    assert.equal(stats.requestLimit, 1)
    assert.equal(stats.bytesDelivered, 8)
  })
})

describe('logged events', () => {
  it('are success, partial success, re-enqueued, dropped and request error', async () => {
    let call = 0
    const { producer, client, clock, log } = createHarness(
      { batchSize: 2, flushInterval: 0, maxAttemptsPerRecord: 2 },
      request => {
        if (++call === 2) throw serviceError('InternalFailure', 500)
        return client.store(request, text => (text === 'r3' ? 'InternalFailure' : undefined))
      },
    )
    producer.start()
    await addMany(producer, 2)
    await settle()
    await addMany(producer, 2, 2)
    await clock.advance(10_000)
    const said = log.map(
      ({ level, message }) => `${level} ${message.replace('kinesis producer s: ', '')}`,
    )
    assert.deepEqual(said, [
      'debug success: 2 records stored',
      'warn request error: InternalFailure for 2 records (1 in a row): InternalFailure happened',
      'info re-enqueued: 2 records will be tried again',
      'warn partial success: 1 records stored, 1 refused (InternalFailure 1)',
      'info re-enqueued: 1 records will be tried again',
      'error dropped: 1 record was given up (maxAttempts: InternalFailure happened)',
    ])
  })

  it('warn at most once in 30 s of a kind, and then tell how often', async () => {
    const { producer, clock, log } = createHarness({ batchSize: 1, flushInterval: 0 }, () => {
      throw serviceError('InternalFailure', 500)
    })
    producer.start()
    await addMany(producer, 1)
    await clock.advance(29_000)
    const warnings = () => log.filter(({ level }) => level === 'warn')
    assert.equal(warnings().length, 1)
    await clock.advance(31_000)
    assert.ok(warnings().length >= 2 && warnings().length <= 3)
    assert.match(warnings()[1]!.message, /and \d+ more like it/)
  })

  it('harm nothing when the logger throws', async () => {
    const throws = () => {
      throw new Error('mine')
    }
    const { producer, client } = createHarness({
      batchSize: 1,
      flushInterval: 0,
      logger: { debug: throws, info: throws, warn: throws, error: throws },
    })
    producer.start()
    await addMany(producer, 3)
    await settle()
    assert.equal(client.stored.length, 3)
  })
})

describe('onRequest', () => {
  it('tells each request with its duration and records, and the error of one that failed', async () => {
    const reports: RequestReport[] = []
    const { producer, client, clock } = createHarness({
      batchSize: 5,
      flushInterval: 0,
      packing: { kind: 'concat' },
      onRequest: report => {
        reports.push(report)
        throw new Error('mine')
      },
    })
    client.handler = async request => {
      await new Promise<void>(resolve => void clock.setTimeout(resolve, 25))
      if (client.calls.length === 1) throw serviceError('InternalFailure', 500)
      return client.store(request)
    }
    producer.start()
    for (let i = 0; i < 5; i++) await producer.add(`${i}`)
    const drained = producer.drain()
    await clock.advance(1000)
    assert.equal((await drained).remaining, 0)
    assert.deepEqual(reports, [
      { duration: 25, records: 5, kinesisRecords: 1, errorCode: 'InternalFailure' },
      { duration: 25, records: 5, kinesisRecords: 1 },
    ])
  })
})
