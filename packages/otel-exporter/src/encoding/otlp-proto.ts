import { AnyValueWriter } from './any-value.js'
import type { Costs, EncoderOptions, LogChunk, LogEncoder } from './encoder.js'
import { type Head, Heads } from './head.js'
import {
  type AnyResource,
  type AnyScope,
  type LogFields,
  SPAN_ID_BYTES,
  TRACE_ID_BYTES,
} from './log-fields.js'
import { ProtobufWriter, varintSize } from './protobuf-writer.js'
import { ATTRIBUTE_DEPTH, BODY_DEPTH, RESOURCE_DEPTH } from './values.js'

/** Field numbers of opentelemetry/proto/logs/v1, resource/v1 and common/v1. */
const LOGS_DATA = { resourceLogs: 1 } as const
const RESOURCE_LOGS = { resource: 1, scopeLogs: 2, schemaUrl: 3 } as const
const SCOPE_LOGS = { scope: 1, logRecords: 2, schemaUrl: 3 } as const
const RESOURCE = { attributes: 1, droppedAttributesCount: 2 } as const
const SCOPE = { name: 1, version: 2, attributes: 3, droppedAttributesCount: 4 } as const
const LOG = {
  time: 1,
  severityNumber: 2,
  severityText: 3,
  body: 5,
  attributes: 6,
  droppedAttributesCount: 7,
  flags: 8,
  traceId: 9,
  spanId: 10,
  observedTime: 11,
  eventName: 12,
} as const

const EMPTY = new Uint8Array()

/** A resource or scope, and its schema, which stands at the end of what holds it. */
interface HeadBytes {
  readonly bytes: Uint8Array
  readonly schema: Uint8Array
}

/**
 * OTLP protobuf: each chunk is a `LogsData` with one resource and one scope, the same bytes as an
 * `ExportLogsServiceRequest`. Such messages may be joined byte by byte and are one message then.
 */
export class OtlpProtoEncoder implements LogEncoder {
  readonly terminator = ''
  readonly costs: Costs = { text: text => Buffer.byteLength(text), bytes: count => count }
  readonly #resources: Heads<HeadBytes>
  readonly #scopes: Heads<HeadBytes>
  /** Buffers of chunks that are done. */
  readonly #spare: ProtobufWriter[] = []

  constructor(options: EncoderOptions = {}) {
    const size = ({ bytes, schema }: HeadBytes): number => bytes.length + schema.length
    this.#resources = new Heads('resource', options, this.costs, encodeResource, size)
    this.#scopes = new Heads('scope', options, this.costs, encodeScope, size)
  }

  open(resource: AnyResource, scope: AnyScope, maxBytes: number): LogChunk {
    const writer = this.#spare.pop() ?? new ProtobufWriter(maxBytes)
    writer.maxText = maxBytes
    return new ProtoChunk(
      writer,
      this.#resources.of(resource, maxBytes),
      this.#scopes.of(scope, maxBytes),
      maxBytes,
      () => {
        if (writer.capacity <= MAX_SPARE_BYTES) this.#spare.push(writer)
      },
    )
  }
}

/** A buffer that a huge log has grown is let go. */
const MAX_SPARE_BYTES = 256 * 1024

/** Most bytes of the tag and the length of a message field below the 15th. */
const MAX_HEAD = 6

class ProtoChunk implements LogChunk {
  logs = 0
  readonly #writer: ProtobufWriter
  readonly #values: AnyValueWriter
  readonly #resource: HeadBytes
  readonly #scope: HeadBytes
  /** Bytes of the chunk that are no logs, but for two lengths. */
  readonly #around: number
  readonly #done: () => void
  /** Where the logs begin; what stands before them is known in the end. */
  readonly #start: number
  #last = 0

  constructor(
    writer: ProtobufWriter,
    resource: HeadBytes,
    scope: HeadBytes,
    maxBytes: number,
    done: () => void,
  ) {
    this.#writer = writer
    this.#values = new AnyValueWriter(writer, maxBytes)
    this.#resource = resource
    this.#scope = scope
    this.#around = resource.bytes.length + resource.schema.length
    this.#done = done
    this.#start = 2 * MAX_HEAD + resource.bytes.length + scope.bytes.length
    writer.reset(this.#start)
  }

  get bytes(): number {
    const resourceLogs = this.#resourceLogs
    return 1 + varintSize(resourceLogs) + resourceLogs
  }

  get #scopeLogs(): number {
    const { bytes, schema } = this.#scope
    return bytes.length + this.#writer.at - this.#start + schema.length
  }

