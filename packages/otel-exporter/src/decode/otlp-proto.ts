import { ProtobufReader } from '@kinesis-producer/core/decode'
import { setOwn } from '../own-property.js'
import { readKeyValue, readValue } from './any-value.js'
import type { Limits } from './limits.js'
import { type LogValues, type PlainLog, withJson } from './plain-log.js'

/** Tags of the messages of opentelemetry-proto: number << 3, plus the type of the field. */
const LOGS_DATA = { resourceLogs: 0x0a } as const
const RESOURCE_LOGS = { resource: 0x0a, scopeLogs: 0x12 } as const
const RESOURCE = { attributes: 0x0a } as const
const SCOPE_LOGS = { scope: 0x0a, logRecords: 0x12 } as const
const SCOPE = { name: 0x0a, version: 0x12 } as const
const LOG = {
  time: 0x09,
  severityNumber: 0x10,
  severityText: 0x1a,
  body: 0x2a,
  attributes: 0x32,
  droppedAttributesCount: 0x38,
  flags: 0x45,
  traceId: 0x4a,
  spanId: 0x52,
  observedTime: 0x59,
  eventName: 0x62,
} as const

/** Adds all logs of a `LogsData`, or of several put together byte by byte. */
export const readOtlpProto = (bytes: Uint8Array, logs: PlainLog[], limits: Limits): void => {
  for (const resourceLogs of messages(new ProtobufReader(bytes), LOGS_DATA.resourceLogs)) {
    limits.countValues()
    let resource: LogValues = {}
    // Fields come in any order: the resource may follow the logs.
    for (const own of messages(resourceLogs, RESOURCE_LOGS.resource))
      resource = readResource(own, limits)
    for (const scopeLogs of messages(resourceLogs, RESOURCE_LOGS.scopeLogs)) {
      limits.countValues()
      let scope: PlainLog['scope'] = { name: '', version: undefined }
      for (const own of messages(scopeLogs, SCOPE_LOGS.scope)) scope = readScope(own)
      for (const record of messages(scopeLogs, SCOPE_LOGS.logRecords)) {
        limits.countLog()
        logs.push(readLog(record, resource, scope, limits))
      }
    }
  }
}

/** The fields with this tag, from the first on. */
function* messages(
  reader: ProtobufReader,
  wanted: number,
): Generator<ProtobufReader, void, undefined> {
  reader.rewind()
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === wanted) yield reader.message()
    else reader.skip(tag)
  }
}

const readResource = (reader: ProtobufReader, limits: Limits): LogValues => {
  const values: LogValues = {}
  for (const entry of messages(reader, RESOURCE.attributes)) {
    limits.countValues()
    setOwn(values, ...readKeyValue(entry, 0, limits))
  }
  return values
}

const readScope = (reader: ProtobufReader): PlainLog['scope'] => {
  let name = ''
  let version: string | undefined
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === SCOPE.name) name = reader.text()
    else if (tag === SCOPE.version) version = reader.text()
    else reader.skip(tag)
  }
  return { name, version }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const readLog = (
  reader: ProtobufReader,
  resource: LogValues,
  scope: PlainLog['scope'],
  limits: Limits,
): PlainLog => {
  const log: Writable<PlainLog> = {
    time: undefined,
    observedTime: undefined,
    severityNumber: undefined,
    severityText: undefined,
    eventName: undefined,
    body: undefined,
    attributes: {},
    droppedAttributesCount: 0,
    traceId: undefined,
    spanId: undefined,
    traceFlags: undefined,
    resource,
    scope,
  }
  while (!reader.done) readLogField(reader, log, limits)
  return withJson(log)
}

const readLogField = (reader: ProtobufReader, log: Writable<PlainLog>, limits: Limits): void => {
  const tag = reader.varint()
  switch (tag) {
    case LOG.time:
      log.time = reader.fixed64()
      return
    case LOG.severityNumber:
      log.severityNumber = Number(BigInt.asIntN(32, reader.varint64()))
      return
    case LOG.severityText:
      log.severityText = reader.text()
      return
    case LOG.body:
      log.body = readValue(reader.message(), 0, limits)
      return
    case LOG.attributes:
      limits.countValues()
      setOwn(log.attributes, ...readKeyValue(reader.message(), 0, limits))
      return
    case LOG.droppedAttributesCount:
      log.droppedAttributesCount = Number(BigInt.asUintN(32, reader.varint64()))
      return
    case LOG.flags:
      log.traceFlags = reader.fixed32()
      return
    case LOG.traceId:
      log.traceId = hexOf(reader.bytes())
      return
    case LOG.spanId:
      log.spanId = hexOf(reader.bytes())
      return
    case LOG.observedTime:
      log.observedTime = reader.fixed64()
      return
    case LOG.eventName:
      log.eventName = reader.text()
      return
    default:
      reader.skip(tag)
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
