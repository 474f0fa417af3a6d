import type { Costs } from './encoder.js'
import { base64 } from './json-text.js'
import { type Field, type Neutral, namedFields, neutralTrees } from './neutral.js'
import { NeutralMap } from './neutral-map.js'
import { Pruner, waterLevel } from './prune.js'
import { MARK_BYTES, truncated } from './truncated.js'
import type { Entry } from './values.js'

/** What is left of a text at least. */
const SHORT = 128
/** Texts up to this length are never cut: what a log says of its kind is in short ones. */
const UNCUT = SHORT + MARK_BYTES
const SHRINK = 0.9

export interface Contents {
  readonly texts: readonly string[]
  readonly body: Neutral | undefined
  readonly attributes: NeutralMap<Neutral>
  /** Attributes left out. */
  readonly dropped: number
}

/** Body and attributes as they can be shortened. */
export const contentsOf = (
  texts: readonly string[],
  body: Field | undefined,
  attributes: object,
  others: readonly Entry[],
  depth: number,
  maxBytes: number,
): Contents => {
  const { entries, dropped } = namedFields(attributes, others)
  const fields = entries.map(([, value]): Field => ({ value, depth }))
  const trees = neutralTrees(body === undefined ? fields : [...fields, body], maxBytes)
  return {
    texts,
    body: body === undefined ? undefined : trees.at(-1),
    attributes: new NeutralMap(entries.map(([name], i) => [name, trees[i] ?? null] as const)),
    dropped,
  }
}

export interface Fitting {
  readonly contents: Contents
  readonly costs: Costs
  readonly maxBytes: number
  /** Encodes the contents and says how many bytes all of it takes now. */
  readonly write: (contents: Contents) => number
}

/**
 * Shortens contents until they fit. The longest texts are cut first, down to the length of the next,
 * wherever they stand; short ones, and all that is no text, stay, and a map stays a map. Only if
 * that is not enough, the lists and maps that hold most values lose their last ones.
 * @returns false: they do not fit, even so
 */
export const fit = ({ contents: whole, costs, maxBytes, write }: Fitting): boolean => {
  const sizer = new Sizer(costs, maxBytes)
  const shortest = (of: Contents): number => write(cut(of, sizer, 0))
  let kept = whole
  let bytes = shortest(kept)
  if (bytes > maxBytes) {
    const pruner = new Pruner(whole)
    const found = mostValues(pruner.count, maxBytes, values => {
      const pruned = pruner.prune(values)
      const size = shortest(pruned)
      if (size <= maxBytes) {
        kept = pruned
        bytes = size
      }
      return size
    })
    if (!found) return false
  }
  const long = sizer.longTexts(kept)
  const least = long.reduce((sum, cost) => sum + Math.min(cost, UNCUT), 0)
  let level = Math.floor(
    Math.min(waterLevel(long, maxBytes - bytes + least) - MARK_BYTES, long.reduce(larger, 0)),
  )
  for (; level > SHORT; level = Math.floor(level * SHRINK))
    if (write(cut(kept, sizer, level)) <= maxBytes) return true
  return shortest(kept) <= maxBytes
}

/** Values of the first try: few, to learn what one takes. */
const FIRST_VALUES = 1000
/** Tries after the first that fits; each writes at most a record. */
const TRIES = 4
/** What is lost without need, at most. */
const GOOD_ENOUGH = 0.9

/**
 * Finds about the most values that fit: from what those of a try take follows how many the next may
 * have. The last of them that fits counts.
 * @param sizeOf what so many values take; somewhat above `maxBytes` if it is more
 * @returns false: not even none fit
 */
const mostValues = (all: number, maxBytes: number, sizeOf: (values: number) => number): boolean => {
  let tooMany = all
  let most = Math.min(FIRST_VALUES, Math.floor(all / 2))
  let bytes = sizeOf(most)
  while (bytes > maxBytes) {
    if (most === 0) return false
    tooMany = most
    most = Math.floor(most / 2)
    bytes = sizeOf(most)
  }
  for (let i = 0; i < TRIES && bytes < GOOD_ENOUGH * maxBytes; i++) {
    const likely = Math.floor(((most * maxBytes) / bytes) * ((1 + GOOD_ENOUGH) / 2))
    const next = likely < tooMany ? likely : Math.floor((most + tooMany) / 2)
    if (next <= most) break
    const size = sizeOf(next)
    if (size > maxBytes) tooMany = next
    else {
      most = next
      bytes = size
    }
  }
  return true
}

const larger = (a: number, b: number): number => Math.max(a, b)

/** Knows what texts cost; a long one is measured once. */
class Sizer {
  readonly #costs: Costs
  readonly #maxBytes: number
  readonly #known = new Map<string, number>()

  constructor(costs: Costs, maxBytes: number) {
    this.#costs = costs
    this.#maxBytes = maxBytes
  }

  text(text: string): number {
    let cost = this.#known.get(text)
    if (cost === undefined) {
      // Of one that could never fit, the beginning is measured.
      const part = text.slice(0, this.#maxBytes)
      cost = (this.#costs.text(part) * text.length) / part.length
      this.#known.set(text, cost)
    }
    return cost
  }

  bytes(bytes: Uint8Array): number {
    return this.#costs.bytes(bytes.length)
  }

  /** Costs of all texts and bytes that may be cut. */
  longTexts({ texts, body, attributes }: Contents): number[] {
    const costs: number[] = []
    const visit = (value: Neutral): void => {
      if (typeof value === 'string') {
        if (value.length > UNCUT) costs.push(this.text(value))
      } else if (value instanceof Uint8Array) {
        if (value.length > UNCUT) costs.push(this.bytes(value))
      } else if (Array.isArray(value)) for (const item of value) visit(item)
      else if (typeof value === 'object' && value !== null)
        for (const [name, item] of value.entries) {
          visit(name)
          visit(item)
        }
    }
    for (const value of [...texts, body ?? null, attributes]) visit(value)
    return costs
  }
}

/** Texts above `level` bytes cut down to that. */
const cut = (
  { texts, body, attributes, dropped }: Contents,
  sizer: Sizer,
  level: number,
): Contents => {
  const text = (whole: string): string => {
    if (whole.length <= UNCUT) return whole
    if (level <= 0) return truncated(whole, SHORT)
    const cost = sizer.text(whole)
    if (cost <= level) return whole
    return truncated(whole, Math.max(SHORT, Math.floor((whole.length * level) / cost)))
  }
  const bytes = (all: Uint8Array): Neutral => {
    if (all.length <= UNCUT || sizer.bytes(all) <= level) return all
    // There is no mark within bytes, so they become text.
    const kept = Math.max(SHORT, Math.floor((level * 3) / 4))
    return `${base64(all.subarray(0, kept))}… [truncated ${all.length - kept} bytes]`
  }
  const value = (one: Neutral): Neutral => {
    if (typeof one === 'string') return text(one)
    if (typeof one !== 'object' || one === null) return one
    if (one instanceof Uint8Array) return bytes(one)
    return Array.isArray(one) ? one.map(value) : map(one)
  }
  const map = ({ entries }: NeutralMap<Neutral>): NeutralMap<Neutral> =>
    new NeutralMap(entries.map(([name, item]) => [text(name), value(item)] as const))
  return {
    texts: texts.map(text),
    body: body === undefined ? undefined : value(body),
    attributes: map(attributes),
    dropped,
  }
}
