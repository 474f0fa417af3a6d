import { setOwn } from '../own-property.js'
import { jsonSize } from './json-size.js'
import type { Limits } from './limits.js'
import { type LogValue, type LogValues, type PlainLog, wholeNumber, withJson } from './plain-log.js'

type Json = Readonly<Record<string, unknown>>

/** Adds all logs of a line of OTLP JSON. */
export const readOtlpJson = (line: Uint8Array, logs: PlainLog[], limits: Limits): void => {
  // Before it is parsed: then it would be in memory.
  limits.countValues(jsonSize(line))
  const data: unknown = JSON.parse(new TextDecoder().decode(line))
  for (const resourceLogs of objects(property(data, 'resourceLogs'))) {
    const resource = keyValues(property(resourceLogs['resource'], 'attributes'), 0, limits)
    for (const scopeLogs of objects(resourceLogs['scopeLogs'])) {
      const scope = {
        name: text(property(scopeLogs['scope'], 'name')) ?? '',
        version: text(property(scopeLogs['scope'], 'version')),
      }
      for (const log of objects(scopeLogs['logRecords'])) {
        limits.countLog()
        logs.push(withJson(readLog(log, resource, scope, limits)))
      }
    }
  }
}

const readLog = (
  log: Json,
  resource: LogValues,
  scope: PlainLog['scope'],
  limits: Limits,
): PlainLog => ({
  time: nanos(log['timeUnixNano']),
  observedTime: nanos(log['observedTimeUnixNano']),
  severityNumber: number(log['severityNumber']),
  severityText: text(log['severityText']),
  eventName: text(log['eventName']),
  body: log['body'] === undefined ? undefined : anyValue(log['body'], 0, limits),
  attributes: keyValues(log['attributes'], 0, limits),
  droppedAttributesCount: number(log['droppedAttributesCount']) ?? 0,
  traceId: text(log['traceId']),
  spanId: text(log['spanId']),
  traceFlags: number(log['flags']),
  resource,
  scope,
})

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
const number = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined
const nanos = (value: unknown): bigint | undefined =>
  typeof value === 'string' || typeof value === 'number' ? integer(value) : undefined

/** A number of 64 bits, in a string or not: the time to read a longer one grows with its square. */
const MIN_INT64 = -(2n ** 63n)
const MAX_UINT64 = 2n ** 64n - 1n
const INTEGER = /^-?\d{1,20}$/
const integer = (value: string | number): bigint => {
  if (typeof value === 'string' && !INTEGER.test(value))
    throw new SyntaxError(`a text of ${value.length} characters is no number of 64 bits`)
  const whole = BigInt(value)
  if (whole < MIN_INT64 || whole > MAX_UINT64)
    throw new SyntaxError('a number is larger than 64 bits')
  return whole
}

const keyValues = (list: unknown, depth: number, limits: Limits): LogValues => {
  const values: LogValues = {}
  for (const entry of objects(list)) {
    setOwn(values, String(entry['key']), anyValue(entry['value'], depth, limits))
  }
  return values
}

const anyValue = (value: unknown, depth: number, limits: Limits): LogValue => {
  limits.checkDepth(depth)
  if (!isObject(value)) return null
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } =
    value
  if (typeof stringValue === 'string') return stringValue
  if (typeof boolValue === 'boolean') return boolValue
  if (typeof intValue === 'string' || typeof intValue === 'number') {
    return wholeNumber(integer(intValue))
  }
  if (typeof doubleValue === 'number' || typeof doubleValue === 'string') return Number(doubleValue)
  if (typeof bytesValue === 'string') return new Uint8Array(Buffer.from(bytesValue, 'base64'))
  if (arrayValue !== undefined)
    return objects(property(arrayValue, 'values')).map(item => anyValue(item, depth + 1, limits))
  if (kvlistValue !== undefined)
    return keyValues(property(kvlistValue, 'values'), depth + 1, limits)
  return null
}
