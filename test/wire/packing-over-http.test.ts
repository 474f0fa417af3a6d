import assert from 'node:assert/strict'
import {
  BatchProducer,
  createKinesisClient,
  type ProducerClientConfig,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import { hashOf, toHex } from '@kinesis-producer/testing/internal/streams/hash-ranges'
import { assertLaw } from '../support/core/harness.js'
import {
  type FakeKinesis,
  faults,
  type StoredRecord,
  startFakeKinesis,
  TEST_CREDENTIALS,
} from '../support/endpoint/index.js'

const COUNT = 5000

describe('packing over real HTTP', () => {
  let fake: FakeKinesis
  let clients: { destroy(): void }[] = []
  let lines: string[] = []

  beforeEach(async () => {
    lines = []
    fake = await startFakeKinesis({ streams: { s: 4 } })
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await fake.close()
  })

  const produce = (config: ProducerConfig, wire: ProducerClientConfig = {}): BatchProducer => {
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: TEST_CREDENTIALS,
      ...wire,
    })
    clients.push(client)
    const log = (line: string): void => void lines.push(line)
    const producer = new BatchProducer(client, 's', {
      bufferSize: 50_000,
      flushInterval: 50,
      logger: { debug: () => {}, info: () => {}, warn: log, error: log },
      ...config,
    })
    producer.start()
    return producer
  }
  const textsOf = (records: readonly StoredRecord[]): string[] =>
    records.flatMap(({ data }) =>
      Array.from(decode(data), one => Buffer.from(one.data).toString('utf8')),
    )
  const expected = Array.from({ length: COUNT }, (_, i) => `line ${i}`)
  /** User records whose key does not belong to the shard they lie in: a consumer drops these. */
  const misplaced = (): number => {
    const ranges = new Map(shardRanges())
    return fake.records('s').filter(({ data, partitionKey, explicitHashKey, shardId }) => {
      const range = ranges.get(shardId)
      return [...decode({ Data: data, PartitionKey: partitionKey })].some(one => {
        const hash = hashOf(one.partitionKey ?? '', one.explicitHashKey ?? explicitHashKey)
        return range === undefined || hash < range.from || hash > range.to
      })
    }).length
  }
  const shardRanges = (): [string, { from: string; to: string }][] =>
    fake.shards('s').map(({ id, from, to }) => [id, { from: toHex(from), to: toHex(to) }])

  for (const wireFormat of ['json', 'cbor'] as const) {
    for (const packing of [
      { kind: 'none' },
      { kind: 'concat' },
      { kind: 'concat', compression: 'gzip' },
      { kind: 'kpl' },
      { kind: 'kpl', groupBy: 'shard' },
    ] as const) {
      it(`delivers all through faults: ${wireFormat}, ${JSON.stringify(packing)}`, async () => {
        fake.script(
          faults.ok(),
          faults.requestError('InternalFailure'),
          faults.ok(),
          faults.requestError('ProvisionedThroughputExceededException'),
          faults.lostResponse(),
          faults.cutResponse(),
        )
        const producer = produce(
          // Small packs, so that there are requests enough for all the faults.
          { packing, ...(packing.kind !== 'none' && { packing: { ...packing, maxBytes: 2000 } }) },
          { wireFormat },
        )
        for (const [i, text] of expected.entries())
          producer.tryAdd(text, i % 3 === 0 ? undefined : `key ${i % 7}`)
        const { leftover } = await producer.close()
        assert.deepEqual(leftover, [])
        assert.deepEqual(new Set(textsOf(fake.records('s'))), new Set(expected))
        assert.deepEqual(fake.violations, [])
        assertLaw(producer)
        if (packing.kind === 'kpl') assert.equal(misplaced(), 0)
      })
    }
  }

  it('tells receipts and partial failures of CBOR answers', async () => {
    const producer = produce({ batchSize: 500 }, { wireFormat: 'cbor' })
    await producer.put('learns the way')
    fake.script(faults.partial(faults.share(0.5), 'InternalFailure'))
    const receipts = await Promise.all(expected.slice(0, 100).map(text => producer.put(text, text)))
    const retried = receipts.filter(({ attempts }) => attempts.length > 1)
    assert.ok(retried.length > 10, `${retried.length} retried`)
    for (const { shardId, sequenceNumber } of receipts) {
      assert.match(shardId, /^shardId-/)
      assert.match(sequenceNumber, /^\d+$/)
    }
    await producer.close()
  })

  it('speaks JSON to an endpoint that does not understand CBOR', async () => {
    const warnings: string[] = []
    const note = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', note)
    await fake.close()
    fake = await startFakeKinesis({ streams: { s: 4 }, cbor: false })
    const producer = produce({ batchSize: 1 }, { wireFormat: 'cbor' })
    for (const text of expected.slice(0, 20)) await producer.put(text)
    await producer.close()
    process.off('warning', note)
    assert.deepEqual(textsOf(fake.records('s')), expected.slice(0, 20))
    assert.equal(
      warnings.filter(line => line.includes('does not understand wireFormat cbor')).length,
      1,
    )
  })

  it('does not aggregate for a stream that distributes its records itself, and says so', async () => {
    await fake.close()
    fake = await startFakeKinesis({ streams: { s: { shards: 4, serviceDistributed: true } } })
    const producer = produce({ packing: { kind: 'kpl' } })
    for (let i = 0; i < 500; i++) await producer.add(`line ${i}`, 'key')
    await producer.close()
    assert.equal(fake.records('s').length, 500, 'one by one')
    assert.ok(
      lines.some(line => /packing kpl is off: the stream distributes/.test(line)),
      lines[0],
    )
  })

  it('aggregates by shard, and no record lies where consumers drop it, through resharding', async () => {
    const packing = { kind: 'kpl', groupBy: 'shard' } as const
    const producer = produce({ packing, batchSize: 500 })
    // Until the shards are known, records go by key.
    await producer.put('first')
    while (!fake.requests.some(({ operation }) => operation === 'ListShards'))
      await new Promise(resolve => setImmediate(resolve))
    await producer.put('second')
    const addAll = async (): Promise<void> => {
      for (const [i, text] of expected.entries()) producer.tryAdd(text, `key ${i % 1000}`)
      await producer.drain()
    }
    await addAll()
    const before = fake.records('s').length
    assert.ok(before < 100, `a thousand keys share ${before} Kinesis records`)
    assert.equal(misplaced(), 0)

    const [shard] = fake.shards('s')
    fake.splitShard('s', shard?.id ?? '')
    await addAll()
    await addAll()
    const delivered = producer.stats().delivered
    await producer.close()
    // What landed astray was sent again: each record is where a consumer finds it, once a round.
    const found = new Map<string, number>()
    const ranges = new Map(shardRanges())
    for (const { data, partitionKey, shardId } of fake.records('s')) {
      const range = ranges.get(shardId)
      for (const one of decode({ Data: data, PartitionKey: partitionKey })) {
        const hash = hashOf(one.partitionKey ?? '', one.explicitHashKey)
        if (range === undefined || hash < range.from || hash > range.to) continue
        const text = Buffer.from(one.data).toString()
        found.set(text, (found.get(text) ?? 0) + 1)
      }
    }
    for (const text of expected)
      assert.ok((found.get(text) ?? 0) >= 3, `${text}: ${found.get(text)}`)
    assert.equal(delivered, 3 * COUNT + 2)
    assert.ok(producer.stats().possibleDuplicates > 0, 'told as possible duplicates')
  })
})
