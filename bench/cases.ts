import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient, type ProducerConfig } from '@kinesis-producer/core'
import { floorRequest } from './floor.js'
import { BATCH, IN_FLIGHT, type Load, STREAM } from './load.js'

/** Sends `records` records and resolves when all of them are stored. */
export type Case = (endpoint: string, load: Load, records: number) => Promise<void>

const connect = (endpoint: string, wireFormat: 'json' | 'cbor' = 'json') =>
  createKinesisClient({
    wireFormat,
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  })

/** Runs `send` over all records, a batch at a time, several at once. */
const inBatches = async (
  records: number,
  send: (from: number, to: number) => Promise<void>,
): Promise<void> => {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < records) {
      const from = next
      next = Math.min(records, next + BATCH)
      await send(from, next)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

const floor: Case = (endpoint, load, records) => {
  const url = new URL(endpoint)
  return inBatches(records, (from, to) => floorRequest(url, load, from, to))
}

/** What a careful user writes with the SDK alone: keep-alive, and the answer looked at. */
const sdkLoop: Case = async (endpoint, { data, keys }, records) => {
  const client = connect(endpoint)
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

const producer =
  (config: ProducerConfig, wireFormat?: 'json' | 'cbor'): Case =>
  async (endpoint, { data, keys }, records) => {
    const client = connect(endpoint, wireFormat)
    const made = new BatchProducer(client, STREAM, {
      batchSize: BATCH,
      // Room for what is in flight and as much again.
      bufferSize: 2 * BATCH * IN_FLIGHT,
      maxInFlight: IN_FLIGHT,
      whenFull: 'wait',
      ...config,
    })
    made.start()
    for (let i = 0; i < records; i++) {
      const line = data[i % data.length] ?? ''
      const key = keys.length === 0 ? undefined : keys[i % keys.length]
      // The hot path of the adapters; `add` waits for room.
      if (!made.tryAdd(line, key)) await made.add(line, key)
    }
    await made.close()
    if (made.stats().delivered !== records) throw new Error('records are missing')
    client.destroy()
  }

/** Records that may share packs: no key, and room for more than unpacked ones need. */
const packed = (config: ProducerConfig, wireFormat?: 'json' | 'cbor'): Case => {
  const run = producer({ batchSize: 10, bufferSize: 10_000, ...config }, wireFormat)
  return (endpoint, load, records) => run(endpoint, { ...load, keys: [] }, records)
}
const kpl = { packing: { kind: 'kpl' }, batchSize: 40 } as const

export const CASES: Readonly<Record<string, Case>> = {
  floor,
  'SDK loop': sdkLoop,
  producer: producer({}),
  'producer, ordered': producer({ ordering: 'partitionKey' }),
  'producer, cbor': producer({}, 'cbor'),
  concat: packed({ packing: { kind: 'concat' } }),
  'concat, gzip': packed({ packing: { kind: 'concat', compression: 'gzip' } }),
  kpl: packed(kpl),
  'concat, cbor': packed({ packing: { kind: 'concat' } }, 'cbor'),
  'kpl, cbor': packed(kpl, 'cbor'),
}
