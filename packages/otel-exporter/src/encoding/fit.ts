import type { Costs } from './encoder.js'
import { base64 } from './json-text.js'
import {
  type Field,
  type Neutral,
  type NeutralMap,
  namedFields,
  neutralTrees,
  objectOf,
} from './neutral.js'
import { Pruner, waterLevel } from './prune.js'
import { MARK_BYTES, truncated } from './truncated.js'
import type { Entry } from './values.js'

/** Texts up to this length are never cut: what a log says of its kind is in short ones. */
const SHORT = 128
const SHRINK = 0.9

export interface Contents {
  readonly texts: readonly string[]
  readonly body: Neutral | undefined
  readonly attributes: NeutralMap
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
    attributes: objectOf(entries.map(([name], i) => [name, trees[i] ?? null] as const)),
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
    const most = mostValues(pruner.count, values => {
      const pruned = pruner.prune(values)
      const size = shortest(pruned)
      if (size > maxBytes) return false
      kept = pruned
      bytes = size
      return true
    })
    if (most === undefined) return false
  }
  const long = sizer.longTexts(kept)
  const least = long.reduce((sum, cost) => sum + Math.min(cost, SHORT + MARK_BYTES), 0)
  let level = Math.floor(
    Math.min(waterLevel(long, maxBytes - bytes + least) - MARK_BYTES, long.reduce(larger, 0)),
  )
  for (; level > SHORT; level = Math.floor(level * SHRINK))
    if (write(cut(kept, sizer, level)) <= maxBytes) return true
  return shortest(kept) <= maxBytes
}

/** Steps after the first that fits: each halves what is lost without need. */
const REFINEMENTS = 3

/** About the most values that fit; `fits` is last told yes for those. */
const mostValues = (all: number, fits: (values: number) => boolean): number | undefined => {
  let tooMany = all
  let most = Math.floor(all / 2)
  while (!fits(most)) {
    if (most === 0) return undefined
    tooMany = most
    most = Math.floor(most / 2)
  }
  for (let i = 0; i < REFINEMENTS; i++) {
    const next = Math.floor((most + tooMany) / 2)
    if (next === most) break
    if (fits(next)) most = next
    else tooMany = next
  }
  return most
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
        if (value.length > SHORT) costs.push(this.text(value))
      } else if (value instanceof Uint8Array) {
        if (value.length > SHORT) costs.push(this.bytes(value))
      } else if (Array.isArray(value)) for (const item of value) visit(item)
      else if (typeof value === 'object' && value !== null)
        for (const [name, item] of Object.entries(value)) {
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
    if (whole.length <= SHORT) return whole
    const cost = sizer.text(whole)
    if (cost <= level) return whole
    return truncated(whole, Math.max(SHORT, Math.floor((whole.length * level) / cost)))
  }
  const bytes = (all: Uint8Array): Neutral => {
    if (all.length <= SHORT || sizer.bytes(all) <= level) return all
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
  const map = (one: NeutralMap): NeutralMap =>
    objectOf(Object.entries(one).map(([name, item]) => [text(name), value(item)] as const))
  return {
    texts: texts.map(text),
    body: body === undefined ? undefined : value(body),
    attributes: map(attributes),
    dropped,
  }
}
