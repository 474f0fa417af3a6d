import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import type { ReadableLogRecordLike } from '@kinesis-producer/otel-exporter'

/**
 * Logs that JavaScript programs can make and readers of OTLP may stumble over, from
 * `test/data/strange-logs.json`. Every entry of `values` makes a log for each of the places below;
 * every entry of `logs` makes one, with the fields it names in place of ordinary ones.
 *
 * A JSON value stands for itself, half a surrogate pair (`"\ud83d"`) included. What JSON lacks is
 * an object of one key:
 *
 * | form                                         | value                                               |
 * | -------------------------------------------- | --------------------------------------------------- |
 * | `{ "$undefined": true }`                     | undefined                                           |
 * | `{ "$number": "NaN" }`, `"-0"`, `"Infinity"` | that number                                         |
 * | `{ "$bigint": "12" }`                        | a bigint                                            |
 * | `{ "$repeat": ["x", 100] }`                  | a text, repeated                                    |
 * | `{ "$concat": [...] }`                       | texts, joined                                       |
 * | `{ "$symbol": "s" }`, `$function`, `$class`  | such a thing                                      |
 * | `{ "$date": 0 }`, `{ "$regexp": ["a", "g"] }`, `{ "$url": "..." }` | an object of that class       |
 * | `{ "$boxed": 1 }`                            | `Object(1)`                                         |
 * | `{ "$bytes": "base64" }`                     | a Uint8Array                                        |
 * | `{ "$typed": ["Float32Array", [1]] }`        | a typed array, DataView, Buffer or ArrayBuffer      |
 * | `{ "$detached": true }`                      | a Uint8Array whose memory was transferred           |
 * | `{ "$map": [["k", 1]] }`, `{ "$set": [1] }`  | a Map, a Set                                        |
 * | `{ "$entries": [["k", 1]] }`                 | an object with these keys, whatever they are        |
 * | `{ "$nullPrototype": { } }`                  | the same without a prototype                        |
 * | `{ "$error": { type, message, cause, errors, fields, throws } }` | an error; reading what `throws` names throws |
 * | `{ "$causes": 5 }`                           | an error with a chain of so many causes             |
 * | `{ "$circular": 0 }`                         | the object around this one; 1: the one around that  |
 * | `{ "$shared": ... }`                         | a list that holds the same object twice             |
 * | `{ "$doubling": 60 }`                        | lists of twice the same list, so deep               |
 * | `{ "$deep": ["map", 31] }`                   | `map`, `list`, `both` or `Map`, so many levels      |
 * | `{ "$items": 100 }`                          | a list of so many                                   |
 * | `{ "$sparse": [5, { "3": "x" }] }`           | a list of that length with these items              |
 * | `{ "$toJSON": ... }`                         | a literal whose `toJSON` returns that               |
 * | `{ "$endless": true }`                       | a `toJSON` that returns another such object         |
 * | `{ "$throws": ... }`, as a property          | a getter that throws an Error of that text, or that |
 * | `{ "$revoked": true }`, `"list"`, `"function"` | a revoked proxy                                   |
 * | `{ "$proxy": ["get"] }`                      | a proxy whose traps of these names throw            |
 * | `{ "$realm": "new Map()" }`                  | what the expression gives in another realm          |
 * | `{ "$log": ... }`, for a log                 | all of the log, not one of its fields               |
 */
export interface StrangeLog {
  readonly name: string
  readonly log: ReadableLogRecordLike
  /** Its fields that are not ordinary; undefined: none is. */
  readonly odd: readonly string[] | undefined
}

const REALM = createContext()
const FILE = fileURLToPath(new URL('../../../../test/data/strange-logs.json', import.meta.url))

export const RESOURCE = { attributes: { 'service.name': 'shop' } }
export const SCOPE = { name: 'lib', version: '1.2.3' }
/** An ordinary log. */
export const ORDINARY: ReadableLogRecordLike = {
  hrTime: [1_700_000_000, 123_456_789],
  hrTimeObserved: [1_700_000_001, 5],
  severityNumber: 9,
  severityText: 'INFO',
  eventName: 'event',
  body: 'body',
  attributes: { kept: 'yes' },
  droppedAttributesCount: 0,
  spanContext: { traceId: 'ab'.repeat(16), spanId: '01'.repeat(8), traceFlags: 1 },
  resource: RESOURCE,
  instrumentationScope: SCOPE,
}

/** Where a strange value is put. The value is made anew for each: some can be read once only. */
const PLACES: Readonly<Record<string, (value: () => object) => PropertyDescriptorMap>> = {
  body: value => ({ body: property(value()) }),
  'an attribute': value => ({ attributes: data(withProperty({ kept: 'yes' }, value())) }),
  'a list in a map': value => ({ body: data({ kept: 'yes', list: [withProperty({}, value())] }) }),
  'a resource attribute': value => ({
    resource: data({ attributes: withProperty({ 'service.name': 'shop' }, value()) }),
  }),
  'a scope attribute': value => ({
    instrumentationScope: data({ ...SCOPE, attributes: withProperty({ kept: 'yes' }, value()) }),
  }),
}

