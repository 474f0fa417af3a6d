/** Neighbouring sequences. */
export interface Run {
  readonly first: number
  readonly count: number
}

/** A set of sequences, kept as the runs it consists of: most are added in their order. */
export class Runs {
  /** Where each run begins, and where the next sequence after it is; in their order. */
  #starts: number[] = []
  #ends: number[] = []
  /** How many sequences there are. */
  total = 0

  get isEmpty(): boolean {
    return this.#starts.length === 0
  }

  get list(): readonly Run[] {
    return this.#starts.map((first, i) => ({ first, count: (this.#ends[i] ?? first) - first }))
  }

  has(sequence: number): boolean {
    const i = this.#lastBefore(sequence + 1)
    return i >= 0 && sequence < (this.#ends[i] ?? 0)
  }

  /** How many of a run are in the set. */
  countIn(first: number, count: number): number {
    const end = first + count
    let found = 0
    for (let i = Math.max(0, this.#lastBefore(first)); i < this.#starts.length; i++) {
      const start = this.#starts[i] ?? 0
      if (start >= end) break
      found += Math.max(0, Math.min(end, this.#ends[i] ?? 0) - Math.max(first, start))
    }
    return found
  }

  /** Adds a run, of which some may be there already; returns how many were not. */
  add(first: number, count: number): number {
    if (count <= 0) return 0
    const end = first + count
    const last = this.#starts.length - 1
    // In their order, as nearly always.
    if (last < 0 || first > (this.#ends[last] ?? 0)) {
      this.#starts.push(first)
      this.#ends.push(end)
      this.total += count
      return count
    }
    // All runs from `from` to `to` touch the new one and become one with it.
    let from = this.#lastBefore(first + 1)
    if (from < 0 || (this.#ends[from] ?? 0) < first) from++
    let to = from
    let [least, most, had] = [first, end, 0]
    for (; to < this.#starts.length && (this.#starts[to] ?? 0) <= end; to++) {
      const [start, stop] = [this.#starts[to] ?? 0, this.#ends[to] ?? 0]
      least = Math.min(least, start)
      most = Math.max(most, stop)
      had += stop - start
    }
    this.#starts.splice(from, to - from, least)
    this.#ends.splice(from, to - from, most)
    const added = most - least - had
    this.total += added
    return added
  }

  clear(): void {
    this.#starts = []
    this.#ends = []
    this.total = 0
  }

  /** Index of the last run that begins before this sequence; -1: none. */
  #lastBefore(sequence: number): number {
    let [low, high] = [0, this.#starts.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#starts[middle] ?? 0) < sequence) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
