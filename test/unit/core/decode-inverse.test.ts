import assert from 'node:assert/strict'
import { deflateSync, gzipSync } from 'node:zlib'
import { BatchProducer, type PackingConfig } from '@kinesis-producer/core'
import { type DecodeOptions, decode } from '@kinesis-producer/core/decode'
import fc from 'fast-check'
import { FakeClient } from '../../support/core/fake-client.js'
import { createHarness } from '../../support/core/harness.js'
import { oracleWrite } from '../../support/core/kpl-oracle.js'
import { settle } from '../../support/core/test-clock.js'

interface Added {
  readonly data: string | Uint8Array
  readonly key: string | undefined
  readonly explicitHashKey?: string
}

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])

/** A stream of one shard. */
const answerTo = (command: object): Promise<object> =>
  Promise.resolve(
    command.constructor.name === 'ListShardsCommand'
      ? {
          Shards: [
            {
              ShardId: 'shardId-000000000000',
              HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) },
              SequenceNumberRange: { StartingSequenceNumber: '0' },
            },
          ],
        }
      : { StreamDescriptionSummary: {} },
  )

/** What a consumer that knows the packing tells `decode`. */
const toldOf = (packing: PackingConfig): DecodeOptions => {
  if (packing.kind !== 'concat') return { packing: packing.kind }
  const { kind, terminator, compression } = packing
  return { packing: kind, terminator, gunzip: compression === 'gzip' }
}

/** The records of one key each, as a consumer reads them; records without a key under ''. */
const throughProducer = async (
  packing: PackingConfig,
  added: readonly Added[],
  options: DecodeOptions = toldOf(packing),
): Promise<Map<string, string[]>> => {
  const client = Object.assign(new FakeClient(), { send: answerTo })
  const producer = new BatchProducer(client, 's', { packing, batchSize: 3, logger: false })
  producer.start()
  // Until the stream has answered, nothing is aggregated.
  await settle()
  for (const { data, key, explicitHashKey } of added)
    await producer.add(data, key, { explicitHashKey })
  const { remaining } = await producer.drain(0)
  assert.equal(remaining, 0)
  await producer.close(0)
  const known = new Set(added.map(({ key }) => key))
  const read = new Map<string, string[]>()
  for (const record of client.calls.flat()) {
    const isAggregate = packing.kind === 'kpl' && MAGIC.equals(record.Data.subarray(0, 4))
    // Kinesis gives back no hash keys; only an aggregate has them inside.
    const outer = isAggregate ? undefined : record.ExplicitHashKey
    for (const { data, partitionKey, explicitHashKey } of decode(record, options)) {
      const key = known.has(partitionKey) ? partitionKey : ''
      const name = `${key} ${explicitHashKey ?? outer ?? ''}`
      read.set(name, [...(read.get(name) ?? []), Buffer.from(data).toString('hex')])
    }
  }
  return read
}

/** The same, as it should be: data without one final terminator. */
const expectedOf = (packing: PackingConfig, added: readonly Added[]): Map<string, string[]> => {
  const end =
    packing.kind === 'concat' ? Buffer.from(packing.terminator ?? '\n').toString('hex') : ''
  const expected = new Map<string, string[]>()
  for (const { data, key, explicitHashKey } of added) {
    const name = `${key ?? ''} ${explicitHashKey ?? ''}`
    const hex = Buffer.from(data).toString('hex')
    const whole = end !== '' && hex.endsWith(end) ? hex.slice(0, -end.length) : hex
    expected.set(name, [...(expected.get(name) ?? []), whole])
  }
  return expected
}

const sorted = (read: Map<string, string[]>): [string, string[]][] =>
  [...read]
    .map(([name, texts]): [string, string[]] => [name, texts.toSorted()])
    .toSorted(([a], [b]) => (a < b ? -1 : 1))

const own = Buffer.from('a record of the user\n')
const OWN_FORMATS = [
  gzipSync(own),
  deflateSync(own),
  Buffer.concat([gzipSync(own), Buffer.from('\n')]),
  Buffer.from([0x1f, 0x8b, 8, ...Buffer.alloc(20, 1)]),
  MAGIC,
  Buffer.concat([MAGIC, Buffer.alloc(40, 1)]),
]

const dataOf = (aggregate: Buffer) =>
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ maxLength: 3, unit: fc.constantFrom('a', '|', '\n', '\r') }),
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom<Uint8Array[]>(aggregate, ...OWN_FORMATS),
    fc.constantFrom('', '\n', '\n\n', 'line\n', 'x^2', 'a\r\n'),
  )

