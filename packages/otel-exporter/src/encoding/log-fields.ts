import type { HrTimeLike, ReadableLogRecordLike, ResourceLike, ScopeLike } from '../log-record.js'
import { attributesOf } from './attributes.js'
import { nameOf, printed } from './printed.js'
import { type Entry, invalidName, isObject, readProperty, unreadable } from './values.js'

const MAX_UINT32 = 2 ** 32 - 1
const MAX_SEVERITY = 24
/** Times are unsigned numbers of 64 bits: until 2554. */
const MAX_SECONDS = 18_446_744_073
const NANOS = 1_000_000_000
const MAX_TIME = 2n ** 64n
export const TRACE_ID_BYTES = 16
export const SPAN_ID_BYTES = 8
const NO_SPAN: AnySpan = {}
const NOTHING: object = {}
const NO_RESOURCE: AnyResource = {}
const NO_SCOPE: AnyScope = {}
const NO_ENTRIES: readonly Entry[] = []
const UNKNOWN = [0, 0] as const

/** A log, as far as anyone can be sure. */
type AnyLog = { readonly [Field in keyof ReadableLogRecordLike]?: unknown }
export type AnyResource = { readonly [Field in keyof ResourceLike]?: unknown }
type AnySpan = {
  readonly traceId?: unknown
  readonly spanId?: unknown
  readonly traceFlags?: unknown
}
export type AnyScope = { readonly [Field in keyof ScopeLike]?: unknown }

/**
 * The fields of a log as every encoding may write them. Each is validated by itself: what a field
 * cannot carry is left out of it, and kept as an attribute `kinesis.invalid.<field>`; a name that is
 * no text is written as text. So no encoder ever sees a value that its format lacks, outside of
 * body and attributes, and one odd field harms no other.
 *
 * One object serves all logs, one after the other: it is filled anew by `read`.
 */
export class LogFields {
  resource: AnyResource = NO_RESOURCE
  scope: AnyScope = NO_SCOPE
  /** Whole, and together in the range of 64 bits; both 0: unknown. */
  seconds = 0
  nanos = 0
  observedSeconds = 0
  observedNanos = 0
  /** 0: not given. */
  severityNumber = 0
  /** '': not given, as for all texts here. */
  severityText = ''
  eventName = ''
  /** Anything: encoders find a form for every value. */
  body: unknown = undefined
  attributes: object = NOTHING
  droppedAttributesCount = 0
  flags = 0
  /** 32 digits in hex. */
  traceId = ''
  /** 16 digits in hex. */
  spanId = ''
  /** The bytes of both ids, where there are any. */
  readonly ids: Uint8Array = new Uint8Array(TRACE_ID_BYTES + SPAN_ID_BYTES)
  /** What the fields could not carry, beside the attributes. */
  invalid: readonly Entry[] = NO_ENTRIES

  /** Never throws, whatever the log is. */
  read(log: ReadableLogRecordLike): void {
    this.invalid = NO_ENTRIES
    try {
      this.#read(log)
    } catch {
      // A getter threw, or the log is a proxy, or none at all.
      this.invalid = NO_ENTRIES
      this.#read(this.#guarded(log))
    }
  }

  /** For a log that could not be encoded: everything but its contents. */
  withoutContents(error: unknown): void {
    this.body = `[log could not be read] ${unreadable(error)}`
    this.attributes = NOTHING
    this.invalid = NO_ENTRIES
  }

