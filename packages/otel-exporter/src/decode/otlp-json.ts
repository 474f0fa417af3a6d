import type { LogValue, LogValues, PlainLog } from './plain-log.js'

type Json = Readonly<Record<string, unknown>>

/** All logs of a line of OTLP JSON. */
export const readOtlpJson = (line: Uint8Array): PlainLog[] => {
  const data: unknown = JSON.parse(new TextDecoder().decode(line))
  const logs: PlainLog[] = []
  for (const resourceLogs of objects(property(data, 'resourceLogs'))) {
    const resource = keyValues(property(resourceLogs['resource'], 'attributes'))
    for (const scopeLogs of objects(resourceLogs['scopeLogs'])) {
      const scope = {
        name: text(property(scopeLogs['scope'], 'name')) ?? '',
        version: text(property(scopeLogs['scope'], 'version')),
      }
      for (const log of objects(scopeLogs['logRecords'])) logs.push(readLog(log, resource, scope))
    }
  }
  return logs
}

const readLog = (log: Json, resource: LogValues, scope: PlainLog['scope']): PlainLog => ({
  time: nanos(log['timeUnixNano']),
  observedTime: nanos(log['observedTimeUnixNano']),
  severityNumber: number(log['severityNumber']),
  severityText: text(log['severityText']),
  eventName: text(log['eventName']),
  body: log['body'] === undefined ? undefined : anyValue(log['body']),
  attributes: keyValues(log['attributes']),
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
  typeof value === 'string' || typeof value === 'number' ? BigInt(value) : undefined

const keyValues = (list: unknown): LogValues => {
  const values: LogValues = {}
  for (const entry of objects(list)) {
    // Defined, not assigned: a key named __proto__ is a key like any other.
    Object.defineProperty(values, String(entry['key']), {
      value: anyValue(entry['value']),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return values
}

const anyValue = (value: unknown): LogValue => {
  if (!isObject(value)) return null
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } =
    value
  if (typeof stringValue === 'string') return stringValue
  if (typeof boolValue === 'boolean') return boolValue
  if (typeof intValue === 'string' || typeof intValue === 'number') {
    const whole = BigInt(intValue)
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole
  }
  if (typeof doubleValue === 'number' || typeof doubleValue === 'string') return Number(doubleValue)
  if (typeof bytesValue === 'string') return new Uint8Array(Buffer.from(bytesValue, 'base64'))
  if (arrayValue !== undefined) return objects(property(arrayValue, 'values')).map(anyValue)
  if (kvlistValue !== undefined) return keyValues(property(kvlistValue, 'values'))
  return null
}
