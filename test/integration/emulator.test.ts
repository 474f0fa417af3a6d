import assert from 'node:assert/strict'
import {
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type PutRecordsCommandOutput,
  type PutRecordsRequestEntry,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { type Emulator, type EmulatorOptions, startEmulator } from '../support/endpoint/emulator.js'
import {
  createStream,
  defaultHandlerClient,
  entries,
  readAll,
  testClient,
  waitForActive,
} from '../support/endpoint/index.js'
import { runTail } from '../support/testing/tail.js'

const MIB = 1024 * 1024
const THROTTLED = 'ProvisionedThroughputExceededException'

const big = (bytes: number, key: string): PutRecordsRequestEntry => ({
  Data: Buffer.alloc(bytes, key),
  PartitionKey: key,
})

describe('the emulator', () => {
  let emulator: Emulator
  let client: KinesisClient
  let now = 0
  const clients: KinesisClient[] = []

  const start = async (options: EmulatorOptions = {}): Promise<void> => {
    emulator = await startEmulator({ now: () => now, ...options })
    client = testClient(emulator.endpoint)
    clients.push(client)
  }
  const put = (records: PutRecordsRequestEntry[], by = client): Promise<PutRecordsCommandOutput> =>
    by.send(new PutRecordsCommand({ StreamName: 's', Records: records }))
  const read = async (by = client): Promise<string[]> =>
    (await readAll(by, 's')).map(({ data }) => Buffer.from(data).toString())

  beforeEach(() => start())
  afterEach(async () => {
    for (const made of clients.splice(0)) made.destroy()
    await emulator.close()
  })

  it('gives back what was put', async () => {
    await createStream(client, 's', 3)
    const output = await put(entries(300))
    assert.equal(output.FailedRecordCount, 0)
    assert.equal(output.EncryptionType, 'NONE')
    const records = await readAll(client, 's')
    assert.deepEqual(
      new Map(
        records.map(({ sequenceNumber, shardId, partitionKey, data }) => [
          sequenceNumber,
          [shardId, partitionKey, Buffer.from(data).toString()],
        ]),
      ),
      new Map(
        (output.Records ?? []).map(({ SequenceNumber, ShardId }, i) => [
          SequenceNumber,
          [ShardId, `k${i}`, `r${i}`],
        ]),
      ),
    )
    assert.equal(emulator.counts.records, 300)
    assert.equal(emulator.counts.putRequests, 1)
  })

  it('reads more records than one page holds', async () => {
    emulator.setThrottle(false)
    await createStream(client, 's', 1)
    for (let i = 0; i < 21; i++) await put(entries(500, i * 500))
    assert.equal((await read()).length, 10_500)
  })

  it('speaks HTTP/2 to the handler the SDK takes by itself', async () => {
    const http2 = defaultHandlerClient(emulator.endpoint)
    clients.push(http2)
    await createStream(http2, 's', 1)
    await put(entries(500), http2)
    await put(entries(10, 500))
    assert.equal((await read(http2)).length, 510)
  })

  it('takes a stream by its ARN', async () => {
    await createStream(client, 's', 1)
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    await client.send(new PutRecordsCommand({ StreamARN, Records: entries(2) }))
    await client.send(
      new PutRecordCommand({ StreamARN, Data: Buffer.from('one'), PartitionKey: 'k' }),
    )
    assert.equal((await client.send(new ListShardsCommand({ StreamARN }))).Shards?.length, 1)
    assert.deepEqual(await read(), ['r0', 'r1', 'one'])
  })

  it('throttles a shard beyond 1000 records a second, record by record', async () => {
    await createStream(client, 's', 1)
    await put(entries(500))
    await put(entries(400, 500))
    const output = await put(entries(500, 900))
    assert.equal(output.FailedRecordCount, 400)
    assert.equal(output.Records?.at(-1)?.ErrorCode, THROTTLED)
    assert.equal(
      output.Records.at(-1)?.ErrorMessage,
      'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
    )
    assert.equal(emulator.counts.throttled, 400)
    now += 100
    assert.equal((await put(entries(500))).FailedRecordCount, 400)
    assert.equal((await read()).length, 1100)
  })

  it('throttles a shard beyond 1 MiB a second, and single puts too', async () => {
    await createStream(client, 's', 1)
    const output = await put([big(600_000, 'a'), big(600_000, 'b'), big(100, 'c')])
    assert.deepEqual(
      output.Records?.map(({ ErrorCode }) => ErrorCode),
      [undefined, THROTTLED, undefined],
    )
    const one = new PutRecordCommand({
      StreamName: 's',
      Data: Buffer.alloc(600_000),
      PartitionKey: 'k',
    })
    await assert.rejects(client.send(one), { name: THROTTLED })
    emulator.setThrottle(false)
    await client.send(one)
  })

  it('takes requests larger than kinesalite would, in order, and none over 10 MiB', async () => {
    emulator.setThrottle(false)
    await createStream(client, 's', 1)
    const records = Array.from({ length: 10 }, (_, i) => big(MIB - 1, String(i)))
    const output = await put(records.slice(0, 8))
    assert.equal(output.FailedRecordCount, 0)
    assert.equal(new Set(output.Records?.map(({ SequenceNumber }) => SequenceNumber)).size, 8)
    assert.deepEqual(
      (await readAll(client, 's')).map(({ partitionKey }) => partitionKey),
      ['0', '1', '2', '3', '4', '5', '6', '7'],
    )
    await put(records)
    await assert.rejects(put([...records, big(1, 'x')]), { name: 'InvalidArgumentException' })
  })

  it('refuses records over 1 MiB with their key, 501 records and empty keys', async () => {
    await createStream(client, 's', 1)
    await assert.rejects(put([big(MIB, 'k')]), {
      name: 'ValidationException',
      message: /records\.1\.member\.data/,
    })
    await assert.rejects(put(entries(501)), { name: 'ValidationException' })
    await assert.rejects(put([{ Data: Buffer.from('x'), PartitionKey: '' }]), {
      name: 'ValidationException',
    })
    await assert.rejects(put([]), { name: 'ValidationException' })
  })

  it('knows no stream that was not created', async () => {
    await assert.rejects(put(entries(1)), { name: 'ResourceNotFoundException' })
  })

  it('lists only open shards when asked, and reads across resharding, parents first', async () => {
    await createStream(client, 's', 2)
    await put(entries(20))
    const half = String((1n << 126n) + 5n)
    await client.send(
      new SplitShardCommand({
        StreamName: 's',
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: half,
      }),
    )
    await waitForActive(client, 's')
    await put(entries(20, 20))
    await client.send(
      new MergeShardsCommand({
        StreamName: 's',
        ShardToMerge: 'shardId-000000000003',
        AdjacentShardToMerge: 'shardId-000000000001',
      }),
    )
    await waitForActive(client, 's')
    await put(entries(20, 40))
    const tailed = await runTail(client, ['s', '--since', 'start'])
    assert.deepEqual(
      tailed.out.trim().split('\n').toSorted(),
      Array.from({ length: 60 }, (_, i) => `r${i}`).toSorted(),
    )
    const open = await client.send(
      new ListShardsCommand({ StreamName: 's', ShardFilter: { Type: 'AT_LATEST' } }),
    )
    assert.deepEqual(
      open.Shards?.map(({ ShardId }) => ShardId),
      ['shardId-000000000002', 'shardId-000000000004'],
    )
    assert.equal((await client.send(new ListShardsCommand({ StreamName: 's' }))).Shards?.length, 5)
    assert.deepEqual(
      (await read()).toSorted(),
      Array.from({ length: 60 }, (_, i) => `r${i}`).toSorted(),
    )
  })
})
