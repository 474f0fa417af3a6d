import assert from 'node:assert/strict'
import crypto, { randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ConfigError, type PackingConfig, type ProducerConfig } from '@kinesis-producer/core'
import { resolveConfig } from '@kinesis-producer/core/internal/config/resolve'
import { ConcatFormat } from '@kinesis-producer/core/internal/packing/concat/concat-pack'
import { gzipEach, gzipExpansion } from '@kinesis-producer/core/internal/packing/concat/gzip'
import { terminatorFraming } from '@kinesis-producer/core/internal/packing/concat/terminator'
import { createPacking } from '@kinesis-producer/core/internal/packing/create-packing'
import { PackedPacker } from '@kinesis-producer/core/internal/packing/packed-packer'
import { SpreadKeys } from '@kinesis-producer/core/internal/packing/spread-keys'
import { createHarness } from '../../support/core/harness.js'
import { sentData } from '../../support/core/outgoing.js'
import { packable } from '../../support/core/packable.js'

const noMd5 = (): never => {
  throw Object.assign(new Error('error:0308010C:digital envelope routines::unsupported'), {
    code: 'ERR_OSSL_EVP_UNSUPPORTED',
  })
}
const create = (packing: PackingConfig, probe: () => void, config: ProducerConfig = {}) =>
  createPacking(resolveConfig({ ...config, packing }), probe)

describe('packing where MD5 is not allowed', () => {
  for (const groupBy of ['partitionKey', 'shard'] as const) {
    it(`refuses kpl at construction, says why, and names the way out (${groupBy})`, () => {
      assert.throws(
        () => create({ kind: 'kpl', groupBy }, noMd5),
        error =>
          error instanceof ConfigError &&
          /packing\.kind 'kpl' needs MD5/.test(error.message) &&
          /FIPS/.test(error.message) &&
          /\{ kind: 'concat' \}/.test(error.message) &&
          error.cause instanceof Error,
      )
    })
  }

  it('asks once, and only for kpl', () => {
    let asked = 0
    const probe = (): void => void asked++
    create({ kind: 'none' }, probe)
    create({ kind: 'concat', compression: 'gzip' }, probe)
    assert.equal(asked, 0)
    const { packer, aggregation } = create({ kind: 'kpl' }, probe)
    aggregation?.allow(true)
    for (let i = 0; i < 3; i++) packer.open(500)
    assert.equal(asked, 1)
  })

  it('is asked of the process itself by a new producer', () => {
    const { hash } = crypto
    crypto.hash = noMd5
    try {
      assert.throws(() => createHarness({ packing: { kind: 'kpl' } }), ConfigError)
      createHarness({ packing: { kind: 'concat' } })
    } finally {
      crypto.hash = hash
    }
    createHarness({ packing: { kind: 'kpl' } })
  })
})

describe('compression of packs', () => {
  const packerWith = (compress: (data: Uint8Array) => Promise<Buffer>): PackedPacker => {
    const keys = new SpreadKeys(() => 0.5)
    const bounds = { maxBytes: 1000, maxRecords: 100 }
    const format = new ConcatFormat(
      { terminator: Buffer.from('\n'), ...bounds },
      keys,
      gzipEach(1, compress),
    )
    return new PackedPacker(
      format,
      { dueRecords: 1, dueBytes: 1, maxRequestBytes: 10_000 },
      terminatorFraming(Buffer.from('\n')),
      1,
    )
  }

  for (const [how, fail] of [
    ['rejects', () => Promise.reject(new Error('no memory'))],
    [
      'throws',
      () => {
        throw new Error('no memory')
      },
    ],
  ] as const) {
    it(`that ${how} rejects the promise of the records, and nothing else`, async () => {
      const packer = packerWith(fail)
      const builder = packer.open(500)
      const records = ['a', 'b'].map(key => packable(packer, 'data', { key }))
      for (const record of records) builder.take(record)
      const built = builder.build()
      assert.equal(built.count, 2)
      assert.deepEqual(built.carriers, [0, 1])
      await assert.rejects(Promise.resolve(built.records), /no memory/)
    })
  }

  it('keeps keys and the order of packs, whichever is done first', async () => {
    const packer = packerWith(async data => {
      if (Buffer.from(data).includes('slow')) await new Promise(setImmediate)
      return gzipSync(data)
    })
    const builder = packer.open(500)
    const records = [
      packable(packer, 'slow', { key: 'a', hashKey: '5' }),
      packable(packer, 'fast', { key: 'b' }),
    ]
    for (const record of records) builder.take(record)
    const built = await builder.build().records
    assert.deepEqual(
      built.map(one => [gunzipSync(sentData(one)).toString(), one.PartitionKey]),
      [
        ['slow\n', 'a'],
        ['fast\n', 'b'],
      ],
    )
    assert.deepEqual(
      built.map(({ ExplicitHashKey }) => ExplicitHashKey),
      ['5', undefined],
    )
  })

  it('adds at most what gzipExpansion says, to data that cannot be compressed', () => {
    for (const size of [0, 1, 100, 4095, 16_383, 16_384, 65_535, 200_000, 1_000_000]) {
      const data = randomBytes(size)
      for (const level of [1, 6, 9]) {
        const added = gzipSync(data, { level }).length - size
        assert.ok(added <= gzipExpansion(size), `${added} bytes added to ${size} at ${level}`)
      }
    }
  })
})
