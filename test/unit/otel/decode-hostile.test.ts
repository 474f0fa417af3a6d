import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { decodeLogs, type PlainLog } from '@kinesis-producer/otel-exporter/decode'
import fc from 'fast-check'
import { encode } from '../../support/otel/encode.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

const ENCODINGS = ['otlp-proto', 'otlp-json'] as const
type Encoding = (typeof ENCODINGS)[number]
const LIMITS = { maxLogs: 50, maxValues: 500, maxBytes: 20_000 }

const LOG = {
  ...ORDINARY,
  body: {
    text: 'ü😀"\\',
    big: 2n ** 62n,
    list: [1, [true, null, { deep: Uint8Array.of(0, 255) }]],
    odd: -1.5,
  },
  attributes: { __proto__x: 'a', toJSON: 'b', list: ['x', 'y'] },
}
const chunkOf = (encoding: Encoding): Buffer =>
  encode(encoding, [LOG, LOG]).chunks[0] ?? Buffer.alloc(0)

/** All values within a value. */
function* valuesIn(value: unknown): Generator<unknown, void, undefined> {
  yield value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  for (const one of Object.values(value)) yield* valuesIn(one)
}

/** Logs within the limits that are JSON, or the one error that there is; which of the two. */
const read = (data: Uint8Array, encoding: Encoding): PlainLog[] | undefined => {
  let logs: PlainLog[]
  try {
    logs = decodeLogs(data, { encoding, ...LIMITS })
  } catch (error) {
    assert.equal(Reflect.get(Object(error), 'code'), 'CORRUPT_RECORD', String(error))
    return undefined
  }
  assert.ok(logs.length <= LIMITS.maxLogs)
  const json = JSON.stringify(logs)
  const again: unknown = JSON.parse(json)
  assert.ok(Array.isArray(again) && again.length === logs.length)
  for (const value of valuesIn(logs))
    if (typeof value === 'bigint')
      assert.ok(value >= -(2n ** 63n) && value < 2n ** 64n, String(value))
  for (const [i, log] of logs.entries())
    assert.deepEqual(Object.keys(again[i].attributes), Object.keys(log.attributes))
  return logs
}

const RUNS = { numRuns: 1000 } as const

