import { type OpenMetricsContentType, type Registry, register } from 'prom-client'
import { checkKeys, checkMethods, checkText } from '../config/check.js'
import { ConfigError } from '../errors/errors.js'
import { prometheusName } from '../stats/metrics.js'

/** A registry of prom-client, of either format. */
export type AnyRegistry = Registry | Registry<OpenMetricsContentType>

/** Where metrics are kept, and what tells the producers in them apart. */
export interface PrometheusOptions {
  /** The label `aws_kinesis_stream_name`. */
  readonly streamName: string
  /**
   * The label `kinesis_producer_name`. Producers of one stream need it to be told apart; without
   * it their figures are added up.
   * @default undefined
   */
  readonly producerName?: string | undefined
  /**
   * The registry whose metrics are served.
   * @default `register` of prom-client
   */
  readonly registry?: AnyRegistry | undefined
}

export interface ResolvedOptions {
  readonly registry: AnyRegistry
  readonly labels: Readonly<Record<string, string>>
}

const MAX_LABEL_CHARACTERS = 1024

/** Labels that tell producers apart. */
export const PRODUCER_LABELS: readonly string[] = [
  'aws_kinesis_stream_name',
  'kinesis_producer_name',
]

/** Attributes as labels. */
export const labelsOf = (attributes: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [prometheusName(name), value]),
  )

/** @throws {ConfigError} naming the option that is missing, unknown or wrong */
export const resolve = (where: string, options: PrometheusOptions): ResolvedOptions => {
  checkKeys(where, options, ['streamName', 'producerName', 'registry'])
  const text = (name: 'streamName' | 'producerName'): string | undefined =>
    checkText(`${where}: ${name}`, options[name], MAX_LABEL_CHARACTERS)
  const streamName = text('streamName')
  if (streamName === undefined)
    throw new ConfigError(`${where}: streamName is missing; it becomes a label of every metric`)
  const producerName = text('producerName')
  const registry = checkMethods<AnyRegistry>(`${where}: registry`, options.registry ?? undefined, [
    'registerMetric',
    'getSingleMetric',
  ])
  return {
    registry: registry ?? register,
    labels: {
      aws_kinesis_stream_name: streamName,
      ...(producerName !== undefined && { kinesis_producer_name: producerName }),
    },
  }
}
