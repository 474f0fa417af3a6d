export type { PrometheusOptions, StatsSource } from './index.js'
export { exposeProducer, requestDurations } from './index.js'
