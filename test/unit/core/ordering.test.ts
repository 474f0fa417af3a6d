import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { serviceError, textOf } from '../../support/core/fake-client.js'
import { assertLaw, createHarness } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

const THROTTLED = 'ProvisionedThroughputExceededException'

/** Texts `key:n`; per key, in the order they were stored. */
const byKey = (stored: readonly string[]): Map<string, number[]> => {
  const keys = new Map<string, number[]>()
  for (const text of stored) {
    const [key = '', number] = text.split(':')
    keys.set(key, [...(keys.get(key) ?? []), Number(number)])
  }
  return keys
}

const assertOrdered = (stored: readonly string[], keys: number, each: number): void => {
  const seen = byKey(stored)
  assert.equal(seen.size, keys)
  for (const [key, numbers] of seen)
    assert.deepEqual(
      numbers,
      Array.from({ length: each }, (_, i) => i),
      `key ${key}`,
    )
}

describe("ordering: 'partitionKey'", () => {
  it('sends one record of a key at a time, and as many keys as there are', async () => {
    const { producer, client } = createHarness({
      batchSize: 500,
      flushInterval: 0,
      bufferSize: 5000,
      ordering: 'partitionKey',
    })
    producer.start()
    for (let i = 0; i < 10; i++)
      for (let key = 0; key < 100; key++) producer.tryAdd(`${key}:${i}`, `k${key}`)
    await producer.drain()
    for (const call of client.calls)
      assert.equal(new Set(call.map(record => record.PartitionKey)).size, call.length)
    assert.deepEqual(
      client.sizes,
      Array.from({ length: 10 }, () => 100),
    )
    assertOrdered(client.stored, 100, 10)
  })

  it('holds later records of a key while an earlier one is retried, and nobody else’s', async () => {
    const { producer, client, clock } = createHarness(
      { batchSize: 4, flushInterval: 0, ordering: 'partitionKey' },
      request =>
        client.store(request, text =>
          text === 'a:0' && client.calls.length < 3 ? THROTTLED : undefined,
        ),
    )
    producer.start()
    for (const text of ['a:0', 'b:0', 'c:0', 'd:0', 'a:1', 'b:1', 'c:1', 'd:1'])
      producer.tryAdd(text, text[0])
    await settle()
    assert.deepEqual([...client.stored].toSorted(), ['b:0', 'b:1', 'c:0', 'c:1', 'd:0', 'd:1'])
    producer.tryAdd('e:0', 'e')
    await clock.advance(5000)
    await producer.drain()
    assertOrdered(
      client.stored.filter(text => !text.startsWith('e')),
      4,
      2,
    )
    assertLaw(producer)
  })

  it('is kept through request failures, with several requests under way', async () => {
    let calls = 0
    const { producer, client, clock } = createHarness(
      { batchSize: 5, bufferSize: 500, flushInterval: 0, ordering: 'partitionKey', maxInFlight: 4 },
      async request => {
        const call = ++calls
        await new Promise<void>(resolve => void clock.setTimeout(resolve, (call * 7) % 5))
        if (call % 3 === 0) throw serviceError('InternalFailure', 500)
        return client.store(request, text =>
          call % 4 === 0 && Number(text.split(':')[1]) % 3 === 0 ? THROTTLED : undefined,
        )
      },
    )
    producer.start()
    for (let i = 0; i < 20; i++)
      for (let key = 0; key < 11; key++) producer.tryAdd(`${key}:${i}`, `k${key}`)
    const drain = producer.drain()
    await clock.advance(600_000)
    assert.deepEqual(await drain, { sent: 220, remaining: 0 })
    assertOrdered(client.stored, 11, 20)
  })

  it('is kept through stop and start', async () => {
    const { producer, client } = createHarness(
      { batchSize: 2, flushInterval: 0, ordering: 'partitionKey' },
      async request => {
        await settle()
        return client.store(request)
      },
    )
    for (let i = 0; i < 12; i++) {
      producer.start()
      producer.tryAdd(`a:${i}`, 'a')
      producer.tryAdd(`b:${i}`, 'b')
      await producer.stop()
    }
    await producer.flush()
    assertOrdered(client.stored, 2, 12)
  })

  it('lets the next record of a key go when the one before is dropped', async () => {
    const { producer, client, dropped } = createHarness(
      { batchSize: 1, flushInterval: 0, ordering: 'partitionKey' },
      request =>
        client.store(request, text => (text === 'a:0' ? 'ValidationException' : undefined)),
    )
    producer.start()
    for (let i = 0; i < 3; i++) producer.tryAdd(`a:${i}`, 'a')
    await producer.drain()
    assert.deepEqual(client.stored, ['a:1', 'a:2'])
    assert.equal(dropped.length, 1)
  })

  it('is kept when old records are dropped because the buffer is full', async () => {
    const { producer, client, dropped } = createHarness(
      {
        batchSize: 2,
        bufferSize: 4,
        flushInterval: 0,
        maxInFlight: 1,
        ordering: 'partitionKey',
        whenFull: 'dropOldest',
      },
      async request => {
        await settle()
        return client.store(request)
      },
    )
    producer.start()
    for (let i = 0; i < 30; i++) producer.tryAdd(`a:${i}`, 'a')
    await producer.drain()
    const numbers = client.stored.map(text => Number(text.split(':')[1]))
    assert.deepEqual(
      numbers,
      [...numbers].toSorted((a, b) => a - b),
    )
    assert.equal(client.stored.length + dropped.length, 30)
    assertLaw(producer)
  })

  it('does not tie records without a key to each other', async () => {
    const { producer, client } = createHarness({
      batchSize: 10,
      flushInterval: 0,
      ordering: 'partitionKey',
    })
    producer.start()
    for (let i = 0; i < 10; i++) producer.tryAdd('x')
    await settle()
    assert.deepEqual(client.sizes, [10])
  })
})

