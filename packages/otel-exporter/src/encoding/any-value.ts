import { bigText, readItem } from './converter.js'
import type { ProtobufWriter } from './protobuf-writer.js'
import {
  Ancestors,
  ARRAY_MESSAGES,
  type Entry,
  INVALID_ATTRIBUTES,
  inTerms,
  MAP_MESSAGES,
  MAX_ITEMS,
  mayHoldArray,
  mayHoldMap,
  more,
  readProperty,
  TOO_DEEP,
  unreadable,
} from './values.js'

/** Fields of `AnyValue`, and of the messages it is made of (opentelemetry/proto/common/v1). */
const ANY = { text: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const
const VALUES = 1
const KEY = 1
const VALUE = 2

const TWO_63 = 2 ** 63

/**
 * Writes values of any kind as `AnyValue`. It never throws, whatever it is given, and it ends: once
 * so many bytes are written that the log does not fit into a record, the rest is left out, as it
 * is read anew to be shortened.
 */
export class AnyValueWriter {
  readonly #writer: ProtobufWriter
  readonly #above = new Ancestors()
  readonly #budget: number
  #end = Number.POSITIVE_INFINITY

  constructor(writer: ProtobufWriter, budget: number) {
    this.#writer = writer
    this.#budget = budget
  }

  /** A new log begins. */
  begin(): void {
    this.#end = this.#writer.at + this.#budget
  }

  /**
   * A message field that is an AnyValue; null is one without a value.
   * @param depth of the AnyValue among the messages
   */
  field(field: number, value: unknown, depth: number): void {
    const start = this.#writer.begin(field)
    this.#value(value, depth)
    this.#writer.end(start)
  }

  /** The properties of an object as repeated `KeyValue`, and other entries after them. */
  attributes(field: number, attributes: object, others: readonly Entry[], depth: number): void {
    const start = this.#writer.at
    try {
      this.#properties(field, attributes, depth)
    } catch (error) {
      this.#writer.rewind(start)
      this.#entry(field, INVALID_ATTRIBUTES, unreadable(error), depth)
    }
    for (const [key, value] of others) this.#entry(field, key, value, depth)
  }

  #properties(field: number, object: object, depth: number): void {
    for (const key of Object.keys(object)) {
      if (this.#writer.at > this.#end) return
      this.#entry(field, key, readProperty(object, key), depth)
    }
  }

  #entry(field: number, key: string, value: unknown, depth: number): void {
    const writer = this.#writer
    const start = writer.begin(field)
    writer.text(KEY, key)
    this.field(VALUE, value, depth)
    writer.end(start)
  }

  #value(value: unknown, depth: number): void {
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
        if (BigInt.asIntN(64, value) === value) writer.bigVarint(ANY.int, value)
        else writer.text(ANY.text, bigText(value))
        return
      case 'symbol':
      case 'function':
        return writer.text(ANY.text, `[${typeof value}]`)
      case 'object':
        if (value !== null) this.#object(value, depth)
    }
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) < TWO_63 && !Object.is(value, -0))
      this.#writer.varint(ANY.int, value)
    else this.#writer.double(ANY.double, value)
  }

  #object(value: object, depth: number): void {
    const writer = this.#writer
    const refused = this.#above.refuses(value)
    if (refused !== undefined) return writer.text(ANY.text, refused)
    const start = writer.at
    this.#above.enter(value)
    try {
      this.#contents(value, depth)
    } catch (error) {
      // A proxy, say: what was written of it goes, and a mark takes its place.
      writer.rewind(start)
      writer.text(ANY.text, unreadable(error))
    } finally {
      this.#above.leave()
    }
  }

  #contents(value: object, depth: number): void {
    const writer = this.#writer
    const terms = inTerms(value)
    switch (terms.kind) {
      case 'text':
        return writer.text(ANY.text, terms.text)
      case 'value':
        return this.#value(terms.value, depth)
      case 'bytes':
        return writer.bytes(ANY.bytes, terms.bytes)
      case 'array':
        return mayHoldArray(depth)
          ? this.#array(terms.items, depth + ARRAY_MESSAGES)
          : writer.text(ANY.text, TOO_DEEP)
      case 'map':
      case 'own': {
        if (!mayHoldMap(depth)) return writer.text(ANY.text, TOO_DEEP)
        const start = writer.begin(ANY.map)
        if (terms.kind === 'own') this.#properties(VALUES, value, depth + MAP_MESSAGES)
        else this.#entries(terms.entries, depth + MAP_MESSAGES)
        return writer.end(start)
      }
    }
  }

  #entries(entries: readonly Entry[], depth: number): void {
    for (const [key, value] of entries) {
      if (this.#writer.at > this.#end) return
      this.#entry(VALUES, key, value, depth)
    }
  }

  #array(items: ArrayLike<unknown>, depth: number): void {
    const start = this.#writer.begin(ANY.array)
    const { length } = items
    for (let i = 0; i < length; i++) {
      if (i >= MAX_ITEMS || this.#writer.at > this.#end) {
        this.field(VALUES, more(length - i), depth)
        break
      }
      this.field(VALUES, readItem(items, i), depth)
    }
    this.#writer.end(start)
  }
}
