import type { ReadableLogRecordLike, ResourceLike, ScopeLike } from '../log-record.js'
import { AnyValueWriter } from './any-value.js'
import type { LogChunk, LogEncoder } from './encoder.js'
import { unreadable } from './exotic.js'
import { ProtobufWriter, varintSize } from './protobuf-writer.js'

/** Field numbers of opentelemetry/proto/logs/v1, resource/v1 and common/v1. */
const LOGS_DATA = { resourceLogs: 1 } as const
const RESOURCE_LOGS = { resource: 1, scopeLogs: 2, schemaUrl: 3 } as const
const SCOPE_LOGS = { scope: 1, logRecords: 2, schemaUrl: 3 } as const
const RESOURCE = { attributes: 1 } as const
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

/**
 * OTLP protobuf: each chunk is a `LogsData` with one resource and one scope, the same bytes as an
 * `ExportLogsServiceRequest`. Such messages may be joined byte by byte and are one message then.
 */
export class OtlpProtoEncoder implements LogEncoder {
  readonly terminator = ''
  readonly #maxText: number
  /** Encoded resources and scopes: there are few, and they come with every log. */
  readonly #resources = new WeakMap<ResourceLike, Uint8Array>()
  readonly #scopes = new WeakMap<ScopeLike, Uint8Array>()
  /** Buffers of chunks that are done. */
  readonly #spare: ProtobufWriter[] = []

  /** @param maxText longest text kept of any one value */
  constructor(maxText: number) {
    this.#maxText = maxText
  }

  open({
    resource,
    instrumentationScope,
  }: Pick<ReadableLogRecordLike, 'resource' | 'instrumentationScope'>): LogChunk {
    const writer = this.#spare.pop() ?? new ProtobufWriter(this.#maxText)
    return new ProtoChunk(
      writer,
      this.#resource(resource),
      this.#scope(instrumentationScope),
      resource.schemaUrl ?? '',
      instrumentationScope.schemaUrl ?? '',
      () => void this.#spare.push(writer),
    )
  }

  #resource(resource: ResourceLike): Uint8Array {
    const known = this.#resources.get(resource)
    if (known !== undefined) return known
    const encoded = encodeResource(resource, this.#maxText)
    // It may still get attributes.
    if (resource.asyncAttributesPending !== true) this.#resources.set(resource, encoded)
    return encoded
  }

  #scope(scope: ScopeLike): Uint8Array {
    let encoded = this.#scopes.get(scope)
    if (encoded === undefined) {
      encoded = encodeScope(scope, this.#maxText)
      this.#scopes.set(scope, encoded)
    }
    return encoded
  }
}

class ProtoChunk implements LogChunk {
  logs = 0
  readonly #writer: ProtobufWriter
  readonly #values: AnyValueWriter
  readonly #resource: Uint8Array
  readonly #scope: Uint8Array
  readonly #resourceSchema: Uint8Array
  readonly #scopeSchema: Uint8Array
  readonly #done: () => void
  #last = 0

  constructor(
    writer: ProtobufWriter,
    resource: Uint8Array,
    scope: Uint8Array,
    resourceSchema: string,
    scopeSchema: string,
    done: () => void,
  ) {
    this.#writer = writer
    this.#values = new AnyValueWriter(writer)
    this.#resource = resource
    this.#scope = scope
    this.#resourceSchema = schemaUrl(RESOURCE_LOGS.schemaUrl, resourceSchema)
    this.#scopeSchema = schemaUrl(SCOPE_LOGS.schemaUrl, scopeSchema)
    this.#done = done
  }

  get bytes(): number {
    return 1 + varintSize(this.#resourceLogs) + this.#resourceLogs
  }

  get #scopeLogs(): number {
    return this.#scope.length + this.#writer.at + this.#scopeSchema.length
  }

