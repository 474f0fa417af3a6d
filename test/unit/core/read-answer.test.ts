import assert from 'node:assert/strict'
import { type Answer, readAnswer } from '@kinesis-producer/core/internal/client/answer'
import { UnreadAnswer } from '@kinesis-producer/core/internal/client/unread-answer'
import { CBOR_WIRE } from '@kinesis-producer/core/internal/client/wire/cbor-wire'
import { JSON_WIRE } from '@kinesis-producer/core/internal/client/wire/json-wire'
import type { Wire } from '@kinesis-producer/core/internal/client/wire/wire'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'

const stored = (n: number): object => ({ SequenceNumber: String(n + 1), ShardId: 'shardId-0' })
const answerOf = (...Records: readonly unknown[]): object => ({ FailedRecordCount: 0, Records })

/** What a client makes of the bytes of an answer: the byte scan first, the parser if that says no. */
const throughWire = (wire: Wire, bytes: Buffer, sent: number, needsPlaces: boolean): Answer => {
  if (wire.tellsAllStored(bytes, sent))
    return readAnswer(new UnreadAnswer(sent, () => wire.parse(bytes)), sent, needsPlaces)
  let parsed: unknown
  try {
    parsed = wire.parse(bytes)
  } catch (error) {
    return { kind: 'unusable', error: error instanceof Error ? error : new Error(String(error)) }
  }
  return readAnswer(parsed, sent, needsPlaces)
}

/** An object of which every property throws when it is read. */
const hostile: object = new Proxy(
  {},
  {
    get: () => {
      throw new Error('no reading')
    },
  },
)
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

