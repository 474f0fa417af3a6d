import assert from 'node:assert/strict'
import { decode } from '@kinesis-producer/core/decode'
import {
  BufferSink,
  finish,
  isPack,
  type OutgoingRecord,
  toWireRecord,
} from '@kinesis-producer/core/internal/packing/outgoing'
import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import type { PackableRecord } from '@kinesis-producer/core/internal/record/packable-record'
import fc from 'fast-check'
import { oracleRead } from '../../support/core/kpl-oracle.js'
import { sentData } from '../../support/core/outgoing.js'
import { dataOf, packable, packingOf } from '../../support/core/packable.js'

const GUARD = 0xa5
const SHARDS = ['shardId-000000000000', 'shardId-000000000001'].map((id, i) => ({
  id,
  first: i * 2 ** 47,
  last: (i + 1) * 2 ** 47 - 1,
}))

/** Text of every width in UTF-8, with halves of characters. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('a', '\n', '"', 'ü', '€', '日', '😀', '\ud83d', '\ude00', 'zz'), {
      maxLength,
    })
    .map(parts => parts.join(''))

/** At least one character of a key, at most 256 UTF-16 units. */
const keys = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom('k', 'other', '1', '__proto__', 'constructor'),
  fc.constantFrom('ключ', 'ü'.repeat(256), '😀'.repeat(128), '日本'.repeat(64), 'x'.repeat(256)),
  text(20).filter(key => key.length > 0),
)

const hashKeys = fc.constantFrom(
  undefined,
  undefined,
  '0',
  '17',
  '340282366920938463463374607431768211455',
)

const records = fc.array(
  fc.record({
    data: fc.oneof(text(60), fc.uint8Array({ maxLength: 300 }), fc.constant('')),
    key: keys,
    hashKey: hashKeys,
    possiblyDelivered: fc.boolean(),
  }),
  { minLength: 1, maxLength: 60 },
)

/** What a key is after a trip through UTF-8: halves of characters are replaced. */
const sent = (key: string): string => Buffer.from(key, 'utf8').toString('utf8')

/** Writes it between guards: nothing may be missing, nothing may stand beyond its size. */
const written = (record: OutgoingRecord): Buffer => {
  if (!isPack(record)) return sentData(record)
  const buffer = Buffer.alloc(record.size + 64, GUARD)
  const sink = new BufferSink(buffer, 32)
  finish(record.writeTo(sink))
  assert.equal(sink.at, 32 + record.size, 'size is what writeTo writes')
  assert.ok(buffer.subarray(0, 32).every(byte => byte === GUARD))
  assert.ok(buffer.subarray(sink.at).every(byte => byte === GUARD))
  const data = buffer.subarray(32, sink.at)
  assert.deepEqual(Buffer.from(toWireRecord(record).Data), data)
  return data
}

interface Built {
  readonly record: OutgoingRecord
  readonly data: Buffer
  /** The user records it carries. */
  readonly users: readonly PackableRecord[]
}

/** Fills requests until all records have left, as a batcher does. */
const requestsOf = (packer: Packer, all: readonly PackableRecord[], limit: number): Built[][] => {
  const requests: Built[][] = []
  for (let waiting = all; waiting.length > 0; ) {
    const builder = packer.open(limit)
    const taken: PackableRecord[] = []
    const left: PackableRecord[] = []
    const carriers: number[] = []
    for (const record of waiting) {
      const index = builder.take(record)
      assert.ok(index >= 0 || taken.length > 0, 'an empty builder takes any record')
      if (index >= 0) carriers.push(index)
      ;(index >= 0 ? taken : left).push(record)
      assert.equal(builder.count, taken.length)
    }
    const built = builder.build()
    const { records: outgoing } = built
    assert.ok(!(outgoing instanceof Promise))
    assert.equal(built.count, outgoing.length)
    assert.ok(outgoing.length <= limit)
    assert.deepEqual(built.carriers ?? taken.map((_, i) => i), carriers)
    requests.push(
      outgoing.map((record, i) => ({
        record,
        data: written(record),
        users: taken.filter((_, user) => carriers[user] === i),
      })),
    )
    waiting = left
  }
  assert.equal(requests.flat().flatMap(({ users }) => users).length, all.length)
  return requests
}

const assertWithin = (requests: Built[][], maxBytes: number, maxRequestBytes: number): void => {
  for (const request of requests) {
    let bytes = 0
    for (const { record, data, users } of request) {
      const own = data.length + Buffer.byteLength(record.PartitionKey, 'utf8')
      assert.equal(record.size, data.length)
      assert.ok(own <= maxBytes || users.length === 1, `${own} bytes, ${users.length} records`)
      bytes += own
    }
    assert.ok(bytes <= maxRequestBytes || request.length === 1)
  }
}

