// Small measurements that are no race: what a call costs, how late a record is, what grows.

import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type BatchingKinesisClient,
  BatchProducer,
  createKinesisClient,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { CREDENTIALS, makeLoad, STREAM } from './load.js'

const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}
const connect = (endpoint: string) =>
  createKinesisClient({ region: 'us-east-1', endpoint, credentials: CREDENTIALS })
const never: BatchingKinesisClient = { putRecords: () => new Promise(() => {}) }
const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc === 'function') gc()
}

/** Nanoseconds of `tryAdd`, and what an admitted record occupies besides its data. */
const admission = async (): Promise<Record<string, number>> => {
  const { data, keys } = makeLoad(200)
  const lines = data.map(line => line.toString('latin1'))
  const COUNT = 100_000
  const ROUNDS = 12
  const results: Record<string, number> = {}
  for (const [name, records, withKey] of [
    ['bytes, no key', data, false],
    ['bytes, key', data, true],
    ['string, no key', lines, false],
    ['string, key', lines, true],
  ] as const) {
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const producer = new BatchProducer(never, STREAM, { bufferSize: COUNT, logger: false })
      producer.start()
      const before = cpu()
      for (let i = 0; i < COUNT; i++) {
        const at = i % records.length
        producer.tryAdd(records[at] ?? '', withKey ? keys[at] : undefined)
      }
      times.push(((cpu() - before) * 1000) / COUNT)
      await producer.close(1)
    }
    results[name] = times.toSorted((a, b) => a - b)[ROUNDS / 2] ?? Number.NaN
  }
  collectGarbage()
  const heap = process.memoryUsage().heapUsed
  const producer = new BatchProducer(never, STREAM, { bufferSize: COUNT, logger: false })
  producer.start()
  for (let i = 0; i < COUNT; i++) producer.tryAdd(data[i % data.length] ?? '')
  collectGarbage()
  results['heap bytes of a buffered record'] = (process.memoryUsage().heapUsed - heap) / COUNT
  await producer.close(1)
  return results
}

/** Milliseconds from `put` to its receipt, a record every 10 ms. */
const latency = async (endpoint: string): Promise<Record<string, number>> => {
  const results: Record<string, number> = {}
  for (const [name, config] of [
    ['linger 50 ms', { flushInterval: 50, batchSize: 500 }],
    ['no linger (batchSize 1)', { flushInterval: 50, batchSize: 1 }],
  ] as const) {
    const client = connect(endpoint)
    const producer = new BatchProducer(client, STREAM, config)
    producer.start()
    await producer.put('first')
    const times = createHistogram()
    const puts: Promise<void>[] = []
    for (let i = 0; i < 300; i++) {
      const start = performance.now()
      const one = async (): Promise<void> => {
        await producer.put('x'.repeat(200))
        times.record(Math.max(1, Math.round((performance.now() - start) * 1000)))
      }
      puts.push(one())
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    await Promise.all(puts)
    results[`${name}, p50`] = times.percentile(50) / 1000
    results[`${name}, p99`] = times.percentile(99) / 1000
    await producer.close()
    client.destroy()
  }
  return results
}

/** How late the event loop is while records pour in as fast as they can be sent. */
const loopDelay = async (endpoint: string): Promise<Record<string, number>> => {
  const { data } = makeLoad(200)
  const results: Record<string, number> = {}
  for (const kind of ['none', 'concat', 'kpl'] as const) {
    const client = connect(endpoint)
    const producer = new BatchProducer(client, STREAM, {
      batchSize: kind === 'none' ? 500 : 10,
      whenFull: 'wait',
      packing: { kind },
    })
    producer.start()
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const send = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const line = data[i % data.length] ?? ''
        if (!producer.tryAdd(line)) await producer.add(line)
      }
    }
    await send(200_000)
    delay.enable()
    await send(800_000)
    delay.disable()
    results[`${kind}, p50`] = delay.percentile(50) / 1e6
    results[`${kind}, p99`] = delay.percentile(99) / 1e6
    await producer.close()
    client.destroy()
  }
  return results
}

