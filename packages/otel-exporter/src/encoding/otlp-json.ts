import { Converter } from './converter.js'
import type { Costs, EncoderOptions, LogChunk, LogEncoder } from './encoder.js'
import { type Head, Heads } from './head.js'
import { base64Bytes, jsonBytes, quoted, wellFormed } from './json-text.js'
import { ANY_VALUE, keyValues } from './json-values.js'
import { LineChunk } from './line-chunk.js'
import type { AnyResource, AnyScope, LogFields } from './log-fields.js'
import { ATTRIBUTE_DEPTH, BODY_DEPTH, RESOURCE_DEPTH } from './values.js'

/** A resource or scope, and its schema, which stands at the end of what holds it. */
interface HeadText {
  readonly text: string
  readonly schema: string
}

/** OTLP JSON: a line is a whole `LogsData` with its resource and scope. */
export class OtlpJsonEncoder implements LogEncoder {
  readonly terminator = '\n'
  readonly costs: Costs = { text: jsonBytes, bytes: base64Bytes }
  readonly #resources: Heads<HeadText>
  readonly #scopes: Heads<HeadText>

  constructor(options: EncoderOptions = {}) {
    const size = ({ text, schema }: HeadText): number => Buffer.byteLength(text + schema)
    this.#resources = new Heads('resource', options, this.costs, resourceOf, size)
    this.#scopes = new Heads('scope', options, this.costs, scopeOf, size)
  }

  open(resourceObject: AnyResource, scopeObject: AnyScope, maxBytes: number): LogChunk {
    const resource = this.#resources.of(resourceObject, maxBytes)
    const scope = this.#scopes.of(scopeObject, maxBytes)
    const values = new Converter(ANY_VALUE, maxBytes)
    return new LineChunk(
      `{"resourceLogs":[{"resource":${resource.text},"scopeLogs":[{"scope":${scope.text},"logRecords":[`,
      ',',
      `]${scope.schema}}]${resource.schema}}]}\n`,
      log => logRecord(log, values),
    )
  }
}

const resourceOf = (head: Head, maxBytes: number): HeadText => ({
  text: wellFormed(
    `{"attributes":${attributesText(head, RESOURCE_DEPTH, maxBytes)}${dropped(head)}}`,
  ),
  schema: schema(head),
})

const scopeOf = (head: Head, maxBytes: number): HeadText => {
  const { name, version } = head
  const list = attributesText(head, ATTRIBUTE_DEPTH, maxBytes)
  const attributes = list === '[]' ? '' : `,"attributes":${list}`
  const own = `"name":${quoted(name)}${version === '' ? '' : `,"version":${quoted(version)}`}`
  return { text: wellFormed(`{${own}${attributes}${dropped(head)}}`), schema: schema(head) }
}

const attributesText = ({ attributes, invalid }: Head, depth: number, maxBytes: number): string =>
  keyValues(new Converter(ANY_VALUE, maxBytes).attributes(attributes, invalid, depth))

/** One log record. 64-bit numbers are text, ids are hex, as the OTLP specification has it. */
const logRecord = (log: LogFields, values: Converter<string>): string => {
  values.begin()
  let json = '{'
  if (log.seconds !== 0 || log.nanos !== 0)
    json += `"timeUnixNano":"${nanoText(log.seconds, log.nanos)}",`
  if (log.observedSeconds !== 0 || log.observedNanos !== 0)
    json += `"observedTimeUnixNano":"${nanoText(log.observedSeconds, log.observedNanos)}",`
  if (log.severityNumber !== 0) json += `"severityNumber":${log.severityNumber},`
  if (log.severityText !== '') json += `"severityText":${quoted(log.severityText)},`
  if (log.body !== undefined) json += `"body":${values.value(log.body, BODY_DEPTH)},`
  if (log.droppedAttributesCount !== 0)
    json += `"droppedAttributesCount":${log.droppedAttributesCount},`
  if (log.flags !== 0) json += `"flags":${log.flags},`
  if (log.traceId !== '') json += `"traceId":"${log.traceId}",`
  if (log.spanId !== '') json += `"spanId":"${log.spanId}",`
  if (log.eventName !== '') json += `"eventName":${quoted(log.eventName)},`
  const attributes = values.attributes(log.attributes, log.invalid, ATTRIBUTE_DEPTH)
  return `${json}"attributes":${keyValues(attributes)}}`
}

const dropped = ({ droppedAttributesCount: count }: Head): string =>
  count === 0 ? '' : `,"droppedAttributesCount":${count}`

const schema = ({ schemaUrl }: Head): string =>
  schemaUrl === '' ? '' : wellFormed(`,"schemaUrl":${quoted(schemaUrl)}`)

const nanoText = (seconds: number, nanos: number): string =>
  seconds === 0 ? String(nanos) : `${seconds}${String(nanos).padStart(9, '0')}`