  get #resourceLogs(): number {
    const scopeLogs = this.#scopeLogs
    return this.#around + 1 + varintSize(scopeLogs) + scopeLogs
  }

  add(log: LogFields): void {
    const writer = this.#writer
    this.#last = writer.at
    try {
      this.#log(log)
    } catch (error) {
      // Nothing is known that leads here; if something does, the log keeps its other fields.
      writer.rewind(this.#last)
      log.withoutContents(error)
      this.#log(log)
    }
    this.logs++
  }

  undo(): void {
    this.#writer.rewind(this.#last)
    this.logs--
  }

  finish(): Uint8Array {
    const writer = this.#writer
    const scopeLogs = head(RESOURCE_LOGS.scopeLogs, this.#scopeLogs)
    const resourceLogs = head(LOGS_DATA.resourceLogs, this.#resourceLogs)
    writer.append(this.#scope.schema)
    writer.append(this.#resource.schema)
    let at = writer.place(this.#scope.bytes, this.#start)
    for (const bytes of [scopeLogs, this.#resource.bytes, resourceLogs])
      at = writer.place(bytes, at)
    this.logs = 0
    this.#done()
    return writer.written(at)
  }

  #log(log: LogFields): void {
    const writer = this.#writer
    const values = this.#values
    values.begin()
    const start = writer.begin(SCOPE_LOGS.logRecords)
    if (log.seconds !== 0 || log.nanos !== 0) writer.nanoTime(LOG.time, log.seconds, log.nanos)
    if (log.severityNumber !== 0) writer.varint(LOG.severityNumber, log.severityNumber)
    if (log.severityText !== '') writer.text(LOG.severityText, log.severityText)
    if (log.body !== undefined) values.field(LOG.body, log.body, BODY_DEPTH)
    values.attributes(LOG.attributes, log.attributes, log.invalid, ATTRIBUTE_DEPTH)
    if (log.droppedAttributesCount !== 0)
      writer.varint(LOG.droppedAttributesCount, log.droppedAttributesCount)
    if (log.flags !== 0) writer.fixed32(LOG.flags, log.flags)
    if (log.traceId !== '') writer.slice(LOG.traceId, log.ids, 0, TRACE_ID_BYTES)
    if (log.spanId !== '')
      writer.slice(LOG.spanId, log.ids, TRACE_ID_BYTES, TRACE_ID_BYTES + SPAN_ID_BYTES)
    if (log.observedSeconds !== 0 || log.observedNanos !== 0)
      writer.nanoTime(LOG.observedTime, log.observedSeconds, log.observedNanos)
    if (log.eventName !== '') writer.text(LOG.eventName, log.eventName)
    writer.end(start)
  }
}

const encodeResource = (head: Head, maxBytes: number): HeadBytes => {
  const writer = new ProtobufWriter(maxBytes)
  const start = writer.begin(RESOURCE_LOGS.resource)
  writeAttributes(writer, RESOURCE.attributes, head, RESOURCE_DEPTH, maxBytes)
  if (head.droppedAttributesCount !== 0)
    writer.varint(RESOURCE.droppedAttributesCount, head.droppedAttributesCount)
  writer.end(start)
  return { bytes: writer.written().slice(), schema: schemaUrl(RESOURCE_LOGS.schemaUrl, head) }
}

const encodeScope = (head: Head, maxBytes: number): HeadBytes => {
  const writer = new ProtobufWriter(maxBytes)
  const start = writer.begin(SCOPE_LOGS.scope)
  if (head.name !== '') writer.text(SCOPE.name, head.name)
  if (head.version !== '') writer.text(SCOPE.version, head.version)
  writeAttributes(writer, SCOPE.attributes, head, ATTRIBUTE_DEPTH, maxBytes)
  if (head.droppedAttributesCount !== 0)
    writer.varint(SCOPE.droppedAttributesCount, head.droppedAttributesCount)
  writer.end(start)
  return { bytes: writer.written().slice(), schema: schemaUrl(SCOPE_LOGS.schemaUrl, head) }
}

const writeAttributes = (
  writer: ProtobufWriter,
  field: number,
  { attributes, invalid }: Head,
  depth: number,
  maxBytes: number,
): void => {
  const values = new AnyValueWriter(writer, maxBytes)
  values.begin()
  values.attributes(field, attributes, invalid, depth)
}

const schemaUrl = (field: number, { schemaUrl: url }: Head): Uint8Array => {
  if (url === '') return EMPTY
  const writer = new ProtobufWriter(url.length)
  writer.text(field, url)
  return writer.written().slice()
}

/** Tag and length of a message field. */
const head = (field: number, length: number): Uint8Array => {
  const bytes = [(field << 3) | 2]
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Uint8Array.from([...bytes, rest])
}
