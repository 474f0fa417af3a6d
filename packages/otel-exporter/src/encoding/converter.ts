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

/** How a format writes the values that all formats have. */
export interface Shape<T> {
  text(text: string): T
  bool(value: boolean): T
  number(value: number): T
  bigint(value: bigint): T
  bytes(bytes: Uint8Array): T
  /** Null, and undefined where there must be something. */
  nothing(): T
  array(items: T[]): T
  map(entries: Converted<T>[]): T
  /** What a value that is no text and holds no others takes of the budget. */
  weight(value: T): number
  /** At most the bytes of a text or a name. */
  textWeight(text: string): number
  /** What a list or a map takes of it, beside what it holds. */
  readonly collectionWeight: number
}
export type Converted<T> = [name: string, value: T]

/**
 * Values of any kind as a format's own. It never throws, whatever it is given, and it ends: once
 * the budget is used up, what is left is left out. Such a log does not fit into a record, and is
 * read anew to be shortened.
 */
export class Converter<T> {
  readonly #shape: Shape<T>
  readonly #above = new Ancestors()
  readonly #budget: number
  #left: number

  constructor(shape: Shape<T>, budget: number) {
    this.#shape = shape
    this.#budget = budget
    this.#left = budget
  }

  /** A new log. */
  begin(): void {
    this.#left = this.#budget
  }

  /** Whether something was left out. */
  get isExhausted(): boolean {
    return this.#left <= 0
  }

  /** The properties of an object, each read by itself, and other entries after them. */
  attributes(attributes: object, others: readonly Entry[], depth: number): Converted<T>[] {
    let entries: Converted<T>[]
    try {
      entries = this.#properties(attributes, depth)
    } catch (error) {
      entries = [this.#entry(INVALID_ATTRIBUTES, unreadable(error), depth)]
    }
    for (const [key, value] of others) entries.push(this.#entry(key, value, depth))
    return entries
  }

  #properties(value: object, depth: number): Converted<T>[] {
    const entries: Converted<T>[] = []
    const keys = Object.keys(value)
    for (const key of keys) {
      if (this.#left <= 0) {
        entries.push([more(keys.length - entries.length), this.#shape.nothing()])
        break
      }
      entries.push(this.#entry(key, readProperty(value, key), depth))
    }
    return entries
  }

  /** @param depth of the value among the messages of OTLP */
  value(value: unknown, depth: number): T {
    if (typeof value === 'object' && value !== null) return this.#object(value, depth)
    if (typeof value === 'string') return this.#text(value)
    const scalar = this.#scalar(value)
    this.#left -= this.#shape.weight(scalar)
    return scalar
  }

  #scalar(value: unknown): T {
    const shape = this.#shape
    if (typeof value === 'number') return shape.number(value)
    if (typeof value === 'boolean') return shape.bool(value)
    if (typeof value === 'bigint')
      return BigInt.asIntN(64, value) === value ? shape.bigint(value) : shape.text(bigText(value))
    return value === undefined || value === null ? shape.nothing() : shape.text(`[${typeof value}]`)
  }

  /** Weighed as it is: what its escapes take may not be written in the end, see `wellFormed`. */
  #text(text: string): T {
    this.#left -= this.#shape.textWeight(text)
    return this.#shape.text(text)
  }

  #bytes(bytes: Uint8Array): T {
    const value = this.#shape.bytes(bytes)
    this.#left -= this.#shape.weight(value)
    return value
  }

  #object(value: object, depth: number): T {
    const refused = this.#above.refuses(value)
    if (refused !== undefined) return this.#text(refused)
    this.#above.enter(value)
    try {
      return this.#contents(value, depth)
    } catch (error) {
      return this.#text(unreadable(error))
    } finally {
      this.#above.leave()
    }
  }

  #contents(value: object, depth: number): T {
    const shape = this.#shape
    const terms = inTerms(value)
    switch (terms.kind) {
      case 'text':
        return this.#text(terms.text)
      case 'value':
        return this.value(terms.value, depth)
      case 'bytes':
        return this.#bytes(terms.bytes)
      case 'array':
        if (!mayHoldArray(depth)) return this.#text(TOO_DEEP)
        this.#left -= shape.collectionWeight
        return shape.array(this.#items(terms.items, depth + ARRAY_MESSAGES))
      case 'map':
      case 'own':
        if (!mayHoldMap(depth)) return this.#text(TOO_DEEP)
        this.#left -= shape.collectionWeight
        return shape.map(
          terms.kind === 'own'
            ? this.#properties(value, depth + MAP_MESSAGES)
            : this.#entries(terms.entries, depth + MAP_MESSAGES),
        )
    }
  }

  #entries(list: readonly Entry[], depth: number): Converted<T>[] {
    const entries: Converted<T>[] = []
    for (const [key, value] of list) {
      if (this.#left <= 0) {
        entries.push([more(list.length - entries.length), this.#shape.nothing()])
        break
      }
      entries.push(this.#entry(key, value, depth))
    }
    return entries
  }

  #entry(key: string, value: unknown, depth: number): Converted<T> {
    this.#left -= this.#shape.textWeight(key)
    return [key, this.value(value, depth)]
  }

  #items(list: ArrayLike<unknown>, depth: number): T[] {
    const { length } = list
    const items: T[] = []
    for (let i = 0; i < length; i++) {
      if (i >= MAX_ITEMS || this.#left <= 0) {
        items.push(this.#shape.text(more(length - i)))
        break
      }
      items.push(this.value(readItem(list, i), depth))
    }
    return items
  }
}

export const readItem = (list: ArrayLike<unknown>, i: number): unknown => {
  try {
    return list[i]
  } catch (error) {
    return unreadable(error)
  }
}

/** Beyond it a bigint has so many digits that to find them takes seconds. */
const MAX_BIGINT_BITS = 8192n

/** Digits of a bigint, or how large it is where there are thousands. */
export const bigText = (value: bigint): string =>
  BigInt.asIntN(Number(MAX_BIGINT_BITS), value) === value
    ? String(value)
    : '[bigint of thousands of digits]'
