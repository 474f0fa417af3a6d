import assert from 'node:assert/strict'
import { decodeLogs, type PlainLog } from '@kinesis-producer/otel-exporter/decode'
import { type Encoded, encode, linesOf } from '../../support/otel/encode.js'
import { depthOf, esJson, esProto } from '../../support/otel/logs-proto.js'
import { ORDINARY, RESOURCE, SCOPE, strangeLogs } from '../../support/otel/strange-logs.js'

const NEIGHBOURS = [
  { ...ORDINARY, body: 'before' },
  { ...ORDINARY, body: 'after' },
] as const
/** A log between two ordinary ones. */
const between = (encoding: 'otlp-proto' | 'otlp-json' | 'json', log: typeof ORDINARY): Encoded => {
  const encoded = encode(encoding, [NEIGHBOURS[0], log, NEIGHBOURS[1]], 100_000)
  assert.equal(encoded.logs, 3)
  return encoded
}
const EXPECTED = NEIGHBOURS.map(
  ({ body }): PlainLog => ({
    time: 1_700_000_000_123_456_789n,
    observedTime: 1_700_000_001_000_000_005n,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'event',
    body,
    attributes: { kept: 'yes' },
    droppedAttributesCount: 0,
    traceId: 'ab'.repeat(16),
    spanId: '01'.repeat(8),
    traceFlags: 1,
    resource: RESOURCE.attributes,
    scope: SCOPE,
  }),
)
const isNeighbour = ({ body }: PlainLog): boolean => body === 'before' || body === 'after'

/** Fields of a log, and what `decodeLogs` calls them. */
const DECODED: readonly (readonly [field: string, decoded: readonly (keyof PlainLog)[]])[] = [
  ['hrTime', ['time']],
  ['hrTimeObserved', ['observedTime']],
  ['severityNumber', ['severityNumber']],
  ['severityText', ['severityText']],
  ['eventName', ['eventName']],
  ['body', ['body']],
  ['attributes', ['attributes']],
  ['droppedAttributesCount', ['droppedAttributesCount']],
  ['spanContext', ['traceId', 'spanId', 'traceFlags']],
  ['resource', ['resource']],
  ['instrumentationScope', ['scope']],
]
const withoutMarks = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(
        Object.entries(value).filter(([name]) => !name.startsWith('kinesis.invalid.')),
      )
    : value

/** Ids are hex in OTLP JSON, which a reader of plain proto3 JSON takes for base64. */
const withoutIds = (read: unknown): unknown =>
  JSON.parse(JSON.stringify(read, (key, value) => (/^(trace|span)Id$/.test(key) ? '' : value)))
/** What is said at all, without who shares a message with whom. */
const parts = (reads: readonly unknown[]): unknown =>
  reads.flatMap(read => Reflect.get(Object(withoutIds(read)), 'resourceLogs') ?? [])

describe('every strange log of test/data/strange-logs.json', function () {
  this.timeout(60_000)
  const all = strangeLogs()

  it('is one of more than 300, each with a name of its own', () => {
    assert.ok(all.length >= 300, String(all.length))
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
  })

  it('is read by protobuf-es in protobuf and in OTLP JSON, and says the same in both', () => {
    for (const { name, log } of all) {
      const proto = between('otlp-proto', log)
      const json = between('otlp-json', log)
      const read = proto.chunks.map(esProto)
      const lines = linesOf(json.chunks)
      for (const chunk of proto.chunks) {
        const depth = depthOf('LogsData', chunk)
        assert.ok(depth <= 100, `${name}: ${depth} messages deep`)
      }
      for (const line of lines) assert.doesNotMatch(line, HALF, name)
      // Where each had to be shortened they differ in where they are cut.
      if (proto.shortened.length + json.shortened.length === 0)
        assert.deepEqual(parts(read), parts(lines.map(esJson)), name)
      else assert.equal(parts(lines.map(esJson)) !== undefined, true)
    }
  })

  it('is a line of its own in flat JSON, of whole characters', () => {
    for (const { name, log } of all) {
      const lines = linesOf(between('json', log).chunks)
      assert.equal(lines.length, 3, name)
      for (const line of lines) {
        assert.doesNotMatch(line, HALF, name)
        const parsed = JSON.parse(line)
        assert.equal(typeof parsed.attributes, 'object', name)
        assert.equal(typeof parsed.resource, 'object', name)
        for (const field of ['timestamp', 'observed_timestamp', 'trace_id', 'severity'])
          assert.ok(parsed[field] === undefined || typeof parsed[field] === 'string', name)
        if (parsed.timestamp !== undefined)
          assert.match(parsed.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/, name)
      }
      const bodies = new Set(lines.map(line => JSON.parse(line).body))
      assert.ok(bodies.has('before') && bodies.has('after'), name)
    }
  })

  for (const encoding of ['otlp-proto', 'otlp-json'] as const) {
    it(`harms neither its neighbours nor its own other fields (${encoding})`, () => {
      for (const { name, log, odd } of all) {
        const { chunks } = between(encoding, log)
        const read = chunks.flatMap(chunk => decodeLogs(chunk, { encoding }))
        assert.deepEqual(read.filter(isNeighbour), EXPECTED, name)
        const [own, ...more] = read.filter(one => !isNeighbour(one))
        assert.ok(own !== undefined && more.length === 0, name)
        for (const [field, decoded] of DECODED) {
          if (odd === undefined || odd.includes(field)) continue
          for (const part of decoded) {
            const ordinary: unknown = part === 'body' ? 'body' : EXPECTED[0]?.[part]
            const actual: unknown = part === 'attributes' ? withoutMarks(own[part]) : own[part]
            assert.deepEqual(actual, ordinary, `${name}: ${part}`)
          }
        }
      }
    })
  }
})

/** An escape that is half a pair of surrogates. */
const HALF = /(?<!\\)(?:\\\\)*\\ud[89a-f]/
