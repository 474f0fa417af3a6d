import type { Contents } from './fit.js'
import type { Neutral } from './neutral.js'
import { NeutralMap } from './neutral-map.js'
import { more } from './values.js'

/**
 * The level to which the largest are cut, for all together to take so much: what is smaller stays
 * whole. Infinity: all fits.
 */
export const waterLevel = (sizes: readonly number[], budget: number): number => {
  let left = budget
  let count = sizes.length
  // In a typed array numbers are sorted as such, and quickly.
  for (const size of Float64Array.from(sizes).toSorted()) {
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

  constructor(whole: Contents) {
    this.#whole = whole
  }

  /** Values of all. */
  get count(): number {
    let sum = this.#count(this.#whole.body ?? null)
    for (const [, value] of this.#whole.attributes.entries) sum += this.#count(value)
    return sum
  }

  /** At most about so many values. */
  prune(budget: number): Contents {
    const { body, dropped, attributes } = this.#whole
    const fields = attributes.entries.slice(0, budget)
    const level = this.#level([body ?? null, ...fields.map(([, value]) => value)], budget)
    return {
      ...this.#whole,
      body: body === undefined ? undefined : this.#pruned(body, level),
      attributes: new NeutralMap(
        fields.map(([name, value]) => [name, this.#pruned(value, level)] as const),
      ),
      dropped: dropped + attributes.entries.length - fields.length,
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

  #map({ entries: all }: NeutralMap<Neutral>, budget: number): NeutralMap<Neutral> {
    const kept = all.slice(0, Math.max(0, budget))
    const level = this.#level(
      kept.map(([, item]) => item),
      budget,
    )
    const entries = kept.map(([name, item]): [string, Neutral] => [name, this.#pruned(item, level)])
    if (kept.length < all.length)
      entries.push([more(all.length - kept.length + leftOutBefore(all.at(-1)?.[0])), null])
    return new NeutralMap(entries)
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
      if (Array.isArray(value)) for (const item of value) count += this.#count(item)
      else for (const [, item] of value.entries) count += this.#count(item)
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
