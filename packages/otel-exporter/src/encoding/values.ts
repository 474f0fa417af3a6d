import { types } from 'node:util'
import { NeutralMap } from './neutral-map.js'

/**
 * What JavaScript can put into a log, in terms that all encodings have. Nothing here throws but
 * `inTerms`, whose caller marks the value then.
 *
 * | value                                  | becomes                                                 |
 * | -------------------------------------- | ------------------------------------------------------- |
 * | bigint                                 | int64 if it fits, else text                             |
 * | symbol, function                       | `[symbol]`, `[function]`                                |
 * | boxed primitive                        | the primitive                                           |
 * | Date, RegExp                           | ISO text, its source                                    |
 * | Error                                  | a map of name, message, stack, cause, errors, own fields |
 * | Map, Set                               | a map with text keys, an array                          |
 * | Uint8Array, DataView, buffers          | bytes                                                   |
 * | other typed arrays                     | an array of their elements                              |
 * | object with `toJSON`, literals as well | what that returns                                       |
 * | cycle, nested too deep for readers     | `[circular]`, `[too deep]`                              |
 * | array of more than 100 000             | the first of them, and `[n more]`                       |
 * | throwing getter, proxy                 | `[unreadable: message]`                                 |
 *
 * Objects of other realms (`vm`, Jest) are what they are, not what `instanceof` says.
 */

/**
 * Messages within messages that readers of protobuf accept: protoc, C++, Java, Python and
 * protobuf-es refuse a whole record that has more.
 */
const MAX_MESSAGES = 100
/** Where the AnyValue of a field stands among the messages, counted from `LogsData`, which is 1. */
export const BODY_DEPTH = 5
export const RESOURCE_DEPTH = 5
export const ATTRIBUTE_DEPTH = 6
/** A value in a map is a KeyValueList, a KeyValue and an AnyValue below it; in an array one less. */
export const MAP_MESSAGES = 3
export const ARRAY_MESSAGES = 2
/** Whether a map or array may hold values when its own AnyValue stands at this depth. */
export const mayHoldMap = (depth: number): boolean => depth + MAP_MESSAGES <= MAX_MESSAGES
export const mayHoldArray = (depth: number): boolean => depth + ARRAY_MESSAGES <= MAX_MESSAGES

/** Items kept of an array: more would not fit into a record, and an array may claim any length. */
export const MAX_ITEMS = 100_000
/** Chain of objects whose `toJSON` return others with a `toJSON`: it adds no message. */
const MAX_CHAIN = 100
export const CIRCULAR = '[circular]'
export const TOO_DEEP = '[too deep]'
export const more = (count: number): string => `[${count} more]`

/** What a log is given when a field cannot carry its value. */
export const invalidName = (field: string): string => `kinesis.invalid.${field}`
export const INVALID_ATTRIBUTES: string = invalidName('attributes')

const MAX_MESSAGE = 256

/** What stands for a value that throws when it is read; whatever was thrown. */
export const unreadable = (error: unknown): string => {
  try {
    const message: unknown = error instanceof Error ? error.message : 'it throws'
    return `[unreadable: ${String(message).slice(0, MAX_MESSAGE)}]`
  } catch {
    return '[unreadable]'
  }
}

export type Entry = readonly [name: string, value: unknown]

/** An object in terms that all encodings have. */
export type Terms =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'array'; readonly items: ArrayLike<unknown> }
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }
  /** A map of the object's own enumerable properties. */
  | { readonly kind: 'own' }
  /** Another value stands for it: it may be anything. */
  | { readonly kind: 'value'; readonly value: unknown }

const OWN: Terms = { kind: 'own' }

/** May throw, as the object may: then it is unreadable. */
export const inTerms = (value: object): Terms => {
  if (Array.isArray(value)) return { kind: 'array', items: value }
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? replaced(value, OWN) : exotic(value)
}

