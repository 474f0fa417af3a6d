import assert from 'node:assert/strict'
import {
  type KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  type PutRecordsCommandOutput,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis'
import {
  codes,
  defaultHandlerClient,
  entries,
  errorOf,
  type FakeKinesis,
  type FakeOptions,
  type Fault,
  faults,
  readAll,
  startFakeKinesis,
  testClient,
  testHandler,
} from '../support/endpoint/index.js'

const THROTTLED = 'ProvisionedThroughputExceededException'

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `r${i}`)

describe('the faults of the fake Kinesis', () => {
  let fake: FakeKinesis
  let client: KinesisClient
  const others: { destroy(): void }[] = []

  const start = async (options?: FakeOptions): Promise<void> => {
    if (options !== undefined) await fake.close()
    fake = await startFakeKinesis(options)
    client = testClient(fake.endpoint)
    others.push(client)
  }
  const put = (records = entries(4), by = client): Promise<PutRecordsCommandOutput> =>
    by.send(new PutRecordsCommand({ StreamName: 's', Records: records }))
  const http2Client = (): KinesisClient => {
    const made = defaultHandlerClient(fake.endpoint)
    others.push(made)
    return made
  }

  beforeEach(() => start())
  afterEach(async () => {
    for (const other of others.splice(0)) other.destroy()
    await fake.close()
  })

  describe('faults of records', () => {
    it('fails the records of a predicate and stores the others', async () => {
      fake.script(faults.partial(({ text }) => text === 'r1', 'InternalFailure'))
      const output = await put()
      assert.deepEqual(codes(output), [undefined, 'InternalFailure', undefined, undefined])
      assert.equal(output.Records?.[1]?.ErrorMessage, 'Internal service failure.')
      assert.deepEqual(fake.texts('s'), ['r0', 'r2', 'r3'])
      assert.equal(fake.counts.failed, 1)
    })

    it('fails records by index with a message', async () => {
      fake.script(faults.partial(faults.indices(0, 3), 'InternalFailure', 'why'))
      const output = await put()
      assert.equal(output.FailedRecordCount, 2)
      assert.equal(output.Records?.[3]?.ErrorMessage, 'why')
      assert.deepEqual(fake.texts('s'), ['r1', 'r2'])
    })

    it('fails a share of the records, the same ones for the same seed', async () => {
      const run = async (seed: number): Promise<string[]> => {
        await start({ streams: { s: 1 }, seed })
        fake.script(faults.partial(faults.share(0.5)))
        await put(entries(200))
        return fake.texts('s')
      }
      const stored = await run(7)
      assert.ok(stored.length > 50 && stored.length < 150)
      assert.deepEqual(await run(7), stored)
      assert.notDeepEqual(await run(8), stored)
    })

    it('throttles chosen shards in the words of the service', async () => {
      fake.always(faults.throttleShards(['shardId-000000000001']))
      const { Records = [] } = await put(entries(100))
      const throttled = Records.filter(({ ErrorCode }) => ErrorCode === THROTTLED)
      assert.ok(throttled.length > 0 && throttled.length < 100)
      assert.equal(
        throttled[0]?.ErrorMessage,
        'Rate exceeded for shard shardId-000000000001 in stream s under account 000000000000.',
      )
      assert.ok(fake.records('s').every(({ shardId }) => shardId !== 'shardId-000000000001'))
      assert.equal(fake.records('s').length + throttled.length, 100)
    })

    it('answers a poisoned request as one with an oversize record, and counts no violation', async () => {
      fake.always(faults.poison(({ text }) => text === 'r2'))
      const seen = await errorOf(put())
      assert.equal(seen.name, 'ValidationException')
      assert.match(seen.message, /records\.3\.member\.data/)
      await put(entries(2))
      assert.deepEqual(fake.texts('s'), ['r0', 'r1'])
      assert.equal(fake.counts.violations, 0)
    })
  })

  describe('errors of a whole request', () => {
    const names: [string, number][] = [
      [THROTTLED, 400],
      ['LimitExceededException', 400],
      ['ThrottlingException', 400],
      ['KMSThrottlingException', 400],
      ['KMSAccessDeniedException', 400],
      ['KMSDisabledException', 400],
      ['KMSInvalidStateException', 400],
      ['KMSNotFoundException', 400],
      ['KMSOptInRequired', 400],
      ['InternalFailure', 500],
      ['InternalFailureException', 500],
      ['ServiceUnavailable', 503],
      ['AccessDeniedException', 400],
      ['ResourceNotFoundException', 400],
      ['ExpiredTokenException', 400],
      ['UnrecognizedClientException', 400],
      ['InvalidSignatureException', 400],
      ['ValidationException', 400],
      ['InvalidArgumentException', 400],
      ['SerializationException', 400],
    ]
    for (const [name, status] of names) {
      it(`shows ${name} to the SDK under its name, and stores nothing`, async () => {
        fake.script(faults.requestError(name))
        const seen = await errorOf(put())
        assert.equal(seen.name, name)
        assert.equal(seen.status, status)
        assert.deepEqual(fake.records('s'), [])
        await put()
        assert.equal(fake.records('s').length, 4)
        assert.equal(fake.counts.violations, 0)
      })
    }

    it('takes any status and message', async () => {
      fake.script(faults.requestError('InternalFailure', { status: 502, message: 'odd' }))
      const { name, status, message } = await errorOf(put())
      assert.deepEqual(
        { name, status, message },
        { name: 'InternalFailure', status: 502, message: 'odd' },
      )
    })

    const bodies: [string, Fault, string, number][] = [
      ['an HTML page with 503', faults.html(503), 'SyntaxError', 503],
      ['an HTML page with 400', faults.html(400), 'SyntaxError', 400],
      ['an empty 413', faults.emptyBody(413), 'Unknown', 413],
      ['an empty 500', faults.emptyBody(500), 'Unknown', 500],
    ]
    for (const [what, fault, name, status] of bodies) {
      it(`answers ${what}, which the SDK calls ${name}`, async () => {
        fake.script(fault)
        const seen = await errorOf(put())
        assert.equal(seen.name, name)
        assert.equal(seen.status, status)
        assert.deepEqual(fake.records('s'), [])
      })
    }
  })

  describe('spoiled answers and connections', () => {
    it('truncates the JSON of a stored request', async () => {
      fake.script(faults.truncatedJson())
      const seen = await errorOf(put())
      assert.equal(seen.name, 'SyntaxError')
      assert.equal(seen.status, 200)
      assert.equal(fake.records('s').length, 4)
    })

    it('leaves results out of the list of a stored request', async () => {
      fake.script(faults.shortList(3))
      const output = await put()
      assert.equal(output.Records?.length, 1)
      assert.equal(output.FailedRecordCount, 0)
      assert.equal(fake.records('s').length, 4)
    })

    it('hangs up before it stores', async () => {
      fake.script(faults.hangUp())
      const seen = await errorOf(put())
      assert.equal(seen.name, 'TimeoutError')
      assert.equal(seen.code, 'ECONNRESET')
      assert.deepEqual(fake.records('s'), [])
      assert.equal(fake.requests[0]?.status, 0)
    })

    it('loses the response after it stored', async () => {
      fake.script(faults.lostResponse())
      const seen = await errorOf(put())
      assert.equal(seen.code, 'ECONNRESET')
      assert.equal(fake.records('s').length, 4)
    })

    it('cuts the response in the middle after it stored', async () => {
      fake.script(faults.cutResponse())
      const seen = await errorOf(put())
      assert.equal(seen.code, 'ECONNRESET')
      assert.match(seen.message, /^aborted/)
      assert.equal(seen.status, 200)
      assert.equal(fake.records('s').length, 4)
    })

    it('hangs until released, then does what it was asked', async () => {
      fake.script(faults.hang())
      const open = put()
      await fake.waitForRequests(1)
      assert.equal(fake.held, 1)
      assert.deepEqual(fake.records('s'), [])
      fake.releaseHung()
      assert.equal((await open).FailedRecordCount, 0)
      assert.equal(fake.records('s').length, 4)
    })

    it('hangs after it stored, if told so', async () => {
      fake.script(faults.hang({ stores: true }))
      const open = errorOf(put())
      await fake.waitForRecords(4)
      assert.equal(fake.records('s').length, 4)
      fake.dropConnections()
      assert.equal((await open).code, 'ECONNRESET')
    })

    it('stores nothing of a hanging request whose client gave up', async () => {
      fake.script(faults.hang())
      const abort = new AbortController()
      const open = errorOf(
        client.send(new PutRecordsCommand({ StreamName: 's', Records: entries(1) }), {
          abortSignal: abort.signal,
        }),
      )
      await fake.waitForRequests(1)
      abort.abort()
      assert.equal((await open).name, 'AbortError')
      await put(entries(1, 5))
      fake.releaseHung()
      assert.deepEqual(fake.texts('s'), ['r5'])
    })

    it('answers late but stores at once', async () => {
      fake.script(faults.slow(60_000))
      const open = put()
      await fake.waitForRecords(4)
      assert.equal(fake.requests[0]?.status, 0)
      fake.releaseHung()
      assert.equal((await open).FailedRecordCount, 0)
    })

    it('lets the client time out for real', async () => {
      fake.always(faults.hang())
      const impatient = testClient(fake.endpoint, {
        requestHandler: testHandler({ requestTimeout: 20 }),
      })
      others.push(impatient)
      const { name, code } = await errorOf(put(entries(1), impatient))
      assert.deepEqual({ name, code }, { name: 'TimeoutError', code: 'ETIMEDOUT' })
    })

    it('delays every answer by the latency', async () => {
      await start({ streams: { s: 1 }, latency: 60_000 })
      const open = put()
      await fake.waitForRecords(4)
      assert.equal(fake.held, 1)
      fake.releaseHung()
      await open
    })
  })

  describe('scripting', () => {
    it('uses one scripted fault a request, then the function, then the standing fault', async () => {
      fake.script(faults.requestError('ThrottlingException'), faults.ok())
      fake.on(({ number }) =>
        number === 3 ? faults.requestError('AccessDeniedException') : undefined,
      )
      fake.always(faults.requestError('InternalFailure'))
      const outcomes: string[] = []
      for (let i = 0; i < 4; i++) {
        outcomes.push(
          await put().then(
            () => 'ok',
            (error: Error) => error.name,
          ),
        )
      }
      assert.deepEqual(outcomes, [
        'ThrottlingException',
        'ok',
        'AccessDeniedException',
        'InternalFailure',
      ])
      assert.equal(fake.scripted, 0)
      fake.on(undefined)
      fake.always(undefined)
      await put()
    })

    it('lets a function look at the records, and take its time', async () => {
      fake.on(async ({ operation, stream, records }) => {
        await Promise.resolve()
        return operation === 'PutRecords' &&
          stream === 's' &&
          records.some(({ text }) => text === 'r9')
          ? faults.requestError('LimitExceededException')
          : undefined
      })
      await put(entries(9))
      assert.equal((await errorOf(put(entries(10)))).name, 'LimitExceededException')
    })

    it('lets a function fail other operations too', async () => {
      fake.on(({ operation }) =>
        operation === 'ListShards' ? faults.requestError('AccessDeniedException') : undefined,
      )
      assert.equal(
        (await errorOf(client.send(new ListShardsCommand({ StreamName: 's' })))).name,
        'AccessDeniedException',
      )
      await put()
    })

    it('rejects a wait that can no longer come true', async () => {
      const wait = fake.waitForRequests(1)
      await Promise.all([assert.rejects(wait, /closed/), fake.close()])
    })
  })

  describe('over HTTP/2, the handler the SDK takes by itself', () => {
    it('shares its port with HTTP/1.1', async () => {
      await put(entries(2))
      await put(entries(500, 2), http2Client())
      assert.deepEqual(fake.texts('s'), texts(502))
    })

    it('carries requests and answers of megabytes', async () => {
      const record = (): PutRecordsRequestEntry => ({
        Data: Buffer.alloc(1_000_000, 'x'),
        PartitionKey: 'k',
      })
      const http2 = http2Client()
      await put(Array.from({ length: 8 }, record), http2)
      assert.equal((await readAll(http2, 's')).length, 8)
    })

    it('shows errors under their names', async () => {
      fake.script(
        faults.requestError('KMSThrottlingException'),
        faults.html(502),
        faults.partial(faults.all()),
      )
      const http2 = http2Client()
      assert.equal((await errorOf(put(entries(1), http2))).name, 'KMSThrottlingException')
      assert.equal((await errorOf(put(entries(1), http2))).name, 'SyntaxError')
      assert.deepEqual(codes(await put(entries(1), http2)), [THROTTLED])
    })

    it('hangs up, loses and cuts responses', async () => {
      const http2 = http2Client()
      fake.script(faults.hangUp())
      assert.equal((await errorOf(put(entries(1), http2))).name, 'TimeoutError')
      assert.equal(fake.records('s').length, 0)
      fake.script(faults.lostResponse())
      assert.equal((await errorOf(put(entries(1), http2))).name, 'TimeoutError')
      assert.equal(fake.records('s').length, 1)
      fake.script(faults.cutResponse())
      // The SDK takes the end of the stream for the end of the body here.
      const cut = await errorOf(put(entries(100, 1), http2))
      assert.deepEqual([cut.name, cut.status], ['SyntaxError', 200])
      assert.equal(fake.records('s').length, 101)
    })

    it('hangs until released', async () => {
      fake.script(faults.hang())
      const open = put(entries(1), http2Client())
      await fake.waitForRequests(1)
      fake.releaseHung()
      await open
    })

    it('closes with connections and requests open', async () => {
      fake.always(faults.hang())
      const open = [errorOf(put()), errorOf(put(entries(1), http2Client()))]
      await fake.waitForRequests(2)
      await fake.close()
      await Promise.all(open)
    })
  })
})
