import type { Entry } from './pending-record.js'

/**
 * Halves of refused requests, waiting to be sent each by itself. A request of n records with one
 * poison record costs 2 log2 n more; in the worst case, all poison, 2n - 1.
 */
export class Isolation {
  readonly #halves: (readonly Entry[])[] = []

  split(entries: readonly Entry[]): void {
    const middle = Math.ceil(entries.length / 2)
    this.#halves.push(entries.slice(0, middle), entries.slice(middle))
  }

  /** A half whose request failed for another reason waits for its next try. */
  putBack(entries: readonly Entry[]): void {
    this.#halves.unshift(entries)
  }

  next(): readonly Entry[] | undefined {
    return this.#halves.shift()
  }

  get pending(): boolean {
    return this.#halves.length > 0
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (const half of this.#halves) yield* half
  }
}
