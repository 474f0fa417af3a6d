import { setOwn } from '../own-property.js'
import { Converter, type Shape } from './converter.js'
import { NeutralMap } from './neutral-map.js'
import { type Entry, INVALID_ATTRIBUTES, readProperty, unreadable } from './values.js'

/** A value in terms that all encodings have: such a tree is read again without surprises. */
export type Neutral =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Neutral[]
  | NeutralMap<Neutral>

const SHAPE: Shape<Neutral> = {
  text: text => text,
  bool: value => value,
  number: value => value,
  bigint: value => value,
  bytes: bytes => bytes,
  nothing: () => null,
  array: items => items,
  map: entries => new NeutralMap(entries),
  weight: () => 1,
  textWeight: () => 1,
  collectionWeight: 1,
}

/** Each takes memory while a log is shortened. */
const MAX_VALUES = 100_000
/** Bytes of a value in any encoding: more values than that allows do not fit. */
const LEAST_BYTES = 2
/** Values that each field may have, whatever the others have. */
const FEW = 1000

/** A field, and where its value stands among the messages. */
export interface Field {
  readonly value: unknown
  readonly depth: number
}

/**
 * Neutral trees of fields, texts whole. One field of millions of values takes none from the others:
 * those that have more than a few share what may be kept at most.
 */
export const neutralTrees = (fields: readonly Field[], maxBytes: number): Neutral[] => {
  const few = new Converter(SHAPE, FEW)
  const isLarge = fields.map(() => false)
  const trees = fields.map(({ value, depth }, i) => {
    few.begin()
    const tree = few.value(value, depth)
    isLarge[i] = few.isExhausted
    return tree
  })
  const large = isLarge.filter(Boolean).length
  if (large === 0) return trees
  const many = new Converter(
    SHAPE,
    Math.max(FEW, Math.min(MAX_VALUES, maxBytes / LEAST_BYTES) / large),
  )
  return fields.map(({ value, depth }, i) => {
    if (isLarge[i] !== true) return trees[i] ?? null
    many.begin()
    return many.value(value, depth)
  })
}

/** Attributes as fields of a log or a resource; more than can be kept are left out. */
export const namedFields = (
  attributes: object,
  others: readonly Entry[],
): { readonly entries: readonly Entry[]; readonly dropped: number } => {
  let names: string[]
  try {
    names = Object.keys(attributes)
  } catch (error) {
    return { entries: [...others, [INVALID_ATTRIBUTES, unreadable(error)]], dropped: 0 }
  }
  const kept = names.slice(0, MAX_VALUES / 10)
  return {
    entries: [...kept.map((name): Entry => [name, readProperty(attributes, name)]), ...others],
    dropped: names.length - kept.length,
  }
}

export const objectOf = <T>(entries: Iterable<readonly [string, T]>): { [name: string]: T } => {
  const object: { [name: string]: T } = {}
  for (const [name, value] of entries) setOwn(object, name, value)
  return object
}
