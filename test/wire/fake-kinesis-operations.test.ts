import assert from 'node:assert/strict'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsCommandOutput,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import {
  createStream,
  entries,
  errorOf,
  type FakeKinesis,
  type FakeOptions,
  readAll,
  startFakeKinesis,
  testClient,
} from '../support/endpoint/index.js'

const KEY_SPACE = 1n << 128n

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `r${i}`)

describe('the operations of the fake Kinesis', () => {
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

  beforeEach(() => start())
  afterEach(async () => {
    for (const other of others.splice(0)) other.destroy()
    await fake.close()
  })

  describe('operations', () => {
    it('creates, describes, lists and deletes streams', async () => {
      await createStream(client, 'new', 3)
      const { StreamDescription } = await client.send(
        new DescribeStreamCommand({ StreamName: 'new', Limit: 2 }),
      )
      assert.equal(StreamDescription?.Shards?.length, 2)
      assert.equal(StreamDescription.HasMoreShards, true)
      assert.ok(StreamDescription.StreamCreationTimestamp instanceof Date)
      assert.deepEqual((await client.send(new ListStreamsCommand({}))).StreamNames, ['new', 's'])
      assert.equal((await errorOf(createStream(client, 'new', 1))).name, 'ResourceInUseException')
      await client.send(new DeleteStreamCommand({ StreamName: 'new' }))
      assert.deepEqual((await client.send(new ListStreamsCommand({}))).StreamNames, ['s'])
    })

    it('creates streams with large records', async () => {
      await client.send(
        new CreateStreamCommand({ StreamName: 'large', ShardCount: 1, MaxRecordSizeInKiB: 2048 }),
      )
      const Records = [{ Data: Buffer.alloc(2_000_000), PartitionKey: 'k' }]
      await client.send(new PutRecordsCommand({ StreamName: 'large', Records }))
      assert.equal(fake.records('large').length, 1)
    })

    it('covers the hash space with the shards it lists, page by page', async () => {
      const first = await client.send(new ListShardsCommand({ StreamName: 's', MaxResults: 3 }))
      const second = await client.send(new ListShardsCommand({ NextToken: first.NextToken }))
      const ranges = [...(first.Shards ?? []), ...(second.Shards ?? [])].map(
        ({ HashKeyRange }) => HashKeyRange,
      )
      assert.equal(ranges.length, 4)
      assert.equal(second.NextToken, undefined)
      let next = 0n
      for (const range of ranges) {
        assert.equal(BigInt(range?.StartingHashKey ?? -1), next)
        next = BigInt(range?.EndingHashKey ?? -1) + 1n
      }
      assert.equal(next, KEY_SPACE)
    })

    it('puts the first and the last hash key of a shard into that shard', async () => {
      await start({ streams: { s: 3 } })
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: 's' }))
      for (const { ShardId, HashKeyRange } of Shards) {
        const keys = [HashKeyRange?.StartingHashKey, HashKeyRange?.EndingHashKey]
        const { Records } = await put(
          keys.map(ExplicitHashKey => ({
            Data: Buffer.from('x'),
            PartitionKey: 'k',
            ExplicitHashKey,
          })),
        )
        assert.deepEqual(
          Records?.map(record => record.ShardId),
          [ShardId, ShardId],
        )
      }
    })

    it('puts single records', async () => {
      const output = await client.send(
        new PutRecordCommand({ StreamName: 's', Data: Buffer.from('one'), PartitionKey: 'k' }),
      )
      assert.deepEqual(fake.texts('s'), ['one'])
      assert.equal(output.SequenceNumber, fake.records('s')[0]?.sequenceNumber)
      assert.equal(output.EncryptionType, 'NONE')
    })

    it('splits a shard: the parent closes, its children take over', async () => {
      await start({ streams: { s: 1 } })
      await put(entries(10))
      await client.send(
        new SplitShardCommand({
          StreamName: 's',
          ShardToSplit: 'shardId-000000000000',
          NewStartingHashKey: String(KEY_SPACE / 2n),
        }),
      )
      const output = await put(entries(20, 10))
      const used = new Set((output.Records ?? []).map(({ ShardId }) => ShardId))
      assert.deepEqual([...used].map(String).toSorted(), [
        'shardId-000000000001',
        'shardId-000000000002',
      ])
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: 's' }))
      assert.deepEqual(
        Shards.map(({ ParentShardId }) => ParentShardId),
        [undefined, 'shardId-000000000000', 'shardId-000000000000'],
      )
      const ending = Shards[0]?.SequenceNumberRange?.EndingSequenceNumber
      assert.ok(
        fake
          .records('s')
          .slice(0, 10)
          .every(({ sequenceNumber }) => sequenceNumber < (ending ?? '')),
      )
      const open = await client.send(
        new ListShardsCommand({ StreamName: 's', ShardFilter: { Type: 'AT_LATEST' } }),
      )
      assert.deepEqual(
        open.Shards?.map(({ ShardId }) => ShardId),
        ['shardId-000000000001', 'shardId-000000000002'],
      )
    })

    it('merges neighbours only', async () => {
      const merge = (ShardToMerge: string, AdjacentShardToMerge: string): Promise<unknown> =>
        client.send(new MergeShardsCommand({ StreamName: 's', ShardToMerge, AdjacentShardToMerge }))
      assert.equal(
        (await errorOf(merge('shardId-000000000000', 'shardId-000000000002'))).name,
        'InvalidArgumentException',
      )
      await merge('shardId-000000000001', 'shardId-000000000002')
      const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: 's' }))
      assert.equal(Shards[4]?.ParentShardId, 'shardId-000000000001')
      assert.equal(Shards[4].AdjacentParentShardId, 'shardId-000000000002')
      await put(entries(40))
      assert.deepEqual([...new Set(fake.records('s').map(({ shardId }) => shardId))].toSorted(), [
        'shardId-000000000000',
        'shardId-000000000003',
        'shardId-000000000004',
      ])
      assert.equal(
        (await errorOf(merge('shardId-000000000001', 'shardId-000000000002'))).name,
        'InvalidArgumentException',
      )
    })

    it('is read back whole, parents before children, across resharding', async () => {
      await put(entries(30))
      fake.splitShard('s', 'shardId-000000000003')
      await put(entries(30, 30))
      fake.mergeShards('s', 'shardId-000000000000', 'shardId-000000000001')
      await put(entries(30, 60))
      const read = await readAll(client, 's')
      assert.deepEqual(
        read.map(({ data }) => Buffer.from(data).toString()).toSorted(),
        texts(90).toSorted(),
      )
      const order = [...new Set(read.map(({ shardId }) => shardId))]
      assert.ok(order.indexOf('shardId-000000000003') < order.indexOf('shardId-000000000004'))
      assert.ok(order.indexOf('shardId-000000000001') < order.indexOf('shardId-000000000006'))
      for (const { sequenceNumber, partitionKey, shardId } of read) {
        const stored = fake.records('s').find(record => record.sequenceNumber === sequenceNumber)
        assert.deepEqual([stored?.partitionKey, stored?.shardId], [partitionKey, shardId])
      }
    })

    it('reads from a sequence number, in pages, and says how far behind', async () => {
      await start({ streams: { s: 1 } })
      await put(entries(10))
      const StartingSequenceNumber = fake.records('s')[4]?.sequenceNumber
      const iteratorOf = async (
        ShardIteratorType: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER',
      ): Promise<string | undefined> => {
        const at = {
          StreamName: 's',
          ShardId: 'shardId-000000000000',
          ShardIteratorType,
          StartingSequenceNumber,
        }
        return (await client.send(new GetShardIteratorCommand(at))).ShardIterator
      }
      const at = await client.send(
        new GetRecordsCommand({ ShardIterator: await iteratorOf('AT_SEQUENCE_NUMBER'), Limit: 2 }),
      )
      assert.deepEqual(
        at.Records?.map(({ Data }) => Buffer.from(Data ?? '').toString()),
        ['r4', 'r5'],
      )
      assert.ok((at.MillisBehindLatest ?? 0) > 0)
      const rest = await client.send(new GetRecordsCommand({ ShardIterator: at.NextShardIterator }))
      assert.equal(rest.Records?.length, 4)
      assert.equal(rest.MillisBehindLatest, 0)
      const after = await client.send(
        new GetRecordsCommand({ ShardIterator: await iteratorOf('AFTER_SEQUENCE_NUMBER') }),
      )
      assert.equal(after.Records?.length, 5)
    })

    it('names an operation it does not know', async () => {
      const response = await fetch(fake.endpoint, {
        method: 'POST',
        headers: { 'x-amz-target': 'Kinesis_20131202.Nonsense' },
        body: '{}',
      })
      assert.match(await response.text(), /UnknownOperationException/)
    })
  })
})
