import { ConfigError, type ProducerConfig, type SharedOptions } from '@kinesis-producer/core'
import { ENCODINGS, type Encoding } from './encoding/encoder.js'
import type { ReadableLogRecordLike } from './log-record.js'
import type { MeterProviderLike } from './metrics/meter.js'

/** Where a log's partition key comes from. */
export type PartitionKey =
  | 'random'
  | 'traceId'
  | { readonly resource: string }
  | ((log: ReadableLogRecordLike) => string | undefined)

export const OVERSIZE = ['truncate', 'drop'] as const

/** Options that exporter and processor share, beside the producer's own. */
export interface KinesisLogOptions extends SharedOptions {
  /**
   * - `otlp-proto`: OTLP protobuf, the bytes of an `ExportLogsServiceRequest`.
   * - `otlp-json`: OTLP JSON, one line of it a chunk of logs.
   * - `json`: one flat JSON line a log.
   * @default 'otlp-proto'
   */
  readonly encoding?: Encoding | undefined
  /**
   * `random`: any shard. `traceId`: logs of a trace in one shard. `{ resource: 'service.name' }`:
   * by a resource attribute. Or a function of the log. A log for which there is none goes to any.
   * @default 'random'
   */
  readonly partitionKey?: PartitionKey | undefined
  /**
   * What to do with a log that is larger than a record: keep the beginning of its body with a mark,
   * or drop it. Both are counted.
   * @default 'truncate'
   */
  readonly oversize?: (typeof OVERSIZE)[number] | undefined
  /**
   * Longest time `shutdown` waits for deliveries, in milliseconds.
   * @default 10000
   */
  readonly shutdownTimeout?: number | undefined
  /** Where this component's own metrics go. @default none */
  readonly selfObsMeterProvider?: MeterProviderLike | undefined
}

export const LOG_OPTION_NAMES = [
  'encoding',
  'partitionKey',
  'oversize',
  'shutdownTimeout',
  'selfObsMeterProvider',
] as const

/** The producer's values for logs. */
export const LOG_DEFAULTS: ProducerConfig = {
  batchSize: 10,
  bufferSize: 100_000,
  bufferBytes: 64 * 1024 * 1024,
  flushInterval: 200,
  requestTimeout: 10_000,
}

/** @throws {ConfigError} */
export const oneOf = <T extends string>(
  where: string,
  option: string,
  value: string,
  allowed: readonly T[],
): T => {
  const found = allowed.find(candidate => candidate === value)
  if (found !== undefined) return found
  throw new ConfigError(
    `${where}: ${option} must be one of ${allowed.join(', ')}, not ${JSON.stringify(value)}`,
  )
}

export const encodingOf = (
  where: string,
  { encoding = 'otlp-proto' }: KinesisLogOptions,
): Encoding => oneOf(where, 'encoding', encoding, ENCODINGS)

/** @throws {ConfigError} */
export const milliseconds = (
  where: string,
  option: string,
  value: number | undefined,
  fallback: number,
): number => {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value
  throw new ConfigError(
    `${where}: ${option} must be a whole number of milliseconds above 0, not ${String(value)}`,
  )
}

const MAX_KEY_CHARACTERS = 256

/** Finds the partition key of a log; never throws, and never finds one that would be refused. */
export const partitionKeyOf = (
  where: string,
  option: PartitionKey = 'random',
): ((log: ReadableLogRecordLike) => string | undefined) => {
  if (option === 'random') return () => undefined
  if (option === 'traceId') return log => usable(log.spanContext?.traceId)
  if (typeof option === 'function') {
    return log => {
      try {
        return usable(option(log))
      } catch {
        return undefined
      }
    }
  }
  const name: unknown = Object(option).resource
  if (typeof name !== 'string')
    throw new ConfigError(
      `${where}: partitionKey must be 'random', 'traceId', { resource: 'attribute name' } or a function`,
    )
  return log => usable(Reflect.get(log.resource.attributes, name))
}

const usable = (found: unknown): string | undefined => {
  if (typeof found === 'number' || typeof found === 'boolean') return String(found)
  return typeof found === 'string' && found !== '' ? found.slice(0, MAX_KEY_CHARACTERS) : undefined
}
