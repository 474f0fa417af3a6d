import {
  bytesOf,
  CIRCULAR,
  type Entries,
  inPlainTerms,
  MAX_DEPTH,
  MAX_ITEMS,
  readProperty,
  TOO_DEEP,
  unreadable,
} from './exotic.js'
import type { ProtobufWriter } from './protobuf-writer.js'

/** Fields of `AnyValue`, and of the messages it is made of (opentelemetry/proto/common/v1). */
const ANY = { text: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const
const VALUES = 1
const KEY = 1
const VALUE = 2

const MAX_INT64 = 2n ** 63n
const TWO_63 = 2 ** 63

/** Writes values of any kind as `AnyValue`. It never throws, whatever it is given. */
export class AnyValueWriter {
  readonly #writer: ProtobufWriter
  /** Objects around the one being written, to notice cycles. */
  readonly #above: object[] = []

  constructor(writer: ProtobufWriter) {
    this.#writer = writer
  }

  /** A message field that is an AnyValue; null is one without a value. */
  field(field: number, value: unknown): void {
    const start = this.#writer.begin(field)
    this.#value(value)
    this.#writer.end(start)
  }

  /** The properties of an object as repeated `KeyValue`. */
  attributes(field: number, attributes: object): void {
    for (const key in attributes) {
      if (!Object.hasOwn(attributes, key)) continue
      this.#entry(field, key, readProperty(attributes, key))
    }
  }

  #entry(field: number, key: string, value: unknown): void {
    const writer = this.#writer
    const start = writer.begin(field)
    writer.text(KEY, key)
    this.field(VALUE, value)
    writer.end(start)
  }

  #value(value: unknown): void {
    const writer = this.#writer
    switch (typeof value) {
      case 'string':
        return writer.text(ANY.text, value)
      case 'number':
        return this.#number(value)
      case 'boolean':
        return writer.bool(ANY.bool, value)
      case 'undefined':
        return
      case 'bigint':
        if (value >= -MAX_INT64 && value < MAX_INT64) writer.bigVarint(ANY.int, value)
        else writer.text(ANY.text, String(value))
        return
      case 'symbol':
      case 'function':
        return writer.text(ANY.text, `[${typeof value}]`)
      case 'object':
        if (value !== null) this.#object(value)
    }
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < TWO_63 && !Object.is(value, -0))
      this.#writer.varint(ANY.int, value)
    else this.#writer.double(ANY.double, value)
  }

  #object(value: object): void {
    const writer = this.#writer
    const above = this.#above
    if (above.includes(value)) return writer.text(ANY.text, CIRCULAR)
    if (above.length >= MAX_DEPTH) return writer.text(ANY.text, TOO_DEEP)
    const start = writer.at
    const depth = above.push(value)
    try {
      this.#contents(value)
    } catch (error) {
      // A proxy, say: what was written of it goes, and a mark takes its place.
      writer.rewind(start)
      writer.text(ANY.text, unreadable(error))
    }
    above.length = depth - 1
  }

  #contents(value: object): void {
    if (Array.isArray(value)) return this.#array(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      const start = this.#writer.begin(ANY.map)
      this.attributes(VALUES, value)
      return this.#writer.end(start)
    }
    const bytes = bytesOf(value)
    if (bytes !== undefined) return this.#writer.bytes(ANY.bytes, bytes)
    const terms = inPlainTerms(value)
    switch (terms?.kind) {
      case 'text':
        return this.#writer.text(ANY.text, terms.text)
      case 'array':
        return this.#array(terms.items)
      case 'map':
        return this.#map(() => this.#entries(terms.entries))
      case 'value':
        return this.#value(terms.value)
      case undefined:
        return this.#map(() => this.attributes(VALUES, value))
    }
  }

  #map(write: () => void): void {
    const start = this.#writer.begin(ANY.map)
    write()
    this.#writer.end(start)
  }

  #entries(entries: Entries): void {
    for (const [key, value] of entries) this.#entry(VALUES, key, value)
  }

  #array(items: readonly unknown[]): void {
    const start = this.#writer.begin(ANY.array)
    for (let i = 0; i < Math.min(items.length, MAX_ITEMS); i++) {
      let item: unknown
      try {
        item = items[i]
      } catch (error) {
        item = unreadable(error)
      }
      this.field(VALUES, item)
    }
    if (items.length > MAX_ITEMS) this.field(VALUES, `[${items.length - MAX_ITEMS} more]`)
    this.#writer.end(start)
  }
}
