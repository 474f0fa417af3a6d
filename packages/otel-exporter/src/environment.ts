import {
  DEFAULT_MAX_RECORD_BYTES,
  MAX_TIMEOUT_MS,
  show,
  targetOf,
} from '@kinesis-producer/core/adapter'
import { diag } from '@opentelemetry/api'
import { ENCODINGS } from './encoding/encoder.js'
import type { KinesisLogRecordExporterOptions } from './exporter.js'
import { MAX_NAME, type PartitionKey } from './options.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Is told of each variable whose value is wrong and therefore ignored. */
export type Warn = (message: string) => void

/** Options of the SDK's `BatchLogRecordProcessor`, by its names. */
export interface BatchProcessorOptions {
  scheduledDelayMillis?: number
  exportTimeoutMillis?: number
  maxQueueSize?: number
  maxExportBatchSize?: number
}

export const PREFIX = 'OTEL_EXPORTER_KINESIS_'
const ANY_ROLE = 'arn:aws:iam::123456789012:role/any'
const COMPRESSIONS = ['none', 'gzip']

const toDiag: Warn = message => diag.warn(message)

/**
 * The exporter's options as the environment has them: `OTEL_EXPORTER_KINESIS_STREAM_NAME`,
 * `_STREAM_ARN`, `_REGION`, `_ENDPOINT`, `_ROLE_ARN`,
 * `_ROLE_SESSION_NAME`, `_EXTERNAL_ID`, `_ENCODING`, `_COMPRESSION` (`gzip`), `_PARTITION_KEY`
 * (`random`, `traceId`, `resource:service.name`), `_TIMEOUT`, `_SHUTDOWN_TIMEOUT` and
 * `_BUFFER_BYTES`. Credentials, and the region if it is not named, are what the AWS SDK finds
 * (`AWS_*`). A value that is wrong is ignored, with a warning: a program must not end for it. (A wrong stream or
 * role is left to the component, which refuses it: there is nothing to write to, or another identity
 * would write.)
 */
export const exporterOptionsFromEnvironment = (
  env: Environment = process.env,
  warn: Warn = toDiag,
): KinesisLogRecordExporterOptions => {
  const read = new Variables(env, warn)
  const streamArn = read.text(`${PREFIX}STREAM_ARN`)
  const streamName = read.text(`${PREFIX}STREAM_NAME`)
  if (streamArn !== undefined && streamName !== undefined)
    warn(`${PREFIX}STREAM_NAME is ignored, since ${PREFIX}STREAM_ARN is set`)
  const compression = read.oneOf(`${PREFIX}COMPRESSION`, COMPRESSIONS)
  const options: Record<string, unknown> = {
    streamName: streamArn === undefined ? streamName : undefined,
    streamArn,
    region: read.ofTarget(`${PREFIX}REGION`, 'region'),
    endpoint: read.ofTarget(`${PREFIX}ENDPOINT`, 'endpoint'),
    // Never ignored: then another identity would write. A wrong one is refused.
    roleArn: read.text(`${PREFIX}ROLE_ARN`),
    roleSessionName: read.ofRole(`${PREFIX}ROLE_SESSION_NAME`, 'roleSessionName'),
    externalId: read.ofRole(`${PREFIX}EXTERNAL_ID`, 'externalId'),
    encoding: read.oneOf(`${PREFIX}ENCODING`, ENCODINGS),
    partitionKey: read.partitionKey(`${PREFIX}PARTITION_KEY`),
    exportTimeout: read.whole(`${PREFIX}TIMEOUT`, 1, MAX_TIMEOUT_MS),
    shutdownTimeout: read.whole(`${PREFIX}SHUTDOWN_TIMEOUT`, 1, MAX_TIMEOUT_MS),
    bufferBytes: read.whole(
      `${PREFIX}BUFFER_BYTES`,
      DEFAULT_MAX_RECORD_BYTES,
      Number.MAX_SAFE_INTEGER,
    ),
    packing: compression === 'gzip' ? { kind: 'concat', compression } : undefined,
  }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/**
 * `OTEL_BLRP_SCHEDULE_DELAY`, `_EXPORT_TIMEOUT`, `_MAX_QUEUE_SIZE` and `_MAX_EXPORT_BATCH_SIZE`, which
 * the SDK's batch processor does not read by itself. A value that is wrong, such as a batch of 0,
 * with which the SDK would never end, is ignored, with a warning.
 */
export const batchOptionsFromEnvironment = (
  env: Environment = process.env,
  warn: Warn = toDiag,
): BatchProcessorOptions => {
  const read = new Variables(env, warn)
  const options: BatchProcessorOptions = {}
  const delay = read.whole('OTEL_BLRP_SCHEDULE_DELAY', 0, MAX_TIMEOUT_MS)
  const timeout = read.whole('OTEL_BLRP_EXPORT_TIMEOUT', 1, MAX_TIMEOUT_MS)
  const queue = read.whole('OTEL_BLRP_MAX_QUEUE_SIZE', 1, Number.MAX_SAFE_INTEGER)
  const batch = read.whole('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE', 1, Number.MAX_SAFE_INTEGER)
  if (delay !== undefined) options.scheduledDelayMillis = delay
  if (timeout !== undefined) options.exportTimeoutMillis = timeout
  if (queue !== undefined) options.maxQueueSize = queue
  if (batch !== undefined) options.maxExportBatchSize = batch
  return options
}

/** Reads variables; a value that makes no sense is told, and counts as not given. */
class Variables {
  readonly #env: Environment
  readonly #warn: Warn

  constructor(env: Environment, warn: Warn) {
    this.#env = env
    this.#warn = warn
  }

  text(name: string): string | undefined {
    return this.#env[name]?.trim() || undefined
  }

  oneOf(name: string, allowed: readonly string[]): string | undefined {
    const value = this.text(name)
    if (value === undefined || allowed.includes(value)) return value
    return this.#wrong(name, `one of ${allowed.join(', ')}`)
  }

  /** A value that the rules for this option take, whatever the others are. */
  ofTarget(name: string, option: string, others: object = {}): string | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    try {
      targetOf(name, { streamName: 'any', ...others, [option]: value })
      return value
    } catch (error) {
      const why = error instanceof Error ? error.message : show(error)
      this.#warn(`${name} is ignored: ${why.replace(`${name}: ${option}`, 'it')}`)
      return undefined
    }
  }

  /** An option that needs a role. */
  ofRole(name: string, option: string): string | undefined {
    if (this.text(name) === undefined || this.text(`${PREFIX}ROLE_ARN`) !== undefined)
      return this.ofTarget(name, option, { roleArn: ANY_ROLE })
    this.#warn(`${name} is ignored, since ${PREFIX}ROLE_ARN is not set`)
    return undefined
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
    if (number >= min && number <= max) return number
    return this.#wrong(name, `a whole number, ${min} to ${max}`)
  }

  partitionKey(name: string): PartitionKey | undefined {
    const value = this.text(name)
    if (value === undefined || value === 'random' || value === 'traceId') return value
    const resource = value.startsWith('resource:') ? value.slice('resource:'.length).trim() : ''
    return resource === '' || resource.length > MAX_NAME
      ? this.#wrong(
          name,
          `random, traceId or resource:<attribute> (${MAX_NAME} characters at most)`,
        )
      : { resource }
  }

  #wrong(name: string, expected: string): undefined {
    this.#warn(`${name} is ignored: it must be ${expected}, not ${show(this.text(name))}`)
  }
}