const data = (value: unknown): PropertyDescriptor => ({ value, enumerable: true })
/** The only property of a holder, a getter where it throws. */
const property = (holder: object): PropertyDescriptor =>
  Object.getOwnPropertyDescriptor(holder, 'value') ?? data(undefined)
const withProperty = (object: object, holder: object): object =>
  Object.defineProperty(object, 'value', property(holder))

export const strangeLogs = (): StrangeLog[] => {
  const { values, logs }: { values: Record<string, unknown>; logs: Record<string, unknown> } =
    JSON.parse(readFileSync(FILE, 'utf8'))
  return [
    ...Object.entries(values).flatMap(([name, json]) =>
      Object.entries(PLACES).map(([place, put]) =>
        withFields(
          `${name}, in ${place}`,
          put(() => holderOf(json)),
        ),
      ),
    ),
    ...Object.entries(logs).map(([name, json]) => logOf(name, json)),
  ]
}

const withFields = (name: string, fields: PropertyDescriptorMap): StrangeLog => ({
  name,
  log: Object.defineProperties({ ...ORDINARY }, fields),
  odd: Object.keys(fields),
})

const logOf = (name: string, json: unknown): StrangeLog => {
  const form = formOf(json)
  if (form?.[0] !== '$log')
    return withFields(name, Object.getOwnPropertyDescriptors(Object(revive(json, []))))
  // Whatever it is, the exporter is called with it.
  return { name, log: revive(form[1], []) as ReadableLogRecordLike, odd: undefined }
}

const holderOf = (json: unknown): object => {
  const holder = {}
  define(holder, 'value', json, [])
  return holder
}

const formOf = (json: unknown): [string, unknown] | undefined => {
  if (typeof json !== 'object' || json === null) return undefined
  const [only, ...others] = Object.entries(json)
  return only?.[0].startsWith('$') && others.length === 0 ? only : undefined
}

/** A property of its own, whatever its name, or a getter that throws. */
const define = (object: object, key: string, json: unknown, around: readonly unknown[]): void => {
  const form = formOf(json)
  Object.defineProperty(object, key, {
    enumerable: true,
    configurable: true,
    ...(form?.[0] === '$throws'
      ? { get: () => raise(form[1]) }
      : { value: revive(json, around), writable: true }),
  })
}

const raise = (json: unknown): never => {
  throw typeof json === 'string' ? new Error(json) : revive(json, [])
}

const list = (json: unknown): readonly unknown[] => (Array.isArray(json) ? json : [])
const pairs = (json: unknown): (readonly [unknown, unknown])[] =>
  list(json).map(pair => [list(pair)[0], list(pair)[1]])

/** @param around the objects around the value, the innermost last */
const revive = (json: unknown, around: readonly unknown[]): unknown => {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) {
    const items: unknown[] = []
    for (const item of json) items.push(revive(item, [...around, items]))
    return items
  }
  const form = formOf(json)
  if (form !== undefined) {
    const make = FORMS.get(form[0])
    if (make === undefined) throw new Error(`strange-logs.json: there is no form ${form[0]}`)
    return make(form[1], around)
  }
  return filled({}, Object.entries(json), around)
}

const filled = (
  object: object,
  entries: readonly (readonly [unknown, unknown])[],
  around: readonly unknown[],
): object => {
  for (const [key, value] of entries)
    define(object, String(revive(key, [])), value, [...around, object])
  return object
}

type Make = (json: unknown, around: readonly unknown[]) => unknown

const text = (json: unknown): string => String(revive(json, []))
const fail = (): never => {
  throw new Error('a trap')
}
const deeper: Readonly<Record<string, (inner: unknown) => unknown>> = {
  map: d => ({ d }),
  list: d => [d],
  both: d => [{ d }],
  Map: d => new Map([['d', d]]),
}
const endless = (): object => ({ toJSON: endless })

