import assert from 'node:assert/strict'
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { NodeHttp2Handler } from '@smithy/node-http-handler'
import { type Emulator, startEmulator } from '../support/endpoint/emulator.js'
import {
  createStream,
  readAll,
  TEST_CREDENTIALS,
  waitForActive,
} from '../support/endpoint/index.js'

describe('a producer on the real emulator', () => {
  let emulator: Emulator
  beforeEach(async () => {
    // Time of the limits stands still until they were met: on a slow machine, too, shards throttle.
    emulator = await startEmulator({
      throttle: true,
      now: () => (emulator.counts.throttled < 100 ? 0 : performance.now()),
    })
  })
  afterEach(() => emulator.close())

  for (const [name, handler] of [
    ['our client', {}],
    ['an HTTP/2 client', { requestHandler: new NodeHttp2Handler() }],
  ] as const) {
    it(`delivers 9000 records exactly once and in order of their keys over four throttled shards, with ${name}`, async () => {
      const client = createKinesisClient({
        region: 'us-east-1',
        endpoint: emulator.endpoint,
        credentials: TEST_CREDENTIALS,
        ...handler,
      })
      await createStream(client, 's', 4)
      const producer = new BatchProducer(client, 's', {
        batchSize: 500,
        bufferSize: 20_000,
        ordering: 'partitionKey',
        whenFull: 'wait',
        logger: false,
      })
      producer.start()
      for (let i = 0; i < 9; i++) {
        for (let key = 0; key < 1000; key++) await producer.add(`${key}:${i}`, `key-${key}`)
      }
      const { leftover } = await producer.close()
      assert.deepEqual(leftover, [])
      assert.ok(Object.keys(producer.stats().throttledByShard).length > 0, 'the shards throttled')

      const records = await readAll(client, 's')
      assert.equal(records.length, 9000)
      const last = new Map<string, number>()
      for (const { data } of records) {
        const [key = '', number] = Buffer.from(data).toString('utf8').split(':')
        assert.equal(Number(number), (last.get(key) ?? -1) + 1, `key ${key}`)
        last.set(key, Number(number))
      }
      client.destroy()
    })
  }

  it('loses and misorders nothing while shards are split and merged under load', async () => {
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: emulator.endpoint,
      credentials: TEST_CREDENTIALS,
    })
    await createStream(client, 's', 2)
    const producer = new BatchProducer(client, 's', {
      batchSize: 200,
      bufferSize: 5000,
      ordering: 'partitionKey',
      whenFull: 'wait',
      logger: false,
    })
    producer.start()
    const [first, second] = ['shardId-000000000000', 'shardId-000000000001']
    const MIDDLE_OF_FIRST = String(1n << 126n)
    for (let i = 0; i < 12; i++) {
      for (let key = 0; key < 300; key++) await producer.add(`${key}:${i}`, `key-${key}`)
      if (i === 3) {
        await client.send(
          new SplitShardCommand({
            StreamName: 's',
            ShardToSplit: first,
            NewStartingHashKey: MIDDLE_OF_FIRST,
          }),
        )
        await waitForActive(client, 's')
      } else if (i === 7) {
        // The upper half of the first and the second are neighbours.
        await client.send(
          new MergeShardsCommand({
            StreamName: 's',
            ShardToMerge: 'shardId-000000000003',
            AdjacentShardToMerge: second,
          }),
        )
        await waitForActive(client, 's')
      }
    }
    const { leftover } = await producer.close()
    assert.deepEqual(leftover, [])

    const records = await readAll(client, 's')
    assert.equal(records.length, 3600)
    assert.ok(
      new Set(records.map(({ shardId }) => shardId)).size >= 4,
      'old and new shards took part',
    )
    const last = new Map<string, number>()
    for (const { data } of records) {
      const [key = '', number] = Buffer.from(data).toString('utf8').split(':')
      assert.equal(Number(number), (last.get(key) ?? -1) + 1, `key ${key}`)
      last.set(key, Number(number))
    }
    client.destroy()
  })
})
