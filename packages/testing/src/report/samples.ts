import type { ProducerStats } from '@kinesis-producer/core'

/** What the report reads of `stats()`. */
export type RunStats = Pick<
  ProducerStats,
  | 'admitted'
  | 'delivered'
  | 'dropped'
  | 'remaining'
  | 'remainingBytes'
  | 'retries'
  | 'requests'
  | 'requestsInFlight'
  | 'requestErrors'
  | 'requestErrorsByCode'
  | 'possibleDuplicates'
  | 'throttledByShard'
> & {
  readonly droppedByReason: Readonly<Record<string, number>>
}

/** How things stood at one moment, all producers together. */
export interface Sample {
  /** Milliseconds since the report began. */
  readonly at: number
  readonly admitted: number
  readonly delivered: number
  readonly dropped: number
  readonly retries: number
  readonly remainingBytes: number
  readonly requestsInFlight: number
  readonly throttled: Readonly<Record<string, number>>
}

const sum = (stats: readonly RunStats[], of: (one: RunStats) => number): number =>
  stats.reduce((total, one) => total + of(one), 0)

/** Counts by name, added up. A name may be anything, `__proto__` as well. */
export const addUp = (
  all: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> => {
  const total = new Map<string, number>()
  for (const counts of all)
    for (const [name, count] of Object.entries(counts))
      total.set(name, (total.get(name) ?? 0) + count)
  return Object.fromEntries(total)
}

export const sampleOf = (stats: readonly RunStats[], at: number): Sample => ({
  at,
  admitted: sum(stats, one => one.admitted),
  delivered: sum(stats, one => one.delivered),
  dropped: sum(stats, one => one.dropped),
  retries: sum(stats, one => one.retries),
  remainingBytes: sum(stats, one => one.remainingBytes),
  requestsInFlight: sum(stats, one => one.requestsInFlight),
  throttled: addUp(stats.map(one => one.throttledByShard)),
})

/** Samples in bounded memory: when there are too many, two become one, which keeps the peaks. */
export class Samples {
  readonly #most: number
  #list: Sample[] = []
  /** How many samples make one of the list. */
  #each = 1
  #skipped: Sample[] = []

  constructor(most: number) {
    this.#most = most
  }

  get list(): readonly Sample[] {
    return this.#skipped.length === 0 ? this.#list : [...this.#list, merged(this.#skipped)]
  }

  add(sample: Sample): void {
    // The first stands alone: rates count from it.
    this.#skipped.push(sample)
    if (this.#list.length > 0 && this.#skipped.length < this.#each) return
    this.#list.push(merged(this.#skipped))
    this.#skipped = []
    if (this.#list.length <= this.#most) return
    const [first, ...rest] = this.#list
    const halved = rest.flatMap((one, i) =>
      i % 2 === 0 ? [] : [merged([rest[i - 1] ?? one, one])],
    )
    this.#skipped = rest.length % 2 === 1 ? rest.slice(-1) : []
    this.#list = first === undefined ? halved : [first, ...halved]
    this.#each *= 2
  }
}

/** Counters are those of the last, levels the highest. */
const merged = (samples: readonly Sample[]): Sample => {
  const last = samples.at(-1)
  if (last === undefined) throw new RangeError('no samples')
  return {
    ...last,
    remainingBytes: Math.max(...samples.map(one => one.remainingBytes)),
    requestsInFlight: Math.max(...samples.map(one => one.requestsInFlight)),
  }
}
