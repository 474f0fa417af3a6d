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

/** A log as a consumer wants it, whatever it was encoded in. */
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

/** Adds a property as one's own: a key named `__proto__` is a key like any other. */
export const addValue = (values: LogValues, key: string, value: LogValue): void => {
  if (key !== '__proto__') values[key] = value
  else
    Object.defineProperty(values, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
}

/** A number where that is exact. */
export const wholeNumber = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value
