import assert from 'node:assert/strict'
import type { ReadableLogRecordLike } from '@kinesis-producer/otel-exporter'
import { OtlpProtoEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/otlp-proto'
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import fc from 'fast-check'
import { encode, LIMIT } from '../../support/otel/encode.js'
import { decodeLogs, type Fields, recordsOf } from '../../support/otel/logs-proto.js'

const RESOURCE = {
  attributes: { 'service.name': 'shop', list: ['a', null], big: 2 ** 40 },
  schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
}
const SCOPE = { name: 'lib', version: '1.2.3', schemaUrl: 'https://example.com/1.0.0' }
const BASE: ReadableLogRecordLike = {
  hrTime: [1_700_000_000, 123_456_789],
  hrTimeObserved: [1_700_000_001, 5],
  resource: RESOURCE,
  instrumentationScope: SCOPE,
  attributes: {},
  droppedAttributesCount: 0,
}
const proto = (log: Partial<ReadableLogRecordLike>): Fields => {
  const { chunks } = encode('otlp-proto', [{ ...BASE, ...log }])
  return recordsOf(decodeLogs(chunks[0] ?? Buffer.alloc(0)))[0] ?? {}
}
const protoBody = (body: unknown): unknown => proto({ body })['body']
const json = (log: Partial<ReadableLogRecordLike>) => {
  const { chunks } = encode('otlp-json', [{ ...BASE, ...log }])
  return JSON.parse(String(chunks[0]))
}

const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }).filter(value => !Object.is(value, -0)),
  fc.boolean(),
  fc.uint8Array({ maxLength: 200 }),
)
const anyValue = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 50 }), tie('value'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).value
const hex = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map(data => Buffer.from(data).toString('hex'))
const log = fc
  .record({
    hrTime: fc.tuple(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.integer({ min: 0, max: 999_999_999 }),
    ),
    hrTimeObserved: fc.tuple(
      fc.integer({ min: 0, max: 4_000_000_000 }),
      fc.integer({ min: 0, max: 999_999_999 }),
    ),
    spanContext: fc.option(
      fc.record({ traceId: hex(16), spanId: hex(8), traceFlags: fc.constantFrom(0, 1) }),
      { nil: undefined },
    ),
    severityNumber: fc.option(fc.integer({ min: 1, max: 24 }), { nil: undefined }),
    severityText: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
    body: fc.option(anyValue, { nil: undefined }),
    eventName: fc.option(fc.string({ minLength: 1, maxLength: 60 }), { nil: undefined }),
    attributes: fc.dictionary(fc.string({ maxLength: 60 }), anyValue, {
      maxKeys: 6,
      noNullPrototype: true,
    }),
    droppedAttributesCount: fc.nat(300),
    instrumentationScope: fc.constantFrom(
      SCOPE,
      { name: '' },
      { name: 'other', attributes: { a: 1 } },
    ),
  })
  .map((fields): ReadableLogRecordLike => Object.assign({}, BASE, fields))

