import assert from 'node:assert/strict'
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  PutRecordsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { type KinesisOptions, startKinesis, type TestKinesis } from '@kinesis-producer/testing'
import { entries, errorOf, TEST_CREDENTIALS, testClient } from '../support/endpoint/index.js'

describe('Kinesis for tests', () => {
  let kinesis: TestKinesis
  let client: KinesisClient

  const start = async (options: KinesisOptions = {}): Promise<void> => {
    kinesis = await startKinesis(options)
    client = testClient(kinesis.endpoint)
  }
  const put = (records = entries(4)) =>
    client.send(new PutRecordsCommand({ StreamName: 's', Records: records }))
  const page = async (
    path: string,
    { method = 'GET', body, origin }: { method?: string; body?: string; origin?: string } = {},
  ): Promise<[number, unknown]> => {
    const response = await fetch(`${kinesis.endpoint}/_test/${path}`, {
      method,
      headers: { connection: 'close', ...(origin !== undefined && { origin }) },
      ...(body !== undefined && { body }),
    })
    return [response.status, await response.json()]
  }
  const read = async (ShardIterator: string | undefined) =>
    client.send(new GetRecordsCommand({ ShardIterator }))
  const iterator = async (): Promise<string | undefined> =>
    (
      await client.send(
        new GetShardIteratorCommand({
          StreamName: 's',
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      )
    ).ShardIterator

  afterEach(async () => {
    client.destroy()
    await kinesis.close()
  })

  it('makes a stream by its first use, unless streams are given', async () => {
    await start({ shards: 3 })
    await put()
    assert.equal(kinesis.shards('s').length, 3)
    client.destroy()
    await kinesis.close()
    await start({ streams: { other: 1 } })
    assert.equal((await errorOf(put())).name, 'ResourceNotFoundException')
  })

  for (const packing of [
    { kind: 'none' },
    { kind: 'concat', compression: 'gzip' },
    { kind: 'kpl' },
  ] as const)
    it(`gives records back as they were added: ${JSON.stringify(packing)}`, async () => {
      await start()
      const sender = createKinesisClient({
        region: 'us-east-1',
        endpoint: kinesis.endpoint,
        credentials: TEST_CREDENTIALS,
      })
      const producer = new BatchProducer(sender, 's', { packing, flushInterval: 50, logger: false })
      producer.start()
      await producer.put('first', 'warm')
      await Promise.all(['a', 'b', 'c'].map(text => producer.put(text, 'k')))
      await producer.close()
      sender.destroy()
      const decoded = kinesis.decoded('s')
      assert.deepEqual(
        decoded.map(({ text, partitionKey }) => [text, partitionKey]),
        [['first', 'warm'], ...['a', 'b', 'c'].map(text => [text, 'k'])],
      )
      assert.deepEqual(kinesis.records('s').length, packing.kind === 'none' ? 4 : 2)
    })

  it('keeps the newest records only, and readers go on with the oldest that is kept', async () => {
    await start({ streams: { s: 1 }, maxRecords: 5 })
    await put(entries(4))
    const before = await iterator()
    await put(entries(4, 4))
    assert.deepEqual(kinesis.texts('s'), ['r3', 'r4', 'r5', 'r6', 'r7'])
    const { Records = [], NextShardIterator } = await read(before)
    assert.deepEqual(
      Records.map(({ Data }) => Buffer.from(Data ?? '').toString()),
      kinesis.texts('s'),
    )
    await put(entries(2, 8))
    assert.equal((await read(NextShardIterator)).Records?.length, 2)
    assert.equal(kinesis.counts.records, 10)
  })

  it('keeps so many bytes', async () => {
    await start({ streams: { s: 1 }, maxBytes: 1000 })
    await put(Array.from({ length: 3 }, () => ({ Data: Buffer.alloc(400), PartitionKey: 'k' })))
    assert.equal(kinesis.records('s').length, 2)
  })

  it('enforces the reads of a shard, by its clock', async () => {
    let now = 0
    await start({ streams: { s: 1 }, limits: 'aws', now: () => now })
    const at = await iterator()
    for (let i = 0; i < 5; i++) await read(at)
    const refused = await errorOf(read(at))
    assert.equal(refused.name, 'ProvisionedThroughputExceededException')
    assert.match(refused.message, /Rate exceeded for shard shardId-000000000000 in stream s/)
    now = 200
    await read(at)
  })

  it('changes the number of shards, up and down, and all records stay', async () => {
    await start({ streams: { s: 2 } })
    await put(entries(20))
    const change = (TargetShardCount: number) =>
      client.send(
        new UpdateShardCountCommand({
          StreamName: 's',
          TargetShardCount,
          ScalingType: 'UNIFORM_SCALING',
        }),
      )
    assert.equal((await change(5)).CurrentShardCount, 2)
    assert.equal(kinesis.summary.streams['s']?.shards, 5)
    await put(entries(20, 20))
    await change(1)
    await put(entries(20, 40))
    assert.equal(kinesis.summary.streams['s']?.shards, 1)
    assert.equal(kinesis.texts('s').length, 60)
  })

  it('answers nonsense with an error of the service', async () => {
    await start({ streams: { s: 1 } })
    const wrong = [
      new UpdateShardCountCommand({
        StreamName: 's',
        TargetShardCount: 1e9,
        ScalingType: 'UNIFORM_SCALING',
      }),
      new UpdateShardCountCommand({
        StreamName: 's',
        TargetShardCount: -1,
        ScalingType: 'UNIFORM_SCALING',
      }),
    ]
    for (const command of wrong)
      assert.equal((await errorOf(client.send(command))).name, 'ValidationException')
    const split = { StreamName: 's', ShardToSplit: 'shardId-000000000000', NewStartingHashKey: 'x' }
    assert.equal(
      (await errorOf(client.send(new SplitShardCommand(split)))).name,
      'ValidationException',
    )
    assert.equal((await errorOf(read('nonsense'))).name, 'InvalidArgumentException')
    const limit = new GetRecordsCommand({ ShardIterator: await iterator(), Limit: 0 })
    assert.equal((await errorOf(client.send(limit))).name, 'ValidationException')
  })

  it('refuses a body larger than any request', async () => {
    await start()
    const body = Buffer.alloc(21 * 2 ** 20)
    assert.equal((await fetch(kinesis.endpoint, { method: 'POST', body })).status, 413)
    await put()
  })

  describe('its pages', () => {
    it('show what was counted and what is stored', async () => {
      await start({ streams: { s: 1 } })
      await put(entries(2))
      const [status, summary] = await page('summary')
      assert.equal(status, 200)
      assert.deepEqual((summary as { streams: unknown }).streams, {
        s: { records: 2, bytes: 4, shards: 1 },
      })
      const [, records] = await page('records?stream=s')
      assert.equal((records as { data: string }[])[1]?.data, Buffer.from('r1').toString('base64'))
      const [, decoded] = await page('decoded?stream=s')
      assert.equal((decoded as { text: string }[])[1]?.text, 'r1')
    })

    it('set faults, release and drop', async () => {
      await start()
      assert.deepEqual(
        await page('faults', { method: 'PUT', body: 'error=1:AccessDeniedException' }),
        [200, {}],
      )
      assert.equal((await errorOf(put())).name, 'AccessDeniedException')
      await page('faults', { method: 'PUT', body: 'hang=1' })
      const hanging = put()
      await kinesis.waitForRequests(2)
      await page('release', { method: 'POST' })
      await hanging
      const dropped = errorOf(put())
      await kinesis.waitForRequests(3)
      await page('drop', { method: 'POST' }).catch(() => {})
      assert.equal((await dropped).code, 'ECONNRESET')
      await page('faults', { method: 'PUT', body: '' })
      await put()
    })

    it('say what is wrong', async () => {
      await start({ streams: { s: 1 } })
      const [status, error] = await page('faults', { method: 'PUT', body: 'flood=1' })
      assert.equal(status, 400)
      assert.match(JSON.stringify(error), /fault .*flood=1.* is unknown/)
      assert.equal((await page('nothing'))[0], 404)
      assert.equal((await page('records?stream=x'))[0], 400)
    })

    it('are refused to pages of a browser', async () => {
      await start()
      const origin = 'http://example.com'
      assert.equal((await page('drop', { method: 'POST', origin }))[0], 403)
    })
  })
})
