// What a record costs the thread that adds it, with a producer in that thread and with one in a worker:
// microseconds of CPU of this thread alone, for texts of 200 bytes, in turn. The client answers at once.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchProducer, type ProducerConfig } from '@kinesis-producer/core'
import { createWorkerProducer } from '@kinesis-producer/core/worker'
import { createClient } from './instant-client.js'

const ROUNDS = 20
const WARM_UP = 5
const RECORDS = 50_000
const TEXTS = Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(200, 'x'))
const KEYS = Array.from({ length: 1000 }, (_, i) => `key-${i}`)

/** Of the calling thread alone: the kernel counts its nanoseconds. Linux only. */
const threadMicros = (): number =>
  Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1000

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const config: ProducerConfig = {
  batchSize: 500,
  bufferSize: 4 * RECORDS,
  bufferBytes: 128 * 1024 * 1024,
  logger: false,
}
const here = new BatchProducer(createClient(), 'bench', config)
const there = createWorkerProducer({
  ...config,
  streamName: 'bench',
  clientModule: new URL('./instant-client.js', import.meta.url),
})
const producers = { here, there }
for (const producer of Object.values(producers)) producer.start()
while (there.worker.state !== 'ready') await sleep(10)

for (const keys of [[], KEYS]) {
  for (const [name, producer] of Object.entries(producers)) {
    const costs: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const before = threadMicros()
      for (let i = 0; i < RECORDS; i++)
        producer.tryAdd(TEXTS[i % TEXTS.length] ?? '', keys[i % keys.length])
      if (round >= WARM_UP) costs.push((threadMicros() - before) / RECORDS)
      await producer.drain()
    }
    const cost = `${median(costs).toFixed(3)} us a tryAdd`
    console.log(`${name}, ${keys.length === 0 ? 'no keys' : 'keys'}: ${cost}`)
  }
}
const { admitted, delivered } = there.stats()
if (admitted !== 2 * ROUNDS * RECORDS || delivered !== admitted)
  throw new Error(`${admitted} admitted, ${delivered} delivered`)
await Promise.all([here.close(), there.close()])
