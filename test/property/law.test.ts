import assert from 'node:assert/strict'
import type { ProducerConfig, WireRecord } from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import fc from 'fast-check'
import { serviceError, textOf } from '../support/core/fake-client.js'
import { assertLaw, createHarness, type Harness } from '../support/core/harness.js'

/** One step of a random life. */
type Step =
  | { do: 'add' | 'tryAdd' | 'put'; count: number; keys: number; size: number }
  | { do: 'advance'; ms: number }
  | { do: 'freeze'; ms: number }
  | { do: 'start' | 'stop' }
  | { do: 'flush' | 'drain'; ms: number }
  | { do: 'faults'; faults: readonly FaultName[] }

const FAULTS = [
  'none',
  'throttle',
  'hotShard',
  'partial',
  'fail500',
  'denied',
  'hang',
  'lost',
  'slow',
  'short',
  'poison',
] as const
type FaultName = (typeof FAULTS)[number]

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('add', 'tryAdd', 'put'),
      count: fc.integer({ min: 1, max: 40 }),
      // 0: records without a key.
      keys: fc.integer({ min: 0, max: 8 }),
      size: fc.integer({ min: 0, max: 400 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.integer({ min: 1, max: 5000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('freeze'), ms: fc.integer({ min: 1, max: 100_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('start', 'stop') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('flush', 'drain'),
      ms: fc.integer({ min: 1, max: 3000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('faults'),
      faults: fc.array(fc.constantFrom(...FAULTS), { minLength: 1, maxLength: 4 }),
    }),
  },
)

const MAX_RECORD_BYTES = 300

const config: fc.Arbitrary<ProducerConfig> = fc.record({
  batchSize: fc.integer({ min: 1, max: 30 }),
  bufferSize: fc.integer({ min: 30, max: 120 }),
  bufferBytes: fc.integer({ min: 2000, max: 20_000 }),
  maxRecordBytes: fc.constant(MAX_RECORD_BYTES),
  flushInterval: fc.constantFrom(0, 50, 1000),
  whenFull: fc.constantFrom('reject', 'wait', 'dropOldest', 'dropNewest', undefined),
  ordering: fc.constantFrom('none', 'partitionKey'),
  packing: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: 'none' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom('concat' as const, 'kpl' as const),
        maxBytes: fc.integer({ min: 64, max: MAX_RECORD_BYTES }),
        maxRecords: fc.integer({ min: 1, max: 20 }),
      }),
    },
  ),
  maxAttemptsPerRecord: fc.integer({ min: 1, max: 5 }),
  recordTtl: fc.constantFrom(0, 2000, 20_000),
  maxInFlight: fc.integer({ min: 1, max: 5 }),
  requestTimeout: fc.constantFrom(100, 5000),
})