/** Resident memory while nothing can be delivered and everything new pushes out something old. */
const outage = async (): Promise<Record<string, number>> => {
  const { data } = makeLoad(1000)
  const rss = (): number => process.memoryUsage.rss() / 2 ** 20
  const producer = new BatchProducer(connect('http://127.0.0.1:9'), STREAM, {
    bufferSize: 1_000_000,
    bufferBytes: 16 * 2 ** 20,
    whenFull: 'dropOldest',
    batchSize: 500,
    logger: false,
  })
  producer.start()
  const idle = rss()
  const peaks: number[] = []
  for (let second = 0; second < 10; second++) {
    let peak = 0
    for (let step = 0; step < 50; step++) {
      for (let i = 0; i < 200; i++) producer.tryAdd(Buffer.from(data[i] ?? ''))
      peak = Math.max(peak, rss())
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    peaks.push(peak)
  }
  const { dropped } = producer.stats()
  await producer.close(1)
  return {
    'idle, MiB': idle,
    'after 1 s, MiB': peaks[0] ?? 0,
    'after 10 s, MiB': peaks.at(-1) ?? 0,
    'records dropped and counted': dropped,
  }
}

/** CPU microseconds a record for more and more keys. */
const keys = async (endpoint: string): Promise<Record<string, number>> => {
  const { data } = makeLoad(200)
  const results: Record<string, number> = {}
  const configs: Readonly<Record<string, ProducerConfig>> = {
    none: { batchSize: 500 },
    'none, ordered': { batchSize: 500, ordering: 'partitionKey' },
    concat: { batchSize: 500, packing: { kind: 'concat' } },
  }
  for (const [name, config] of Object.entries(configs)) {
    for (const count of [1, 1000, 100_000]) {
      const names = Array.from({ length: count }, (_, i) => `pk-${String(i).padStart(8, '0')}`)
      const client = connect(endpoint)
      const producer = new BatchProducer(client, STREAM, { ...config, whenFull: 'wait' })
      producer.start()
      const send = async (records: number): Promise<void> => {
        for (let i = 0; i < records; i++) {
          const [line, key] = [data[i % data.length] ?? '', names[i % count]]
          if (!producer.tryAdd(line, key)) await producer.add(line, key)
        }
        await producer.drain()
      }
      // One key in order, unpacked, is one record a request.
      const records = name === 'none, ordered' && count === 1 ? 20_000 : 300_000
      await send(records / 3)
      const before = cpu()
      await send(records)
      results[`${name}, ${count} keys`] = (cpu() - before) / records
      await producer.close()
      client.destroy()
    }
  }
  return results
}

/** CPU microseconds a record on a stream of many shards, aggregated by shard. */
const shards = async (endpoint: string): Promise<Record<string, number>> => {
  const { data, keys: names } = makeLoad(200)
  const client = connect(endpoint)
  const results: Record<string, number> = {}
  for (const [name, config] of Object.entries<ProducerConfig>({
    none: { batchSize: 500 },
    'kpl by shard': { batchSize: 500, packing: { kind: 'kpl', groupBy: 'shard' } },
  })) {
    const producer = new BatchProducer(client, STREAM, { ...config, whenFull: 'wait' })
    producer.start()
    await producer.put('asks for the shards')
    const send = async (records: number): Promise<void> => {
      for (let i = 0; i < records; i++) {
        const [line, key] = [data[i % data.length] ?? '', names[i % 5000]]
        if (!producer.tryAdd(line, key)) await producer.add(line, key)
      }
      await producer.drain()
    }
    await send(100_000)
    const before = cpu()
    await send(300_000)
    results[name] = (cpu() - before) / 300_000
    await producer.close()
  }
  client.destroy()
  return results
}

export const PROBES: Readonly<
  Record<string, (endpoint: string) => Promise<Record<string, number>>>
> = { admission, latency, loopDelay, outage, keys, shards }
