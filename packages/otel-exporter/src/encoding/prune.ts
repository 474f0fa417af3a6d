import type { Contents } from './fit.js'
import { type Neutral, type NeutralMap, objectOf } from './neutral.js'
import { more } from './values.js'

/**
 * The level to which the largest are cut, for all together to take so much: what is smaller stays
 * whole. Infinity: all fits.
 */
export const waterLevel = (sizes: readonly number[], budget: number): number => {
  let left = budget
  let count = sizes.length
  for (const size of sizes.toSorted((a, b) => a - b)) {
    if (size * count > left) return left / count
    left -= size
    count--
  }
  return Number.POSITIVE_INFINITY
}

/** Leaves out values of contents that have too many, from where most are: small fields stay whole. */
export class Pruner {
  /** How many values each list and map has, itself counted. */
  readonly #counts = new Map<object, number>()
  readonly #whole: Contents
  readonly #names: readonly string[]
  readonly #fields: readonly Neutral[]

  constructor(whole: Contents) {
    this.#whole = whole
    this.#names = Object.keys(whole.attributes)
    this.#fields = Object.values(whole.attributes)
  }

  /** Values of all. */
  get count(): number {
    return [this.#whole.body ?? null, ...this.#fields].reduce<number>(
      (sum, value) => sum + this.#count(value),
      0,
    )
  }

  /** At most about so many values. */
  prune(budget: number): Contents {
    const { body, dropped } = this.#whole
    const fields = this.#fields.slice(0, budget)
    const level = this.#level([body ?? null, ...fields], budget)
    return {
      ...this.#whole,
      body: body === undefined ? undefined : this.#pruned(body, level),
      attributes: objectOf(
        fields.map((value, i) => [this.#names[i] ?? '', this.#pruned(value, level)] as const),
      ),
      dropped: dropped + this.#fields.length - fields.length,
    }
  }

  #pruned(value: Neutral, budget: number): Neutral {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    if (this.#count(value) <= budget) return value
    return Array.isArray(value) ? this.#list(value, budget - 1) : this.#map(value, budget - 1)
  }

  #list(list: readonly Neutral[], budget: number): Neutral[] {
    const kept = list.slice(0, Math.max(0, budget))
    const level = this.#level(kept, budget)
    const items = kept.map(item => this.#pruned(item, level))
    if (kept.length === list.length) return items
    return [...items, more(list.length - kept.length + leftOutBefore(list.at(-1)))]
  }

  #map(map: NeutralMap, budget: number): NeutralMap {
    const all = Object.entries(map)
    const kept = all.slice(0, Math.max(0, budget))
    const level = this.#level(
      kept.map(([, item]) => item),
      budget,
    )
    const entries = kept.map(([name, item]): [string, Neutral] => [name, this.#pruned(item, level)])
    if (kept.length < all.length)
      entries.push([more(all.length - kept.length + leftOutBefore(all.at(-1)?.[0])), null])
    return objectOf(entries)
  }

  #level(values: readonly Neutral[], budget: number): number {
    return waterLevel(
      values.map(value => this.#count(value)),
      budget,
    )
  }

  #count(value: Neutral): number {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1
    let count = this.#counts.get(value)
    if (count === undefined) {
      count = 1
      for (const item of Array.isArray(value) ? value : Object.values(value))
        count += this.#count(item)
      this.#counts.set(value, count)
    }
    return count
  }
}

const MORE = /^\[(\d+) more\]$/

/** What a mark at the end says was left out already, beside the mark itself. */
const leftOutBefore = (last: unknown): number => {
  const count = typeof last === 'string' ? MORE.exec(last)?.[1] : undefined
  return count === undefined ? 0 : Number(count) - 1
}
