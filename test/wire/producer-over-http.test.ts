import assert from 'node:assert/strict'
import { Kinesis, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient, type ProducerConfig } from '@kinesis-producer/core'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { assertLaw } from '../support/core/harness.js'
import {
  type FakeKinesis,
  type Fault,
  faults,
  startFakeKinesis,
  TEST_CREDENTIALS,
} from '../support/endpoint/index.js'

describe('a producer over real HTTP', () => {
  let fake: FakeKinesis
  let clients: { destroy(): void }[] = []

  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4 } })
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await fake.close()
  })

  const produce = (
    config: ProducerConfig = {},
    endpoint: string = fake.endpoint,
  ): BatchProducer => {
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint,
      credentials: TEST_CREDENTIALS,
    })
    clients.push(client)
    const producer = new BatchProducer(client, 's', {
      batchSize: 100,
      flushInterval: 50,
      bufferSize: 50_000,
      logger: false,
      ...config,
    })
    producer.start()
    return producer
  }
  const assertAllStored = (count: number, { exactlyOnce = true } = {}): void => {
    const distinct = new Set(fake.texts('s'))
    assert.equal(distinct.size, count)
    if (exactlyOnce) assert.equal(fake.records('s').length, count)
    assert.deepEqual(fake.violations, [])
  }

  it('delivers text, bytes, keys and hash keys as they were given', async () => {
    const producer = produce()
    await producer.add('Grüße 😀', 'käse', { explicitHashKey: '0' })
    await producer.add(new Uint8Array([0, 255, 10]), 'k')
    const receipt = await producer.put('no key')
    await producer.close()
    const [first, second, third] = fake.records('s')
    assert.deepEqual(
      [first?.data.toString(), first?.partitionKey, first?.explicitHashKey, first?.shardId],
      ['Grüße 😀', 'käse', '0', 'shardId-000000000000'],
    )
    assert.deepEqual([...(second?.data ?? [])], [0, 255, 10])
    assert.deepEqual(
      [receipt.shardId, receipt.sequenceNumber],
      [third?.shardId, third?.sequenceNumber],
    )
  })

  it('takes a KinesisClient, a Kinesis and an ARN', async () => {
    const config = {
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: TEST_CREDENTIALS,
      requestHandler: new NodeHttpHandler(),
    }
    const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    for (const client of [new KinesisClient(config), new Kinesis(config)]) {
      const producer = new BatchProducer(client, arn)
      producer.start()
      await producer.add('x', 'k')
      assert.deepEqual(await producer.close(), { sent: 1, leftover: [] })
      client.destroy()
    }
    assert.equal(fake.records('s').length, 2)
  })

  it('keeps its connections: thousands of requests over a handful of sockets', async () => {
    const producer = produce({ batchSize: 1, maxInFlight: 3 })
    for (let i = 0; i < 300; i++) await producer.add(`r${i}`)
    await producer.drain()
    assertAllStored(300)
    assert.ok(fake.counts.maxConcurrent <= 3)
    assert.ok(fake.connectionsOpened <= 4, `${fake.connectionsOpened} connections for 300 requests`)
    await producer.close()
  })

  it('has a client that repeats nothing by itself and times out for real', async () => {
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: TEST_CREDENTIALS,
    })
    fake.always(faults.requestError('InternalFailure', { status: 500 }))
    await assert.rejects(
      client.send(
        new PutRecordsCommand({
          StreamName: 's',
          Records: [{ Data: Buffer.from('x'), PartitionKey: 'k' }],
        }),
      ),
    )
    assert.equal(fake.counts.putRequests, 1)
    const { requestHandler } = client.config
    assert.ok(requestHandler instanceof NodeHttpHandler)
    const handler = requestHandler.httpHandlerConfigs()
    assert.equal(handler.throwOnRequestTimeout, true)
    // The producer's requestTimeout is the only deadline of a request.
    assert.equal(handler.requestTimeout, 0)
    assert.equal(handler.connectionTimeout, 5000)
    client.destroy()
  })

  // Each fault hits the first request; then the service is well.
  const cases: [name: string, fault: Fault, expected: { code: string; ambiguous: boolean }][] = [
    [
      'an internal failure',
      faults.requestError('InternalFailure', { status: 500 }),
      { code: 'InternalFailure', ambiguous: true },
    ],
    [
      'an unavailable service',
      faults.requestError('ServiceUnavailable', { status: 503 }),
      { code: 'ServiceUnavailable', ambiguous: true },
    ],
    [
      'a throttled request',
      faults.requestError('ProvisionedThroughputExceededException'),
      { code: 'ProvisionedThroughputExceededException', ambiguous: false },
    ],
    [
      'a throttled key service',
      faults.requestError('KMSThrottlingException'),
      { code: 'KMSThrottlingException', ambiguous: false },
    ],
    [
      'a limit',
      faults.requestError('LimitExceededException'),
      { code: 'LimitExceededException', ambiguous: false },
    ],
    ['a page of HTML with 503', faults.html(503), { code: 'HTTP 503', ambiguous: true }],
    ['a page of HTML with 400', faults.html(400), { code: 'HTTP 400', ambiguous: false }],
    ['an empty 500', faults.emptyBody(500), { code: 'HTTP 500', ambiguous: true }],
    ['truncated JSON on a 200', faults.truncatedJson(), { code: 'SyntaxError', ambiguous: true }],
    [
      'a short list of results',
      faults.shortList(),
      { code: 'ShortResponseError', ambiguous: true },
    ],
    ['a hang-up before the answer', faults.hangUp(), { code: 'TimeoutError', ambiguous: true }],
    ['a lost response', faults.lostResponse(), { code: 'TimeoutError', ambiguous: true }],
    ['a cut response', faults.cutResponse(), { code: 'ECONNRESET', ambiguous: true }],
    [
      'a wrong clock',
      faults.requestError('InvalidSignatureException', { status: 403 }),
      { code: 'InvalidSignatureException', ambiguous: false },
    ],
    [
      'an expired token',
      faults.requestError('ExpiredTokenException'),
      { code: 'ExpiredTokenException', ambiguous: false },
    ],
    [
      'a missing permission',
      faults.requestError('AccessDeniedException'),
      { code: 'AccessDeniedException', ambiguous: false },
    ],
    [
      'a missing stream',
      faults.requestError('ResourceNotFoundException'),
      { code: 'ResourceNotFoundException', ambiguous: false },
    ],
    [
      'a disabled key',
      faults.requestError('KMSDisabledException'),
      { code: 'KMSDisabledException', ambiguous: false },
    ],
    [
      'an unknown client',
      faults.requestError('UnrecognizedClientException'),
      { code: 'UnrecognizedClientException', ambiguous: false },
    ],
  ]
  for (const [name, fault, expected] of cases) {
    it(`survives ${name}, tells it in the receipt, and loses nothing`, async () => {
      fake.script(fault)
      const producer = produce({ random: () => 0.01 })
      const receipt = await producer.put('r0', 'k')
      const [failed, last] = receipt.attempts
      assert.deepEqual({ code: failed?.code, ambiguous: failed?.ambiguous }, expected)
      assert.equal(last?.code, 'ok')
      assert.equal(receipt.possibleDuplicate, expected.ambiguous)
      await producer.close()
      assertAllStored(1, { exactlyOnce: false })
      assertLaw(producer)
    })
  }

  it('finds out that nobody listens, and delivers when somebody does', async () => {
    const { port, endpoint } = fake
    await fake.close()
    const producer = produce({ random: () => 0.01 }, endpoint)
    const receipt = producer.put('r0', 'k')
    while (producer.stats().requestErrors < 2) await new Promise(resolve => setTimeout(resolve, 1))
    fake = await startFakeKinesis({ streams: { s: 1 }, port })
    const { attempts, possibleDuplicate } = await receipt
    assert.equal(attempts[0]?.code, 'ECONNREFUSED')
    assert.equal(possibleDuplicate, false)
    await producer.close()
    assertAllStored(1)
  })

  it('halves a request that is too large for a proxy until it passes', async () => {
    fake.on(({ records }) => (records.length > 30 ? faults.emptyBody(413) : undefined))
    const producer = produce()
    for (let i = 0; i < 100; i++) await producer.add(`r${i}`)
    await producer.drain()
    assertAllStored(100)
    await producer.close()
  })

  it('bisects a request down to its poison record and delivers the others', async () => {
    fake.always(faults.poison(({ text }) => text === 'r42'))
    const dropped: unknown[] = []
    const producer = produce({
      onDrop: ({ record, reason }) => dropped.push([record.data, reason]),
    })
    for (let i = 0; i < 100; i++) await producer.add(`r${i}`)
    await producer.drain()
    assertAllStored(99)
    assert.deepEqual(dropped, [['r42', 'rejected']])
    await producer.close()
  })

  it('delivers each of 20 000 records exactly once while a twentieth is throttled', async () => {
    fake.always(faults.partial(faults.share(0.05)))
    const producer = produce({ batchSize: 500, whenFull: 'wait' })
    for (let i = 0; i < 20_000; i++) await producer.add(`r${i}`, `k${i}`)
    await producer.drain()
    assertAllStored(20_000)
    assert.ok(producer.stats().retries >= 900)
    assertLaw(producer)
    await producer.close()
  })

  it('lets the other shards go on while one is throttled altogether', async () => {
    const hot = 'shardId-000000000001'
    fake.always(faults.throttleShards([hot]))
    const producer = produce({ bufferSize: 10_000 })
    for (let i = 0; i < 4000; i++) await producer.add(`r${i}`, `k${i}`)
    // All others are stored although the hot shard never lets one record in.
    const ofHot = (): number => fake.records('s').filter(({ shardId }) => shardId === hot).length
    await fake.waitForRecords(2900)
    assert.equal(ofHot(), 0)
    const { throttledByShard, remaining, requests } = producer.stats()
    assert.deepEqual(Object.keys(throttledByShard), [hot])
    assert.ok(remaining > 800, `${remaining} records of the hot shard wait`)
    assert.ok(requests < 100, `${requests} requests: no storm of retries`)
    fake.always(undefined)
    await producer.close()
    assertAllStored(4000)
  })

  it('keeps the order of each key through faults and resharding, and loses nothing', async () => {
    fake.on(({ operation, number, stream }) => {
      if (operation !== 'PutRecords') return undefined
      if (number === 10) fake.splitShard(stream, 'shardId-000000000001')
      if (number === 30) fake.mergeShards(stream, 'shardId-000000000002', 'shardId-000000000003')
      if (number % 7 === 3) return faults.requestError('InternalFailure', { status: 500 })
      if (number % 5 === 1) return faults.partial(({ index }) => index % 3 === 0)
      return undefined
    })
    const producer = produce({ ordering: 'partitionKey', batchSize: 50, random: () => 0.01 })
    for (let i = 0; i < 50; i++)
      for (let key = 0; key < 60; key++) await producer.add(`${key}:${i}`, `k${key}`)
    assert.equal((await producer.drain(15_000)).remaining, 0)
    assertAllStored(3000)
    const last = new Map<string, number>()
    for (const text of fake.texts('s')) {
      const [key = '', number] = text.split(':')
      assert.equal(Number(number), (last.get(key) ?? -1) + 1, `${text} out of order`)
      last.set(key, Number(number))
    }
    assert.ok(fake.counts.putRequests > 30)
    await producer.close()
  })

  it('learns the stream’s record limit when asked to', async () => {
    await fake.close()
    fake = await startFakeKinesis({
      streams: { s: { shards: 1, maxRecordBytes: 5 * 1024 * 1024 } },
    })
    const producer = produce({ maxRecordBytes: 'discover' })
    const large = new Uint8Array(3 * 1024 * 1024)
    while (!producer.tryAdd(large, 'k')) await new Promise(resolve => setImmediate(resolve))
    await producer.close()
    assert.equal(fake.records('s')[0]?.data.length, large.length)
  })
})
