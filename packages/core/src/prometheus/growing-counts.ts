import { PRODUCER_METRICS, type ProducerMetric } from '../stats/metrics.js'
import type { ProducerStats } from '../stats/stats.js'

interface Count {
  /** What was counted before the source began again. */
  before: number
  last: number
}

const COUNTERS = PRODUCER_METRICS.filter(({ kind }) => kind === 'counter')

/** The counters of a source; they go on where they were when it begins again from zero. */
export class GrowingCounts {
  readonly #counts = new Map<ProducerMetric, Map<string | undefined, Count>>(
    COUNTERS.map(metric => [metric, new Map<string | undefined, Count>()]),
  )

  update(stats: ProducerStats): void {
    const read = COUNTERS.flatMap(metric =>
      Array.from(metric.values(stats), ([value, of]) => ({
        value,
        count: this.#count(metric, of),
      })),
    )
    // All of them began again where one did, also those that have already passed their last value.
    if (read.some(({ value, count }) => value < count.last)) this.#beginAgain()
    for (const { value, count } of read) count.last = value
  }

  #beginAgain(): void {
    for (const counts of this.#counts.values())
      for (const count of counts.values()) {
        count.before += count.last
        count.last = 0
      }
  }

  *of(metric: ProducerMetric): Iterable<[of: string | undefined, value: number]> {
    for (const [of, { before, last }] of this.#counts.get(metric) ?? []) yield [of, before + last]
  }

  addAll(others: GrowingCounts): void {
    for (const metric of COUNTERS)
      for (const [of, value] of others.of(metric)) this.#count(metric, of).before += value
  }

  #count(metric: ProducerMetric, of: string | undefined): Count {
    const counts = this.#counts.get(metric) ?? new Map<string | undefined, Count>()
    const known = counts.get(of)
    if (known !== undefined) return known
    const count: Count = { before: 0, last: 0 }
    counts.set(of, count)
    return count
  }
}
