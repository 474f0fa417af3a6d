import assert from 'node:assert/strict'
import type { ProducerConfig } from '@kinesis-producer/core'
import { isTerminated } from '@kinesis-producer/core/internal/packing/concat/terminator'
import type { Packing } from '@kinesis-producer/core/internal/packing/create-packing'
import { varintSize, writeVarint } from '@kinesis-producer/core/internal/packing/kpl/varint'
import { BufferSink, isPack, toWireRecord } from '@kinesis-producer/core/internal/packing/outgoing'
import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import { SpreadKeys } from '@kinesis-producer/core/internal/packing/spread-keys'
import { SPREAD_KEY_BYTES } from '@kinesis-producer/core/internal/record/counted-bytes'
import type { PackableRecord } from '@kinesis-producer/core/internal/record/packable-record'
import fc from 'fast-check'
import { packable, packingOf } from '../../support/core/packable.js'

const MIB = 1024 * 1024
const keyed = (packer: Packer, data: string | Uint8Array, key: string): PackableRecord =>
  packable(packer, data, { key })

describe('a request of packing none', () => {
  const open = (limit: number) => {
    const { packer } = packingOf(
      { kind: 'none' },
      { maxRequestBytes: 5 * MIB, maxRecordBytes: 10 * MIB },
    )
    return { packer, builder: packer.open(limit) }
  }

  it('takes as many records as Kinesis records are allowed, numbered', () => {
    const { packer, builder } = open(3)
    const records = ['a', 'b', 'c', 'd'].map(text => keyed(packer, text, 'k'))
    assert.deepEqual(
      records.map(record => builder.take(record)),
      [0, 1, 2, -1],
    )
    assert.equal(builder.count, 3)
    assert.equal(builder.hasRoom, false)
  })

  it('takes up to its bytes exactly, and any one record', () => {
    const { packer, builder } = open(500)
    const half = keyed(packer, Buffer.alloc(2.5 * MIB - 1), 'k')
    assert.equal(half.bytes, 2.5 * MIB)
    assert.deepEqual(
      [half, half, keyed(packer, '', 'k')].map(record => builder.take(record)),
      [0, 1, -1],
    )
    const large = open(500)
    const huge = keyed(packer, Buffer.alloc(9 * MIB), 'k')
    assert.equal(large.builder.take(huge), 0)
    assert.equal(large.builder.take(keyed(packer, '', 'k')), -1)
  })

  it('is built of the records it is given: bytes as they are, text as UTF-8, keys as named', () => {
    const { packer, builder } = open(500)
    const bytes = Uint8Array.of(1, 2)
    const records = [
      packable(packer, bytes, { key: 'k' }),
      packable(packer, 'ü', { key: 'l', hashKey: '9' }),
      packable(packer, 'free'),
      packable(packer, 'free'),
    ]
    for (const record of records) builder.take(record)
    const built = builder.build()
    assert.ok(!(built.records instanceof Promise))
    const [first, second, third, fourth] = built.records
    assert.ok(first !== undefined && second !== undefined)
    assert.deepEqual(toWireRecord(first), { Data: Buffer.from(bytes), PartitionKey: 'k' })
    assert.ok(!isPack(first) && first.memory === records[0]?.memory, 'not copied')
    assert.deepEqual(toWireRecord(second), {
      Data: Buffer.from('ü'),
      PartitionKey: 'l',
      ExplicitHashKey: '9',
    })
    assert.notEqual(third?.PartitionKey, fourth?.PartitionKey)
    assert.deepEqual([built.count, built.carriers, built.shards], [4, undefined, undefined])
  })
})

