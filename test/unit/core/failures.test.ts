import assert from 'node:assert/strict'
import { DeliveryError } from '@kinesis-producer/core'
import { deferred, serviceError } from '../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

const THROTTLED = 'ProvisionedThroughputExceededException'

describe('requests that fail as a whole', () => {
  it('are tried again after 50 ms, doubling, and nothing is lost', async () => {
    let broken = true
    const { producer, client, clock } = createHarness(
      { batchSize: 5, flushInterval: 0 },
      request => {
        if (broken) throw serviceError('InternalFailure', 500)
        return client.store(request)
      },
    )
    producer.start()
    for (let i = 0; i < 20; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await settle()
    // All four requests left before the first failed; they count as one failure.
    assert.equal(client.calls.length, 4)
    assert.equal(producer.stats().consecutiveErrors, 1)
    for (const [delay, calls, errors] of [
      [50, 5, 2],
      [100, 6, 3],
      [200, 7, 4],
      [400, 8, 5],
    ] as const) {
      await clock.advance(delay - 1)
      assert.equal(client.calls.length, calls - 1, `before ${delay} ms`)
      await clock.advance(1)
      assert.equal(client.calls.length, calls, `after ${delay} ms`)
      assert.equal(producer.stats().consecutiveErrors, errors)
    }
    broken = false
    await clock.advance(800)
    assert.deepEqual(client.stored, texts(20))
    assert.equal(producer.stats().consecutiveErrors, 0)
    assert.equal(producer.stats().requestErrorsByCode['InternalFailure'], 8)
    assertLaw(producer)
  })

  it('cost at most one request per capped delay in a long outage', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 5, flushInterval: 50, bufferSize: 100_000 },
      () => {
        throw serviceError('ServiceUnavailable', 503)
      },
    )
    producer.start()
    await addMany(producer, 1000)
    await clock.advance(60_000)
    const before = client.calls.length
    await clock.advance(3_600_000)
    assert.ok(
      client.calls.length - before <= 361,
      `${client.calls.length - before} requests in an hour`,
    )
    assert.equal(producer.stats().remaining, 1000)
    assertLaw(producer)
  })

  it('do not count as attempts of their records', async () => {
    let failures = 20
    const { producer, client, clock } = createHarness(
      { batchSize: 5, flushInterval: 0, maxAttemptsPerRecord: 2 },
      request => {
        if (failures-- > 0) throw serviceError('InternalFailure', 500)
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 5)
    await clock.advance(200_000)
    assert.deepEqual(client.stored.toSorted(), texts(5))
  })

  it('let a stop through promptly in the middle of a backoff', async () => {
    const { producer, clock } = createHarness({ batchSize: 5, flushInterval: 0 }, () => {
      throw serviceError('InternalFailure', 500)
    })
    producer.start()
    await addMany(producer, 5)
    await clock.advance(1000)
    await producer.stop()
    assert.equal(producer.stats().remaining, 5)
    assert.equal(clock.armed.all, 0)
  })

  it('may be thrown at once instead of rejected, and be no Error at all', async () => {
    const thrown: unknown[] = ['text', undefined, null, 42, { code: 'ECONNREFUSED' }]
    const count = thrown.length
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 0 },
      request => {
        if (thrown.length > 0) throw thrown.shift()
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 1)
    await clock.advance(10_000)
    assert.deepEqual(client.stored, texts(1))
    assert.equal(producer.stats().requestErrors, count)
  })

  it('are given up after requestTimeout, aborted, and marked as a possible duplicate', async () => {
    let signal: AbortSignal | undefined
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 0, requestTimeout: 5000 },
      (request, options) => {
        if (client.calls.length > 1) return client.store(request)
        signal = options?.abortSignal
        return new Promise(() => {})
      },
    )
    producer.start()
    const receipt = producer.put('r0', 'k')
    await clock.advance(5000)
    assert.equal(signal?.aborted, true)
    await clock.advance(50)
    const { possibleDuplicate, attempts } = await receipt
    assert.equal(possibleDuplicate, true)
    assert.deepEqual(
      attempts.map(({ code, ambiguous, duration }) => [code, ambiguous, duration]),
      [
        ['RequestTimeoutError', true, 5000],
        ['ok', false, 0],
      ],
    )
    assert.equal(producer.stats().possibleDuplicates, 1)
  })

  it('are not called lost because the process was frozen meanwhile', async () => {
    const answer = deferred<void>()
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 0, requestTimeout: 5000 },
      async request => {
        await answer.promise
        return client.store(request)
      },
    )
    producer.start()
    const receipt = producer.put('r0', 'k')
    await settle()
    await clock.freeze(3_600_000)
    // The answer lay in the socket all the time and is read only now.
    answer.resolve()
    assert.equal((await receipt).possibleDuplicate, false)
    assert.equal(client.calls.length, 1)
  })

  it('count as failed when the answer has fewer results than records', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 5, flushInterval: 0 },
      request => {
        const answer = client.store(request)
        return client.calls.length === 1 ? { ...answer, Records: answer.Records?.slice(1) } : answer
      },
    )
    producer.start()
    await addMany(producer, 5)
    await clock.advance(50)
    assert.deepEqual(client.sizes, [5, 5])
    assert.equal(producer.stats().delivered, 5)
    assert.equal(producer.stats().possibleDuplicates, 5)
    assert.deepEqual(producer.stats().requestErrorsByCode, { ShortResponseError: 1 })
  })

  it('by a missing permission pause the producer, warn once, and resume by themselves', async () => {
    let permitted = false
    const { producer, client, clock, log } = createHarness(
      { batchSize: 5, flushInterval: 0 },
      request => {
        if (!permitted) throw serviceError('AccessDeniedException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 25)
    await clock.advance(600_000)
    assert.equal(producer.stats().paused, true)
    assert.ok(client.calls.length < 40, `${client.calls.length} requests in ten minutes`)
    assert.equal(producer.stats().remaining, 25)
    permitted = true
    await clock.advance(30_000)
    assert.equal(producer.stats().paused, false)
    // The probe that succeeded was a small one; the rest follows in order.
    const rest = client.stored.slice(1)
    assert.deepEqual(
      rest,
      rest.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
    )
    assert.deepEqual(new Set(client.stored), new Set(texts(25)))
    assert.match(
      log.find(({ level }) => level === 'error')?.message ?? '',
      /AccessDeniedException.*paused, records are kept/,
    )
  })
})

describe('records that fail within a response', () => {
  it('one that always fails among 19 good ones is dropped after exactly its attempts', async () => {
    const { producer, client, clock, dropped } = createHarness(
      { batchSize: 20, flushInterval: 0, maxAttemptsPerRecord: 2 },
      request => client.store(request, text => (text === 'r7' ? 'InternalFailure' : undefined)),
    )
    producer.start()
    await addMany(producer, 20)
    await clock.advance(60_000)
    const stats = producer.stats()
    assert.deepEqual([stats.delivered, stats.dropped, stats.remaining], [19, 1, 0])
    assert.equal(stats.droppedByReason.maxAttempts, 1)
    assert.deepEqual(client.sizes, [20, 1])
    assert.equal(dropped.length, 1)
    const [drop] = dropped
    assert.deepEqual(drop?.record, { data: 'r7', partitionKey: 'k7' })
    assert.equal(drop?.reason, 'maxAttempts')
    assert.deepEqual(
      drop?.attempts.map(({ code, delay }) => [code, Math.round(delay)]),
      [
        ['InternalFailure', 0],
        ['InternalFailure', 50],
      ],
    )
    assert.match(String(drop?.error), /InternalFailure happened/)
    assertLaw(producer)
  })

  it('are sent again alone, not with the records that were stored', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 10, flushInterval: 0 },
      request =>
        client.store(request, text =>
          client.calls.length === 1 && Number(text.slice(1)) % 2 === 0 ? THROTTLED : undefined,
        ),
    )
    producer.start()
    await addMany(producer, 10)
    await clock.advance(1000)
    assert.deepEqual(client.sizes, [10, 5])
    assert.deepEqual([...client.stored].toSorted(), texts(10))
    assert.equal(producer.stats().retries, 5)
    assert.deepEqual(producer.stats().throttledByShard, { 'shardId-000000000000': 5 })
  })

  it('are never dropped for being throttled, however long', async () => {
    let hot = true
    const { producer, client, clock } = createHarness(
      { batchSize: 5, flushInterval: 0, maxAttemptsPerRecord: 2 },
      request => client.store(request, () => (hot ? THROTTLED : undefined)),
    )
    producer.start()
    await addMany(producer, 50)
    await clock.advance(600_000)
    assert.equal(producer.stats().remaining, 50)
    assert.ok(
      client.calls.length < 150,
      `${client.calls.length} requests in ten minutes of throttling`,
    )
    hot = false
    await clock.advance(60_000)
    assert.deepEqual([...client.stored].toSorted(), texts(50).toSorted())
  })

  it('back off when all of them are throttled, so that throttling is no storm', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 500, bufferSize: 20_000, flushInterval: 50 },
      request => client.store(request, () => THROTTLED),
    )
    producer.start()
    for (let i = 0; i < 20_000; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(10_000)
    const before = client.calls.length
    await clock.advance(60_000)
    assert.ok(
      client.calls.length - before <= 12,
      `${client.calls.length - before} requests in a minute`,
    )
  })

  it('are dropped at once when the service refuses them for good', async () => {
    const { producer, client, dropped } = createHarness(
      { batchSize: 3, flushInterval: 0 },
      request =>
        client.store(request, text => (text === 'r1' ? 'InvalidArgumentException' : undefined)),
    )
    producer.start()
    await addMany(producer, 3)
    await settle()
    assert.deepEqual(
      dropped.map(({ reason, record }) => [reason, record.data]),
      [['rejected', 'r1']],
    )
    assert.deepEqual(client.stored, ['r0', 'r2'])
  })

  it('expire by recordTtl while nothing can be sent', async () => {
    const { producer, clock, dropped } = createHarness(
      { batchSize: 5, flushInterval: 0, recordTtl: 10_000 },
      () => {
        throw serviceError('AccessDeniedException')
      },
    )
    producer.start()
    await addMany(producer, 3)
    await clock.advance(4000)
    await addMany(producer, 7, 3)
    await clock.advance(6100)
    assert.deepEqual(
      dropped.map(({ record, reason }) => [record.data, reason]),
      texts(3).map(text => [text, 'expired']),
    )
    await clock.advance(4000)
    assert.equal(dropped.length, 10)
    assert.equal(producer.stats().remaining, 0)
    assertLaw(producer)
  })

  it('reject the receipt of a dropped record with its attempts', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 1, flushInterval: 0, maxAttemptsPerRecord: 3 },
      request => client.store(request, () => 'InternalFailure'),
    )
    producer.start()
    const receipt = assert.rejects(producer.put('x'), (error: unknown) => {
      assert.ok(error instanceof DeliveryError)
      assert.equal(error.attempts.length, 3)
      assert.equal(error.reason, 'maxAttempts')
      assert.match(String(error.cause), /InternalFailure/)
      return true
    })
    await clock.advance(1000)
    await receipt
  })

  it('do no further harm when onDrop throws', async () => {
    const { producer, client, log } = createHarness(
      {
        batchSize: 2,
        flushInterval: 0,
        onDrop: () => {
          throw new Error('mine')
        },
      },
      request => client.store(request, text => (text === 'r0' ? 'ValidationException' : undefined)),
    )
    producer.start()
    await addMany(producer, 2)
    await settle()
    assert.deepEqual([producer.stats().dropped, producer.stats().delivered], [1, 1])
    assert.ok(log.some(({ message }) => /onDrop threw: Error: mine/.test(message)))
  })
})