const FORMS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['$undefined', () => undefined],
  ['$number', json => Number(json)],
  ['$bigint', json => BigInt(text(json))],
  ['$repeat', json => text(list(json)[0]).repeat(Number(list(json)[1]))],
  ['$concat', json => list(json).map(text).join('')],
  ['$symbol', json => Symbol(text(json))],
  ['$function', () => () => 'called'],
  ['$class', () => Date],
  ['$date', json => new Date(Number(revive(json, [])))],
  ['$regexp', json => new RegExp(text(list(json)[0]), text(list(json)[1]))],
  ['$url', json => new URL(text(json))],
  ['$boxed', json => Object(revive(json, []))],
  ['$bytes', json => new Uint8Array(Buffer.from(text(json), 'base64'))],
  ['$typed', json => typed(text(list(json)[0]), list(revive(list(json)[1], [])))],
  ['$detached', () => detached()],
  [
    '$map',
    (json, around) => {
      const map = new Map<unknown, unknown>()
      for (const [key, value] of pairs(json))
        map.set(revive(key, []), revive(value, [...around, map]))
      return map
    },
  ],
  [
    '$set',
    (json, around) => {
      const set = new Set<unknown>()
      for (const item of list(json)) set.add(revive(item, [...around, set]))
      return set
    },
  ],
  ['$entries', (json, around) => filled({}, pairs(json), around)],
  [
    '$nullPrototype',
    (json, around) => filled(Object.create(null), Object.entries(Object(json)), around),
  ],
  ['$error', (json, around) => errorOf(json, around)],
  [
    '$causes',
    json => {
      let error = new Error('0')
      for (let i = 1; i < Number(json); i++) error = new Error(String(i), { cause: error })
      return error
    },
  ],
  ['$circular', (json, around) => around.at(-1 - Number(json))],
  [
    '$shared',
    json => {
      const shared = revive(json, [])
      return [shared, { shared }]
    },
  ],
  [
    '$doubling',
    json => {
      let inner: unknown[] = []
      for (let i = 0; i < Number(json); i++) inner = [inner, inner]
      return inner
    },
  ],
  [
    '$deep',
    json => {
      let inner: unknown = 'end'
      for (let i = 0; i < Number(list(json)[1]); i++) inner = deeper[text(list(json)[0])]?.(inner)
      return inner
    },
  ],
  ['$items', json => Array.from({ length: Number(json) }, () => true)],
  [
    '$sparse',
    json => {
      const [length, items] = list(json)
      const sparse: unknown[] = []
      sparse.length = Number(length)
      return filled(sparse, Object.entries(Object(items)), [])
    },
  ],
  [
    '$toJSON',
    (json, around) => {
      const form = formOf(json)
      const object = {
        toJSON: () =>
          form?.[0] === '$throws' ? raise(form[1]) : revive(json, [...around, object]),
      }
      return object
    },
  ],
  ['$endless', () => endless()],
  [
    '$revoked',
    json => {
      const target = json === 'list' ? [] : json === 'function' ? () => {} : {}
      const { proxy, revoke } = Proxy.revocable(target, {})
      revoke()
      return proxy
    },
  ],
  [
    '$proxy',
    json => new Proxy({ a: 1 }, Object.fromEntries(list(json).map(trap => [text(trap), fail]))),
  ],
  ['$realm', json => runInContext(text(json), REALM)],
])

const CLASSES = new Map<string, (items: never[]) => unknown>([
  ['Buffer', items => Buffer.from(items)],
  ['Uint8ClampedArray', items => new Uint8ClampedArray(items)],
  ['Int8Array', items => new Int8Array(items)],
  ['Int16Array', items => new Int16Array(items)],
  ['Uint32Array', items => new Uint32Array(items)],
  ['Float32Array', items => new Float32Array(items)],
  ['Float64Array', items => new Float64Array(items)],
  ['BigInt64Array', items => new BigInt64Array(items)],
  ['BigUint64Array', items => new BigUint64Array(items)],
  ['DataView', items => new DataView(new Uint8Array(items).buffer)],
  ['ArrayBuffer', items => new Uint8Array(items).buffer],
  [
    'SharedArrayBuffer',
    items => {
      const buffer = new SharedArrayBuffer(items.length)
      new Uint8Array(buffer).set(items)
      return buffer
    },
  ],
])

const typed = (name: string, items: readonly unknown[]): unknown => {
  const make = CLASSES.get(name)
  if (make === undefined) throw new Error(`strange-logs.json: there is no class ${name}`)
  return make([...items] as never[])
}

const detached = (): Uint8Array => {
  const bytes = Uint8Array.of(1, 2, 3)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

const errorOf = (json: unknown, around: readonly unknown[]): Error => {
  const { type, message, cause, errors, fields, throws } = Object(json)
  const classes = new Map<unknown, () => Error>([
    ['TypeError', () => new TypeError(message)],
    ['AggregateError', () => new AggregateError([], message)],
  ])
  const error = (classes.get(type) ?? (() => new Error(message)))()
  const hidden = (name: string, value: unknown): unknown =>
    Object.defineProperty(error, name, { value, configurable: true, writable: true })
  if (cause !== undefined) hidden('cause', revive(cause, [...around, error]))
  if (errors !== undefined) hidden('errors', revive(errors, [...around, error]))
  filled(error, Object.entries(Object(fields)), around)
  for (const name of list(throws))
    Object.defineProperty(error, text(name), { get: fail, configurable: true })
  return error
}