const packing = fc.oneof(
  fc.constant<PackingConfig>({ kind: 'none' }),
  fc.record<PackingConfig & { kind: 'kpl' }>(
    {
      kind: fc.constant('kpl'),
      groupBy: fc.constantFrom('partitionKey', 'shard'),
      maxRecords: fc.integer({ min: 1, max: 20 }),
      maxBytes: fc.integer({ min: 64, max: 2000 }),
    },
    { requiredKeys: ['kind'] },
  ),
  fc.record<PackingConfig & { kind: 'concat' }>(
    {
      kind: fc.constant('concat'),
      // What it admits can be told apart.
      embeddedTerminator: fc.constant('refuse'),
      terminator: fc.constantFrom<(string | Uint8Array)[]>(
        '\n',
        '\r\n',
        '||',
        '§',
        Uint8Array.of(0),
        Uint8Array.of(0x1f, 0x8b),
      ),
      compression: fc.constantFrom('none', 'gzip'),
      maxRecords: fc.integer({ min: 1, max: 20 }),
      maxBytes: fc.integer({ min: 64, max: 2000 }),
    },
    { requiredKeys: ['kind', 'embeddedTerminator'] },
  ),
)

const levelled = fc.record<PackingConfig & { kind: 'concat' }>({
  kind: fc.constant('concat'),
  embeddedTerminator: fc.constant('refuse'),
  compression: fc.constant('gzip'),
  compressionLevel: fc.integer({ min: 1, max: 9 }),
})

const recordOf = (aggregate: Buffer) =>
  fc.record<Added>(
    {
      data: dataOf(aggregate),
      key: fc.constantFrom(undefined, 'a', 'b', '0', '__proto__', 'ключ', '🔑'),
      explicitHashKey: fc.constantFrom('0', '340282366920938463463374607431768211455'),
    },
    { requiredKeys: ['data', 'key'] },
  )

describe('decode, told the packing', () => {
  it('is tried with aggregates of several keys', async () => {
    const how = { kind: 'kpl', groupBy: 'shard' } as const
    const added = ['a', 'b'].map(key => ({ data: key, key }))
    const read = await throughProducer(how, added)
    assert.deepEqual(sorted(read), sorted(expectedOf(how, added)))
    // Read as bytes it is one record: both are in one aggregate.
    const raw = await throughProducer(how, added, { packing: 'none' })
    assert.equal([...raw.values()].flat().length, 1)
  })

  it('gives back what was added, whatever the options, the keys and the data', async () => {
    const [aggregate = Buffer.alloc(0)] = await oracleWrite([
      { data: Buffer.from('one'), partitionKey: 'x' },
      { data: Buffer.from('two'), partitionKey: 'y' },
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(packing, levelled),
        fc.array(recordOf(aggregate), { minLength: 1, maxLength: 25 }),
        async (how, records) => {
          const admitted = await admittedOf(how, records)
          assert.deepEqual(
            sorted(await throughProducer(how, admitted)),
            sorted(expectedOf(how, admitted)),
          )
        },
      ),
      { numRuns: 400 },
    )
  })

  it('gives back one by one what was added alone', async () => {
    for (const data of OWN_FORMATS)
      for (const kind of ['none', 'kpl', 'concat'] as const) {
        const added = [{ data, key: 'k' }]
        const read = await throughProducer({ kind }, added)
        assert.deepEqual(sorted(read), sorted(expectedOf({ kind }, added)), kind)
      }
  })

  it('puts what looks like an aggregate into one, as far as the largest record allows', async () => {
    for (const [bytes, wrapped] of [
      [60_000, true],
      [99_900, true],
      [99_990, false],
      [100_000 - 1, false],
    ] as const) {
      const { producer, client } = createHarness({
        packing: { kind: 'kpl' },
        maxRecordBytes: 100_000,
      })
      producer.start()
      await producer.add(Buffer.concat([MAGIC, Buffer.alloc(bytes - 4)]), 'k')
      await producer.flush()
      const [sent] = client.calls.flat()
      assert.ok(sent !== undefined && sent.Data.length + 1 <= 100_000)
      assert.equal(sent.Data.length > bytes, wrapped, String(bytes))
    }
  })

  it('knows plain packs that begin with the gzip of a user, without being told of gzip', async () => {
    const zipped = gzipSync('payload')
    for (const records of [[zipped], [zipped, Buffer.from('b')], [Buffer.from('b'), zipped]]) {
      const added = records.map(data => ({ data, key: 'k' }))
      for (const compression of ['none', 'gzip'] as const) {
        const how = { kind: 'concat', compression } as const
        const read = await throughProducer(how, added, { packing: 'concat' })
        assert.deepEqual(sorted(read), sorted(expectedOf(how, added)), compression)
      }
    }
  })

  it('leaves a pack without terminators whole', async () => {
    const added = ['a', 'b', ''].map(data => ({ data, key: 'k' }))
    const read = await throughProducer({ kind: 'concat', terminator: '' }, added)
    assert.deepEqual(sorted(read), [['k ', [Buffer.from('ab').toString('hex')]]])
  })
})

/** Without those that the packing refuses. */
const admittedOf = async (how: PackingConfig, records: readonly Added[]): Promise<Added[]> => {
  const { producer } = createHarness({ packing: how })
  producer.start()
  const admitted = records.filter(({ data, key }) => producer.tryAdd(data, key))
  await producer.close(0)
  return admitted
}
