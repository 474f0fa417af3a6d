import { Histogram } from 'prom-client'
import type { RequestReport } from '../config/options.js'
import { ConfigError } from '../errors/errors.js'
import { prometheusName, REQUEST_DURATION } from '../stats/metrics.js'
import { type AnyRegistry, labelsOf, type PrometheusOptions, resolve } from './options.js'

const { name, description: help, boundaries, attributes } = REQUEST_DURATION
const NAME = prometheusName(name)
const histograms = new WeakMap<AnyRegistry, Histogram>()

const histogramOf = (registry: AnyRegistry): Histogram => {
  const made = histograms.get(registry)
  const registered = registry.getSingleMetric(NAME)
  if (made !== undefined && made === registered) return made
  if (registered !== undefined)
    throw new ConfigError(`requestDurations: the registry has another metric named ${NAME}`)
  const histogram = new Histogram({
    name: NAME,
    help,
    buckets: [...boundaries],
    labelNames: [
      ...Object.keys(labelsOf(attributes)),
      'messaging_destination_name',
      'kinesis_producer_name',
      'error_type',
    ],
    registers: [registry],
  })
  histograms.set(registry, histogram)
  return histogram
}

/**
 * The durations of requests as a histogram, which the stats do not have.
 * @returns the producer's option `onRequest`
 * @throws {ConfigError} if an option is missing, unknown or wrong, or something else has the name
 */
export const requestDurations = (
  options: PrometheusOptions,
): ((request: RequestReport) => void) => {
  const { registry, labels } = resolve('requestDurations', options)
  const histogram = histogramOf(registry)
  const { aws_kinesis_stream_name: stream = '', ...producer } = labels
  const own = { ...labelsOf(attributes), ...producer, messaging_destination_name: stream }
  return ({ duration, errorCode }) => {
    histogram.observe(
      errorCode === undefined ? own : { ...own, error_type: errorCode },
      duration / 1000,
    )
  }
}