describe('decodeLogs of hostile bytes', () => {
  for (const encoding of ENCODINGS) {
    it(`reads or refuses what is cut at any byte (${encoding})`, () => {
      const chunk = chunkOf(encoding)
      assert.equal(read(chunk, encoding)?.length, 2)
      const zipped = gzipSync(chunk)
      for (let at = 1; at < chunk.length; at++) {
        const logs = read(chunk.subarray(0, at), encoding)
        // The whole is one message, or one line: a part of it is nothing, but for the line feed.
        if (at < chunk.length - 1) assert.equal(logs, undefined, `${at} bytes`)
        read(chunk.subarray(at), encoding)
      }
      for (let at = 18; at < zipped.length; at++)
        assert.equal(read(zipped.subarray(0, at), encoding), undefined, `${at} bytes of gzip`)
    })

    it(`reads or refuses what has bits flipped (${encoding})`, () => {
      const chunk = chunkOf(encoding)
      let refused = 0
      for (let bit = 0; bit < chunk.length * 8; bit += 3) {
        const copy = Buffer.from(chunk)
        copy[bit >> 3] = (chunk[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        if (read(copy, encoding) === undefined) refused++
      }
      assert.ok(refused > 100 && refused < (chunk.length * 8) / 3, `${refused} refused`)
    })

    it(`reads or refuses bytes that are changed, repeated and moved (${encoding})`, () => {
      const chunk = chunkOf(encoding)
      const edit = fc.record({
        at: fc.nat(chunk.length),
        cut: fc.nat(20),
        put: fc.oneof(
          fc.uint8Array({ maxLength: 12 }),
          // Lengths and numbers that lie: 2^32, 2^53, 2^64 and without an end.
          fc.constantFrom(
            Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x10),
            Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f),
            Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
            new Uint8Array(30).fill(0xff),
            ...[
              '1e999',
              '-1',
              '9'.repeat(30),
              '1.5',
              '{"toString":1}',
              '[[[[',
              'null',
              '"',
              '\\',
            ].map(word => Buffer.from(word)),
          ),
        ),
      })
      fc.assert(
        fc.property(
          fc.array(edit, { minLength: 1, maxLength: 4 }),
          fc.boolean(),
          (edits, zipped) => {
            let bytes = chunk
            for (const { at, cut, put } of edits)
              bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
            read(zipped ? gzipSync(bytes) : bytes, encoding)
          },
        ),
        RUNS,
      )
    })
  }

  it('reads or refuses JSON of any shape in any place', () => {
    const fields = [
      'timeUnixNano',
      'observedTimeUnixNano',
      'severityNumber',
      'severityText',
      'eventName',
      'body',
      'attributes',
      'droppedAttributesCount',
      'traceId',
      'spanId',
      'flags',
    ]
    const number = fc.constantFrom('1e308', '1e999', '-1e999', '1.5', '-1', '18446744073709551616')
    const { value } = fc.letrec<{ value: string }>(tie => ({
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.json(),
        number,
        number.map(one => `"${one}"`),
        fc
          .tuple(
            fc.constantFrom(
              'intValue',
              'stringValue',
              'doubleValue',
              'bytesValue',
              'arrayValue',
              'kvlistValue',
              'values',
              'key',
              'value',
              '__proto__',
              'toJSON',
            ),
            tie('value'),
          )
          .map(([name, one]) => `{"${name}":${one}}`),
        fc.array(tie('value'), { maxLength: 3 }).map(list => `[${list.join()}]`),
        tie('value').map(
          one => `[{"key":"__proto__","value":${one}},{"key":"toJSON","value":${one}}]`,
        ),
        tie('value').map(
          one => `{"kvlistValue":{"values":[{"key":${one},"value":{"intValue":${one}}}]}}`,
        ),
        tie('value').map(one => `{"arrayValue":{"values":[${one}]}}`),
      ),
    }))
    const log = fc
      .array(fc.tuple(fc.constantFrom(...fields), value), { maxLength: 4 })
      .map(list => `{${list.map(([name, one]) => `"${name}":${one}`).join()}}`)
    const line = fc
      .tuple(log, value, value)
      .map(
        ([one, resource, scope]) =>
          `{"resourceLogs":[{"resource":{"attributes":${resource}},"scopeLogs":[{"scope":${scope},"logRecords":[${one}]}]}]}\n`,
      )
    let logs = 0
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 4, arbitrary: line },
          value.map(one => `${one}\n`),
        ),
        text => {
          logs += read(Buffer.from(text), 'otlp-json')?.length ?? 0
        },
      ),
      { numRuns: 2000 },
    )
    assert.ok(logs > 100, `${logs} logs`)
  })

  it('refuses levels of any kind beyond the bound, and reads those below it', () => {
    const lists = (levels: number): string =>
      `${'{"arrayValue":{"values":['.repeat(levels)}${']}}'.repeat(levels)}`
    const maps = (levels: number): string =>
      `${'{"kvlistValue":{"values":[{"key":"k","value":'.repeat(levels)}null${'}]}}'.repeat(levels)}`
    const line = (body: string): Buffer =>
      Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${body}}]}]}]}\n`)
    const limits = { maxValues: 1_000_000, encoding: 'otlp-json' } as const
    for (const nested of [lists, maps]) {
      const [log] = decodeLogs(line(nested(100)), limits)
      assert.ok(JSON.stringify(log).length > 200)
      for (const levels of [102, 1000, 50_000])
        assert.throws(() => decodeLogs(line(nested(levels)), limits), { code: 'CORRUPT_RECORD' })
    }
    const deep = Buffer.from(`{"resourceLogs":${'['.repeat(200_000)}${']'.repeat(200_000)}}\n`)
    assert.deepEqual(decodeLogs(deep, limits), [])
  })

  it('counts the values of JSON that is cut within a string before it makes them', () => {
    const data = Buffer.from(`{"a":[${'{},'.repeat(1000)}"never ends\n`)
    assert.throws(
      () => decodeLogs(data, { encoding: 'otlp-json', maxValues: 500 }),
      /maxValues 500/,
    )
  })

  it('reads 200,000 empty logs, all of which are JSON', () => {
    const many = 200_000
    const json = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${'{},'.repeat(many - 1)}{}]}]}]}\n`
    const records = Buffer.alloc(many * 2, Buffer.from([0x12, 0]))
    const field = (tag: number, body: Buffer): Buffer => {
      const { length } = body
      const size = [
        (length & 127) | 128,
        ((length >> 7) & 127) | 128,
        ((length >> 14) & 127) | 128,
        length >> 21,
      ]
      return Buffer.concat([Buffer.from([tag, ...size]), body])
    }
    for (const [data, encoding] of [
      [field(0x0a, field(0x12, records)), 'otlp-proto'],
      [Buffer.from(json), 'otlp-json'],
    ] as const)
      for (const one of encoding === 'otlp-proto' ? [data, gzipSync(data)] : [data]) {
        const logs = decodeLogs(one, { encoding })
        assert.equal(logs.length, many)
        assert.equal(JSON.stringify(logs.at(-1)), JSON.stringify(logs[0]))
        assert.match(JSON.stringify(logs[0]), /^\{"attributes":\{\}/)
      }
  })
})
