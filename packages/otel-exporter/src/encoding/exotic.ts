/**
 * What JavaScript can put into a log and OTLP has no type for. Each becomes something that has one;
 * nothing here throws.
 *
 * | value                          | becomes                                             |
 * | ------------------------------ | --------------------------------------------------- |
 * | bigint                         | int64 if it fits, else text                         |
 * | symbol, function               | `[symbol]`, `[function]`                            |
 * | Date                           | ISO text                                            |
 * | Error                          | a map of name, message, stack, and its own fields   |
 * | Map, Set                       | a map with text keys, an array                      |
 * | object with `toJSON`           | what that returns                                   |
 * | cycle, deeper than 64          | `[circular]`, `[too deep]`                          |
 * | array of more than 100 000     | the first of them, and `[n more]`                   |
 * | throwing getter, proxy         | `[unreadable: message]`                             |
 */

/** Levels of nesting kept of a body or attribute. */
export const MAX_DEPTH = 64
/** Items kept of an array: more would not fit into a record, and an array may claim any length. */
export const MAX_ITEMS = 100_000
export const CIRCULAR = '[circular]'
export const TOO_DEEP = '[too deep]'

export const unreadable = (error: unknown): string =>
  `[unreadable: ${error instanceof Error ? error.message : 'it throws'}]`

/** The bytes of any view or buffer; undefined for what is none. */
export const bytesOf = (value: object): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
}

/** Values by name, with what cannot be read marked. */
export type Entries = [name: string, value: unknown][]

/** An object in terms OTLP has. */
export type PlainTerms =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly unknown[] }
  | { readonly kind: 'map'; readonly entries: Entries }
  | { readonly kind: 'value'; readonly value: unknown }

/** Undefined: a map of its own properties will do. May throw: the caller marks it then. */
export const inPlainTerms = (value: object): PlainTerms | undefined => {
  if (value instanceof Date) {
    const text = Number.isNaN(value.getTime()) ? String(value) : value.toISOString()
    return { kind: 'text', text }
  }
  if (value instanceof Set) return { kind: 'array', items: [...value] }
  if (value instanceof Map) {
    const entries: Entries = Array.from(value, ([key, item]) => [nameOf(key), item])
    return { kind: 'map', entries }
  }
  if (value instanceof Error) {
    const entries: Entries = [
      ['name', value.name],
      ['message', value.message],
    ]
    if (value.stack !== undefined) entries.push(['stack', value.stack])
    return { kind: 'map', entries: [...entries, ...entriesOf(value)] }
  }
  const toJson: unknown = Reflect.get(value, 'toJSON')
  return typeof toJson === 'function'
    ? { kind: 'value', value: Reflect.apply(toJson, value, ['']) }
    : undefined
}

const nameOf = (key: unknown): string => {
  if (typeof key === 'symbol' || typeof key === 'function') return `[${typeof key}]`
  return typeof key === 'object' && key !== null ? '[object]' : String(key)
}

export const entriesOf = (value: object): Entries =>
  Object.keys(value).map(key => [key, readProperty(value, key)])

export const readProperty = (value: object, key: string): unknown => {
  try {
    return Reflect.get(value, key)
  } catch (error) {
    return unreadable(error)
  }
}