const run = async (
  settings: ProducerConfig,
  steps: readonly Step[],
  heals: boolean,
): Promise<void> => {
  let faults: readonly FaultName[] = ['none']
  let requests = 0
  let next = 0
  let ambiguous = false
  const harness: Harness = createHarness(settings, async request => {
    checkLimits(request.Records, harness)
    if (settings.ordering === 'partitionKey') {
      const keys = request.Records.map(record => record.PartitionKey)
      assert.equal(new Set(keys).size, keys.length, 'one Kinesis record of a key in a request')
    }
    const { client, clock } = harness
    const later = (ms: number) => new Promise<void>(resolve => void clock.setTimeout(resolve, ms))
    const fault = faults[requests++ % faults.length] ?? 'none'
    switch (fault) {
      case 'throttle':
        return client.store(request, () => THROTTLED)
      case 'hotShard':
        return client.store(request, (_, record) =>
          shardOf(record.PartitionKey).endsWith('1') ? THROTTLED : undefined,
        )
      case 'partial':
        return client.store(request, text =>
          text.length % 3 === 0 ? 'InternalFailure' : undefined,
        )
      case 'fail500':
        throw serviceError('InternalFailure', 500)
      case 'denied':
        throw serviceError('AccessDeniedException')
      case 'hang':
        return new Promise(() => {})
      case 'lost':
        ambiguous = true
        client.store(request)
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
      case 'slow':
        await later(40)
        return client.store(request)
      case 'short':
        ambiguous = true
        // Half of them are stored, and told; nothing is said of the others.
        return client.store({
          ...request,
          Records: request.Records.slice(0, request.Records.length / 2),
        })
      case 'poison':
        if (request.Records.some(record => textOf(record).includes('#7')))
          throw serviceError('ValidationException')
        return client.store(request)
      case 'none':
        return client.store(request)
    }
  })
  const { producer, client, clock, dropped } = harness
  client.shardOf = shardOf
  if (settings.packing?.kind !== 'none')
    client.unpack = ({ Data }) => [...decode(Data)].map(({ data }) => Buffer.from(data).toString())
  const outcomes = new Map<string, string>()
  const pending: Promise<unknown>[] = []
  const settle = (text: string, outcome: string): void => {
    assert.equal(outcomes.get(text), undefined, `${text} settled twice`)
    outcomes.set(text, outcome)
  }

  for (const action of steps) {
    switch (action.do) {
      case 'add':
      case 'tryAdd':
      case 'put':
        for (let i = 0; i < action.count; i++) {
          const key = action.keys === 0 ? undefined : `k${next % action.keys}`
          const text = `${key ?? 'any'}#${next++}#${'x'.repeat(action.size % 350)}`
          if (action.do === 'tryAdd') producer.tryAdd(text, key)
          else if (action.do === 'add') pending.push(producer.add(text, key).catch(() => {}))
          else {
            pending.push(
              producer.put(text, key).then(
                () => settle(text, 'delivered'),
                () => settle(text, 'rejected'),
              ),
            )
          }
        }
        break
      case 'advance':
        await clock.advance(action.ms)
        break
      case 'freeze':
        await clock.freeze(action.ms)
        break
      case 'start':
        try {
          producer.start()
        } catch {
          // Already running: a legal answer to a random call.
        }
        break
      case 'stop':
        pending.push(producer.stop().catch(() => {}))
        break
      case 'flush':
      case 'drain':
        pending.push(producer[action.do](action.ms).catch(() => {}))
        break
      case 'faults':
        faults = action.faults
        break
    }
    assertLaw(producer)
    const { remaining, remainingBytes } = producer.stats()
    assert.ok(remaining <= settings.bufferSize!, 'bounded by count')
    assert.ok(remainingBytes <= settings.bufferBytes!, 'bounded by bytes')
  }

  if (heals) {
    // Once the service is well, everything gets out: no wake-up is lost, whatever came before.
    faults = ['none']
    await clock.advance(10_000)
    try {
      producer.start()
    } catch {
      // It runs already.
    }
    const drain = producer.drain(120_000)
    await clock.advance(120_000)
    assert.equal((await drain).remaining, 0, 'a drain ends when the service is well')
  }

  const closing = producer.close(60_000)
  await clock.advance(60_000)
  const { leftover } = await closing
  // No promise stays pending for ever.
  await Promise.all(pending)
  assertLaw(producer)
  const stats = producer.stats()
  assert.equal(stats.remaining, leftover.length)
  assert.equal(stats.dropped, dropped.length)

  // Each admitted record has exactly one fate, and the fates are true.
  const stored = new Map<string, number>()
  for (const text of client.stored) stored.set(text, (stored.get(text) ?? 0) + 1)
  const gone = new Set<string>()
  for (const { record, possiblyDelivered } of [
    ...dropped.map(drop => ({ record: drop.record, possiblyDelivered: drop.possiblyDelivered })),
    ...leftover.map(left => ({ record: left, possiblyDelivered: left.possiblyDelivered })),
  ]) {
    const text = String(record.data)
    assert.ok(!gone.has(text), `${text} handed back twice`)
    gone.add(text)
    if (!possiblyDelivered)
      assert.ok(!stored.has(text), `${text} was handed back as undelivered but is in the stream`)
  }
  for (const [text, outcome] of outcomes)
    if (outcome === 'delivered')
      assert.ok(stored.has(text), `${text} has a receipt but is not in the stream`)
  const deliveredNow = [...stored.keys()].filter(text => !gone.has(text)).length
  assert.equal(stats.delivered, deliveredNow, 'what is counted as delivered is in the stream')
  if (!ambiguous && !usesSlowOrHang(steps))
    for (const [text, times] of stored) assert.equal(times, 1, `${text} stored ${times} times`)

  if (settings.ordering === 'partitionKey') {
    const last = new Map<string, number>()
    const seen = new Set<string>()
    for (const text of client.stored) {
      // A duplicate of what is there already (its answer was lost) is told, not hidden.
      if (seen.has(text)) continue
      seen.add(text)
      const [key = '', number] = text.split('#')
      if (key === 'any') continue
      assert.ok(Number(number) > (last.get(key) ?? -1), `${text} arrived out of order`)
      last.set(key, Number(number))
    }
  }
}

/** A slow answer may come after the request was given up: stored twice, and told so. */
const usesSlowOrHang = (steps: readonly Step[]): boolean =>
  steps.some(action => action.do === 'faults' && action.faults.includes('slow'))

const THROTTLED = 'ProvisionedThroughputExceededException'

/** Four shards by the key. */
const shardOf = (key: string): string => `shardId-00000000000${key.charCodeAt(key.length - 1) % 4}`

const checkLimits = (records: readonly WireRecord[], harness: Harness): void => {
  assert.ok(records.length >= 1 && records.length <= 500)
  for (const { Data, PartitionKey } of records)
    assert.ok(Data.length + PartitionKey.length <= MAX_RECORD_BYTES, 'within the record limit')
  assert.ok(harness.client.inFlight >= 1)
}

describe('under random schedules of adds, faults, stops, flushes and freezes', () => {
  const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 5000)
  const seed = Number(process.env['PROPERTY_SEED'] ?? Date.now() % 2 ** 31)

  it(`the law, the limits, the order and the memory bounds hold, and nothing settles twice (${numRuns} lives, seed ${seed})`, async function () {
    this.timeout(600_000)
    await fc.assert(
      fc.asyncProperty(
        config,
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.boolean(),
        async (settings, steps, heals) => run(settings, [{ do: 'start' }, ...steps], heals),
      ),
      { numRuns, seed, endOnFailure: process.env['PROPERTY_SHRINK'] === undefined },
    )
  })
})
