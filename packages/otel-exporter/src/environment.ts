import { ConfigError, show } from '@kinesis-producer/core/adapter'
import type { KinesisLogRecordExporterOptions } from './exporter.js'
import type { PartitionKey } from './options.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Options of the SDK's `BatchLogRecordProcessor`, by its names. */
export interface BatchProcessorOptions {
  scheduledDelayMillis?: number
  exportTimeoutMillis?: number
  maxQueueSize?: number
  maxExportBatchSize?: number
}

const PREFIX = 'OTEL_EXPORTER_KINESIS_'

/**
 * The exporter's options as the environment has them: `OTEL_EXPORTER_KINESIS_STREAM_NAME`,
 * `_STREAM_ARN`, `_REGION`, `_ENDPOINT`, `_ROLE_ARN`, `_ROLE_SESSION_NAME`, `_EXTERNAL_ID`, `_ENCODING`, `_COMPRESSION` (`gzip`), `_PARTITION_KEY`
 * (`random`, `traceId`, `resource:service.name`), `_TIMEOUT` and `_BUFFER_BYTES`. Credentials, and
 * the region if it is not named, are what the AWS SDK finds (`AWS_*`).
 * @throws {ConfigError} naming the variable
 */
export const exporterOptionsFromEnvironment = (
  env: Environment = process.env,
): KinesisLogRecordExporterOptions => {
  const text = (name: string): string | undefined => env[PREFIX + name]?.trim() || undefined
  const compression = text('COMPRESSION')
  if (compression !== undefined && compression !== 'none' && compression !== 'gzip')
    throw new ConfigError(`${PREFIX}COMPRESSION must be none or gzip, not ${show(compression)}`)
  const options: Record<string, unknown> = {
    streamName: text('STREAM_NAME'),
    streamArn: text('STREAM_ARN'),
    region: text('REGION'),
    endpoint: text('ENDPOINT'),
    roleArn: text('ROLE_ARN'),
    roleSessionName: text('ROLE_SESSION_NAME'),
    externalId: text('EXTERNAL_ID'),
    encoding: text('ENCODING'),
    partitionKey: partitionKeyFrom(text('PARTITION_KEY')),
    exportTimeout: wholeNumber(env, `${PREFIX}TIMEOUT`),
    bufferBytes: wholeNumber(env, `${PREFIX}BUFFER_BYTES`),
    packing: compression === 'gzip' ? { kind: 'concat', compression } : undefined,
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/**
 * `OTEL_BLRP_SCHEDULE_DELAY`, `_EXPORT_TIMEOUT`, `_MAX_QUEUE_SIZE` and `_MAX_EXPORT_BATCH_SIZE`, which
 * the SDK's batch processor does not read by itself.
 * @throws {ConfigError} naming the variable
 */
export const batchOptionsFromEnvironment = (
  env: Environment = process.env,
): BatchProcessorOptions => {
  const options: BatchProcessorOptions = {}
  const delay = wholeNumber(env, 'OTEL_BLRP_SCHEDULE_DELAY')
  const timeout = wholeNumber(env, 'OTEL_BLRP_EXPORT_TIMEOUT')
  const queue = wholeNumber(env, 'OTEL_BLRP_MAX_QUEUE_SIZE')
  const batch = wholeNumber(env, 'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE')
  if (delay !== undefined) options.scheduledDelayMillis = delay
  if (timeout !== undefined) options.exportTimeoutMillis = timeout
  if (queue !== undefined) options.maxQueueSize = queue
  if (batch !== undefined) options.maxExportBatchSize = batch
  return options
}

const partitionKeyFrom = (value: string | undefined): PartitionKey | undefined => {
  if (value === undefined || value === 'random' || value === 'traceId') return value
  if (value.startsWith('resource:')) return { resource: value.slice('resource:'.length) }
  throw new ConfigError(
    `${PREFIX}PARTITION_KEY must be random, traceId or resource:<attribute>, not ${show(value)}`,
  )
}

const wholeNumber = (env: Environment, name: string): number | undefined => {
  const value = env[name]?.trim()
  if (value === undefined || value === '') return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new ConfigError(`${name} must be a whole number, not ${show(value)}`)
}