describe('the size of a concat pack', () => {
  const terminators = fc.oneof(
    fc.constantFrom('', '\n', '\r\n', 'ü', '€', '\u{1f600}').map(one => Buffer.from(one)),
    fc.uint8Array({ maxLength: 64 }),
    // The last bytes of a character alone.
    fc.constantFrom(Uint8Array.of(0xbc), Uint8Array.of(0x98, 0x80), Uint8Array.of(0xbd)),
  )
  const endOf = (record: Buffer, terminator: Uint8Array): Buffer =>
    terminator.length > 0 && record.subarray(-terminator.length).equals(terminator)
      ? record
      : Buffer.concat([record, terminator])

  it('is what it writes: the records, each ended once', () => {
    fc.assert(
      fc.property(
        records,
        terminators,
        fc.constantFrom(64, 600, 100_000),
        fc.constantFrom(2, 500),
        (given, terminator, maxBytes, limit) => {
          const { packer } = packingOf({ kind: 'concat', terminator, maxBytes })
          const all = given.map(one =>
            packable(packer, terminated(one.data, terminator, given.length), one),
          )
          const requests = requestsOf(packer, all, limit)
          assertWithin(requests, maxBytes, 10 * 1024 * 1024)
          for (const { record, data, users } of requests.flat()) {
            const expected = users.map(user => endOf(dataOf(user), terminator))
            assert.deepEqual(data, Buffer.concat(expected))
            for (const user of users) {
              assert.equal(record.ExplicitHashKey, user.explicitHashKey)
              if (user.partitionKey !== undefined)
                assert.equal(record.PartitionKey, user.partitionKey)
            }
            assert.equal(new Set(users.map(({ partitionKey }) => partitionKey)).size, 1)
          }
        },
      ),
      { numRuns: 400 },
    )
  })
})

/** Gives some records their terminator, so that it must not be written twice. */
const terminated = (
  data: Uint8Array | string,
  terminator: Uint8Array,
  salt: number,
): Uint8Array | string => {
  if ((data.length + salt) % 3 > 0) return data
  const end = Buffer.from(terminator)
  if (typeof data !== 'string') return Buffer.concat([data, end])
  return data + end.toString('utf8')
}

describe('the size of a kpl aggregate', () => {
  for (const groupBy of ['partitionKey', 'shard'] as const) {
    it(`is what it writes, and what others read (${groupBy})`, () => {
      fc.assert(
        fc.property(records, fc.constantFrom(64, 700, 50_000), (given, maxBytes) => {
          const { packer, shards } = packingOf({ kind: 'kpl', maxBytes, groupBy })
          shards?.learn(SHARDS)
          const all = given.map(one => packable(packer, one.data, one))
          const requests = requestsOf(packer, all, 500)
          assertWithin(requests, maxBytes, 10 * 1024 * 1024)
          for (const built of requests.flat()) assertReadable(built)
        }),
        { numRuns: 400 },
      )
    })
  }

  it('holds with more keys than one byte can index', () => {
    const { packer, shards } = packingOf({ kind: 'kpl', groupBy: 'shard', maxBytes: 1_000_000 })
    shards?.learn([{ id: 'shardId-000000000000', first: 0, last: 2 ** 48 - 1 }])
    const all = Array.from({ length: 1000 }, (_, i) =>
      packable(
        packer,
        `${i}`,
        i % 3 > 0 ? { key: `ключ ${i}` } : { hashKey: `${2n ** 100n + BigInt(i)}` },
      ),
    )
    const [[built, ...others] = [], ...more] = requestsOf(packer, all, 500)
    assert.deepEqual([others, more], [[], []])
    assert.ok(built !== undefined)
    assert.equal(built.users.length, 1000)
    assertReadable(built)
  })

  it('leaves a record that stands alone as it is, with its keys', () => {
    const { packer } = packingOf({ kind: 'kpl' })
    const alone = packable(packer, 'alone', { key: 'k', hashKey: '7' })
    const builder = packer.open(500)
    builder.take(alone)
    const { records: built } = builder.build()
    assert.ok(!(built instanceof Promise))
    assert.deepEqual(built.map(toWireRecord), [
      { Data: Buffer.from('alone'), PartitionKey: 'k', ExplicitHashKey: '7' },
    ])
  })
})

/** Read with our own code and with someone else's: data, keys, hash keys, in order. */
const assertReadable = ({ record, data, users }: Built): void => {
  const [first] = users
  assert.equal(record.ExplicitHashKey, first?.explicitHashKey)
  if (first?.partitionKey !== undefined) assert.equal(record.PartitionKey, first.partitionKey)
  if (!isPack(record)) {
    assert.equal(users.length, 1)
    return
  }
  const named = users.flatMap(({ partitionKey }) => partitionKey ?? [])
  const generated = new Set<string | undefined>()
  const check = (
    user: PackableRecord,
    key: string | undefined,
    hashKey: string | undefined,
  ): void => {
    assert.equal(hashKey, user.explicitHashKey)
    if (user.partitionKey !== undefined) assert.equal(key, sent(user.partitionKey))
    else generated.add(key)
  }
  const read = [...decode({ Data: data, PartitionKey: record.PartitionKey })]
  assert.deepEqual(
    read.map(one => Buffer.from(one.data)),
    users.map(dataOf),
  )
  users.forEach((user, i) => check(user, read[i]?.partitionKey, read[i]?.explicitHashKey))
  // The other code takes an empty record for a broken one.
  if (users.every(user => user.length > 0)) {
    const others = oracleRead(data, record.PartitionKey)
    assert.deepEqual(
      others.map(one => one.data),
      users.map(user => dataOf(user).toString('base64')),
    )
    users.forEach((user, i) => {
      // It gives a record without a hash key the first of the table.
      const hashKey =
        user.explicitHashKey === undefined ? undefined : others[i]?.explicitPartitionKey
      check(user, others[i]?.partitionKey, hashKey)
    })
  }
  assert.ok(generated.size <= 1, 'one key for all that have none')
  for (const key of generated) {
    assert.match(key ?? '', /^[0-9a-z]+-[0-9a-z]+$/)
    assert.ok(!named.some(one => sent(one) === key), 'and no user’s')
  }
}