describe('a request of packs', () => {
  const open = (config: ProducerConfig, limit: number, maxBytes = 100) => {
    const { packer } = packingOf({ kind: 'concat', maxBytes }, config)
    return { packer, builder: packer.open(limit) }
  }

  it('lets packs grow when no other may be begun, and says when all are full', () => {
    const { packer, builder } = open({}, 2)
    const take = (size: number, key: string): number =>
      builder.take(keyed(packer, 'x'.repeat(size), key))
    // A key of 1 byte, and a terminator for each record.
    assert.deepEqual([take(50, 'a'), take(50, 'b')], [0, 1])
    assert.equal(take(10, 'c'), -1)
    assert.equal(builder.hasRoom, true)
    assert.equal(take(20, 'a'), 0)
    assert.equal(take(40, 'a'), -1, 'full')
    assert.equal(take(1, 'a'), -1, 'a later record does not overtake the refused one')
    assert.equal(builder.hasRoom, true)
    assert.equal(take(47, 'b'), 1, 'filled to the last byte')
    assert.equal(take(0, 'b'), -1)
    assert.equal(builder.hasRoom, false)
    assert.equal(builder.count, 4)
  })

  it('begins another pack of a key when one is full', () => {
    const { packer, builder } = open({}, 3)
    const records = Array.from({ length: 5 }, () => keyed(packer, 'x'.repeat(40), 'a'))
    assert.deepEqual(
      records.map(record => builder.take(record)),
      [0, 0, 1, 1, 2],
    )
    assert.deepEqual(builder.build().carriers, [0, 0, 1, 1, 2])
  })

  it('counts the bytes of a request over all packs', () => {
    const half = MIB / 2
    for (const [size, fits] of [
      [half, true],
      [half + 1, false],
    ] as const) {
      const { packer, builder } = open(
        { maxRequestBytes: 5 * MIB, maxRecordBytes: 2 * MIB },
        500,
        2 * MIB,
      )
      // A key of 1 byte, and a terminator.
      const record = (key: string, bytes: number) => keyed(packer, Buffer.alloc(bytes - 2), key)
      for (let i = 0; i < 9; i++) assert.equal(builder.take(record(`${i}`, half)), i)
      assert.equal(builder.takeInto(0, record('0', size + 1)), fits, 'the key is there already')
    }
    for (const [size, index] of [
      [half, 9],
      [half + 1, -1],
    ] as const) {
      const { packer, builder } = open({ maxRequestBytes: 5 * MIB }, 500, MIB)
      const record = (key: string, bytes: number) => keyed(packer, Buffer.alloc(bytes - 2), key)
      for (let i = 0; i < 9; i++) builder.take(record(`${i}`, half))
      assert.equal(builder.take(record('9', size)), index)
      assert.equal(builder.take(record('x', 2)), -1, 'full, or closed by the one it refused')
    }
  })

  it('may still have packs of any kind that take records', () => {
    const { packer, shards } = packingOf({ kind: 'kpl', groupBy: 'shard' })
    for (const record of [packable(packer, 'a'), packable(packer, 'a', { hashKey: '5' })]) {
      const builder = packer.open(1)
      assert.equal(builder.hasRoom, false)
      builder.take(record)
      assert.equal(builder.hasRoom, true)
    }
    shards?.learn([{ id: 'all', first: 0, last: 2 ** 48 - 1 }])
    const builder = packer.open(1)
    builder.take(keyed(packer, 'a', 'k'))
    assert.equal(builder.take(packable(packer, 'free')), -1)
    assert.equal(builder.hasRoom, true)
    assert.equal(builder.take(keyed(packer, 'a', 'other')), 0)
  })

  it('fills an aggregate of kpl to its last byte', () => {
    // Magic 4, digest 16, the key outside 1; inside: a key 3, and 6 bytes around each data.
    for (const [maxBytes, index] of [
      [4 + 16 + 1 + 3 + 2 * (6 + 50), 0],
      [4 + 16 + 1 + 3 + 2 * (6 + 50) - 1, 1],
    ] as const) {
      const { packer } = packingOf({ kind: 'kpl', maxBytes })
      const builder = packer.open(500)
      const record = keyed(packer, 'x'.repeat(50), 'k')
      assert.deepEqual([builder.take(record), builder.take(record)], [0, index])
    }
  })

  it('ends a pack at maxRecords', () => {
    for (const kind of ['concat', 'kpl'] as const) {
      const { packer } = packingOf({ kind, maxRecords: 2 })
      const builder = packer.open(500)
      const records = Array.from({ length: 5 }, (_, i) => keyed(packer, `${i}`, 'k'))
      assert.deepEqual(
        records.map(record => builder.take(record)),
        [0, 0, 1, 1, 2],
      )
      assert.equal(builder.takeInto(1, keyed(packer, '5', 'k')), false)
      assert.equal(builder.takeInto(2, keyed(packer, '5', 'k')), true)
    }
  })

  it('takes a record larger than a pack, alone', () => {
    for (const kind of ['concat', 'kpl'] as const) {
      const { packer } = packingOf({ kind, maxBytes: 100 })
      const builder = packer.open(500)
      assert.equal(builder.take(keyed(packer, 'x'.repeat(500), 'k')), 0)
      assert.equal(builder.take(keyed(packer, '', 'k')), 1)
    }
  })

  it('names the shard of the aggregates that are made for one, and of no single record', () => {
    const { packer, shards } = packingOf({ kind: 'kpl', groupBy: 'shard' })
    const half = 2 ** 47
    shards?.learn([
      { id: 'low', first: 0, last: half - 1 },
      { id: 'high', first: half, last: 2 ** 48 - 1 },
    ])
    const low = (data: string) => packable(packer, data, { key: data, hashKey: `${2n ** 126n}` })
    const high = (data: string) =>
      packable(packer, data, { key: data, hashKey: `${2n ** 127n + 2n ** 126n}` })
    const many = [low('a'), high('b'), low('c')]
    const builder = packer.open(500)
    for (const record of many) builder.take(record)
    const built = builder.build()
    assert.deepEqual(
      [built.carriers, built.shards],
      [
        [0, 1, 0],
        ['low', undefined],
      ],
    )

    const single = packer.open(500)
    const alone = [low('a'), high('b')]
    for (const record of alone) single.take(record)
    assert.equal(single.build().shards, undefined)
  })
})