describe('a poison record', () => {
  const poisoned = (poison: readonly string[], config = {}) => {
    const harness = createHarness(
      { batchSize: 500, bufferSize: 5000, flushInterval: 0, ...config },
      request => {
        if (request.Records.some(({ Data }) => poison.includes(Buffer.from(Data).toString())))
          throw serviceError('ValidationException')
        return harness.client.store(request)
      },
    )
    return harness
  }

  it('is found by halving, dropped, and all others are delivered', async () => {
    const { producer, client, clock, dropped } = poisoned(['r123'])
    producer.start()
    for (let i = 0; i < 500; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(60_000)
    assert.deepEqual(
      dropped.map(({ record, reason }) => [record.data, reason]),
      [['r123', 'rejected']],
    )
    assert.equal(client.stored.length, 499)
    assert.ok(client.calls.length <= 1 + 2 * 9, `${client.calls.length} requests`)
    assertLaw(producer)
  })

  it('costs a bounded number of requests even when every record is one', async () => {
    const { producer, client, clock, dropped } = poisoned(texts(64), { batchSize: 64 })
    producer.start()
    for (let i = 0; i < 64; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(3_600_000)
    assert.equal(dropped.length, 64)
    assert.equal(client.calls.length, 127)
  })

  it('does not stop the halves of its request when the service fails in between', async () => {
    const { producer, client, clock, dropped } = poisoned(['r3'], { batchSize: 8 })
    const inner = client.handler
    client.handler = (request, options) => {
      if (client.calls.length === 2) throw serviceError('InternalFailure', 500)
      return inner(request, options)
    }
    producer.start()
    await addMany(producer, 8)
    await clock.advance(60_000)
    assert.equal(dropped.length, 1)
    assert.equal(client.stored.length, 7)
  })

  it('is not suspected when the refusal speaks of the stream', async () => {
    const { producer, clock, dropped } = createHarness({ batchSize: 5, flushInterval: 0 }, () => {
      throw serviceError(
        'ValidationException',
        400,
        "Value 'x' at 'streamName' failed to satisfy constraint",
      )
    })
    producer.start()
    await addMany(producer, 5)
    await clock.advance(60_000)
    assert.equal(dropped.length, 0)
    assert.equal(producer.stats().paused, true)
  })
})
