import assert from 'node:assert/strict'
import { decodeLogs, type LogValues, type PlainLog } from '@kinesis-producer/otel-exporter/decode'
import fc from 'fast-check'
import { type Encoded, encode, linesOf } from '../../support/otel/encode.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

const ENCODINGS = ['otlp-proto', 'otlp-json', 'json'] as const
type Read = Pick<PlainLog, 'body' | 'attributes' | 'resource'>

/** The only log of it, in any encoding. */
const read = ({ chunks }: Encoded, encoding: (typeof ENCODINGS)[number]): Read => {
  if (encoding === 'json') return JSON.parse(linesOf(chunks)[0] ?? '{}')
  const [log] = chunks.flatMap(chunk => decodeLogs(chunk, { encoding }))
  assert.ok(log !== undefined)
  return log
}
const text = (value: unknown): string => {
  assert.equal(typeof value, 'string')
  return String(value)
}
const map = (value: unknown): LogValues => {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value))
  return Object.fromEntries(Object.entries(value))
}
const MARK = /… \[truncated \d+ characters\]$/

describe('a log that is too large', () => {
  for (const encoding of ENCODINGS) {
    it(`loses the end of its largest text, wherever that is, and nothing else (${encoding})`, () => {
      const small = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${i}`, `v${i}`]))
      const log = {
        ...ORDINARY,
        body: { inner: { text: 'b'.repeat(9000) }, n: 1 },
        attributes: { ...small, large: 'a'.repeat(60_000), list: [1, 2, 3] },
      }
      const encoded = encode(encoding, [log], 40_000)
      assert.deepEqual(encoded.shortened, ['log'])
      const { body, attributes } = read(encoded, encoding)
      // Shorter than the limit as it is, it stays whole.
      assert.deepEqual(body, log.body)
      const { large, list, ...others } = attributes
      assert.deepEqual(others, small)
      assert.deepEqual(list, [1, 2, 3])
      assert.match(text(large), /^a{20000,}… \[truncated \d+ characters\]$/)
      const size = encoded.chunks[0]?.length ?? 0
      assert.ok(size <= 40_000 && size > 36_000, String(size))
    })

    it(`stays a map, with its nested texts shortened alike (${encoding})`, () => {
      const body = { a: 'x'.repeat(50_000), b: { c: 'y'.repeat(50_000) }, d: 'short' }
      const shorter = map(read(encode(encoding, [{ ...ORDINARY, body }], 30_000), encoding).body)
      const [a, c] = [text(shorter['a']), text(map(shorter['b'])['c'])]
      assert.match(a, MARK)
      assert.match(c, MARK)
      assert.ok(Math.abs(a.length - c.length) < 10)
      assert.equal(shorter['d'], 'short')
    })

    it(`keeps small attributes beside a list of a million, and says how many it lost (${encoding})`, () => {
      const attributes = { before: 1, list: Array.from({ length: 90_000 }, () => 7), after: 'yes' }
      const encoded = encode(encoding, [{ ...ORDINARY, attributes }], 20_000)
      const kept = read(encoded, encoding).attributes
      assert.equal(kept['before'], 1)
      assert.equal(kept['after'], 'yes')
      const { list } = kept
      assert.ok(Array.isArray(list) && list.length > 500)
      assert.equal(list.at(-1), `[${90_001 - list.length} more]`)
    })

    it(`leaves out the last of too many attributes, and counts them (${encoding})`, () => {
      const attributes = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]))
      const encoded = encode(encoding, [{ ...ORDINARY, attributes }], 20_000)
      assert.equal(encoded.logs, 1)
      const log: unknown = read(encoded, encoding)
      const kept = Object.keys(map(Reflect.get(Object(log), 'attributes'))).length
      const dropped =
        Reflect.get(Object(log), 'droppedAttributesCount') ??
        Reflect.get(Object(log), 'otel.dropped_attributes_count')
      assert.ok(kept > 100)
      assert.equal(dropped, 5000 - kept)
    })

    it(`cuts no character in two (${encoding})`, () => {
      for (let i = 0; i < 4; i++) {
        const body = `${'x'.repeat(i)}${'😀'.repeat(20_000)}`
        const kept = text(read(encode(encoding, [{ ...ORDINARY, body }], 10_000), encoding).body)
        assert.match(kept, MARK)
        assert.doesNotMatch(kept, /\ufffd/)
      }
    })

    it(`shares a resource that is too large, shortened alike and told (${encoding})`, () => {
      const resource = { attributes: { 'service.name': 'shop', huge: 'r'.repeat(50_000) } }
      const encoded = encode(encoding, [{ ...ORDINARY, resource }], 20_000)
      assert.deepEqual(encoded.shortened, ['resource'])
      const log = read(encoded, encoding)
      assert.equal(log.resource['service.name'], 'shop')
      assert.match(text(log.resource['huge']), MARK)
      assert.equal(log.body, 'body')
      assert.deepEqual(log.attributes, { kept: 'yes' })
    })

    it(`fits whatever it holds, and keeps what is small (${encoding})`, function () {
      this.timeout(30_000)
      const large = fc
        .tuple(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
          fc.integer({ min: 300, max: 3000 }),
        )
        .map(([unit, times]) => unit.repeat(times))
      const value = fc.oneof(
        large,
        fc.array(fc.integer(), { minLength: 500, maxLength: 3000 }),
        fc.record({ inner: large, small: fc.constant(true) }),
        fc.uint8Array({ minLength: 5000, maxLength: 20_000 }),
      )
      fc.assert(
        fc.property(value, value, fc.integer({ min: 3000, max: 9000 }), (body, huge, maxBytes) => {
          const encoded = encode(
            encoding,
            [{ ...ORDINARY, body, attributes: { before: 1, huge, after: 'yes' } }],
            maxBytes,
          )
          assert.equal(encoded.logs, 1)
          assert.ok((encoded.chunks[0]?.length ?? 0) <= maxBytes)
          const { attributes } = read(encoded, encoding)
          assert.deepEqual([attributes['before'], attributes['after']], [1, 'yes'])
        }),
        { numRuns: 30 },
      )
    })
  }
})
