import type { HrTimeLike, ReadableLogRecordLike, ResourceLike, ScopeLike } from '../log-record.js'
import type { LogChunk, LogEncoder } from './encoder.js'
import {
  bytesOf,
  CIRCULAR,
  type Entries,
  entriesOf,
  inPlainTerms,
  MAX_DEPTH,
  MAX_ITEMS,
  TOO_DEEP,
  unreadable,
} from './exotic.js'
import { LineChunk } from './line-chunk.js'

/** OTLP JSON: a line is a whole `LogsData` with its resource and scope. */
export class OtlpJsonEncoder implements LogEncoder {
  readonly terminator = '\n'

  open(first: Pick<ReadableLogRecordLike, 'resource' | 'instrumentationScope'>): LogChunk {
    const { resource, instrumentationScope: scope } = first
    const before = `{"resourceLogs":[{"resource":${JSON.stringify({ attributes: attributes(resource.attributes) })},"scopeLogs":[{"scope":${JSON.stringify(scopeOf(scope))},"logRecords":[`
    return new LineChunk(before, ',', `]${schema(scope)}}]${schema(resource)}}]}\n`, otlpJson)
  }
}

const schema = ({ schemaUrl }: ResourceLike | ScopeLike): string =>
  schemaUrl === undefined || schemaUrl === '' ? '' : `,"schemaUrl":${JSON.stringify(schemaUrl)}`

const scopeOf = ({ name, version, attributes: own, droppedAttributesCount }: ScopeLike) => ({
  name,
  version,
  attributes: own === undefined ? undefined : attributes(own),
  droppedAttributesCount: droppedAttributesCount === 0 ? undefined : droppedAttributesCount,
})

/** One log record. 64-bit numbers are text, ids are hex, as the OTLP specification has it. */
const otlpJson = (log: ReadableLogRecordLike): string => {
  const { spanContext } = log
  return JSON.stringify({
    timeUnixNano: nanos(log.hrTime),
    observedTimeUnixNano: nanos(log.hrTimeObserved),
    severityNumber: log.severityNumber || undefined,
    severityText: log.severityText || undefined,
    body: log.body === undefined ? undefined : anyValue(log.body, []),
    attributes: attributes(log.attributes),
    droppedAttributesCount: log.droppedAttributesCount || undefined,
    flags: spanContext?.traceFlags || undefined,
    traceId: spanContext?.traceId,
    spanId: spanContext?.spanId,
    eventName: log.eventName || undefined,
  })
}

const nanos = ([seconds, nanoseconds]: HrTimeLike): string | undefined =>
  seconds === 0 && nanoseconds === 0
    ? undefined
    : String(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds))

type AnyValue = Record<string, unknown>

const attributes = (own: object): AnyValue[] =>
  entriesOf(own).map(([key, value]) => ({ key, value: anyValue(value, []) }))

const anyValue = (value: unknown, above: object[]): AnyValue => {
  switch (typeof value) {
    case 'string':
      return { stringValue: value }
    case 'boolean':
      return { boolValue: value }
    case 'number':
      return number(value)
    case 'bigint':
      return BigInt.asIntN(64, value) === value
        ? { intValue: String(value) }
        : { stringValue: String(value) }
    case 'symbol':
    case 'function':
      return { stringValue: `[${typeof value}]` }
    case 'undefined':
      return {}
    case 'object':
      break
  }
  if (value === null) return {}
  if (above.includes(value)) return { stringValue: CIRCULAR }
  if (above.length >= MAX_DEPTH) return { stringValue: TOO_DEEP }
  above.push(value)
  try {
    return objectValue(value, above)
  } catch (error) {
    return { stringValue: unreadable(error) }
  } finally {
    above.pop()
  }
}

const number = (value: number): AnyValue => {
  if (!Number.isFinite(value)) return { doubleValue: String(value) }
  // JSON has no sign for a zero that is a number; the text "-0" is one by proto3's rules.
  if (Object.is(value, -0)) return { doubleValue: '-0' }
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63)
    return { intValue: String(BigInt(value)) }
  return { doubleValue: value }
}

const objectValue = (value: object, above: object[]): AnyValue => {
  if (Array.isArray(value)) return array(value, above)
  const bytes = bytesOf(value)
  if (bytes !== undefined) {
    const { buffer, byteOffset, byteLength } = bytes
    return { bytesValue: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }
  }
  const terms = inPlainTerms(value)
  switch (terms?.kind) {
    case 'text':
      return { stringValue: terms.text }
    case 'array':
      return array(terms.items, above)
    case 'value':
      return anyValue(terms.value, above)
    case 'map':
      return map(terms.entries, above)
    case undefined:
      return map(entriesOf(value), above)
  }
}

const array = (items: readonly unknown[], above: object[]): AnyValue => {
  const values = Array.from(items.slice(0, MAX_ITEMS), item => anyValue(item, above))
  if (items.length > MAX_ITEMS) values.push({ stringValue: `[${items.length - MAX_ITEMS} more]` })
  return { arrayValue: { values } }
}

const map = (entries: Entries, above: object[]): AnyValue => ({
  kvlistValue: { values: entries.map(([key, item]) => ({ key, value: anyValue(item, above) })) },
})
