import assert from 'node:assert/strict'
import { BatchProducer } from '@kinesis-producer/core'
import { decode } from '@kinesis-producer/core/decode'
import { isPack } from '@kinesis-producer/core/internal/packing/outgoing'
import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import type { PackableRecord } from '@kinesis-producer/core/internal/record/packable-record'
import fc from 'fast-check'
import { createHarness } from '../../support/core/harness.js'
import { packable, packingOf } from '../../support/core/packable.js'
import { settle } from '../../support/core/test-clock.js'

const SHARD = 'shardId-000000000000'

/** Aggregates by shard; all keys belong to one. */
const byShard = (): Packer => {
  const { packer, shards } = packingOf({ kind: 'kpl', groupBy: 'shard' })
  shards?.learn([{ id: SHARD, first: 0, last: 2 ** 48 - 1 }])
  return packer
}

describe('taking a record into the Kinesis record of the one before it', () => {
  it('never joins another, though its own shard has one (kpl by shard, after a lost answer)', () => {
    const packer = byShard()
    const builder = packer.open(500)
    const d = packable(packer, 'D2', { key: 'D' })
    // Where it is by now is not known: it goes by its key.
    const a1 = packable(packer, 'A1', { key: 'A', possiblyDelivered: true })
    const a2 = packable(packer, 'A2', { key: 'A' })
    assert.equal(builder.take(d), 0)
    assert.equal(builder.take(a1), 1)
    assert.equal(builder.takeInto(1, a2), true)
    const { carriers, shards, count } = builder.build()
    assert.deepEqual(carriers, [0, 1, 1])
    assert.equal(count, 2)
    assert.equal(shards, undefined, 'neither is made for a shard: one alone, one of a single key')
  })

  it('refuses into an aggregate of a shard what is not known to belong there', () => {
    const packer = byShard()
    const builder = packer.open(500)
    builder.take(packable(packer, 'A1', { key: 'A' }))
    const astray = packable(packer, 'A2', { key: 'A', possiblyDelivered: true })
    assert.equal(builder.takeInto(0, astray), false)
    assert.equal(builder.count, 1)
    assert.equal(builder.takeInto(0, packable(packer, 'B', { key: 'B' })), true)
  })

  for (const kind of ['concat', 'kpl'] as const) {
    it(`refuses other keys and hash keys, and what does not fit (${kind})`, () => {
      const { packer } = packingOf({ kind, maxBytes: 200 })
      const builder = packer.open(500)
      const make = (data: string, key: string, hashKey?: string): PackableRecord =>
        packable(packer, data, { key, hashKey })
      builder.take(make('1', 'k'))
      builder.take(make('2', 'k', '7'))
      assert.equal(builder.takeInto(0, make('3', 'l')), false)
      assert.equal(builder.takeInto(0, make('3', 'k', '7')), false)
      assert.equal(builder.takeInto(1, make('3', 'k')), false)
      assert.equal(builder.takeInto(1, make('3', 'k', '8')), false)
      assert.equal(builder.takeInto(0, make('x'.repeat(250), 'k')), false)
      assert.equal(builder.takeInto(2, make('3', 'k')), false, 'there is no such Kinesis record')
      assert.equal(builder.takeInto(-1, make('3', 'k')), false)
      assert.equal(builder.count, 2)
      assert.equal(builder.takeInto(0, make('3', 'k')), true)
      assert.equal(builder.takeInto(1, make('4', 'k', '7')), true)
      assert.deepEqual(builder.build().carriers, [0, 1, 0, 1])
    })
  }

  it('is never possible where each record travels alone', () => {
    const { packer } = packingOf({ kind: 'none' })
    const builder = packer.open(500)
    const record = packable(packer, 'a', { key: 'k' })
    assert.equal(builder.take(record), 0)
    assert.equal(builder.takeInto(0, record), false)
    assert.equal(builder.count, 1)
  })

  it('leads to the Kinesis record that was named, whatever came before', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      hashKey: fc.constantFrom(undefined, undefined, '5'),
      possiblyDelivered: fc.boolean(),
      size: fc.nat(60),
      follow: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.constantFrom('none', 'concat', 'kpl', 'shard'),
        fc.array(step, { maxLength: 40 }),
        (kind, steps) => {
          const { packer, shards } = packingOf(
            kind === 'none'
              ? { kind }
              : kind === 'concat'
                ? { kind, maxBytes: 300 }
                : {
                    kind: 'kpl',
                    maxBytes: 300,
                    groupBy: kind === 'shard' ? kind : 'partitionKey',
                  },
          )
          shards?.learn([{ id: SHARD, first: 0, last: 2 ** 48 - 1 }])
          const builder = packer.open(10)
          const taken: PackableRecord[] = []
          const carriers: number[] = []
          const lastOf = new Map<string, number>()
          for (const { size, follow, ...options } of steps) {
            const record = packable(packer, `${taken.length}`.padEnd(size, '.'), options)
            const named = lastOf.get(options.key)
            let index = -1
            if (follow && named !== undefined) index = builder.takeInto(named, record) ? named : -1
            else index = builder.take(record)
            assert.equal(builder.count, taken.length + (index < 0 ? 0 : 1))
            if (index < 0) continue
            taken.push(record)
            carriers.push(index)
            lastOf.set(options.key, index)
          }
          const built = builder.build()
          assert.ok(!(built.records instanceof Promise))
          assert.deepEqual(built.carriers ?? [...carriers.keys()], carriers)
          built.records.forEach((record, i) => {
            const users = taken.filter((_, user) => carriers[user] === i)
            if (isPack(record) && built.shards?.[i] === undefined)
              for (const user of users) {
                assert.equal(user.partitionKey, users[0]?.partitionKey)
                assert.equal(user.explicitHashKey, users[0]?.explicitHashKey)
              }
            if (built.shards?.[i] !== undefined)
              assert.ok(users.every(({ possiblyDelivered }) => !possiblyDelivered))
          })
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('order of a key with packing kpl by shard', () => {
  it('holds after a lost answer, though one Kinesis record of the next request fails', async () => {
    const { client, clock } = createHarness()
    client.unpack = record => [...decode(record.Data)].map(one => Buffer.from(one.data).toString())
    const asked = Object.assign(client, {
      send: async (command: object) =>
        command.constructor.name === 'ListShardsCommand' ? { Shards: [WHOLE_STREAM] } : {},
    })
    const producer = new BatchProducer(asked, 's', {
      clock,
      random: () => 0.999,
      logger: false,
      flushInterval: 50,
      ordering: 'partitionKey',
      packing: { kind: 'kpl', groupBy: 'shard' },
    })
    client.handler = async request => {
      const call = client.calls.length
      if (call === 1) await new Promise<void>(done => clock.setTimeout(done, 10))
      if (call === 2) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
      return client.store(request, (_, record) =>
        call === 3 && client.unpack(record).includes('A1') ? 'InternalFailure' : undefined,
      )
    }
    producer.start()
    await settle()
    producer.tryAdd('D1', 'D')
    await clock.advance(51)
    producer.tryAdd('A1', 'A')
    producer.tryAdd('D2', 'D')
    const drained = producer.drain(60_000)
    await clock.advance(1)
    producer.tryAdd('A2', 'A')
    await clock.advance(60_000)
    await drained
    await producer.close()
    assert.deepEqual(
      client.stored.filter(text => text.startsWith('A')),
      ['A1', 'A2'],
    )
    assert.deepEqual(
      client.stored.filter(text => text.startsWith('D')),
      ['D1', 'D2'],
    )
  })
})

const WHOLE_STREAM = {
  ShardId: SHARD,
  HashKeyRange: { StartingHashKey: '0', EndingHashKey: String((1n << 128n) - 1n) },
  SequenceNumberRange: { StartingSequenceNumber: '1' },
}
