import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import { type DecodeLogsOptions, decodeLogs } from '@kinesis-producer/otel-exporter/decode'

/** Fields of protobuf, by hand. */
const varint = (value: number): Buffer => {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}
const field = (number: number, body: Uint8Array): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(body.length), body])
const repeated = (number: number, count: number): Buffer =>
  Buffer.alloc(count * 2, Buffer.from([number * 8 + 2, 0]))
const proto = (records: Uint8Array): Buffer => field(1, field(2, records))
const json = (records: string): Buffer =>
  Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records}]}]}]}\n`)

const asJson = { encoding: 'otlp-json' } as const
const refused = (data: Uint8Array, options: DecodeLogsOptions, expected: RegExp): void =>
  assert.throws(() => decodeLogs(data, options), { name: 'CorruptRecordError', message: expected })

describe('what decodeLogs bounds', () => {
  it('is the logs of a record, far above what a list of arguments holds', () => {
    assert.equal(decodeLogs(gzipSync(proto(repeated(2, 300_000)))).length, 300_000)
    const many = json(`${'{},'.repeat(299_999)}{}`)
    assert.equal(decodeLogs(many, asJson).length, 300_000)
    refused(proto(repeated(2, 11)), { maxLogs: 10 }, /more than maxLogs 10 logs/)
    assert.equal(decodeLogs(proto(repeated(2, 10)), { maxLogs: 10 }).length, 10)
    refused(json('{},{},{}'), { ...asJson, maxLogs: 2 }, /more than maxLogs 2 logs/)
    // Of all lines together.
    const lines = Buffer.concat([json('{}'), json('{}')])
    refused(lines, { ...asJson, maxLogs: 1 }, /more than maxLogs 1 logs/)
    refused(gzipSync(proto(repeated(2, 1_000_001))), {}, /more than maxLogs 1000000 logs/)
  })

  it('is the values of a record, wherever they are', () => {
    const array = field(5, field(5, repeated(1, 11)))
    const keyValues = field(5, field(6, repeated(1, 11)))
    for (const log of [repeated(6, 11), array, keyValues])
      refused(proto(field(2, log)), { maxValues: 10 }, /more than maxValues 10 values/)
    refused(field(1, field(1, repeated(1, 11))), { maxValues: 10 }, /maxValues 10/)
    refused(repeated(1, 11), { maxValues: 10 }, /maxValues 10/)
    refused(field(1, repeated(2, 11)), { maxValues: 10 }, /maxValues 10/)
    // One message of a resource and one of a scope count as well.
    assert.equal(decodeLogs(proto(field(2, repeated(6, 8))), { maxValues: 10 }).length, 1)
  })

  it('is the size of JSON before it is parsed', () => {
    refused(json(`{"a":[${'0,'.repeat(100)}0]}`), { ...asJson, maxValues: 100 }, /maxValues 100/)
    refused(json('{},'.repeat(10_000_000)), asJson, /maxValues 6000000/)
    // What is within strings is text.
    const text = JSON.stringify(`"${'[{,'.repeat(100)}\\`)
    const log = `{"body":{"stringValue":${text}}}`
    const [read] = decodeLogs(json(`${log},${log}`), { ...asJson, maxValues: 20 })
    assert.equal(read?.body, JSON.parse(text))
  })

  it('is the depth of values, and the digits of a number', () => {
    let deep = field(1, Buffer.from('x'))
    for (let i = 0; i < 150; i++) deep = field(5, field(1, deep))
    refused(proto(field(2, field(5, deep))), {}, /nested more than 100 deep/)
    const nested = `${'{"arrayValue":{"values":['.repeat(150)}${']}}'.repeat(150)}`
    refused(json(`{"body":${nested}}`), asJson, /nested more than 100 deep/)
    for (const name of ['timeUnixNano', 'observedTimeUnixNano'])
      refused(json(`{"${name}":"${'9'.repeat(21)}"}`), asJson, /21 characters is no number/)
    refused(json(`{"body":{"intValue":"${'9'.repeat(1000)}"}}`), asJson, /no number of 64 bits/)
    const [read] = decodeLogs(json(`{"timeUnixNano":"${2n ** 64n - 1n}"}`), asJson)
    assert.equal(read?.time, 2n ** 64n - 1n)
  })

  it('is the bytes a compressed record becomes', () => {
    const zipped = gzipSync(proto(repeated(2, 1000)))
    refused(zipped, { maxBytes: 1000 }, /maxBytes 1000/)
    assert.equal(decodeLogs(zipped, { maxBytes: 3000 }).length, 1000)
  })

  it('is said by options with names that are checked', () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ maxLog: 1 }, /did you mean "maxLogs"/],
      [{ maxLogs: 0 }, /maxLogs must be at least 1/],
      [{ maxValues: '1' }, /maxValues must be a whole number/],
      [{ encoding: 'json' }, /encoding must be one of otlp-proto, otlp-json/],
    ]
    for (const [options, expected] of wrong)
      assert.throws(() => decodeLogs(Buffer.alloc(0), options), expected)
  })
})

describe('a protobuf log read by decodeLogs', () => {
  it('keeps numbers of 64 bits and negative ones, and a key named __proto__', () => {
    const value = (bytes: number[]): Buffer => field(5, Buffer.from(bytes))
    const negative = [...Array.from({ length: 9 }, () => 0xff), 1]
    const read = (log: Buffer) => decodeLogs(proto(field(2, log)))[0]
    assert.equal(read(value([0x18, ...negative]))?.body, -1)
    assert.equal(read(value([0x18, 0x80, 0x80, 0x80, 0x80, 0x10]))?.body, 2 ** 32)
    const least = [...Array.from({ length: 9 }, () => 0x80), 1]
    assert.equal(read(value([0x18, ...least]))?.body, -(2n ** 63n))
    assert.equal(read(value([0x10, 1]))?.body, true)
    assert.equal(read(Buffer.from([0x10, ...negative]))?.severityNumber, -1)
    const attribute = field(
      6,
      Buffer.concat([field(1, Buffer.from('__proto__')), field(2, field(1, Buffer.from('x')))]),
    )
    const attributes = read(attribute)?.attributes ?? {}
    assert.deepEqual(Object.entries(attributes), [['__proto__', 'x']])
    assert.equal(Object.getPrototypeOf(attributes), Object.prototype)
  })
})