describe('a hot shard', () => {
  /** Four shards by the first hex digit of the key; `hot` throttles all of its records. */
  const sharded = (hot: () => string | undefined, config = {}) => {
    const harness = createHarness(
      { batchSize: 500, bufferSize: 200_000, flushInterval: 50, maxInFlight: 1, ...config },
      request => {
        let failed = 0
        const records = request.Records.map((record, i) => {
          const shard = shardOf(record.PartitionKey)
          if (shard === hot()) {
            failed++
            return {
              ErrorCode: THROTTLED,
              ErrorMessage: `Rate exceeded for shard ${shard} in stream s under account 000000000000.`,
            }
          }
          harness.client.stored.push(textOf(record))
          return { ShardId: shard, SequenceNumber: String(i + 1) }
        })
        return { FailedRecordCount: failed, Records: records }
      },
    )
    return harness
  }

  it('slows the other shards by less than a tenth', async () => {
    const requestsFor = async (hot: string | undefined): Promise<number> => {
      const { producer, client, clock } = sharded(() => hot)
      producer.start()
      for (let i = 0; i < 40_000; i++) producer.tryAdd(`${i}`, `key-${i}`)
      const expected = Array.from({ length: 40_000 }, (_, i) => i).filter(
        i => shardOf(`key-${i}`) !== hot,
      ).length
      for (let turn = 0; turn < 1000 && client.stored.length < expected; turn++)
        await clock.advance(1)
      assert.equal(client.stored.length, expected)
      // Records sent on the way, per record of a healthy shard delivered.
      return client.sizes.reduce((sum, size) => sum + size, 0) / expected
    }
    assert.equal(await requestsFor(undefined), 1)
    const withHotShard = await requestsFor('shardId-000000000002')
    assert.ok(withHotShard < 1.1, `${withHotShard} records sent per healthy record delivered`)
  })

  it('gets its records through when it cools down', async () => {
    let hot: string | undefined = 'shardId-000000000001'
    const { producer, client, clock } = sharded(() => hot)
    producer.start()
    for (let i = 0; i < 4000; i++) producer.tryAdd(`${i}`, `key-${i}`)
    await clock.advance(20_000)
    assert.ok(producer.stats().remaining > 800)
    hot = undefined
    const drain = producer.drain()
    await clock.advance(60_000)
    assert.equal((await drain).remaining, 0)
    assert.equal(new Set(client.stored).size, 4000)
    assert.equal(client.stored.length, 4000)
    assertLaw(producer)
  })

  it('that is split meanwhile holds nothing back', async () => {
    let hot: string | undefined = 'shardId-000000000001'
    let renamed = false
    const { producer, client, clock } = sharded(() => hot)
    const before = client.handler
    client.handler = async (request, options) => {
      const answer = await before(request, options)
      return renamed
        ? {
            ...answer,
            Records: answer.Records?.map(result =>
              result.ShardId === undefined ? result : { ...result, ShardId: `${result.ShardId}9` },
            ),
          }
        : answer
    }
    producer.start()
    for (let i = 0; i < 4000; i++) producer.tryAdd(`${i}`, `key-${i}`)
    await clock.advance(20_000)
    hot = undefined
    renamed = true
    // One turn of the lane shows that its shard is gone; all that waited goes at once.
    const requests = client.calls.length
    await clock.advance(10_000)
    assert.equal(producer.stats().remaining, 0)
    assert.ok(client.calls.length - requests <= 5, `${client.calls.length - requests} requests`)
  })
})

const shardOf = (key: string): string => `shardId-00000000000${Math.floor(topDigit(key) / 4)}`

const topDigit = (key: string): number =>
  Number.parseInt(createHash('md5').update(key).digest('hex').slice(0, 1), 16)
