// What a million log lines cost at the service: requests, Kinesis records, payload units.

import {
  type BatchingKinesisClient,
  BatchProducer,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { makeLoad, STREAM } from './load.js'

/** The service bills a record by the started 25 KB of its data and key. */
const UNIT_BYTES = 25_000
const LINES = 200_000
const MILLION = 1_000_000

export interface Cost {
  readonly name: string
  readonly requests: number
  readonly records: number
  readonly units: number
  /** Kinesis records a second a shard takes, 1000 records and 1 MB: lines in them. */
  readonly linesPerShardSecond: number
}

const PACKINGS: Readonly<Record<string, ProducerConfig>> = {
  none: { batchSize: 500 },
  concat: { packing: { kind: 'concat' } },
  'concat + gzip': { packing: { kind: 'concat', compression: 'gzip' } },
  kpl: { batchSize: 40, packing: { kind: 'kpl' } },
}

export const costs = async (size: number): Promise<Cost[]> => {
  const { data } = makeLoad(size)
  const all: Cost[] = []
  for (const [name, config] of Object.entries(PACKINGS)) {
    let [requests, records, units, bytes] = [0, 0, 0, 0]
    const client: BatchingKinesisClient = {
      putRecords: async ({ Records }) => {
        requests++
        records += Records.length
        for (const { Data, PartitionKey } of Records) {
          bytes += Data.length + PartitionKey.length
          units += Math.ceil((Data.length + PartitionKey.length) / UNIT_BYTES)
        }
        return { Records: Records.map(() => ({ SequenceNumber: '1', ShardId: 's' })) }
      },
    }
    const producer = new BatchProducer(client, STREAM, { whenFull: 'wait', ...config })
    producer.start()
    for (let i = 0; i < LINES; i++) await producer.add(data[i % data.length] ?? '')
    await producer.close()
    const perMillion = (count: number): number => (count * MILLION) / LINES
    all.push({
      name,
      requests: perMillion(requests),
      records: perMillion(records),
      units: perMillion(units),
      linesPerShardSecond: Math.min((1000 * LINES) / records, (2 ** 20 * LINES) / bytes),
    })
  }
  return all
}
