import { checkMethods } from '../config/check.js'
import { ConfigError } from '../errors/errors.js'
import type { ProducerStats } from '../stats/stats.js'
import { type AnyRegistry, type PrometheusOptions, resolve } from './options.js'
import { ProducerCollector } from './producer-collector.js'

/** A `BatchProducer`, or whatever else knows a producer's stats; undefined until it does. */
export interface StatsSource {
  stats(): ProducerStats | undefined
}

/** A registry takes a name once, so all its producers share the metrics. */
const collectors = new WeakMap<AnyRegistry, ProducerCollector>()

/**
 * Shows a producer's stats in a registry of prom-client, under the names that OpenTelemetry's
 * Prometheus exporter gives them. Several producers may be shown in one registry. Figures are read
 * when the registry is read; counters never go down, also where a producer is closed and another
 * one takes its labels, or where the source begins again (as a worker that was restarted does).
 * @returns ends it; call that when the producer is closed. Its counters stay where they are.
 * @throws {ConfigError} if an option is missing, unknown or wrong, if the producer is shown in this
 * registry already, or if something else has one of the names
 */
export const exposeProducer = (source: StatsSource, options: PrometheusOptions): (() => void) => {
  const where = 'exposeProducer'
  const { registry, labels } = resolve(where, options)
  if (checkMethods(`${where}: the producer`, source, ['stats']) === undefined)
    throw new ConfigError(`${where}: the producer is missing`)
  let collector = collectors.get(registry)
  // A registry that was cleared meanwhile has none of the metrics any more.
  if (collector === undefined || !collector.isRegistered()) {
    collector = new ProducerCollector(registry)
    collectors.set(registry, collector)
  }
  return collector.add(source, labels)
}
