import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient, type ProducerConfig } from '@kinesis-producer/core'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { floorRequest } from './floor.js'
import { BATCH, type Case, CREDENTIALS, inBatches, type Load, type Send, STREAM } from './load.js'
import { aggregated, kinesisWritable, lifion } from './peer-cases.js'

type WireFormat = 'json' | 'cbor'

const connect = (endpoint: string, wireFormat: WireFormat = 'json') =>
  createKinesisClient({ wireFormat, region: 'us-east-1', endpoint, credentials: CREDENTIALS })

const floor: Send = ({ http }, load, records) => {
  const url = new URL(http)
  return inBatches(records, (from, to) => floorRequest(url, load, from, to))
}

/** What a careful user writes with the SDK alone: the answer looked at. */
const sdkLoop = async (
  client: KinesisClient,
  { data, keys }: Load,
  records: number,
): Promise<void> => {
  await inBatches(records, async (from, to) => {
    const Records = Array.from({ length: to - from }, (_, i) => ({
      Data: data[(from + i) % data.length],
      PartitionKey: keys[(from + i) % keys.length],
    }))
    const answer = await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }))
    if (answer.FailedRecordCount !== 0) throw new Error('records failed')
  })
  client.destroy()
}
const sdkDefault: Send = ({ http2 }, load, records) =>
  sdkLoop(
    new KinesisClient({ region: 'us-east-1', endpoint: http2, credentials: CREDENTIALS }),
    load,
    records,
  )
const sdkKeepAlive: Send = ({ http }, load, records) => {
  const requestHandler = new NodeHttpHandler({
    httpAgent: { keepAlive: true, maxSockets: 64 },
    httpsAgent: { keepAlive: true, maxSockets: 64 },
  })
  const client = new KinesisClient({
    region: 'us-east-1',
    endpoint: http,
    credentials: CREDENTIALS,
    requestHandler,
  })
  return sdkLoop(client, load, records)
}

const producer =
  (config: ProducerConfig, wireFormat?: WireFormat): Send =>
  async ({ http }, { lines, keys }, records, bufferSize) => {
    const client = connect(http, wireFormat)
    const made = new BatchProducer(client, STREAM, {
      batchSize: BATCH,
      whenFull: 'wait',
      ...config,
      bufferSize,
    })
    made.start()
    for (let i = 0; i < records; i++) {
      const line = lines[i % lines.length] ?? ''
      const key = keys.length === 0 ? undefined : keys[i % keys.length]
      // The hot path of the adapters; `add` waits for room.
      if (!made.tryAdd(line, key)) await made.add(line, key)
    }
    await made.close()
    if (made.stats().delivered !== records) throw new Error('records are missing')
    client.destroy()
  }

/** Records that may share packs: no key; the batch as it is by default. */
const packed = (config: ProducerConfig, wireFormat?: WireFormat): Case => {
  const run = producer({ batchSize: 10, ...config }, wireFormat)
  const send: Send = (target, load, ...rest) => run(target, { ...load, keys: [] }, ...rest)
  return { send, packed: true }
}
const unpacked = (send: Send): Case => ({ send, packed: false })
const kpl: ProducerConfig = { packing: { kind: 'kpl' }, batchSize: 40 }

export const CASES: Readonly<Record<string, Case>> = {
  floor: unpacked(floor),
  'ours, none': unpacked(producer({})),
  'ours, none, ordered': unpacked(producer({ ordering: 'partitionKey' })),
  'ours, none, cbor': unpacked(producer({}, 'cbor')),
  'ours, concat': packed({ packing: { kind: 'concat' } }),
  'ours, concat + gzip': packed({ packing: { kind: 'concat', compression: 'gzip' } }),
  'ours, kpl': packed(kpl),
  'ours, concat, cbor': packed({ packing: { kind: 'concat' } }, 'cbor'),
  'ours, kpl, cbor': packed(kpl, 'cbor'),
  'SDK, keep-alive': unpacked(sdkKeepAlive),
  'SDK, default client': unpacked(sdkDefault),
  'aws-kinesis-writable': unpacked(kinesisWritable),
  'lifion-kinesis': unpacked(lifion),
  'aws-kinesis-agg + SDK': { send: aggregated, packed: true },
}