  #read(log: AnyLog): void {
    const { hrTime, hrTimeObserved, severityNumber, severityText, eventName, spanContext } = log
    const { attributes, droppedAttributesCount: dropped, resource, instrumentationScope } = log
    this.body = log.body
    if (isTime(hrTime)) {
      this.seconds = hrTime[0]
      this.nanos = hrTime[1]
    } else {
      const [seconds, nanos] = this.#time('timestamp', hrTime)
      this.seconds = seconds
      this.nanos = nanos
    }
    if (isTime(hrTimeObserved)) {
      this.observedSeconds = hrTimeObserved[0]
      this.observedNanos = hrTimeObserved[1]
    } else {
      const [seconds, nanos] = this.#time('observed_timestamp', hrTimeObserved)
      this.observedSeconds = seconds
      this.observedNanos = nanos
    }
    this.severityNumber =
      severityNumber === undefined ? 0 : this.#uint('severity_number', severityNumber, MAX_SEVERITY)
    this.severityText = typeof severityText === 'string' ? severityText : nameOf(severityText)
    this.eventName = typeof eventName === 'string' ? eventName : nameOf(eventName)
    this.attributes = isObject(attributes)
      ? attributesOf(attributes)
      : this.#noAttributes(attributes)
    this.droppedAttributesCount =
      dropped === 0 ? 0 : this.#uint('dropped_attributes_count', dropped, MAX_UINT32)
    if (spanContext === undefined) {
      this.traceId = this.spanId = ''
      this.flags = 0
    } else this.#span(spanContext)
    this.resource = isObject(resource) ? resource : NO_RESOURCE
    this.scope = isObject(instrumentationScope) ? instrumentationScope : NO_SCOPE
  }

  /** A copy whose fields can be read: each of them was, by itself. */
  #guarded(log: ReadableLogRecordLike): AnyLog {
    const read = (name: string, get: () => unknown): unknown => {
      try {
        return get()
      } catch (error) {
        this.invalid = [...this.invalid, [invalidName(name), unreadable(error)]]
        return undefined
      }
    }
    return {
      hrTime: read('timestamp', () => copied(log.hrTime)),
      hrTimeObserved: read('observed_timestamp', () => copied(log.hrTimeObserved)),
      severityNumber: read('severity_number', () => log.severityNumber),
      severityText: read('severity_text', () => log.severityText),
      eventName: read('event_name', () => log.eventName),
      body: read('body', () => log.body),
      attributes: read('attributes', () => log.attributes),
      droppedAttributesCount: read('dropped_attributes_count', () => log.droppedAttributesCount),
      spanContext: read('span_context', () => spanOf(log.spanContext)),
      resource: read('resource', () => log.resource),
      instrumentationScope: read('scope', () => log.instrumentationScope),
    }
  }

  #span(context: unknown): void {
    const { traceId, spanId, traceFlags }: AnySpan = isObject(context)
      ? context
      : this.#noSpan(context)
    this.traceId = this.#id('trace_id', traceId, 0, TRACE_ID_BYTES)
    this.spanId = this.#id('span_id', spanId, TRACE_ID_BYTES, SPAN_ID_BYTES)
    this.flags = this.#uint('trace_flags', traceFlags, MAX_UINT32)
  }

  #uint(field: string, value: unknown, max: number): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max)
      return value
    if (value !== undefined && value !== null) this.#mark(field, value)
    return 0
  }

  #id(field: string, value: unknown, at: number, size: number): string {
    if (typeof value === 'string' && value.length === 2 * size && hexInto(this.ids, at, value))
      return value
    if (value !== undefined && value !== null && value !== '') this.#mark(field, value)
    return ''
  }

  /** A time whose parts are odd, but whose sum is not, is carried. */
  #time(field: string, value: unknown): readonly [seconds: number, nanos: number] {
    if (value === undefined || value === null) return UNKNOWN
    const total = nanosOf(value)
    if (total !== undefined && total >= 0n && total < MAX_TIME)
      return [Number(total / BigInt(NANOS)), Number(total % BigInt(NANOS))]
    this.#mark(field, value)
    return UNKNOWN
  }

  #noAttributes(value: unknown): object {
    if (value !== undefined && value !== null) this.#mark('attributes', value)
    return NOTHING
  }

  #noSpan(value: unknown): AnySpan {
    if (value !== null) this.#mark('span_context', value)
    return NO_SPAN
  }

  #mark(field: string, value: unknown): void {
    this.invalid = [...this.invalid, [invalidName(field), printed(value)]]
  }
}

/** Copies, as getters may throw in them as well. Anything odd stays what it is, to be marked. */
const copied = (time: unknown): unknown => (Array.isArray(time) ? [...time] : time)
const spanOf = (context: unknown): unknown =>
  isObject(context)
    ? {
        traceId: readProperty(context, 'traceId'),
        spanId: readProperty(context, 'spanId'),
        traceFlags: readProperty(context, 'traceFlags'),
      }
    : context

/** As nearly all times are. */
const isTime = (time: unknown): time is HrTimeLike => {
  if (!Array.isArray(time)) return false
  const seconds: unknown = time[0]
  const nanos: unknown = time[1]
  return (
    typeof seconds === 'number' &&
    typeof nanos === 'number' &&
    Number.isInteger(seconds) &&
    Number.isInteger(nanos) &&
    seconds >= 0 &&
    nanos >= 0 &&
    nanos < NANOS &&
    seconds < MAX_SECONDS
  )
}

/** The sum of seconds and nanoseconds, whole or not, in nanoseconds; undefined: they are no numbers. */
const nanosOf = (time: unknown): bigint | undefined => {
  if (!Array.isArray(time) || time.length !== 2) return undefined
  const seconds = scaled(time[0], NANOS)
  const nanos = scaled(time[1], 1)
  return seconds === undefined || nanos === undefined ? undefined : seconds + nanos
}

const scaled = (value: unknown, by: number): bigint | undefined => {
  if (typeof value === 'bigint') return value * BigInt(by)
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  const whole = Math.trunc(value)
  return BigInt(whole) * BigInt(by) + BigInt(Math.round((value - whole) * by))
}

/** Writes the digits as bytes; false: they are none. */
const hexInto = (bytes: Uint8Array, start: number, digits: string): boolean => {
  let at = start
  for (let i = 0; i < digits.length; i += 2) {
    const high = HEX[digits.charCodeAt(i)]
    const low = HEX[digits.charCodeAt(i + 1)]
    if (high === undefined || low === undefined || (high | low) > 0xf) return false
    bytes[at++] = (high << 4) | low
  }
  return true
}

/** Value of each hex digit by its character code; 0xff for others. */
const HEX = new Uint8Array(128).fill(0xff)
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i
}