describe('OTLP protobuf', () => {
  it('says what the SDK’s own serializer says, decoded by a reader that knows neither', () => {
    const resource = resourceFromAttributes(RESOURCE.attributes, { schemaUrl: RESOURCE.schemaUrl })
    fc.assert(
      fc.property(fc.array(log, { minLength: 1, maxLength: 20 }), logs => {
        const same = logs.map(one => ({ ...one, resource }))
        const { chunks, logs: count } = encode('otlp-proto', same)
        assert.equal(count, logs.length)
        // Joined byte by byte they are one message.
        const ours = decodeLogs(Buffer.concat(chunks))
        const theirs = decodeLogs(
          ProtobufLogsSerializer.serializeRequest(same as never) ?? new Uint8Array(),
        )
        assert.deepEqual(byScope(ours), byScope(theirs))
      }),
      { numRuns: 500 },
    )
  })

  it('has times to the nanosecond', () => {
    for (const [seconds, nanos, expected] of [
      [1_700_000_000, 123_456_789, '1700000000123456789'],
      [4_294_967_295, 999_999_999, '4294967295999999999'],
      [65_536, 0, '65536000000000'],
      [0, 1, '1'],
    ] as const)
      assert.equal(proto({ hrTime: [seconds, nanos] })['time_unix_nano'], expected)
    assert.equal(proto({ hrTime: [0, 0] })['time_unix_nano'], undefined)
  })

  it('keeps every number what it is', () => {
    const cases: [unknown, unknown][] = [
      [0, { int_value: '0' }],
      [-1, { int_value: '-1' }],
      [127, { int_value: '127' }],
      [128, { int_value: '128' }],
      [2 ** 32, { int_value: '4294967296' }],
      [2 ** 53, { int_value: '9007199254740992' }],
      [-(2 ** 53), { int_value: '-9007199254740992' }],
      [2 ** 62, { int_value: '4611686018427387904' }],
      [-(2 ** 62), { int_value: '-4611686018427387904' }],
      [2 ** 63, { double_value: 2 ** 63 }],
      [1e300, { double_value: 1e300 }],
      [1.5, { double_value: 1.5 }],
      [Number.NaN, { double_value: 'NaN' }],
      [Number.POSITIVE_INFINITY, { double_value: 'Infinity' }],
      [Number.NEGATIVE_INFINITY, { double_value: '-Infinity' }],
      [12n, { int_value: '12' }],
      [-(2n ** 63n), { int_value: '-9223372036854775808' }],
      [2n ** 63n, { string_value: '9223372036854775808' }],
    ]
    for (const [body, expected] of cases) assert.deepEqual(protoBody(body), expected, String(body))
    const zero = protoBody(-0) as { double_value: number }
    // The SDK makes an integer of it and loses the sign.
    assert.ok(Object.is(zero.double_value, -0))
  })

  it('tells null from absent, and empty from nothing', () => {
    assert.equal(protoBody(undefined), undefined)
    assert.deepEqual(protoBody(null), {})
    assert.deepEqual(protoBody(''), { string_value: '' })
    assert.deepEqual(protoBody(false), { bool_value: false })
    assert.deepEqual(protoBody([]), { array_value: {} })
    assert.deepEqual(protoBody({}), { kvlist_value: {} })
    assert.deepEqual(protoBody([null, undefined, 1]), {
      array_value: { values: [{}, {}, { int_value: '1' }] },
    })
  })

  it('has an answer to everything JavaScript can log', () => {
    const text = (value: string) => ({ string_value: value })
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const throwing = {
      get bad(): never {
        throw new Error('mine')
      },
    }
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys')
        },
      },
    )
    const entry = (key: string, value: unknown) => ({ key, value })
    const map = (...values: unknown[]) => ({ kvlist_value: { values } })
    for (const [body, expected] of [
      [new Date(0), text('1970-01-01T00:00:00.000Z')],
      [new Date(Number.NaN), text('Invalid Date')],
      [Symbol('s'), text('[symbol]')],
      [() => {}, text('[function]')],
      [new Set([1]), { array_value: { values: [{ int_value: '1' }] } }],
      [
        new Map<unknown, unknown>([
          ['k', 1],
          [2, 'x'],
        ]),
        map(entry('k', { int_value: '1' }), entry('2', text('x'))),
      ],
      [
        new Float32Array([1, 0.5]),
        { array_value: { values: [{ int_value: '1' }, { double_value: 0.5 }] } },
      ],
      [new ArrayBuffer(2), { bytes_value: 'AAA=' }],
      [Buffer.from('hi'), { bytes_value: 'aGk=' }],
      [new URL('http://x/'), text('http://x/')],
      [circular, map(entry('self', text('[circular]')))],
      [throwing, map(entry('bad', text('[unreadable: mine]')))],
      [proxy, text('[unreadable: no keys]')],
      ['\ud800', text('\ufffd')],
      [{ __proto__: null, a: 1 }, map(entry('a', { int_value: '1' }))],
    ] as const)
      assert.deepEqual(protoBody(body), expected)
    const error = protoBody(Object.assign(new TypeError('boom'), { code: 'E' })) as {
      kvlist_value: { values: { key: string; value: unknown }[] }
    }
    assert.deepEqual(
      error.kvlist_value.values.map(({ key }) => key),
      ['name', 'message', 'stack', 'code'],
    )
    let deep: unknown = 'bottom'
    for (let i = 0; i < 20_000; i++) deep = { deep }
    assert.match(JSON.stringify(protoBody(deep)), /\[too deep\]/)
    const endless = protoBody(Array.from({ length: 100_002 }, () => true)) as {
      array_value: { values: unknown[] }
    }
    assert.deepEqual(endless.array_value.values.at(-1), text('[2 more]'))
  })

  it('leaves out ids that are none', () => {
    for (const traceId of ['', 'zz', 'g'.repeat(32), 'é'.repeat(32)])
      assert.equal(
        proto({ spanContext: { traceId, spanId: '1', traceFlags: 0 } })['trace_id'],
        undefined,
      )
    const upper = proto({
      spanContext: { traceId: 'AB'.repeat(16), spanId: '0102030405060708', traceFlags: 1 },
    })
    assert.equal(upper['trace_id'], Buffer.from('ab'.repeat(16), 'hex').toString('base64'))
    assert.equal(upper['flags'], 1)
  })

  it('keeps the fields of a log that can be read, and says which cannot', () => {
    const broken = Object.defineProperty({ ...BASE, body: 'b', eventName: 'e' }, 'severityText', {
      get: () => {
        throw new Error('gone')
      },
    })
    const { chunks } = encode('otlp-proto', [
      { ...BASE, body: 'a' },
      broken,
      { ...BASE, body: 'c' },
    ])
    const records = recordsOf(decodeLogs(Buffer.concat(chunks)))
    assert.deepEqual(
      records.map(one => one['body']),
      [{ string_value: 'a' }, { string_value: 'b' }, { string_value: 'c' }],
    )
    assert.equal(records[1]?.['event_name'], 'e')
    assert.deepEqual(records[1]?.['attributes'], [
      { key: 'kinesis.invalid.severity_text', value: { string_value: '[unreadable: gone]' } },
    ])
  })

  it('asks a resource again whose attributes are not all there', () => {
    const attributes: Record<string, string> = {}
    const resource = { attributes, asyncAttributesPending: true }
    const encoder = new OtlpProtoEncoder()
    const attributesNow = () => {
      const chunk = encoder.open(resource, SCOPE, LIMIT)
      return decodeLogs(Buffer.from(chunk.finish())).resource_logs?.[0]?.resource
    }
    assert.deepEqual(attributesNow(), {})
    attributes['host.name'] = 'h'
    resource.asyncAttributesPending = false
    assert.deepEqual(attributesNow(), {
      attributes: [{ key: 'host.name', value: { string_value: 'h' } }],
    })
  })
})

