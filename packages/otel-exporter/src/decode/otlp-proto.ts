import type { LogValue, LogValues, PlainLog } from './plain-log.js'
import { type Field, fieldsOf, MalformedMessage } from './protobuf-fields.js'

const MAX_DEPTH = 100
const utf8 = new TextDecoder()

/** All logs of a `LogsData`, or of several put together byte by byte. */
export const readOtlpProto = (message: Uint8Array): PlainLog[] => {
  const logs: PlainLog[] = []
  for (const resourceLogs of messages(message, 1)) {
    let resource: LogValues = {}
    for (const own of messages(resourceLogs, 1)) resource = keyValues(own, 1, 0)
    for (const scopeLogs of messages(resourceLogs, 2)) {
      let scope: PlainLog['scope'] = { name: '', version: undefined }
      for (const own of messages(scopeLogs, 1)) scope = readScope(own)
      for (const record of messages(scopeLogs, 2)) logs.push(readLog(record, resource, scope))
    }
  }
  return logs
}

function* messages(message: Uint8Array, number: number): Generator<Uint8Array, void, undefined> {
  for (const field of fieldsOf(message)) if (field.number === number) yield bytesOf(field)
}

const bytesOf = (field: Field): Uint8Array => {
  if (field.kind === 'bytes') return field.value
  throw new MalformedMessage(`field ${field.number} is no message`)
}
const textOf = (field: Field): string => utf8.decode(bytesOf(field))
const numberOf = ({ value, number }: Field): number => {
  if (typeof value === 'object') throw new MalformedMessage(`field ${number} is no number`)
  return Number(value)
}
const bigOf = ({ value, number }: Field): bigint => {
  if (typeof value === 'object') throw new MalformedMessage(`field ${number} is no number`)
  return BigInt(value)
}
const hexOf = (field: Field): string => Buffer.from(bytesOf(field)).toString('hex')

const readScope = (message: Uint8Array): PlainLog['scope'] => {
  let name = ''
  let version: string | undefined
  for (const field of fieldsOf(message)) {
    if (field.number === 1) name = textOf(field)
    else if (field.number === 2) version = textOf(field)
  }
  return { name, version }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const readLog = (message: Uint8Array, resource: LogValues, scope: PlainLog['scope']): PlainLog => {
  const log: Writable<PlainLog> = {
    time: undefined,
    observedTime: undefined,
    severityNumber: undefined,
    severityText: undefined,
    eventName: undefined,
    body: undefined,
    attributes: keyValues(message, 6, 0),
    droppedAttributesCount: 0,
    traceId: undefined,
    spanId: undefined,
    traceFlags: undefined,
    resource,
    scope,
  }
  for (const field of fieldsOf(message)) {
    switch (field.number) {
      case 1:
        log.time = bigOf(field)
        break
      case 2:
        log.severityNumber = numberOf(field)
        break
      case 3:
        log.severityText = textOf(field)
        break
      case 5:
        log.body = anyValue(bytesOf(field), 0)
        break
      case 7:
        log.droppedAttributesCount = numberOf(field)
        break
      case 8:
        log.traceFlags = numberOf(field)
        break
      case 9:
        log.traceId = hexOf(field)
        break
      case 10:
        log.spanId = hexOf(field)
        break
      case 11:
        log.observedTime = bigOf(field)
        break
      case 12:
        log.eventName = textOf(field)
    }
  }
  return log
}

const keyValues = (message: Uint8Array, number: number, depth: number): LogValues => {
  const values: LogValues = {}
  for (const entry of messages(message, number)) {
    let key = ''
    let value: LogValue = null
    for (const field of fieldsOf(entry)) {
      if (field.number === 1) key = textOf(field)
      else if (field.number === 2) value = anyValue(bytesOf(field), depth)
    }
    // Defined, not assigned: a key named __proto__ is a key like any other.
    Object.defineProperty(values, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return values
}

const anyValue = (message: Uint8Array, depth: number): LogValue => {
  if (depth > MAX_DEPTH) throw new MalformedMessage('nested too deeply')
  let value: LogValue = null
  for (const field of fieldsOf(message)) {
    switch (field.number) {
      case 1:
        value = textOf(field)
        break
      case 2:
        value = numberOf(field) !== 0
        break
      case 3:
        value = integer(BigInt.asIntN(64, bigOf(field)))
        break
      case 4:
        value = double(bigOf(field))
        break
      case 5:
        value = Array.from(messages(bytesOf(field), 1), item => anyValue(item, depth + 1))
        break
      case 6:
        value = keyValues(bytesOf(field), 1, depth + 1)
        break
      case 7:
        value = new Uint8Array(bytesOf(field))
    }
  }
  return value
}

const integer = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value

const double = (bits: bigint): number => {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}