describe('an answer as it is read', () => {
  it('says that all are stored, with places only if somebody wants them', () => {
    const answer = answerOf(stored(0), stored(1))
    assert.deepEqual(readAnswer(answer, 2, false), { kind: 'allStored', places: undefined })
    assert.deepEqual(readAnswer(answer, 2, true), {
      kind: 'allStored',
      places: [
        { kind: 'stored', shardId: 'shardId-0', sequenceNumber: '1' },
        { kind: 'stored', shardId: 'shardId-0', sequenceNumber: '2' },
      ],
    })
  })

  it('is unusable with fewer results than records, and with more', () => {
    for (const count of [0, 1, 3]) {
      const results = Array.from({ length: count }, (_, i) => stored(i))
      const answer = readAnswer(answerOf(...results), 2, false)
      assert.ok(answer.kind === 'unusable', `${count} results`)
      assert.equal(answer.error.name, 'ShortResponseError')
      const unread = new UnreadAnswer(count, () => ({ Records: [] }))
      assert.equal(readAnswer(unread, 2, false).kind, 'unusable', `${count} results, not read`)
    }
  })

  for (const nothing of [undefined, null, '', 0, 'Records', [], {}, { Records: {} }, hostile]) {
    it(`is unusable if it is ${nothing === hostile ? 'hostile' : JSON.stringify(nothing)}`, () => {
      const answer = readAnswer(nothing, 1, true)
      assert.ok(answer.kind === 'unusable' && answer.error instanceof Error)
    })
  }

  const results: readonly (readonly [what: string, result: unknown, code: string | undefined])[] = [
    ['no code at all', stored(0), undefined],
    ['ErrorCode undefined', { ...stored(0), ErrorCode: undefined }, undefined],
    ['ErrorCode null', { ...stored(0), ErrorCode: null }, undefined],
    ['an empty ErrorCode', { ...stored(0), ErrorCode: '' }, undefined],
    ['both a place and a code', { ...stored(0), ErrorCode: 'InternalFailure' }, 'InternalFailure'],
    ['a number for a code', { ErrorCode: 500 }, '500'],
    ['zero for a code', { ...stored(0), ErrorCode: 0 }, '0'],
    ['a code of blanks', { ...stored(0), ErrorCode: ' \n' }, 'Unknown'],
    ['an object for a code', { ErrorCode: { toString: null } }, 'object'],
    ['the code constructor', { ErrorCode: 'constructor' }, 'constructor'],
    ['the code __proto__', { ErrorCode: '__proto__' }, '__proto__'],
    ['an empty SequenceNumber', { SequenceNumber: '', ShardId: 's' }, 'NoSequenceNumber'],
    ['a number for a SequenceNumber', { SequenceNumber: 1, ShardId: 's' }, 'NoSequenceNumber'],
    ['nothing', undefined, 'NoSequenceNumber'],
    ['null', null, 'NoSequenceNumber'],
    ['a text', 'stored', 'NoSequenceNumber'],
    ['a hostile object', hostile, 'NoSequenceNumber'],
    ['a revoked proxy', revoked(), 'NoSequenceNumber'],
  ]
  for (const [what, result, code] of results) {
    it(`takes a result with ${what} for ${code === undefined ? 'stored' : `failed (${code})`}`, () => {
      const answer = readAnswer(answerOf(stored(1), result), 2, false)
      if (code === undefined) return assert.equal(answer.kind, 'allStored')
      assert.ok(answer.kind === 'answered')
      const [first, second] = answer.results
      assert.equal(first?.kind, 'stored')
      assert.ok(second?.kind === 'failed')
      assert.equal(second.code, code)
      assert.notEqual(second.message, '')
    })
  }

  it('counts a place without a shard as one', () => {
    assert.deepEqual(readAnswer(answerOf({ SequenceNumber: '1' }), 1, true), {
      kind: 'allStored',
      places: [{ kind: 'stored', shardId: '', sequenceNumber: '1' }],
    })
  })

  it('cuts codes and messages to one short line', () => {
    const result = { ErrorCode: `Internal\r\n${'c'.repeat(5000)}`, ErrorMessage: 'm\n'.repeat(1e6) }
    const answer = readAnswer(answerOf(result), 1, false)
    assert.ok(answer.kind === 'answered')
    const [failed] = answer.results
    assert.ok(failed?.kind === 'failed')
    assert.ok(failed.code.length <= 100 && failed.message.length <= 256)
    assert.doesNotMatch(failed.code + failed.message, /[\r\n]/)
  })

  it('keeps no answer alive by a message of it', () => {
    const huge = 40 * 1024 * 1024
    const kept: string[] = []
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 20; i++) {
      // A slice of a long string refers to the whole of it.
      const page = String.fromCharCode(65 + i).repeat(huge / 20)
      const answer = readAnswer(
        answerOf({ ErrorCode: page.slice(0, 50), ErrorMessage: page.slice(0, 200) }),
        1,
        false,
      )
      if (answer.kind === 'answered' && answer.results[0]?.kind === 'failed')
        kept.push(answer.results[0].message, answer.results[0].code)
    }
    globalThis.gc?.()
    assert.equal(kept.length, 40)
    if (globalThis.gc !== undefined)
      assert.ok(process.memoryUsage().heapUsed - before < huge / 2, 'the pages are let go of')
  })

  it('is unusable if it was not read and turns out to be garbled', () => {
    const garbled = new UnreadAnswer(1, () => {
      throw new SyntaxError('half an answer')
    })
    assert.deepEqual(readAnswer(garbled, 1, false), { kind: 'allStored', places: undefined })
    const answer = readAnswer(garbled, 1, true)
    assert.ok(answer.kind === 'unusable' && answer.error instanceof SyntaxError)
  })

  it('is read for any value whatever', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (value, sent, needsPlaces) => {
          for (const answer of [value, answerOf(value), { Records: value }]) {
            const read = readAnswer(answer, sent, needsPlaces)
            if (read.kind === 'answered')
              assert.ok(
                read.results.length === sent && read.results.some(({ kind }) => kind === 'failed'),
              )
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

const text = fc.oneof(fc.constantFrom('', '1', 'shardId-0', 'ErrorCode'), fc.string())
const result = fc.oneof(
  { weight: 8, arbitrary: fc.record({ SequenceNumber: text, ShardId: text }) },
  { weight: 1, arbitrary: fc.record({ ShardId: text, SequenceNumber: text }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        SequenceNumber: fc.oneof(text, fc.integer()),
        ShardId: fc.oneof(text, fc.constant(null)),
        ErrorCode: fc.oneof(text, fc.constant(null), fc.integer()),
        ErrorMessage: text,
        EncryptionType: text,
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
)
const body = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record(
      {
        FailedRecordCount: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer()),
        Records: fc.array(result, { maxLength: 5 }),
        EncryptionType: text,
      },
      { requiredKeys: ['Records'] },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
)
const shape = ({ kind, ...rest }: Answer): object => ({ kind, ...('error' in rest ? {} : rest) })

describe('the verdict on an answer', () => {
  it('is the same for JSON, for CBOR and for the value itself', () => {
    fc.assert(
      fc.property(body, fc.integer({ min: 1, max: 5 }), fc.boolean(), (value, sent, places) => {
        // What JSON cannot say is not compared: -0.
        const plain: unknown = JSON.parse(JSON.stringify(value))
        const expected = shape(readAnswer(plain, sent, places))
        const json = Buffer.from(JSON.stringify(plain))
        assert.deepEqual(shape(throughWire(JSON_WIRE, json, sent, places)), expected)
        const bytes = Buffer.from(cbor.serialize(plain))
        assert.deepEqual(shape(throughWire(CBOR_WIRE, bytes, sent, places)), expected)
      }),
      { numRuns: 3000 },
    )
  })

  for (const [name, wire, written] of [
    ['JSON', JSON_WIRE, (value: unknown) => Buffer.from(JSON.stringify(value))],
    ['CBOR', CBOR_WIRE, (value: unknown) => Buffer.from(cbor.serialize(value))],
  ] as const) {
    it(`is never "all stored" without a parse where a parse says otherwise (${name})`, () => {
      const change = fc.record({
        at: fc.nat(400),
        remove: fc.nat(3),
        insert: fc.oneof(
          fc.constantFrom('"ErrorCode":"X",', '}', ']', '"', ',', '\\', '\n', '\u0001', '{', ' '),
          fc.string({ maxLength: 3 }),
        ),
      })
      let unparsed = 0
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 3 }),
          fc.array(change, { maxLength: 2 }),
          (sent, changes) => {
            let bytes = written(answerOf(...Array.from({ length: sent }, (_, i) => stored(i))))
            for (const { at, remove, insert } of changes) {
              const place = at % (bytes.length + 1)
              bytes = Buffer.concat([
                bytes.subarray(0, place),
                Buffer.from(insert),
                bytes.subarray(place + remove),
              ])
            }
            if (!wire.tellsAllStored(bytes, sent)) return
            unparsed++
            assert.equal(readAnswer(wire.parse(bytes), sent, false).kind, 'allStored')
          },
        ),
        { numRuns: 5000 },
      )
      assert.ok(unparsed > 500, `only ${unparsed} were recognised`)
    })
  }

  it('is read from CBOR of indefinite length as well', () => {
    const item = (value: string): Buffer =>
      Buffer.from([0x60 + value.length, ...Buffer.from(value)])
    const bytes = Buffer.concat([
      Buffer.from([0xbf]),
      item('FailedRecordCount'),
      Buffer.from([0]),
      item('Records'),
      Buffer.from([0x9f, 0xbf]),
      ...['ShardId', 's', 'SequenceNumber', '1'].map(item),
      Buffer.from([0xff, 0xff, 0xff]),
    ])
    assert.equal(CBOR_WIRE.tellsAllStored(bytes, 1), true)
    assert.equal(CBOR_WIRE.tellsAllStored(bytes, 2), false)
    assert.equal(CBOR_WIRE.tellsAllStored(bytes.subarray(0, -1), 1), false)
    const longer = Buffer.concat([bytes, Buffer.from([0])])
    assert.equal(CBOR_WIRE.tellsAllStored(longer, 1), false)
    assert.equal(throughWire(CBOR_WIRE, bytes, 1, true).kind, 'allStored')
  })

  it('does not mind a byte order mark', () => {
    const json = Buffer.from(`\uFEFF${JSON.stringify(answerOf(stored(0)))}`)
    assert.equal(throughWire(JSON_WIRE, json, 1, true).kind, 'allStored')
  })
})
