import assert from 'node:assert/strict'
import type { ProducerConfig } from '@kinesis-producer/core'
import { WHEN_FULL } from '@kinesis-producer/core/internal/config/options'
import { assertLaw, createHarness, type Harness } from '../../../support/core/harness.js'
import { settle } from '../../../support/core/test-clock.js'

const THROTTLED = 'ProvisionedThroughputExceededException'

/** Three shards: that of `cold` keys by their last digit, and one or more that take nothing. */
const shardOf = (key: string): string =>
  key.startsWith('hot')
    ? `shardId-00000000001${key.at(-1)}`
    : `shardId-00000000000${Number(key.at(-1)) % 2}`

const harnessOf = (config: ProducerConfig): Harness => {
  const harness = createHarness(
    { batchSize: 10, bufferSize: 100, flushInterval: 50, ...config },
    request =>
      harness.client.store(request, (_, { PartitionKey }) =>
        PartitionKey.startsWith('hot') ? THROTTLED : undefined,
      ),
  )
  harness.client.shardOf = shardOf
  harness.producer.start()
  return harness
}

/** Adds a record; what becomes of it is told by the producer's counts. */
const offer = ({ producer }: Harness, text: string, key: string): void =>
  void producer.add(text, key).catch(() => {})

/** Adds hot and cold records for a while; returns how many cold ones were not delivered soon. */
const flood = async (
  harness: Harness,
  { hotKeys = 1, hotEach = 3, steps = 150, size = 10, mixed = true } = {},
): Promise<number> => {
  const late = new Set<string>()
  const cold: string[] = []
  for (let i = 0; i < steps; i++) {
    for (let key = 0; key < hotKeys; key++)
      for (let n = 0; n < hotEach; n++) offer(harness, `h${i}.${n}`.padEnd(size, 'x'), `hot${key}`)
    if (mixed || i % 20 === 0) {
      const text = `c${i}`.padEnd(size, 'x')
      cold.push(text)
      offer(harness, text, `cold${i}`)
    }
    await harness.clock.advance(mixed ? 10 : 70)
    const due = cold.at(mixed ? -20 : -4)
    if (due !== undefined && !harness.client.stored.includes(due)) late.add(due)
  }
  return late.size
}

const hotUnsettled = ({ producer }: Harness): number => producer.stats().remaining

describe('the share of a hot shard', () => {
  for (const whenFull of WHEN_FULL)
    for (const ordering of ['none', 'partitionKey'] as const)
      it(`is half of the buffer's records, and other keys flow (${whenFull}, ordering: ${ordering})`, async () => {
        const harness = harnessOf({ whenFull, ordering })
        assert.equal(await flood(harness), 0, 'other keys flow')
        await harness.clock.advance(200)
        assert.ok(hotUnsettled(harness) <= 50, `${hotUnsettled(harness)} of 100`)
        assert.ok(hotUnsettled(harness) >= 45, `${hotUnsettled(harness)} of 100: it may hold half`)
        assertLaw(harness.producer)
      })

  for (const ordering of ['none', 'partitionKey'] as const)
    it(`is half of the buffer's bytes (ordering: ${ordering})`, async () => {
      const harness = harnessOf({
        whenFull: 'wait',
        ordering,
        bufferSize: 100_000,
        bufferBytes: 20_000,
        maxRecordBytes: 1000,
      })
      assert.equal(await flood(harness, { size: 200 }), 0, 'other keys flow')
      await harness.clock.advance(200)
      const { remainingBytes } = harness.producer.stats()
      assert.ok(remainingBytes <= 10_000, `${remainingBytes} bytes of 20000`)
      assert.ok(remainingBytes >= 9000, `${remainingBytes} bytes of 20000: it may hold half`)
    })

  it('is kept when hot and other records never share a request', async () => {
    const harness = harnessOf({ whenFull: 'reject' })
    for (let i = 0; i < 5; i++) offer(harness, `h${i}`, 'hot0')
    // By now it backs off for ten seconds at a time.
    await harness.clock.advance(60_000)
    for (let i = 0; i < 5; i++) {
      offer(harness, `c${i}`, `cold${i}`)
      await harness.clock.advance(60)
    }
    const mixed = harness.client.calls.filter(
      call => new Set(call.map(({ PartitionKey }) => PartitionKey.slice(0, 3))).size > 1,
    )
    assert.equal(mixed.length, 0)
    for (let i = 0; i < 100; i++) offer(harness, `h${i}`, 'hot0')
    assert.equal(hotUnsettled(harness), 50)
  })

  it('leaves the others something when several shards are hot', async () => {
    const harness = harnessOf({ whenFull: 'wait', bufferSize: 200 })
    assert.equal(await flood(harness, { hotKeys: 4, hotEach: 1 }), 0, 'other keys flow')
    await harness.clock.advance(200)
    const { remaining } = harness.producer.stats()
    assert.ok(remaining > 130 && remaining <= 187, `${remaining} of 200`)
  })

  it('is the whole buffer while no other shard is known', async () => {
    const harness = harnessOf({ whenFull: 'reject' })
    for (let i = 0; i < 200; i++) {
      offer(harness, `h${i}`, 'hot0')
      await harness.clock.advance(1)
    }
    assert.equal(hotUnsettled(harness), 100)
  })

  it('ends when the shard recovers', async () => {
    const harness = harnessOf({ whenFull: 'reject' })
    await flood(harness, { steps: 100 })
    harness.client.handler = request => harness.client.store(request)
    await harness.clock.advance(30_000)
    assert.equal(hotUnsettled(harness), 0)
    // Its window grows back while records get through.
    for (let i = 0; i < 40; i++) {
      offer(harness, `h${i}`, 'hot0')
      await harness.clock.advance(60)
    }
    for (let i = 0; i < 80; i++) offer(harness, `h${i}`, 'hot0')
    assert.equal(hotUnsettled(harness), 80, 'before any of them was sent')
  })

  it('lets adds of a healthy shard in while those of a hot one wait', async () => {
    const harness = harnessOf({ whenFull: 'wait' })
    await flood(harness, { steps: 100 })
    assert.ok(harness.producer.stats().waiting > 0, 'adds of the hot shard wait')
    const told: string[] = []
    for (let i = 0; i < 5; i++)
      void harness.producer.put(`late${i}`, `cold${i}`).then(({ shardId }) => told.push(shardId))
    await harness.clock.advance(100)
    assert.equal(told.length, 5)
    assert.ok(harness.producer.stats().waiting > 0, 'and wait still')
  })

  it('makes room among its own under dropOldest, and refuses its own under dropNewest', async () => {
    for (const whenFull of ['dropOldest', 'dropNewest'] as const) {
      const harness = harnessOf({ whenFull })
      await flood(harness, { steps: 100 })
      assert.ok(harness.dropped.length > 0)
      assert.ok(
        harness.dropped.every(({ record }) => String(record.data).startsWith('h')),
        whenFull,
      )
      const texts = harness.dropped.map(({ record }) =>
        Number(String(record.data).slice(1).split('.')[0]),
      )
      const [first = 0] = texts
      // The oldest ones go, or those that come when it is full.
      if (whenFull === 'dropOldest') assert.ok(first < 3, `${first}`)
      else assert.ok(first > 10, `${first}`)
      await settle()
    }
  })
})
