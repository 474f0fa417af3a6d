import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MergeShardsCommand, SplitShardCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import kinesalite from 'kinesalite'
import { type Emulator, startEmulator } from '../support/endpoint/emulator.js'
import {
  createStream,
  readAll,
  TEST_CREDENTIALS,
  waitForActive,
} from '../support/endpoint/index.js'

const COUNT = 4000

const connect = (endpoint: string, wireFormat: 'json' | 'cbor' = 'json') =>
  createKinesisClient({
    region: 'us-east-1',
    endpoint,
    credentials: TEST_CREDENTIALS,
    wireFormat,
  })

describe('packing on the real emulator', () => {
  let emulator: Emulator
  beforeEach(async () => {
    emulator = await startEmulator({ throttle: true })
  })
  afterEach(() => emulator.close())

  for (const packing of [
    { kind: 'concat' },
    { kind: 'concat', compression: 'gzip' },
    { kind: 'kpl' },
    { kind: 'kpl', groupBy: 'shard' },
  ] as const) {
    it(`delivers through throttling and resharding, and all is read back: ${JSON.stringify(packing)}`, async () => {
      const client = connect(emulator.endpoint)
      await createStream(client, 's', 2)
      const producer = new BatchProducer(client, 's', {
        packing: { ...packing, maxBytes: 5000 },
        batchSize: 100,
        bufferSize: 5000,
        ordering: 'partitionKey',
        whenFull: 'wait',
        logger: false,
      })
      producer.start()
      const add = async (from: number): Promise<void> => {
        for (let i = from; i < from + COUNT / 2; i++)
          await producer.add(`${i % 50}:${Math.floor(i / 50)} ${'x'.repeat(200)}`, `key-${i % 50}`)
      }
      await add(0)
      await client.send(
        new SplitShardCommand({
          StreamName: 's',
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(1n << 126n),
        }),
      )
      await add(COUNT / 2)
      await waitForActive(client, 's')
      await client.send(
        new MergeShardsCommand({
          StreamName: 's',
          ShardToMerge: 'shardId-000000000002',
          AdjacentShardToMerge: 'shardId-000000000003',
        }),
      )
      const { leftover } = await producer.close()
      assert.deepEqual(leftover, [])

      const seen = new Map<string, number>()
      const packs = await readAll(client, 's')
      for (const { data, partitionKey } of packs) {
        for (const one of decode({ Data: data, PartitionKey: partitionKey })) {
          const [key = '', rest = ''] = Buffer.from(one.data).toString('utf8').split(':')
          const number = Number(rest.split(' ')[0])
          const last = seen.get(key) ?? -1
          // What landed astray by a resharding may be there twice.
          if (number > last) assert.equal(number, last + 1, `key ${key}`)
          else assert.ok(packing.kind === 'kpl' && 'groupBy' in packing, `key ${key} twice`)
          seen.set(key, Math.max(last, number))
          assert.equal(one.partitionKey, `key-${key}`)
        }
      }
      assert.equal(seen.size, 50)
      for (const [key, last] of seen) assert.equal(last, COUNT / 50 - 1, `key ${key}`)
      assert.ok(packs.length < COUNT / 3, `${packs.length} Kinesis records`)
      client.destroy()
    })
  }
})

describe('CBOR with kinesalite', () => {
  let server: Server
  afterEach(() => server.close())

  it('is understood, and read back as it was written', async () => {
    server = kinesalite({ createStreamMs: 0 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address: AddressInfo | string | null = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const client = connect(`http://127.0.0.1:${address.port}`, 'cbor')
    await createStream(client, 's', 2)
    // Its answers in CBOR are cut off at 16 KiB: some hundred records.
    const producer = new BatchProducer(client, 's', { batchSize: 50, logger: false })
    producer.start()
    const receipts = []
    for (let i = 0; i < 200; i++) receipts.push(producer.put(`line ${i} ü`, `käse ${i}`))
    const shards = new Set((await Promise.all(receipts)).map(({ shardId }) => shardId))
    await producer.close()
    assert.equal(shards.size, 2)
    Reflect.deleteProperty(globalThis, 'buffer')
    const read = await readAll(client, 's')
    Reflect.deleteProperty(globalThis, 'buffer')
    assert.equal(read.length, 200)
    client.destroy()
  })
})