describe('chunks', () => {
  it('stay within the limit, whatever the logs, and lose none', () => {
    for (const encoding of ['otlp-proto', 'otlp-json', 'json'] as const) {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.string({ maxLength: 3000 }), fc.nat(3)), {
            minLength: 1,
            maxLength: 40,
          }),
          fc.integer({ min: 700, max: 5000 }),
          (bodies, maxBytes) => {
            const logs = bodies.map(([body, times]) => ({ ...BASE, body: body.repeat(times + 1) }))
            const { chunks, logs: count, tooLarge } = encode(encoding, logs, maxBytes)
            for (const chunk of chunks)
              assert.ok(chunk.length <= maxBytes, `${chunk.length} > ${maxBytes}`)
            assert.equal(count + tooLarge, logs.length)
          },
        ),
        { numRuns: 60 },
      )
    }
  })

  it('shorten a log that is too large, with a mark, or drop it', () => {
    const large = { ...BASE, body: 'ü'.repeat(50_000), attributes: { kept: 'yes' } }
    const { chunks, logs } = encode('otlp-proto', [large], 10_000)
    assert.equal(logs, 1)
    const [record = {}] = recordsOf(decodeLogs(chunks[0] ?? Buffer.alloc(0)))
    const body = (record['body'] as { string_value: string }).string_value
    assert.match(body, /^ü{1000,}… \[truncated \d+ characters\]$/)
    assert.equal((record['attributes'] as unknown[]).length, 1)

    assert.deepEqual(encode('otlp-proto', [large], 10_000, 'drop'), {
      chunks: [],
      logs: 0,
      shortened: [],
      tooLarge: 1,
    })
  })
})

describe('OTLP JSON', () => {
  it('has the form of the specification', () => {
    assert.deepEqual(
      json({
        body: { n: 2 ** 53, d: 0.5, nan: Number.NaN, bytes: Uint8Array.of(1), list: [null] },
        severityNumber: 9,
        attributes: { a: true },
        spanContext: { traceId: 'ab'.repeat(16), spanId: '01'.repeat(8), traceFlags: 1 },
        eventName: 'e',
      }),
      {
        resourceLogs: [
          {
            resource: {
              attributes: [
                { key: 'service.name', value: { stringValue: 'shop' } },
                {
                  key: 'list',
                  value: { arrayValue: { values: [{ stringValue: 'a' }, {}] } },
                },
                { key: 'big', value: { intValue: '1099511627776' } },
              ],
            },
            scopeLogs: [
              {
                scope: { name: 'lib', version: '1.2.3' },
                logRecords: [
                  {
                    timeUnixNano: '1700000000123456789',
                    observedTimeUnixNano: '1700000001000000005',
                    severityNumber: 9,
                    body: {
                      kvlistValue: {
                        values: [
                          { key: 'n', value: { intValue: '9007199254740992' } },
                          { key: 'd', value: { doubleValue: 0.5 } },
                          { key: 'nan', value: { doubleValue: 'NaN' } },
                          { key: 'bytes', value: { bytesValue: 'AQ==' } },
                          { key: 'list', value: { arrayValue: { values: [{}] } } },
                        ],
                      },
                    },
                    attributes: [{ key: 'a', value: { boolValue: true } }],
                    flags: 1,
                    traceId: 'ab'.repeat(16),
                    spanId: '01'.repeat(8),
                    eventName: 'e',
                  },
                ],
                schemaUrl: 'https://example.com/1.0.0',
              },
            ],
            schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
          },
        ],
      },
    )
  })
})

/** Resource logs merged, scopes in a fixed order: how chunks are cut is nobody's business. */
const byScope = (data: ReturnType<typeof decodeLogs>): unknown => {
  const scopes = new Map<string, Fields[]>()
  for (const { resource, schema_url, scope_logs } of data.resource_logs ?? []) {
    for (const { scope, schema_url: scopeSchema, log_records } of scope_logs ?? []) {
      const name = JSON.stringify([
        normal(resource ?? {}),
        schema_url ?? '',
        normal(scope ?? {}),
        scopeSchema ?? '',
      ])
      scopes.set(name, [...(scopes.get(name) ?? []), ...(log_records ?? []).map(normal)])
    }
  }
  return [...scopes].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
/** Proto3 makes no difference between zero and absent. */
const normal = (record: Fields): Fields =>
  Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== 0 && value !== '0' && value !== ''),
  )
