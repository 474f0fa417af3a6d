import assert from 'node:assert/strict'
import type { ProducerConfig } from '@kinesis-producer/core'
import { hashOf } from '@kinesis-producer/testing/internal/streams/hash-ranges'
import fc from 'fast-check'
import { createHarness, type Harness } from '../support/core/harness.js'
import { throttled } from './faults.js'
import { StreamShards } from './stream-shards.js'

const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`)
const BUFFER_SIZE = 100
const HALF = BUFFER_SIZE / 2
/** Throttled answers after which the shard is known to be hot, however they overlapped. */
const KNOWN_AFTER = 8
const ROUND_MS = 5000

const rounds = fc.array(fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 60 }), {
  minLength: 5,
  maxLength: 20,
})
const settings = fc.record({
  whenFull: fc.constantFrom('reject', 'wait', 'dropOldest', 'dropNewest'),
  ordering: fc.constantFrom('none', 'partitionKey'),
  packing: fc.constantFrom({ kind: 'none' as const }, { kind: 'concat' as const, maxRecords: 4 }),
  batchSize: fc.integer({ min: 1, max: 30 }),
  flushInterval: fc.constantFrom(50, 1000),
})

/** A stream of which the first shard throttles for good. */
class HotStream {
  readonly #shards: StreamShards
  readonly #harness: Harness
  /** Hashes of throttled keys; a shard owns one unbroken range of them. */
  #throttled: readonly string[] = []
  #throttledAnswers = 0
  #admittedHot = 0
  /** Hot records there were when it was not yet known, and those of keys it was not known of. */
  #before = 0
  #unforeseen = 0
  #healthy = 0
  #healthyWaiting = 0

  constructor(config: ProducerConfig, shards: number) {
    this.#shards = new StreamShards(shards)
    this.#harness = createHarness({ ...config, bufferSize: BUFFER_SIZE }, request => {
      const answer = this.#harness.client.store(request)
      const hot = request.Records.filter(({ PartitionKey }) => this.#isHot(PartitionKey))
      if (hot.length === 0) return answer
      this.#throttledAnswers++
      const found = hot.map(({ PartitionKey }) => hashOf(PartitionKey, undefined))
      const known = [...this.#throttled, ...found].toSorted()
      this.#throttled = [...known.slice(0, 1), ...known.slice(-1)]
      const Records = request.Records.map((record, i) =>
        this.#isHot(record.PartitionKey)
          ? throttled(this.#shards.ids[0])
          : (answer.Records?.[i] ?? {}),
      )
      return { FailedRecordCount: hot.length, Records }
    })
    this.#harness.client.shardOf = key => this.#shards.find(key, undefined)
  }

  async round(keys: readonly string[]): Promise<void> {
    const { producer, clock } = this.#harness
    if (producer.stats().state === 'idle') producer.start()
    for (const key of keys) this.#add(key)
    await clock.advance(ROUND_MS)
    this.#check()
  }

  #isHot(key: string): boolean {
    return this.#shards.find(key, undefined) === this.#shards.ids[0]
  }

  #isInRange(key: string): boolean {
    const hash = hashOf(key, undefined)
    const [low = '', high = low] = this.#throttled
    return low <= hash && hash <= high
  }

  get #isKnown(): boolean {
    return this.#throttledAnswers >= KNOWN_AFTER && this.#healthy > 0
  }

  #add(key: string): void {
    const { producer } = this.#harness
    const isForeseen = this.#isKnown && this.#isInRange(key)
    const added = producer.add('x', key)
    if (this.#isHot(key)) {
      const admit = (): void => {
        this.#admittedHot++
        if (!isForeseen) this.#unforeseen++
      }
      added.then(admit, () => {})
    } else {
      this.#healthyWaiting++
      const end = (): void => void this.#healthyWaiting--
      added.then(() => (this.#healthy++, end()), end)
    }
  }

  #check(): void {
    const { dropped, producer } = this.#harness
    const lost = dropped.filter(({ record }) => this.#isHot(record.partitionKey ?? '')).length
    const hot = this.#admittedHot - lost
    if (!this.#isKnown) {
      this.#before = hot
      this.#unforeseen = 0
    }
    const most = Math.max(HALF, this.#before) + this.#unforeseen
    assert.ok(hot <= most, `the hot shard holds ${hot} of ${BUFFER_SIZE}, at most ${most}`)
    // As long as there is a place for one more, the others flow.
    if (hot >= BUFFER_SIZE) return
    assert.equal(this.#healthyWaiting, 0, 'records of other shards wait behind the hot one')
    assert.equal(producer.stats().remaining, hot, 'all records of other shards are settled')
  }
}

describe('a shard that throttles for good', () => {
  it('holds at most half of the buffer from when it is known, and the others flow', async function () {
    this.timeout(120_000)
    await fc.assert(
      fc.asyncProperty(settings, fc.integer({ min: 2, max: 4 }), rounds, async (config, n, all) => {
        const stream = new HotStream(config, n)
        for (const keys of all) await stream.round(keys)
      }),
      {
        numRuns: 40,
        seed: Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31),
        endOnFailure: process.env['PROPERTY_SHRINK'] === undefined,
      },
    )
  })
})
