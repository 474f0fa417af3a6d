import { Counter, Gauge } from 'prom-client'
import { ConfigError } from '../errors/errors.js'
import { PRODUCER_METRICS, type ProducerMetric, prometheusName } from '../stats/metrics.js'
import type { ProducerStats } from '../stats/stats.js'
import { GrowingCounts } from './growing-counts.js'
import { type AnyRegistry, labelsOf, PRODUCER_LABELS } from './options.js'

type Labels = Readonly<Record<string, string>>

/** A producer that is shown, or was: what it counted remains. */
interface Shown {
  readonly labels: Labels
  readonly read: () => ProducerStats | undefined
  readonly counts: GrowingCounts
}

/** The metrics of one registry, for all the producers in it. */
export class ProducerCollector {
  readonly #registry: AnyRegistry
  readonly #live = new Map<object, Shown>()
  /** What ended producers counted, by their labels: as many as there are sets of labels. */
  readonly #ended = new Map<string, Shown>()
  /** Read once for all metrics of a scrape, so that they are of one moment. */
  #read: ReadonlyMap<Shown, ProducerStats> | undefined = undefined
  readonly #first: object

  /** @throws {ConfigError} if the registry has one of the names already */
  constructor(registry: AnyRegistry) {
    this.#registry = registry
    for (const { name, kind } of PRODUCER_METRICS) {
      const taken = prometheusName(name, kind)
      if (registry.getSingleMetric(taken) !== undefined)
        throw new ConfigError(`exposeProducer: the registry has another metric named ${taken}`)
    }
    const [first] = PRODUCER_METRICS.map(metric => this.#register(metric))
    this.#first = first ?? this
  }

  isRegistered(): boolean {
    const [first] = PRODUCER_METRICS
    return (
      first !== undefined &&
      this.#registry.getSingleMetric(prometheusName(first.name, first.kind)) === this.#first
    )
  }

  add(source: { stats(): ProducerStats | undefined }, labels: Labels): () => void {
    if (this.#live.has(source))
      throw new ConfigError('exposeProducer: this producer is exposed in this registry already')
    const shown: Shown = { labels, read: () => source.stats(), counts: new GrowingCounts() }
    this.#live.set(source, shown)
    this.#read = undefined
    return () => {
      if (this.#live.get(source) !== shown) return
      this.#stats()
      this.#live.delete(source)
      this.#end(shown)
      this.#read = undefined
    }
  }

  #end(shown: Shown): void {
    const key = JSON.stringify(shown.labels)
    const before = this.#ended.get(key)
    if (before === undefined) this.#ended.set(key, shown)
    else before.counts.addAll(shown.counts)
  }

  #register(metric: ProducerMetric): object {
    const { by, kind, description: help } = metric
    const labelNames = [
      ...PRODUCER_LABELS,
      ...Object.keys(labelsOf(metric.attributes)),
      ...(by === undefined ? [] : [prometheusName(by)]),
    ]
    const config = { name: prometheusName(metric.name, kind), help, labelNames }
    const registers = [this.#registry]
    if (kind === 'counter') {
      const counter = new Counter({
        ...config,
        registers,
        collect: () => {
          counter.reset()
          for (const { labels, value } of this.#counts(metric)) counter.inc(labels, value)
        },
      })
      return counter
    }
    const gauge = new Gauge({
      ...config,
      registers,
      collect: () => {
        gauge.reset()
        for (const { labels, value } of this.#readings(metric)) gauge.set(labels, value)
      },
    })
    return gauge
  }

  *#counts(metric: ProducerMetric): Iterable<{ labels: Labels; value: number }> {
    this.#stats()
    for (const { labels, counts } of [...this.#ended.values(), ...this.#live.values()])
      for (const [of, value] of counts.of(metric))
        yield { labels: labelsWith(labels, metric, of), value }
  }

  /** Of live producers alone. Those with the same labels are added up, or the largest is taken. */
  #readings(metric: ProducerMetric): Iterable<{ labels: Labels; value: number }> {
    const joined = new Map<string, { labels: Labels; value: number }>()
    for (const [shown, stats] of this.#stats()) {
      for (const [value, of] of metric.values(stats)) {
        const labels = labelsWith(shown.labels, metric, of)
        const key = JSON.stringify(labels)
        const before = joined.get(key)?.value
        const both =
          before === undefined
            ? value
            : metric.kind === 'gauge'
              ? Math.max(before, value)
              : before + value
        joined.set(key, { labels, value: both })
      }
    }
    return joined.values()
  }

  /** The stats of all live producers, and their counts brought up to date. */
  #stats(): ReadonlyMap<Shown, ProducerStats> {
    if (this.#read !== undefined) return this.#read
    const read = new Map<Shown, ProducerStats>()
    for (const shown of this.#live.values()) {
      const stats = statsOf(shown)
      if (stats === undefined) continue
      read.set(shown, stats)
      shown.counts.update(stats)
    }
    this.#read = read
    // The registry reads all its metrics in one turn.
    queueMicrotask(() => (this.#read = undefined))
    return read
  }
}

/** A source that throws must not make the whole page fail, which shows other things as well. */
const statsOf = (shown: Shown): ProducerStats | undefined => {
  try {
    return shown.read()
  } catch {
    return undefined
  }
}

const labelsWith = (
  labels: Labels,
  { attributes, by }: ProducerMetric,
  of: string | undefined,
): Labels => ({
  ...labels,
  ...labelsOf(attributes),
  ...(by !== undefined && of !== undefined && { [prometheusName(by)]: of }),
})
