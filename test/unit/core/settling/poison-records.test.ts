import assert from 'node:assert/strict'
import crypto, { hash } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { ProducerConfig, PutRecordsRequest } from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import { serviceError, textOf } from '../../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness, texts } from '../../../support/core/harness.js'

const HOUR = 3_600_000

const carries = ({ Records }: PutRecordsRequest, text: string): boolean =>
  Records.some(record => textOf(record) === text)

/** A client that lets every request fail which carries one of the texts. */
const poisoned = (
  poison: readonly string[],
  fail: () => never | Promise<never>,
  config: ProducerConfig = {},
) => {
  const harness = createHarness(
    { bufferSize: 5000, flushInterval: 50, whenFull: 'reject', ...config },
    request =>
      poison.some(text => carries(request, text)) ? fail() : harness.client.store(request),
  )
  return harness
}

const throws = (error: unknown) => (): never => {
  throw error
}

const WHOLE_REQUEST_FAILURES: readonly (readonly [string, () => never | Promise<never>])[] = [
  ['500', throws(serviceError('InternalFailure', 500))],
  [
    '502 with a page of HTML',
    throws(
      Object.assign(new SyntaxError('Unexpected token <'), { $metadata: { httpStatusCode: 502 } }),
    ),
  ],
  ['a reset', throws(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))],
  ['no answer at all', () => new Promise<never>(() => {})],
]

describe('a record that makes every request fail which carries it', () => {
  for (const [name, fail] of WHOLE_REQUEST_FAILURES) {
    for (const [size, batchSize] of [
      ['requests of ten', 10],
      ['one request with all the others', 100],
    ] as const) {
      it(`with ${name}, in ${size}, is dropped alone, and all others are delivered`, async () => {
        const { producer, client, clock, dropped } = poisoned(['r42'], fail, {
          batchSize,
          requestTimeout: 1000,
          maxAttemptsPerRecord: 3,
        })
        producer.start()
        await addMany(producer, 100)
        await clock.advance(HOUR)
        assert.deepEqual(
          dropped.map(({ record, reason }) => [record.data, reason]),
          [['r42', 'maxAttempts']],
        )
        assert.deepEqual(new Set(client.stored), new Set(texts(100).filter(text => text !== 'r42')))
        assert.equal(client.stored.length, 99, 'nobody is delivered twice')
        assertLaw(producer)
        await producer.close()
        assert.equal(clock.armed.all, 0)
      })
    }
  }

  it('delays the others by less than a minute, and not by the count of its attempts', async () => {
    const { producer, client, clock } = poisoned(
      ['r5'],
      throws(serviceError('InternalFailure', 500)),
      {
        batchSize: 500,
        maxAttemptsPerRecord: 1000,
      },
    )
    producer.start()
    await addMany(producer, 100)
    await clock.advance(60_000)
    assert.equal(client.stored.length, 99)
    assert.equal(producer.stats().remaining, 1)
  })

  it('is bounded by retryTimeout where attempts are not', async () => {
    const { producer, clock, dropped } = poisoned(
      ['r5'],
      throws(serviceError('InternalFailure', 500)),
      {
        batchSize: 10,
        maxAttemptsPerRecord: 1_000_000,
        retryTimeout: 600_000,
      },
    )
    producer.start()
    await addMany(producer, 20)
    await clock.advance(590_000)
    assert.equal(dropped.length, 0)
    // While it is alone, others have to succeed: only then is it to blame.
    for (let i = 0; i < 100; i++) {
      await addMany(producer, 1, 100 + i)
      await clock.advance(10_000)
    }
    assert.deepEqual(
      dropped.map(({ record, reason }) => [record.data, reason]),
      [['r5', 'retryTimeout']],
    )
    assertLaw(producer)
  })

  it('does not stand alone: several are found, and nobody else is dropped', async () => {
    const culprits = ['r3', 'r4', 'r77']
    const { producer, client, clock, dropped } = poisoned(
      culprits,
      throws(serviceError('InternalFailure', 500)),
      { batchSize: 20, maxAttemptsPerRecord: 2 },
    )
    producer.start()
    await addMany(producer, 100)
    await clock.advance(HOUR)
    assert.deepEqual(
      dropped.map(({ record, reason }) => `${String(record.data)} ${reason}`).toSorted(),
      culprits.map(text => `${text} maxAttempts`),
    )
    assert.equal(client.stored.length, 97)
    assertLaw(producer)
  })

  it('is handed back with what happened to it', async () => {
    const { producer, clock, dropped } = poisoned(
      ['r1'],
      throws(serviceError('InternalFailure', 500)),
      {
        batchSize: 2,
        maxAttemptsPerRecord: 2,
      },
    )
    producer.start()
    await addMany(producer, 10)
    await clock.advance(HOUR)
    const [drop] = dropped
    assert.equal(drop?.record.data, 'r1')
    assert.ok((drop?.attempts.length ?? 0) > 2, 'its failed requests are attempts as well')
    assert.ok(drop?.attempts.every(({ code }) => code === 'InternalFailure'))
    assert.equal(drop?.possiblyDelivered, true)
    assert.match(String(drop?.error), /InternalFailure happened/)
  })
})

