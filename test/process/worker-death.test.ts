import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DroppedRecord } from '@kinesis-producer/core'
import { createWorkerProducer, type WorkerProducerOptions } from '@kinesis-producer/core/worker'

const CLIENT = new URL('./fixtures/filing-client.js', import.meta.url)
const COUNT = 3000

describe('a producer whose worker dies', function () {
  this.timeout(30_000)
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kinesis-worker-'))
    process.env['FILING_DIRECTORY'] = directory
  })
  afterEach(() => {
    delete process.env['FILING_DIRECTORY']
    rmSync(directory, { recursive: true, force: true })
  })

  const make = (streamName: string, options: Partial<WorkerProducerOptions> = {}) => {
    const log: string[] = []
    const dropped: DroppedRecord[] = []
    const say = (message: string): void => void log.push(message)
    const producer = createWorkerProducer({
      streamName,
      clientModule: CLIENT,
      batchSize: 100,
      maxInFlight: 2,
      onDrop: drop => void dropped.push(drop),
      logger: { debug: () => {}, info: () => {}, warn: say, error: say },
      ...options,
    })
    return { producer, log, dropped }
  }
  const stored = (): string[] =>
    readFileSync(join(directory, 'stored'), 'utf8').split('\n').filter(Boolean)

  for (const how of ['exit', 'throw', 'reject', 'memory']) {
    it(`loses nothing (${how})`, async () => {
      const { producer, log, dropped } = make(`${how}.once`, {
        worker: { resourceLimits: { maxOldGenerationSizeMb: 48 } },
      })
      producer.start()
      const put = producer.put('awaited', 'k')
      for (let i = 0; i < COUNT; i++) assert.ok(producer.tryAdd(`r${i}`, `k${i % 7}`))
      assert.deepEqual(await producer.drain(20_000), { sent: COUNT + 1, remaining: 0 })
      assert.equal((await put).shardId, 's')
      assert.equal(producer.worker.deaths, 1)
      assert.ok(
        log.some(line => /the worker died \(.+\); \d+ records .* started again/.test(line)),
        log.join('\n'),
      )
      const { admitted, delivered, dropped: drops, remaining } = producer.stats()
      assert.deepEqual([admitted, delivered, drops, remaining], [COUNT + 1, COUNT + 1, 0, 0])
      assert.deepEqual(await producer.close(1000), { sent: 0, leftover: [] })
      assert.deepEqual(dropped, [])
      assert.equal(new Set(stored()).size, COUNT + 1)
    })
  }

  it('gives up what was in flight when three workers died, and hands it back', async () => {
    const { producer, dropped } = make('exit.always', {
      batchSize: 10,
      maxInFlight: 1,
      worker: { restarts: 100 },
    })
    producer.start()
    for (let i = 0; i < 40; i++) producer.tryAdd(`r${i}`)
    const put = producer.put('awaited')
    put.catch(() => {})
    const { remaining } = await producer.drain(20_000)
    assert.equal(remaining, 0)
    const { delivered, droppedByReason } = producer.stats()
    assert.equal(droppedByReason.workerDied, dropped.length)
    assert.equal(delivered + dropped.length, 41)
    assert.ok(dropped.length >= 10)
    for (const { record, reason, possiblyDelivered } of dropped) {
      assert.equal(reason, 'workerDied')
      assert.equal(possiblyDelivered, true)
      assert.equal(typeof record.data, 'string')
    }
    await producer.close(1000)
  })

  it('ends all waits when the worker cannot start, and hands everything back', async () => {
    const { producer, log } = make('broken')
    producer.start()
    producer.tryAdd('text', 'k', { explicitHashKey: '7' })
    producer.tryAdd(Uint8Array.of(1, 2, 3))
    producer.tryAdd('x'.repeat(100_000), 'ü')
    assert.deepEqual(await producer.drain(), { sent: 0, remaining: 3 })
    assert.equal(producer.worker.state, 'failed')
    assert.match(String(producer.worker.error), /no client today/)
    assert.ok(
      log.some(line => line.includes('no client today')),
      log.join('\n'),
    )
    const { leftover } = await producer.close()
    assert.deepEqual(leftover, [
      { data: 'text', partitionKey: 'k', explicitHashKey: '7', possiblyDelivered: false },
      { data: Buffer.from([1, 2, 3]), possiblyDelivered: false },
      { data: 'x'.repeat(100_000), partitionKey: 'ü', possiblyDelivered: false },
    ])
    assert.equal(producer.worker.state, 'ended')
  })

  it('makes capacity for new records by itself while there is no worker', async () => {
    const { producer, dropped } = make('broken', { whenFull: 'dropOldest', bufferSize: 10 })
    producer.start()
    producer.tryAdd('first')
    await producer.drain()
    for (let i = 0; i < 30; i++) assert.ok(producer.tryAdd(`r${i}`))
    const { admitted, remaining, droppedByReason } = producer.stats()
    assert.equal(admitted, remaining + droppedByReason.bufferFull)
    const { leftover } = await producer.close()
    assert.equal(leftover.at(-1)?.data, 'r29')
    assert.equal(dropped[0]?.record.data, 'first')
  })
})
