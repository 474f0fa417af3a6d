import assert from 'node:assert/strict'
import type { ProducerConfig } from '@kinesis-producer/core'
import { assertLaw, createHarness, type Harness } from '../../support/core/harness.js'
import { settle, type TestClock } from '../../support/core/test-clock.js'

const DISTANCE = 100

const after = (clock: TestClock, ms: number): Promise<void> =>
  new Promise(resolve => void clock.setTimeout(resolve, ms))

/** A producer whose requests are answered after a while. */
const distant = (config: ProducerConfig, distance = DISTANCE): Harness => {
  const harness = createHarness({ whenFull: 'reject', ...config }, async request => {
    await after(harness.clock, distance)
    return harness.client.store(request)
  })
  harness.producer.start()
  return harness
}

/** Keeps the buffer full for so many milliseconds. */
const pour = async (
  { producer, clock }: Harness,
  ms: number,
  { bytes = 1, keys = 1000, step = 20 } = {},
): Promise<void> => {
  const data = Buffer.alloc(bytes)
  let i = 0
  for (let time = 0; time < ms; time += step) {
    while (producer.tryAdd(data, `key-${i++ % keys}`));
    await clock.advance(step)
  }
}

describe('requests in flight', function () {
  this.timeout(20_000)

  it('are as many as the distance needs after a few round trips, and never more than maxInFlight', async () => {
    const harness = distant({ batchSize: 5, bufferSize: 1000, flushInterval: 0 })
    await pour(harness, 6 * DISTANCE)
    assert.equal(harness.client.inFlight, 32)
    await pour(harness, 12 * DISTANCE)
    assert.equal(harness.client.maxInFlight, 32)
    assertLaw(harness.producer)
  })

  it('are full beyond the fourth: what lingers goes along with others', async () => {
    const harness = distant({ batchSize: 500, flushInterval: 50 }, 1000)
    for (let i = 0; i < 200; i++) {
      harness.producer.tryAdd('x', `key-${i}`)
      await harness.clock.advance(20)
    }
    assert.equal(harness.client.maxInFlight, 4)
  })

  it('hold a fifth of bufferBytes beyond the fourth, since their bodies come on top', async () => {
    const buffer = { bufferBytes: 1_000_000, maxRecordBytes: 100_000, bufferSize: 100_000 }
    const config = { ...buffer, batchSize: 10, flushInterval: 0 }
    const large = distant(config)
    await pour(large, 1500, { bytes: 10_000 })
    assert.equal(large.client.maxInFlight, 4)
    const small = distant(config)
    await pour(small, 1500, { bytes: 1000 })
    // A request has ten records of 1000 bytes and a key: nineteen of them fit.
    assert.equal(small.client.maxInFlight, 19)
    const { remainingBytes } = small.producer.stats()
    assert.ok(remainingBytes <= 1_000_000, String(remainingBytes))
  })

  it('have one record of a key with ordering, however many there are', async () => {
    const inFlight = new Set<string>()
    const harness = createHarness(
      {
        batchSize: 5,
        bufferSize: 2000,
        flushInterval: 0,
        ordering: 'partitionKey',
        whenFull: 'reject',
      },
      async request => {
        const keys = request.Records.map(({ PartitionKey }) => PartitionKey)
        for (const key of keys) {
          assert.ok(!inFlight.has(key), key)
          inFlight.add(key)
        }
        await after(harness.clock, DISTANCE)
        for (const key of keys) inFlight.delete(key)
        return harness.client.store(request)
      },
    )
    harness.producer.start()
    await pour(harness, 20 * DISTANCE, { keys: 400 })
    assert.equal(harness.client.maxInFlight, 32)
    assertLaw(harness.producer)
  })

  it('are few again when the service throttles', async () => {
    const harness = distant({ batchSize: 5, bufferSize: 1000, flushInterval: 0 })
    await pour(harness, 10 * DISTANCE)
    harness.client.handler = async request => {
      await after(harness.clock, DISTANCE)
      return harness.client.store(request, () => 'ProvisionedThroughputExceededException')
    }
    await pour(harness, 2 * DISTANCE)
    assert.ok(harness.producer.stats().requestLimit <= 4)
    await pour(harness, 20 * DISTANCE)
    assert.ok(harness.client.inFlight <= 4, String(harness.client.inFlight))
  })

  it('leave in a flush as well', async () => {
    const harness = distant({ batchSize: 500, bufferSize: 40_000, flushInterval: 0 })
    for (let i = 0; i < 40_000; i++) harness.producer.tryAdd('x', `key-${i}`)
    const flushed = harness.producer.flush()
    // Eighty requests.
    for (let rounds = 0; rounds < 10; rounds++) await harness.clock.advance(DISTANCE)
    assert.equal(harness.producer.stats().remaining, 0)
    assert.deepEqual(await flushed, { sent: 40_000, remaining: 0 })
    await settle()
  })
})

describe('a stream that is too small, far away', () => {
  const SHARDS = 4
  /** Records a second that each of four shards takes. */
  const RATE = 200

  /** Tries of records that were throttled in twenty seconds, in relation to those that were stored. */
  const waste = async (maxInFlight: number): Promise<{ stored: number; throttled: number }> => {
    const tokens = Array.from({ length: SHARDS }, () => RATE)
    let filledAt = 0
    let throttled = 0
    const harness = createHarness(
      {
        batchSize: 50,
        bufferSize: 5000,
        flushInterval: 0,
        maxInFlight,
        whenFull: 'reject',
        logger: false,
      },
      async request => {
        await after(harness.clock, DISTANCE / 2)
        const now = harness.clock.now()
        for (let i = 0; i < SHARDS; i++)
          tokens[i] = Math.min(RATE, (tokens[i] ?? 0) + ((now - filledAt) * RATE) / 1000)
        filledAt = now
        const answer = harness.client.store(request, (_, { PartitionKey }) => {
          const shard = Number(PartitionKey.slice(4)) % SHARDS
          if ((tokens[shard] ?? 0) < 1) {
            throttled++
            return 'ProvisionedThroughputExceededException'
          }
          tokens[shard] = (tokens[shard] ?? 0) - 1
          return undefined
        })
        await after(harness.clock, DISTANCE / 2)
        return answer
      },
    )
    harness.client.shardOf = key => `shardId-00000000000${Number(key.slice(4)) % SHARDS}`
    harness.producer.start()
    await pour(harness, 20_000, { step: 100 })
    return { stored: harness.client.stored.length, throttled }
  }

  it('is asked no more often than by four requests at a time', async () => {
    const four = await waste(4)
    const many = await waste(32)
    assert.ok(many.stored >= 0.98 * four.stored, `${many.stored} stored, ${four.stored} by four`)
    assert.ok(
      many.throttled <= 1.1 * four.throttled,
      `${many.throttled} tries for nothing, ${four.throttled} by four`,
    )
  }).timeout(60_000)
})
