// CPU per record: the producer beside a plain SDK loop that does the same, in turn, in one run.

import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { startFakeProcess } from '../test/support/endpoint/index.js'

const RECORDS = Number(process.argv[2] ?? 100_000)
const ROUNDS = 3
const BATCH = 500
const IN_FLIGHT = 4
const data = Buffer.from('x'.repeat(200))
const keys = Array.from({ length: 10_000 }, (_, i) => `pk-${String(i).padStart(8, '0')}`)
const keyOf = (i: number): string => keys[i % keys.length] ?? ''

const fake = await startFakeProcess({ streams: { s: 4 } })
const client = createKinesisClient({
  region: 'us-east-1',
  endpoint: fake.endpoint,
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
})

/** The least a careful user would write by hand: no retry, no limits, no order. */
const plainLoop = async (): Promise<void> => {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < RECORDS) {
      const from = next
      next = Math.min(RECORDS, next + BATCH)
      const Records = Array.from({ length: next - from }, (_, i) => ({
        Data: data,
        PartitionKey: keyOf(from + i),
      }))
      const { FailedRecordCount } = await client.send(
        new PutRecordsCommand({ StreamName: 's', Records }),
      )
      if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records failed`)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
}

const engine = (ordering: 'none' | 'partitionKey') => async (): Promise<void> => {
  const producer = new BatchProducer(client, 's', {
    batchSize: BATCH,
    bufferSize: 20_000,
    maxInFlight: IN_FLIGHT,
    whenFull: 'wait',
    ordering,
  })
  producer.start()
  for (let i = 0; i < RECORDS; i++) await producer.add(data, keyOf(i))
  const { leftover } = await producer.close()
  if (leftover.length > 0 || producer.stats().delivered !== RECORDS)
    throw new Error('records are missing')
}

const CASES: readonly (readonly [string, () => Promise<void>])[] = [
  ['plain SDK loop', plainLoop],
  ['producer', engine('none')],
  ['producer, ordered', engine('partitionKey')],
]

const times = new Map<string, number[]>()
for (let round = -1; round < ROUNDS; round++) {
  for (const [name, run] of CASES) {
    const before = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(before)
    // The first round warms up.
    if (round >= 0) times.set(name, [...(times.get(name) ?? []), (user + system) / RECORDS])
  }
}
const median = (list: readonly number[] = []): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0
const base = median(times.get('plain SDK loop'))
console.log(
  `CPU per record of 200 B (user + system, median of ${ROUNDS} rounds in turn, ${RECORDS} records, Node ${process.version}):\n`,
)
for (const [name] of CASES) {
  const value = median(times.get(name))
  console.log(
    `${name.padEnd(20)} ${value.toFixed(2).padStart(6)} us   ${(value / base).toFixed(2)} x`,
  )
}
client.destroy()
await fake.stop()