  get #resourceLogs(): number {
    const scopeLogs = this.#scopeLogs
    return (
      this.#resource.length + 1 + varintSize(scopeLogs) + scopeLogs + this.#resourceSchema.length
    )
  }

  add(log: ReadableLogRecordLike): void {
    const writer = this.#writer
    this.#last = writer.at
    try {
      this.#log(log)
    } catch (error) {
      writer.rewind(this.#last)
      this.#log({ ...BLANK, body: `[log could not be read] ${unreadable(error)}` })
    }
    this.logs++
  }

  undo(): void {
    this.#writer.rewind(this.#last)
    this.logs--
  }

  finish(): Buffer {
    const data = Buffer.allocUnsafeSlow(this.bytes)
    let at = 0
    const put = (bytes: Uint8Array): void => {
      data.set(bytes, at)
      at += bytes.length
    }
    put(head(LOGS_DATA.resourceLogs, this.#resourceLogs))
    put(this.#resource)
    put(head(RESOURCE_LOGS.scopeLogs, this.#scopeLogs))
    put(this.#scope)
    put(this.#writer.written)
    put(this.#scopeSchema)
    put(this.#resourceSchema)
    this.#writer.rewind(0)
    this.logs = 0
    this.#done()
    return data
  }

  #log(log: ReadableLogRecordLike): void {
    const writer = this.#writer
    const start = writer.begin(SCOPE_LOGS.logRecords)
    const { hrTime, hrTimeObserved, spanContext, severityNumber, severityText, eventName } = log
    if (hrTime[0] !== 0 || hrTime[1] !== 0) writer.nanoTime(LOG.time, hrTime[0], hrTime[1])
    if (severityNumber) writer.varint(LOG.severityNumber, severityNumber)
    if (severityText) writer.text(LOG.severityText, severityText)
    if (log.body !== undefined) this.#values.field(LOG.body, log.body)
    this.#values.attributes(LOG.attributes, log.attributes)
    if (log.droppedAttributesCount > 0)
      writer.varint(LOG.droppedAttributesCount, log.droppedAttributesCount)
    if (spanContext !== undefined) {
      if (spanContext.traceFlags > 0) writer.fixed32(LOG.flags, spanContext.traceFlags)
      writer.hex(LOG.traceId, spanContext.traceId, 16)
      writer.hex(LOG.spanId, spanContext.spanId, 8)
    }
    if (hrTimeObserved[0] !== 0 || hrTimeObserved[1] !== 0)
      writer.nanoTime(LOG.observedTime, hrTimeObserved[0], hrTimeObserved[1])
    if (eventName) writer.text(LOG.eventName, eventName)
    writer.end(start)
  }
}

/** Stands in for a log that cannot be read at all. */
const BLANK: Omit<ReadableLogRecordLike, 'resource' | 'instrumentationScope'> & {
  resource: ResourceLike
  instrumentationScope: ScopeLike
} = {
  hrTime: [0, 0],
  hrTimeObserved: [0, 0],
  attributes: {},
  droppedAttributesCount: 0,
  resource: { attributes: {} },
  instrumentationScope: { name: '' },
}

const encodeResource = ({ attributes }: ResourceLike, maxText: number): Uint8Array => {
  const writer = new ProtobufWriter(maxText)
  const start = writer.begin(RESOURCE_LOGS.resource)
  new AnyValueWriter(writer).attributes(RESOURCE.attributes, attributes)
  writer.end(start)
  return writer.written.slice()
}

const encodeScope = (scope: ScopeLike, maxText: number): Uint8Array => {
  const writer = new ProtobufWriter(maxText)
  const start = writer.begin(SCOPE_LOGS.scope)
  if (scope.name !== '') writer.text(SCOPE.name, scope.name)
  if (scope.version) writer.text(SCOPE.version, scope.version)
  if (scope.attributes !== undefined)
    new AnyValueWriter(writer).attributes(SCOPE.attributes, scope.attributes)
  if (scope.droppedAttributesCount)
    writer.varint(SCOPE.droppedAttributesCount, scope.droppedAttributesCount)
  writer.end(start)
  return writer.written.slice()
}

const schemaUrl = (field: number, url: string): Uint8Array => {
  if (url === '') return EMPTY
  const writer = new ProtobufWriter(url.length)
  writer.text(field, url)
  return writer.written.slice()
}

/** Tag and length of a message field. */
const head = (field: number, length: number): Uint8Array => {
  const bytes = [(field << 3) | 2]
  let rest = length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  return Uint8Array.from([...bytes, rest])
}
