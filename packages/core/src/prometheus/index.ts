/**
 * A producer's stats as metrics of prom-client, for those without OpenTelemetry: the same names
 * and labels as OpenTelemetry's Prometheus exporter writes for `bindProducerMetrics`.
 */

export type { StatsSource } from './expose-producer.js'
export { exposeProducer } from './expose-producer.js'
export type { PrometheusOptions } from './options.js'
export { requestDurations } from './request-durations.js'