describe('what makes a request worth sending', () => {
  const due = ({ packer }: Packing): number[] => [packer.dueRecords, packer.dueBytes]
  const config = { batchSize: 10, bufferSize: 1000, bufferBytes: 4 * MIB }

  it('is a batch, or all a request can hold (none)', () => {
    assert.deepEqual(due(packingOf({ kind: 'none' }, config)), [10, 10 * MIB])
  })

  for (const kind of ['concat', 'kpl'] as const) {
    it(`is a batch of full packs, or half of the buffer (${kind})`, () => {
      assert.deepEqual(
        due(packingOf({ kind, maxBytes: 1000, maxRecords: 20 }, config)),
        [200, 10_000],
      )
      assert.deepEqual(due(packingOf({ kind, maxBytes: MIB }, config)), [500, 2 * MIB])
      assert.deepEqual(
        due(
          packingOf(
            { kind, maxBytes: MIB },
            { batchSize: 500, bufferSize: 1, bufferBytes: MIB * 99 },
          ),
        ),
        [1, 10 * MIB],
      )
    })
  }

  it('counts the terminator a record gains, and what gzip may add', () => {
    const concat = packingOf({ kind: 'concat', terminator: '\r\n' }).packer
    assert.deepEqual([concat.overhead, concat.recordLimit(1000)], [2, 1000])
    const gzip = packingOf({ kind: 'concat', compression: 'gzip' }).packer
    assert.equal(gzip.overhead, 1)
    assert.equal(gzip.recordLimit(MIB), MIB - 256 - 64 - 64)
    for (const kind of ['none', 'kpl'] as const) {
      const { packer } = packingOf({ kind })
      assert.deepEqual([packer.overhead, packer.recordLimit(1000)], [0, 1000])
    }
  })
})

