import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import {
  BatchProducer,
  createKinesisClient,
  type PackingConfig,
  type ProducerClientConfig,
} from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { oracleRead } from '../support/core/kpl-oracle.js'
import { createStream, listShards, readAll, TEST_CREDENTIALS } from '../support/endpoint/index.js'
import { KinesisLocal } from '../support/endpoint/kinesis-local.js'
import { runTail } from '../support/testing/tail.js'

/** It takes some milliseconds for each Kinesis record. */
const KEYS = 6
const PER_KEY = 6
const MAX_HASH_KEY = String(2n ** 128n - 1n)
const arnOf = (stream: string): string =>
  `arn:aws:kinesis:us-east-1:${TEST_CREDENTIALS.accessKeyId}:stream/${stream}`

const PACKINGS: readonly PackingConfig[] = [
  { kind: 'none' },
  { kind: 'concat', maxBytes: 400 },
  { kind: 'concat', maxBytes: 400, compression: 'gzip' },
  { kind: 'kpl', maxBytes: 600 },
  { kind: 'kpl', maxBytes: 600, groupBy: 'shard' },
]

describe('a producer on kinesis-local', function () {
  this.timeout(30_000)
  let server: KinesisLocal
  const opened: { destroy(): void }[] = []
  let streams = 0

  /** Also says in which formats requests went out. */
  const connect = (config: ProducerClientConfig = {}) => {
    const formats: (string | undefined)[] = []
    const handler = new NodeHttpHandler()
    const handle = handler.handle.bind(handler)
    handler.handle = (request, options) => {
      if (request.headers['x-amz-target']?.endsWith('.PutRecords') === true)
        formats.push(request.headers['content-type'])
      return handle(request, options)
    }
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: server.endpoint,
      credentials: TEST_CREDENTIALS,
      requestHandler: handler,
      ...config,
    })
    opened.push(client)
    return { client, formats }
  }
  const streamOf = async (
    client: ReturnType<typeof connect>['client'],
    shards = 2,
  ): Promise<string> => {
    const name = `s${++streams}`
    await createStream(client, name, shards)
    return name
  }

  before(async () => {
    server = await KinesisLocal.start()
  })
  afterEach(() => {
    for (const one of opened.splice(0)) one.destroy()
  })
  after(() => server.stop())

  /** What a consumer reads: each key's numbers, in order. */
  const readBack = async (
    client: ReturnType<typeof connect>['client'],
    stream: string,
    again: boolean,
  ): Promise<{ records: number; numbers: Map<string, number[]> }> => {
    const read = await readAll(client, stream)
    const ranges = new Map(
      (await listShards(client, stream)).map(({ ShardId, HashKeyRange }) => [
        ShardId ?? '',
        [BigInt(HashKeyRange?.StartingHashKey ?? 0), BigInt(HashKeyRange?.EndingHashKey ?? 0)],
      ]),
    )
    /** Consumers of aggregates drop what does not belong to the shard in which it lies. */
    const belongs = (key: string, shardId: string): boolean => {
      const hashKey = BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
      const [first = 0n, last = 0n] = ranges.get(shardId) ?? []
      return hashKey >= first && hashKey <= last
    }
    const numbers = new Map<string, number[]>()
    for (const { data, partitionKey, shardId } of read) {
      const users = [...decode({ Data: data, PartitionKey: partitionKey })]
      if (data[0] === 0xf3)
        assert.deepEqual(
          oracleRead(data, partitionKey).map(one => [one.partitionKey, one.data]),
          users.map(one => [one.partitionKey, Buffer.from(one.data).toString('base64')]),
        )
      for (const one of users) {
        const [key = '', number] = Buffer.from(one.data).toString('utf8').split(' ')
        assert.equal(one.partitionKey, key)
        if (data[0] === 0xf3 && !belongs(key, shardId)) continue
        const seen = numbers.get(key) ?? []
        // The producer says whether a record may be there twice, such as one that a resharding led astray.
        if (!again || Number(number) > (seen.at(-1) ?? -1)) seen.push(Number(number))
        numbers.set(key, seen)
      }
    }
    return { records: read.length, numbers }
  }
  const assertAll = (numbers: Map<string, number[]>, perKey: number, how = ''): void => {
    const expected = Array.from({ length: perKey }, (_, i) => i)
    assert.equal(numbers.size, KEYS)
    for (const [key, found] of numbers) assert.deepEqual(found, expected, `${key} ${how}`)
  }

  for (const wireFormat of ['json', 'cbor'] as const)
    for (const packing of PACKINGS)
      it(`delivers in order, by ARN, what others can read: ${wireFormat} ${JSON.stringify(packing)}`, async () => {
        const { client, formats } = connect({ wireFormat })
        const stream = await streamOf(client)
        const producer = new BatchProducer(client, arnOf(stream), {
          packing,
          batchSize: 50,
          ordering: 'partitionKey',
          flushInterval: 50,
          logger: false,
        })
        producer.start()
        // The first request to a stream goes through the SDK, in JSON.
        await producer.put('ключ0 0', 'ключ0')
        for (let i = 0; i < PER_KEY; i++)
          for (let key = 0; key < KEYS; key++)
            if (i > 0 || key > 0)
              await producer.add(`ключ${key} ${i} ${'x'.repeat(40)}`, `ключ${key}`)
        const { leftover } = await producer.close()
        assert.deepEqual(leftover, [])
        assert.equal(producer.stats().requestErrors, 0)
        const { records, numbers } = await readBack(client, stream, false)
        assertAll(numbers, PER_KEY)
        assert.equal(records < KEYS * PER_KEY, packing.kind !== 'none', `${records} records`)
        assert.equal(new Set(formats.slice(1)).size, 1)
        assert.equal(formats.at(-1), `application/x-amz-${wireFormat}-1.1`)
      })

  it('puts a record where its explicit hash key says', async () => {
    const { client } = connect()
    const stream = await streamOf(client)
    for (const packing of [{ kind: 'none' }, { kind: 'kpl' }] as const) {
      const producer = new BatchProducer(client, stream, {
        packing,
        flushInterval: 50,
        logger: false,
      })
      producer.start()
      const shards = ['0', MAX_HASH_KEY, '0', MAX_HASH_KEY].map(async explicitHashKey => {
        const { shardId } = await producer.put('x', 'same key', { explicitHashKey })
        return shardId
      })
      const [first, last] = ['shardId-000000000000', 'shardId-000000000001']
      assert.deepEqual(await Promise.all(shards), [first, last, first, last])
      await producer.close()
    }
  })

  it('speaks TLS', async () => {
    const { client } = connect({
      endpoint: server.tlsEndpoint,
      // Its certificate is its own.
      requestHandler: { httpsAgent: { rejectUnauthorized: false } },
    })
    const stream = await streamOf(client, 1)
    const producer = new BatchProducer(client, stream, { flushInterval: 50, logger: false })
    producer.start()
    assert.equal((await producer.put('x', 'k')).shardId, 'shardId-000000000000')
    assert.equal((await producer.put('y', 'k')).attempts.length, 1)
    await producer.close()
  })

  it('waits for a stream that is not there yet', async () => {
    const { client } = connect()
    const producer = new BatchProducer(client, 'later', { logger: false, flushInterval: 50 })
    producer.start()
    const receipt = producer.put('x', 'k')
    await producer.drain(200)
    const { paused, remaining, requestErrorsByCode } = producer.stats()
    assert.deepEqual([paused, remaining], [true, 1])
    assert.deepEqual(Object.keys(requestErrorsByCode), ['ResourceNotFoundException'])
    await createStream(client, 'later', 1)
    assert.equal((await receipt).shardId, 'shardId-000000000000')
    await producer.close()
  })

  for (const packing of [
    { kind: 'none' },
    { kind: 'concat', maxBytes: 400 },
    { kind: 'kpl', maxBytes: 600, groupBy: 'shard' },
  ] as const)
    it(`loses and misorders nothing while shards are split and merged: ${JSON.stringify(packing)}`, async () => {
      const { client } = connect()
      const stream = await streamOf(client)
      const producer = new BatchProducer(client, stream, {
        packing,
        batchSize: 20,
        ordering: 'partitionKey',
        flushInterval: 50,
        logger: false,
      })
      producer.start()
      let i = 0
      const addUntil = async (end: number): Promise<void> => {
        for (; i < end; i++)
          for (let key = 0; key < KEYS; key++)
            await producer.add(`key${key} ${i} ${'x'.repeat(40)}`, `key${key}`)
      }
      await addUntil(8)
      const split = client.send(
        new SplitShardCommand({
          StreamName: stream,
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(1n << 126n),
        }),
      )
      await addUntil(16)
      await split
      await producer.drain(10_000)
      const merge = client.send(
        new MergeShardsCommand({
          StreamName: stream,
          ShardToMerge: 'shardId-000000000003',
          AdjacentShardToMerge: 'shardId-000000000001',
        }),
      )
      await addUntil(24)
      await merge
      await producer.drain(10_000)
      await addUntil(28)
      assert.deepEqual((await producer.close()).leftover, [])
      assert.equal((await listShards(client, stream)).length, 5)
      const { possibleDuplicates, requestErrorsByCode } = producer.stats()
      const { numbers } = await readBack(client, stream, possibleDuplicates > 0)
      assertAll(numbers, 28, JSON.stringify({ possibleDuplicates, requestErrorsByCode }))
    })

  it('is read by kinesis-tail, to its end, across a split', async () => {
    const { client } = connect()
    const stream = await streamOf(client)
    const producer = new BatchProducer(client, stream, {
      packing: { kind: 'concat' },
      flushInterval: 50,
      logger: false,
    })
    producer.start()
    await Promise.all(['a', 'b', 'c'].map(text => producer.put(text, text)))
    await client.send(
      new SplitShardCommand({
        StreamName: stream,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: String(1n << 126n),
      }),
    )
    await Promise.all(['d', 'e', 'f'].map(text => producer.put(text, text)))
    await producer.close()
    const { out, summary } = await runTail(client, [stream, '--since', 'start'])
    assert.deepEqual(out.trim().split('\n').toSorted(), ['a', 'b', 'c', 'd', 'e', 'f'])
    assert.match(summary, /from 4 shards/)
  })
})
