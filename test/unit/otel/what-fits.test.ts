import assert from 'node:assert/strict'
import { CreateStreamCommand } from '@aws-sdk/client-kinesis'
import { createKinesisClient, type PackingConfig } from '@kinesis-producer/core'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
  type KinesisLogRecordProcessorOptions,
} from '@kinesis-producer/otel-exporter'
import { decodeLogs, type PlainLog } from '@kinesis-producer/otel-exporter/decode'
import fc from 'fast-check'
import { FakeClient } from '../../support/core/fake-client.js'
import { startFakeKinesis } from '../../support/endpoint/index.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

const ENCODINGS = ['otlp-proto', 'otlp-json'] as const
const PACKINGS: readonly (PackingConfig | undefined)[] = [
  undefined,
  { kind: 'none' },
  { kind: 'concat', compression: 'gzip' },
  { kind: 'kpl' },
]
const MIB = 1024 * 1024
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const textOf = (body: unknown): string => {
  assert.ok(typeof body === 'string')
  return body
}

/** What arrives of logs that are sent one by one. */
const sent = async (
  options: Partial<KinesisLogRecordProcessorOptions>,
  bodies: readonly string[],
): Promise<PlainLog[]> => {
  const client = new FakeClient()
  const processor = new KinesisLogRecordProcessor({
    streamName: 's',
    client,
    logger: silent,
    ...options,
  })
  for (const body of bodies) processor.onEmit({ ...ORDINARY, body })
  await processor.shutdown()
  const { encoding } = options
  return client.calls
    .flat()
    .flatMap(({ Data }) =>
      decodeLogs(Data, encoding === 'otlp-json' ? { encoding: 'otlp-json' } : {}),
    )
}

describe('what fits into a record is the producer’s answer', () => {
  it('so that no log is lost for its size: the largest go whole, larger ones shortened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ENCODINGS),
        fc.constantFrom(...PACKINGS),
        fc.integer({ min: MIB, max: 2 * MIB }),
        fc.nat(2000),
        fc.integer({ min: -2000, max: 2000 }),
        fc.string({ unit: 'grapheme', maxLength: 80 }),
        async (encoding, packing, maxRecordBytes, room, more, key) => {
          const logs = await sent(
            {
              encoding,
              maxRecordBytes,
              bufferBytes: 3 * maxRecordBytes + room,
              ...(packing !== undefined && { packing }),
              ...(key !== '' && { partitionKey: () => key }),
            },
            ['a', 'x'.repeat(maxRecordBytes + more), 'b'],
          )
          assert.deepEqual(
            logs.map(({ body }) => textOf(body).slice(0, 1)),
            ['a', 'x', 'b'],
          )
        },
      ),
      { numRuns: 15 },
    )
  })

  it('to the byte: a log that fills a record is whole, one byte more is not', async () => {
    const key = '😀'.repeat(50)
    const client = new FakeClient()
    const options = { streamName: 's', client, logger: silent, packing: { kind: 'none' } } as const
    const send = async (length: number): Promise<readonly [bytes: number, body: string]> => {
      const processor = new KinesisLogRecordProcessor({ ...options, partitionKey: () => key })
      processor.onEmit({ ...ORDINARY, body: 'x'.repeat(length) })
      await processor.shutdown()
      const record = client.calls.flat().at(-1)
      assert.ok(record !== undefined)
      return [record.Data.length + Buffer.byteLength(key), textOf(decodeLogs(record.Data)[0]?.body)]
    }
    const [bytes] = await send(1_000_000)
    const most = 1_000_000 + MIB - bytes
    assert.deepEqual(await send(most), [MIB, 'x'.repeat(most)])
    assert.match((await send(most + 1))[1], /^x+… \[truncated \d+ characters\]$/)
  })

  it('now: a stream that takes larger records takes larger logs', async () => {
    const fake = await startFakeKinesis({ streams: { s: 1 } })
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    })
    await client.send(
      new CreateStreamCommand({ StreamName: 't', ShardCount: 1, MaxRecordSizeInKiB: 2048 }),
    )
    const processor = new KinesisLogRecordProcessor({
      streamName: 't',
      client,
      maxRecordBytes: 'discover',
      logger: silent,
    })
    processor.onEmit({ ...ORDINARY, body: 'first' })
    await processor.forceFlush()
    const body = 'x'.repeat(1_500_000)
    processor.onEmit({ ...ORDINARY, body })
    await processor.shutdown()
    const bodies = fake.records('t').flatMap(({ data }) => decodeLogs(data).map(log => log.body))
    client.destroy()
    await fake.close()
    assert.deepEqual(bodies, ['first', body])
  })

  it('for lines, whatever a packing refuses: a chunk of several lines is meant to be one', async () => {
    const client = new FakeClient()
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client,
      encoding: 'json',
      packing: { kind: 'concat', embeddedTerminator: 'refuse' },
    })
    const result = await new Promise(resolve =>
      exporter.export([ORDINARY, ORDINARY, ORDINARY], resolve),
    )
    assert.deepEqual(result, { code: 0 })
    assert.equal(client.stored.join('').trimEnd().split('\n').length, 3)
    await exporter.shutdown()
  })
})