/** By internal slots, which no object of one's own and no proxy can pretend to have. */
const exotic = (value: object): Terms => {
  if (ArrayBuffer.isView(value)) return viewInTerms(value)
  if (types.isAnyArrayBuffer(value)) return { kind: 'bytes', bytes: new Uint8Array(value) }
  if (value instanceof NeutralMap) return { kind: 'map', entries: value.entries }
  if (types.isDate(value)) return { kind: 'text', text: dateText(value) }
  if (types.isMap(value)) return { kind: 'map', entries: mapEntries(value) }
  if (types.isSet(value)) return { kind: 'array', items: setItems(value) }
  if (types.isNativeError(value) || value instanceof Error)
    return { kind: 'map', entries: errorEntries(value) }
  if (types.isBoxedPrimitive(value)) return { kind: 'value', value: unboxed(value) }
  if (types.isRegExp(value)) return replaced(value, { kind: 'text', text: String(value) })
  return replaced(value, OWN)
}

/** What `toJSON` returns, where there is one. */
const replaced = (value: object, otherwise: Terms): Terms => {
  const toJson: unknown = Reflect.get(value, 'toJSON')
  return typeof toJson === 'function'
    ? { kind: 'value', value: Reflect.apply(toJson, value, ['']) }
    : otherwise
}

const viewInTerms = (view: ArrayBufferView): Terms => {
  if (types.isTypedArray(view) && !types.isUint8Array(view)) return { kind: 'array', items: view }
  return { kind: 'bytes', bytes: new Uint8Array(view.buffer, view.byteOffset, view.byteLength) }
}

const dateText = (date: Date): string =>
  Number.isNaN(Date.prototype.getTime.call(date))
    ? 'Invalid Date'
    : Date.prototype.toISOString.call(date)

const setItems = (set: Set<unknown>): unknown[] => {
  const items: unknown[] = []
  Set.prototype.forEach.call(set, item => void items.push(item))
  return items
}

const mapEntries = (map: Map<unknown, unknown>): Entry[] => {
  const entries: Entry[] = []
  const names = new Set<string>()
  Map.prototype.forEach.call(map, (item, key) => {
    const name = keyName(key)
    // Two keys may look alike as text; neither value must hide the other.
    let unique = name
    for (let n = 2; names.has(unique); n++) unique = `${name} (${n})`
    names.add(unique)
    entries.push([unique, item])
  })
  return entries
}

const keyName = (key: unknown): string => {
  if (typeof key === 'string') return key
  if (typeof key === 'symbol' || typeof key === 'function') return `[${typeof key}]`
  return typeof key === 'object' && key !== null ? '[object]' : String(key)
}

/** Of an error these are rarely enumerable: read by name. */
const ERROR_FIELDS = ['name', 'message', 'stack', 'cause', 'errors']

const errorEntries = (error: object): Entry[] => {
  const entries: Entry[] = []
  for (const name of ERROR_FIELDS) {
    const value = readProperty(error, name)
    if (value !== undefined) entries.push([name, value])
  }
  for (const key of Object.keys(error))
    if (!ERROR_FIELDS.includes(key)) entries.push([key, readProperty(error, key)])
  return entries
}

const unboxed = (value: object): unknown => {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value)
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value)
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value)
  return Symbol.prototype.valueOf.call(value)
}

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null

export const readProperty = (value: object, key: string): unknown => {
  try {
    return Reflect.get(value, key)
  } catch (error) {
    return unreadable(error)
  }
}

/** Objects around the one being encoded: notices cycles, and chains that never end. */
export class Ancestors {
  readonly #objects: object[] = []

  /** What stands for the object instead; undefined: it may be entered. */
  refuses(value: object): string | undefined {
    if (this.#objects.length === 0) return undefined
    if (this.#objects.includes(value)) return CIRCULAR
    return this.#objects.length >= MAX_CHAIN ? TOO_DEEP : undefined
  }

  enter(value: object): void {
    this.#objects.push(value)
  }

  leave(): void {
    this.#objects.pop()
  }
}
