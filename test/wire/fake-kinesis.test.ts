import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  ListStreamsCommand,
  PutRecordsCommand,
  type PutRecordsCommandOutput,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis'
import {
  codes,
  entries,
  errorOf,
  type FakeKinesis,
  type FakeOptions,
  faults,
  startFakeKinesis,
  testClient,
} from '../support/endpoint/index.js'

const THROTTLED = 'ProvisionedThroughputExceededException'
const KEY_SPACE = 1n << 128n

describe('the fake Kinesis', () => {
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

  describe('storing', () => {
    it('keeps what it accepts, in the order of arrival', async () => {
      const output = await put(entries(3))
      await put([{ Data: Buffer.from('ü'), PartitionKey: 'schlüssel', ExplicitHashKey: '0' }])
      assert.equal(output.FailedRecordCount, 0)
      assert.equal(output.EncryptionType, 'NONE')
      assert.deepEqual(fake.texts('s'), ['r0', 'r1', 'r2', 'ü'])
      const last = fake.records('s').at(-1)
      assert.equal(last?.partitionKey, 'schlüssel')
      assert.equal(last.explicitHashKey, '0')
      assert.equal(last.shardId, 'shardId-000000000000')
      assert.equal(last.requestNumber, 2)
      assert.deepEqual(
        (output.Records ?? []).map(({ SequenceNumber, ShardId }) => ({ SequenceNumber, ShardId })),
        fake
          .records('s')
          .slice(0, 3)
          .map(({ sequenceNumber, shardId }) => ({
            SequenceNumber: sequenceNumber,
            ShardId: shardId,
          })),
      )
    })

    it('puts each key into the shard its MD5 belongs to', async () => {
      await put(entries(200))
      for (const { partitionKey, shardId } of fake.records('s')) {
        const hash = BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
        assert.equal(shardId, `shardId-${String((hash * 4n) / KEY_SPACE).padStart(12, '0')}`)
      }
    })

    it('gives sequence numbers that only grow, as numbers and as text', async () => {
      await put(entries(50))
      await put(entries(50))
      const numbers = fake.records('s').map(({ sequenceNumber }) => sequenceNumber)
      assert.deepEqual(numbers, numbers.toSorted())
      assert.equal(new Set(numbers.map(BigInt)).size, 100)
    })

    it('takes a stream by its ARN', async () => {
      const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
      await client.send(new PutRecordsCommand({ StreamARN, Records: entries(1) }))
      assert.deepEqual(fake.texts('s'), ['r0'])
      const { StreamDescriptionSummary } = await client.send(
        new DescribeStreamSummaryCommand({ StreamARN }),
      )
      assert.equal(StreamDescriptionSummary?.StreamName, 's')
    })

    it('only counts when told so, and still shows each record to the callback', async () => {
      const seen: string[] = []
      await start({
        streams: { s: 2 },
        maxRecords: 0,
        onRecord: (stream, { data }) => seen.push(`${stream}:${data.toString()}`),
      })
      await put(entries(2))
      assert.deepEqual(fake.records('s'), [])
      assert.deepEqual(fake.requests, [])
      assert.equal(fake.counts.records, 2)
      assert.equal(fake.counts.bytes, 4)
      assert.deepEqual(seen, ['s:r0', 's:r1'])
      assert.deepEqual(fake.summary.streams, { s: { records: 2, bytes: 4, shards: 2 } })
    })

    it('logs every request and counts the most at one time', async () => {
      fake.always(faults.hang())
      const open = [put(), put(), put()]
      await fake.waitForRequests(3)
      fake.releaseHung()
      await Promise.all(open)
      await client.send(new ListStreamsCommand({}))
      assert.equal(fake.counts.maxConcurrent, 3)
      assert.deepEqual(
        fake.requests.map(({ operation, records, status, fault }) => [
          operation,
          records,
          status,
          fault,
        ]),
        [
          ...Array.from({ length: 3 }, () => ['PutRecords', 4, 200, 'hang']),
          ['ListStreams', 0, 200, 'ok'],
        ],
      )
    })

    it('keeps one connection alive for a client that reuses it', async () => {
      for (let i = 0; i < 5; i++) await put()
      assert.equal(fake.connectionsOpened, 1)
    })
  })

  describe('limits of the service', () => {
    const big = (bytes: number, key = 'k'): PutRecordsRequestEntry => ({
      Data: Buffer.alloc(bytes),
      PartitionKey: key,
    })
    const MIB = 1024 * 1024
    const broken: [string, PutRecordsRequestEntry[], string, RegExp][] = [
      ['no records', [], 'ValidationException', /at 'records' .* greater than or equal to 1/],
      [
        '501 records',
        entries(501),
        'ValidationException',
        /at 'records' .* less than or equal to 500/,
      ],
      [
        'a record over 1 MiB with its key',
        [big(MIB)],
        'ValidationException',
        /records\.1\.member\.data/,
      ],
      [
        'an empty key',
        [big(1), big(1, '')],
        'ValidationException',
        /records\.2\.member\.partitionKey.*or equal to 1/,
      ],
      [
        'a key of 257 characters',
        [big(1, 'é'.repeat(257))],
        'ValidationException',
        /partitionKey.*or equal to 256/,
      ],
      [
        'over 10 MiB in a request',
        Array.from({ length: 11 }, () => big(MIB - 1)),
        'InvalidArgumentException',
        /10 MB limit/,
      ],
      [
        'a hash key that is no number',
        [{ ...big(1), ExplicitHashKey: 'abc' }],
        'ValidationException',
        /explicitHashKey/,
      ],
      [
        'a hash key of 2^128',
        [{ ...big(1), ExplicitHashKey: String(KEY_SPACE) }],
        'InvalidArgumentException',
        /\[0, 2\^128-1\]/,
      ],
    ]
    for (const [what, records, name, message] of broken) {
      it(`refuses ${what} and counts a violation`, async () => {
        const seen = await errorOf(put(records))
        assert.equal(seen.name, name)
        assert.equal(seen.status, 400)
        assert.match(seen.message, message)
        assert.equal(fake.counts.violations, 1)
        assert.equal(fake.violations.length, 1)
        assert.deepEqual(fake.records('s'), [])
      })
    }

    it('takes all that is just within the limits', async () => {
      await put(entries(500))
      await put([big(MIB - 1)])
      await put([big(1, '😀'.repeat(256))])
      await put([...Array.from({ length: 9 }, () => big(MIB - 1)), big(MIB - 1)])
      await put([{ ...big(1), ExplicitHashKey: String(KEY_SPACE - 1n) }])
      assert.equal(fake.counts.violations, 0)
      assert.equal(fake.records('s').at(-1)?.shardId, 'shardId-000000000003')
    })

    it('takes larger records where the stream allows them', async () => {
      fake.createStream('large', { shards: 1, maxRecordBytes: 10 * MIB })
      await client.send(new PutRecordsCommand({ StreamName: 'large', Records: [big(9 * MIB)] }))
      assert.equal(fake.records('large')[0]?.data.length, 9 * MIB)
      const { StreamDescriptionSummary } = await client.send(
        new DescribeStreamSummaryCommand({ StreamName: 'large' }),
      )
      assert.equal(StreamDescriptionSummary?.MaxRecordSizeInKiB, 10_240)
    })

    it('knows no stream that was not created', async () => {
      const seen = await errorOf(
        client.send(new PutRecordsCommand({ StreamName: 'x', Records: entries(1) })),
      )
      assert.equal(seen.name, 'ResourceNotFoundException')
      assert.equal(fake.counts.violations, 0)
    })

    it('answers a body that is no JSON as the service does', async () => {
      const response = await fetch(fake.endpoint, {
        method: 'POST',
        headers: { 'x-amz-target': 'Kinesis_20131202.PutRecords' },
        body: '{',
      })
      assert.equal(response.status, 400)
      assert.match(await response.text(), /SerializationException/)
    })

    it('enforces records per second of a shard, by its clock', async () => {
      let now = 0
      await start({
        streams: { s: 1 },
        limits: { recordsPerSecond: 10, bytesPerSecond: 1000 },
        now: () => now,
      })
      const first = await put(entries(12))
      assert.equal(first.FailedRecordCount, 2)
      assert.deepEqual(codes(first).slice(-2), [THROTTLED, THROTTLED])
      assert.equal(
        first.Records?.at(-1)?.ErrorMessage,
        'Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.',
      )
      now = 500
      assert.equal((await put(entries(12))).FailedRecordCount, 7)
      assert.equal(fake.counts.throttled, 9)
      assert.equal(fake.records('s').length, 15)
    })

    it('enforces bytes per second of a shard', async () => {
      await start({
        streams: { s: 1 },
        limits: { recordsPerSecond: 1000, bytesPerSecond: 100 },
        now: () => 0,
      })
      const output = await put([big(60), big(60), big(30)])
      assert.deepEqual(codes(output), [undefined, THROTTLED, undefined])
    })
  })
})