describe('bisection', () => {
  it('does not begin while nothing succeeds: an hour of failures drops and splits nothing', async () => {
    let down = true
    const { producer, client, clock, dropped } = createHarness(
      {
        batchSize: 50,
        bufferSize: 5000,
        flushInterval: 50,
        whenFull: 'reject',
        maxAttemptsPerRecord: 2,
      },
      request => {
        if (down) throw serviceError('InternalFailure', 500)
        return client.store(request)
      },
    )
    producer.start()
    for (let i = 0; i < 500; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(HOUR)
    assert.deepEqual(dropped, [])
    assert.equal(producer.stats().remaining, 500)
    down = false
    const before = client.calls.length
    await clock.advance(60_000)
    assert.deepEqual(dropped, [])
    assert.deepEqual(new Set(client.stored), new Set(texts(500)))
    const [probe, ...rest] = client.sizes.slice(before)
    assert.equal(probe, 1, 'the probe was small')
    assert.deepEqual(
      rest.filter(size => size < 49),
      [],
      `whole requests again: ${rest.join(' ')}`,
    )
    assert.ok(rest.length <= 10, `${rest.length} requests`)
  }).timeout(20_000)

  it('does not split what failed in an outage, though requests succeeded before and after', async () => {
    let down = false
    const { producer, client, clock, dropped } = createHarness(
      {
        batchSize: 10,
        bufferSize: 5000,
        flushInterval: 50,
        whenFull: 'reject',
        maxAttemptsPerRecord: 1,
      },
      request => {
        if (down) throw serviceError('InternalFailure', 500)
        return client.store(request)
      },
    )
    producer.start()
    for (let round = 0; round < 20; round++) {
      down = round % 2 === 1
      for (let i = 0; i < 100; i++) producer.tryAdd(`r${round * 100 + i}`, `k${i}`)
      await clock.advance(60_000)
    }
    down = false
    await clock.advance(60_000)
    assert.deepEqual(dropped, [])
    assert.deepEqual(new Set(client.stored), new Set(texts(2000)))
    assert.equal(client.stored.length, 2000)
  }).timeout(20_000)

  it('of throttled requests does not happen: that would make more of them, and drop innocents', async () => {
    let calls = 0
    const { producer, client, clock, dropped } = createHarness(
      {
        batchSize: 10,
        bufferSize: 5000,
        flushInterval: 50,
        whenFull: 'reject',
        maxAttemptsPerRecord: 1,
      },
      request => {
        if (++calls % 5 !== 0) throw serviceError('ThrottlingException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 300)
    await clock.advance(HOUR)
    assert.deepEqual(dropped, [])
    assert.equal(client.stored.length, 300)
    assert.equal(client.calls.length, 150)
  }).timeout(20_000)

  it('found its part, and a throttled request in between does not count against it', async () => {
    let calls = 0
    const { producer, client, clock, dropped } = createHarness(
      {
        batchSize: 4,
        bufferSize: 5000,
        flushInterval: 50,
        whenFull: 'reject',
        maxAttemptsPerRecord: 1,
      },
      request => {
        if (++calls === 1) throw serviceError('ValidationException')
        if (calls % 2 === 0) throw serviceError('ThrottlingException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 40)
    await clock.advance(HOUR)
    assert.deepEqual(dropped, [])
    assert.equal(client.stored.length, 40)
  })

  it('of a pause does not happen: nobody is to blame for a missing permission', async () => {
    let denied = true
    const { producer, client, clock, dropped } = createHarness(
      { batchSize: 10, flushInterval: 0, maxAttemptsPerRecord: 1 },
      request => {
        if (denied) throw serviceError('AccessDeniedException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 40)
    await clock.advance(HOUR)
    denied = false
    await clock.advance(60_000)
    assert.deepEqual(dropped, [])
    assert.equal(client.stored.length, 40)
  }).timeout(20_000)

  it('finds records that are refused at once, among records that fail now and then', async () => {
    let calls = 0
    const { producer, client, clock, dropped } = createHarness(
      { batchSize: 50, bufferSize: 5000, flushInterval: 50, whenFull: 'reject' },
      request => {
        if (++calls % 5 === 0) throw serviceError('InternalFailure', 500)
        if (carries(request, 'r17') || carries(request, 'r18'))
          throw serviceError('ValidationException')
        return client.store(request)
      },
    )
    producer.start()
    await addMany(producer, 200)
    await clock.advance(HOUR)
    assert.deepEqual(
      dropped.map(({ record, reason }) => `${String(record.data)} ${reason}`).toSorted(),
      ['r17 rejected', 'r18 rejected'],
    )
    assert.equal(client.stored.length, 198)
    assertLaw(producer)
  })

  it('takes turns with other records: they do not wait for its end', async () => {
    const order: string[] = []
    const { producer, client, clock } = createHarness(
      { batchSize: 8, bufferSize: 5000, flushInterval: 0, maxInFlight: 1, whenFull: 'reject' },
      request => {
        order.push(request.Records.some(record => textOf(record) === 'r0') ? 'part' : 'other')
        if (carries(request, 'r0')) throw serviceError('ValidationException')
        return client.store(request)
      },
    )
    producer.start()
    for (let i = 0; i < 40; i++) producer.tryAdd(`r${i}`, `k${i}`)
    await clock.advance(60_000)
    assert.equal(client.stored.length, 39)
    const lastPart = order.lastIndexOf('part')
    assert.ok(order.slice(0, lastPart).includes('other'), order.join(' '))
  })
})

describe('ordered packs that are refused', () => {
  for (const kind of ['concat', 'kpl'] as const) {
    it(`lose exactly the poison record, and keep the order of its key (${kind})`, async () => {
      const { producer, client, clock, dropped } = createHarness(
        {
          batchSize: 1,
          flushInterval: 0,
          ordering: 'partitionKey',
          packing: { kind },
          whenFull: 'reject',
        },
        request => {
          const users = request.Records.flatMap(({ Data }) => [...decode(Data)]).map(({ data }) =>
            Buffer.from(data).toString().trimEnd(),
          )
          if (users.includes('r30')) throw serviceError('ValidationException')
          return client.store(request)
        },
      )
      client.unpack = ({ Data }) =>
        [...decode(Data)].map(({ data }) => Buffer.from(data).toString().trimEnd())
      producer.start()
      for (let i = 0; i < 40; i++) producer.tryAdd(`r${i}`, 'the-key')
      const drained = producer.drain(HOUR)
      await clock.advance(HOUR)
      assert.equal((await drained).remaining, 0)
      assert.deepEqual(
        dropped.map(({ record, reason }) => [record.data, reason]),
        [['r30', 'rejected']],
      )
      assert.deepEqual(
        client.stored,
        texts(40).filter(text => text !== 'r30'),
      )
      assertLaw(producer)
    })
  }

  it('for their size lose nothing that fits alone', async () => {
    const { producer, client, clock, dropped } = createHarness(
      {
        batchSize: 1,
        flushInterval: 0,
        ordering: 'partitionKey',
        packing: { kind: 'concat' },
        whenFull: 'reject',
      },
      request => {
        const size = request.Records.reduce((sum, { Data }) => sum + Data.length, 0)
        if (size > 2000) throw serviceError('Unknown', 413)
        return client.store(request)
      },
    )
    client.unpack = record => textOf(record).trimEnd().split('\n')
    producer.start()
    const lines = Array.from({ length: 40 }, (_, i) => `r${i} ${'x'.repeat(100)}`)
    for (const line of lines) producer.tryAdd(line, 'the-key')
    const drained = producer.drain(HOUR)
    await clock.advance(HOUR)
    assert.equal((await drained).remaining, 0)
    assert.deepEqual([dropped, client.stored], [[], lines])
  })
})

describe('requests that cannot be built', () => {
  /** Without MD5, as in FIPS mode, from now on. */
  const withoutMd5 = async (run: (restore: () => void) => Promise<void>): Promise<void> => {
    const original = hash
    const restore = (): void => {
      crypto.hash = original
      syncBuiltinESMExports()
    }
    crypto.hash = () => {
      throw Object.assign(new Error('error:0308010C:digital envelope routines::unsupported'), {
        code: 'ERR_OSSL_EVP_UNSUPPORTED',
      })
    }
    syncBuiltinESMExports()
    try {
      await run(restore)
    } finally {
      restore()
    }
  }

  it('because MD5 is gone keep the process and the records, and go when it is back', async () => {
    const { producer, client, clock, dropped } = createHarness({
      batchSize: 1,
      flushInterval: 50,
      packing: { kind: 'kpl' },
      whenFull: 'reject',
      maxAttemptsPerRecord: 1000,
    })
    client.unpack = ({ Data }) => [...decode(Data)].map(({ data }) => Buffer.from(data).toString())
    producer.start()
    await withoutMd5(async restore => {
      for (let i = 0; i < 10; i++) producer.tryAdd(`r${i}`, 'k')
      await clock.advance(1000)
      assert.ok(producer.stats().requestErrors > 0)
      assertLaw(producer)
      restore()
      await clock.advance(60_000)
    })
    assert.deepEqual(dropped, [])
    assert.deepEqual(new Set(client.stored), new Set(texts(10)))
    assertLaw(producer)
  })

  it('are refused at the start where MD5 is not allowed', async () => {
    await withoutMd5(async () => {
      assert.throws(() => createHarness({ packing: { kind: 'kpl' } }), {
        code: 'CONFIG',
        message: /needs MD5/,
      })
    })
  })

  it('lose no record that is throttled while MD5 is not allowed', async () => {
    await withoutMd5(async () => {
      let hot = true
      const { producer, client, clock } = createHarness(
        { batchSize: 5, flushInterval: 0 },
        request =>
          client.store(request, () => (hot ? 'ProvisionedThroughputExceededException' : undefined)),
      )
      producer.start()
      await addMany(producer, 10)
      await clock.advance(10_000)
      hot = false
      await clock.advance(60_000)
      assert.deepEqual(new Set(client.stored), new Set(texts(10)))
      assertLaw(producer)
    })
  })
})