describe('aggregation of kpl', () => {
  it('waits until it is allowed, and ends when it is not', () => {
    const { packer, aggregation } = packingOf({ kind: 'kpl' })
    const carriers = (): readonly number[] | undefined => {
      const builder = packer.open(500)
      const records = ['a', 'b'].map(text => keyed(packer, text, 'k'))
      for (const record of records) builder.take(record)
      return builder.build().carriers
    }
    assert.deepEqual(carriers(), [0, 0])
    aggregation?.allow(false)
    assert.equal(carriers(), undefined)
    aggregation?.allow(true)
    assert.deepEqual(carriers(), [0, 0])
  })

  it('is a matter of kpl only, and shards of grouping by them', () => {
    assert.equal(packingOf({ kind: 'none' }).aggregation, undefined)
    assert.equal(packingOf({ kind: 'concat' }).aggregation, undefined)
    assert.equal(packingOf({ kind: 'kpl' }).shards, undefined)
    assert.notEqual(packingOf({ kind: 'kpl', groupBy: 'shard' }).shards, undefined)
  })
})

describe('the parts of packing', () => {
  it('see a terminator exactly where the end of the data has it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 8 }),
        fc.nat(8),
        fc.option(fc.uint8Array({ maxLength: 3 })),
        (data, cut, other) => {
          const bytes = Buffer.from(data)
          // Mostly an end it really has.
          const terminator = other ?? bytes.subarray(Math.max(0, bytes.length - cut))
          const ends =
            terminator.length > 0 && bytes.subarray(-terminator.length).equals(terminator)
          // What stands before the data is not its own.
          const memory = Buffer.concat([terminator, bytes, terminator])
          assert.equal(isTerminated(memory, terminator.length, bytes.length, terminator), ends)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('write whole numbers in as many bytes as they say', () => {
    for (let bits = 0; bits <= 31; bits++)
      for (const value of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) {
        const sink = new BufferSink(Buffer.alloc(8), 0)
        writeVarint(sink, value)
        assert.equal(sink.at, varintSize(value), `${value}`)
        let read = 0
        for (let i = 0; i < sink.at; i++) read += ((sink.buffer[i] ?? 0) & 0x7f) * 2 ** (7 * i)
        assert.equal(read, value)
        assert.ok((sink.buffer[sink.at - 1] ?? 0) < 0x80)
      }
  })

  it('make keys that differ and are no longer than admission counts', () => {
    for (const random of [() => 0, () => 0.5, () => 0.999_999_999_999, () => 1]) {
      const keys = new SpreadKeys(random)
      const made = Array.from({ length: 100 }, () => keys.next())
      assert.equal(new Set(made).size, 100)
      for (const key of made) assert.ok(key.length <= SPREAD_KEY_BYTES && key.length > 0, key)
    }
    const [one, other] = [0.1, 0.2].map(random => new SpreadKeys(() => random).next())
    assert.notEqual(one, other, 'producers differ by their prefix')
  })

  it('hand whole records to other clients, with the hash key only where there is one', () => {
    const { packer } = packingOf({ kind: 'concat' })
    for (const hashKey of [undefined, '5']) {
      const builder = packer.open(500)
      const records = ['a', 'b'].map(text => packable(packer, text, { key: 'k', hashKey }))
      for (const record of records) builder.take(record)
      const { records: built } = builder.build()
      assert.ok(!(built instanceof Promise))
      const [pack] = built
      assert.ok(pack !== undefined && isPack(pack))
      assert.deepEqual(toWireRecord(pack), {
        Data: Buffer.from('a\nb\n'),
        PartitionKey: 'k',
        ...(hashKey !== undefined && { ExplicitHashKey: hashKey }),
      })
    }
  })
})
