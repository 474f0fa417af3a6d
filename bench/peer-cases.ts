import { once } from 'node:events'
import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { createKinesisClient } from '@kinesis-producer/core'
import { BATCH, CREDENTIALS, IN_FLIGHT, inBatches, type Send, STREAM } from './load.js'
import { peers } from './peers.js'

type Put = (input: object, done: (error: Error | null, data?: unknown) => void) => void
interface Sdk2 {
  Kinesis: new (options: object) => { putRecords: Put }
}
type Writable = NodeJS.WritableStream & { recordsQueue: unknown[]; flush(): void }

const legacy = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  accessKeyId: CREDENTIALS.accessKeyId,
  secretAccessKey: CREDENTIALS.secretAccessKey,
})

/** It has no way to say that all is sent: its requests are counted. */
export const kinesisWritable: Send = async ({ http }, { lines, keys }, records) => {
  const { Kinesis }: Sdk2 = peers.require('aws-sdk')
  const KinesisWritable: new (options: object) => Writable = peers.require('aws-kinesis-writable')
  const kinesis = new Kinesis(legacy(http))
  let left = Math.ceil(records / BATCH)
  let finished = (): void => {}
  const all = new Promise<void>(resolve => (finished = resolve))
  const put = kinesis.putRecords.bind(kinesis)
  kinesis.putRecords = (input, done) =>
    put(input, (error, answer) => {
      done(error, answer)
      if (--left === 0) finished()
    })
  let next = 0
  const stream = new KinesisWritable({
    kinesis,
    streamName: STREAM,
    partitionKey: () => keys[next++ % keys.length],
    buffer: { length: BATCH },
  })
  for (let i = 0; i < records; i++) {
    const line = lines[i % lines.length] ?? ''
    if (!stream.write(line)) await once(stream, 'drain')
    // It has no bound: without this the whole load would lie in memory.
    if (i % (BATCH * IN_FLIGHT) === 0) await new Promise(resolve => setImmediate(resolve))
  }
  if (stream.recordsQueue.length > 0) stream.flush()
  await all
}

interface Lifion {
  putRecords(input: object): Promise<unknown>
}

export const lifion: Send = async ({ http }, { data, keys }, records) => {
  const Kinesis: new (options: object) => Lifion = peers.require('lifion-kinesis')
  const kinesis = new Kinesis({ ...legacy(http), streamName: STREAM })
  const texts = data.map(line => line.toString('utf8'))
  await inBatches(records, async (from, to) => {
    await kinesis.putRecords({
      records: Array.from({ length: to - from }, (_, i) => ({
        data: texts[(from + i) % texts.length],
        partitionKey: keys[(from + i) % keys.length],
      })),
    })
  })
}

interface Aggregator {
  aggregate(
    records: object[],
    encoded: (record: { data: Buffer; partitionKey: string }, done: () => void) => void,
    after: () => void,
    failed: (error: Error) => void,
  ): void
}

/** The aggregation of awslabs for Node, sent by the SDK over connections that are kept. */
export const aggregated: Send = async ({ http }, { data, keys }, records) => {
  const aggregator: Aggregator = peers.require('aws-kinesis-agg')
  const client = createKinesisClient({
    region: 'us-east-1',
    endpoint: http,
    credentials: CREDENTIALS,
  })
  await inBatches(records, async (from, to) => {
    const batch = Array.from({ length: to - from }, (_, i) => ({
      data: data[(from + i) % data.length],
      partitionKey: keys[from % keys.length],
    }))
    const packs: { Data: Buffer; PartitionKey: string }[] = []
    await new Promise<void>((resolve, reject) => {
      aggregator.aggregate(
        batch,
        (record, done) => {
          packs.push({ Data: record.data, PartitionKey: record.partitionKey })
          done()
        },
        resolve,
        reject,
      )
    })
    await client.send(new PutRecordsCommand({ StreamName: STREAM, Records: packs }))
  })
  client.destroy()
}
