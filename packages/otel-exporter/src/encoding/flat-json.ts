import { Converter } from './converter.js'
import type { Costs, EncoderOptions, LogChunk, LogEncoder } from './encoder.js'
import { type Head, Heads } from './head.js'
import { base64Bytes, jsonBytes, quoted, wellFormed } from './json-text.js'
import { FLAT } from './json-values.js'
import { LineChunk } from './line-chunk.js'
import type { AnyResource, AnyScope, LogFields } from './log-fields.js'
import { ATTRIBUTE_DEPTH, BODY_DEPTH, RESOURCE_DEPTH } from './values.js'

const SHORT_NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const

/** Short name of a severity number 1..24, as the OpenTelemetry data model gives it: 10 is INFO2. */
const severityName = (number: number): string => {
  if (number === 0) return ''
  const step = (number - 1) % 4
  return `${SHORT_NAMES[Math.floor((number - 1) / 4)]}${step === 0 ? '' : step + 1}`
}

/** Most logs are of the same second as the one before. */
const last = { seconds: 0, text: '1970-01-01T00:00:00.' }

/** RFC 3339 with all nine digits: a Date would round to milliseconds. */
const timestamp = (seconds: number, nanos: number): string => {
  if (last.seconds !== seconds) {
    last.text = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.`
    last.seconds = seconds
  }
  return `${last.text}${String(nanos).padStart(9, '0')}Z`
}

/** Flat JSON lines, as the mapping to formats other than OTLP has it. */
export class FlatJsonEncoder implements LogEncoder {
  readonly terminator = '\n'
  readonly costs: Costs = { text: jsonBytes, bytes: base64Bytes }
  readonly #resources: Heads<string>
  readonly #scopes: Heads<string>

  constructor(options: EncoderOptions = {}) {
    const size = (text: string): number => Buffer.byteLength(text)
    this.#resources = new Heads('resource', options, this.costs, resourceOf, size)
    this.#scopes = new Heads('scope', options, this.costs, scopeOf, size)
  }

  open(resource: AnyResource, scope: AnyScope, maxBytes: number): LogChunk {
    const tail = `${this.#resources.of(resource, maxBytes)}${this.#scopes.of(scope, maxBytes)}}`
    const values = new Converter(FLAT, maxBytes)
    return new LineChunk('', '\n', '\n', log => line(log, values) + tail)
  }
}

const resourceOf = ({ attributes, invalid }: Head, maxBytes: number): string => {
  const values = new Converter(FLAT, maxBytes)
  return wellFormed(
    `,"resource":${FLAT.map(values.attributes(attributes, invalid, RESOURCE_DEPTH))}`,
  )
}

const scopeOf = ({ name, version }: Head): string =>
  wellFormed(
    `,"otel.scope.name":${quoted(name)}${version === '' ? '' : `,"otel.scope.version":${quoted(version)}`}`,
  )

/** One log as one line, up to its resource. */
const line = (log: LogFields, values: Converter<string>): string => {
  values.begin()
  const { seconds, nanos, observedSeconds, observedNanos } = log
  const hasObserved = observedSeconds !== 0 || observedNanos !== 0
  let json = '{'
  if (seconds !== 0 || nanos !== 0) json += `"timestamp":"${timestamp(seconds, nanos)}",`
  else if (hasObserved) json += `"timestamp":"${timestamp(observedSeconds, observedNanos)}",`
  if (hasObserved) json += `"observed_timestamp":"${timestamp(observedSeconds, observedNanos)}",`
  const severity = log.severityText === '' ? severityName(log.severityNumber) : log.severityText
  if (severity !== '') json += `"severity":${quoted(severity)},`
  if (log.severityNumber !== 0) json += `"severity_number":${log.severityNumber},`
  if (log.eventName !== '') json += `"event_name":${quoted(log.eventName)},`
  if (log.body !== undefined) json += `"body":${values.value(log.body, BODY_DEPTH)},`
  const attributes = FLAT.map(values.attributes(log.attributes, log.invalid, ATTRIBUTE_DEPTH))
  json += `"attributes":${attributes}`
  if (log.traceId !== '') json += `,"trace_id":"${log.traceId}"`
  if (log.spanId !== '') json += `,"span_id":"${log.spanId}"`
  if (log.traceId !== '' || log.flags !== 0) json += `,"trace_flags":${log.flags}`
  if (log.droppedAttributesCount !== 0)
    json += `,"otel.dropped_attributes_count":${log.droppedAttributesCount}`
  return json
}
