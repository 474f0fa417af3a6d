/** A value of a log: what JSON has, bytes, and whole numbers too large for a number. */
export type LogValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | LogValue[]
  | { [key: string]: LogValue }

export type LogValues = Record<string, LogValue>

/**
 * A log as a consumer wants it, whatever it was encoded in. `JSON.stringify` of it writes bigints as
 * text and bytes as base64; its parts by themselves are what they are.
 */
export interface PlainLog {
  /** Nanoseconds since 1970. */
  readonly time: bigint | undefined
  readonly observedTime: bigint | undefined
  readonly severityNumber: number | undefined
  readonly severityText: string | undefined
  readonly eventName: string | undefined
  readonly body: LogValue | undefined
  readonly attributes: LogValues
  readonly droppedAttributesCount: number
  /** In hex. */
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly traceFlags: number | undefined
  readonly resource: LogValues
  readonly scope: { readonly name: string; readonly version: string | undefined }
}

/** A number where that is exact. */
export const wholeNumber = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value

/** Gives a log a `toJSON` that is seen by `JSON.stringify` alone: bigints are no JSON. */
export const withJson = (log: PlainLog): PlainLog => Object.defineProperty(log, 'toJSON', TO_JSON)

const TO_JSON: PropertyDescriptor = {
  value(this: PlainLog): unknown {
    return Object.fromEntries(Object.entries(this).map(([name, value]) => [name, asJson(value)]))
  },
}

const asJson = (value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return jsonNumber(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(asJson)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asJson(item)]))
}

/** `JSON.stringify` would make null of them. */
const jsonNumber = (value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
