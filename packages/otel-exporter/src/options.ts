import type { ProducerConfig } from '@kinesis-producer/core'
import {
  ConfigError,
  checkMilliseconds,
  checkOneOf,
  checkText,
  type LogKeys,
  RETRY_DEFAULTS,
  type SharedOptions,
  show,
} from '@kinesis-producer/core/adapter'
import { ENCODINGS, type Encoding } from './encoding/encoder.js'
import type { ReadableLogRecordLike } from './log-record.js'
import type { MeterProviderLike } from './metrics/meter.js'

/** Written as a method, so that a function of the SDK's own `ReadableLogRecord` fits as well. */
interface KeyFunction {
  keyOf(log: ReadableLogRecordLike): string | undefined
}

/** Where a log's partition key comes from. */
export type PartitionKey =
  | 'random'
  | 'traceId'
  | { readonly resource: string }
  | KeyFunction['keyOf']

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
   * What to do with a log that is larger than a record: shorten it, its longest text first and with a
   * mark, or drop it. Both are counted, and said once on `diag`.
   * @default 'truncate'
   */
  readonly oversize?: (typeof OVERSIZE)[number] | undefined
  /**
   * Longest time `shutdown` waits for deliveries, in milliseconds. Under the SDK's batch processor:
   * the longest time of the provider's whole `shutdown` or `forceFlush`.
   * @default 10000
   */
  readonly shutdownTimeout?: number | undefined
  /** Where this component's own metrics go. @default none */
  readonly selfObsMeterProvider?: MeterProviderLike | undefined
}

export const DEFAULT_SHUTDOWN_TIMEOUT_MS = 10_000

export const LOG_OPTION_NAMES = [
  'encoding',
  'partitionKey',
  'oversize',
  'shutdownTimeout',
  'selfObsMeterProvider',
] as const

export const LOG_BUFFER_BYTES: number = 64 * 1024 * 1024

/** The producer's values for logs. */
export const LOG_DEFAULTS: ProducerConfig = {
  ...RETRY_DEFAULTS,
  batchSize: 10,
  bufferSize: 100_000,
  bufferBytes: LOG_BUFFER_BYTES,
  flushInterval: 200,
  requestTimeout: 10_000,
}

/** @throws {ConfigError} */
export const encodingOf = (where: string, { encoding }: KinesisLogOptions): Encoding =>
  checkOneOf(`${where}: encoding`, encoding ?? 'otlp-proto', ENCODINGS)

/** @throws {ConfigError} */
export const milliseconds = (
  where: string,
  option: string,
  value: number | undefined,
  fallback: number,
): number => checkMilliseconds(`${where}: ${option}`, value ?? fallback, 1)

/** Longest name of an attribute: far more than any has. */
export const MAX_NAME: number = 4096

/** Finds the partition key of a log; never throws, and never finds one that would be refused. */
export const partitionKeyOf = (
  where: string,
  option: PartitionKey | undefined,
  keys: LogKeys,
): ((log: ReadableLogRecordLike) => string | undefined) => {
  const from = option ?? 'random'
  if (from === 'random') return () => undefined
  if (from === 'traceId') return log => keys.from(log.spanContext?.traceId)
  if (typeof from === 'function') {
    return log => {
      try {
        return keys.from(from(log))
      } catch {
        return undefined
      }
    }
  }
  const name = checkText(`${where}: partitionKey.resource`, resourceIn(from), MAX_NAME)
  if (name === undefined)
    throw new ConfigError(
      `${where}: partitionKey must be 'random', 'traceId', { resource: 'attribute name' } or a function, not ${show(from)}`,
    )
  return log => keys.from(Reflect.get(log.resource.attributes, name))
}

const resourceIn = (option: unknown): unknown =>
  typeof option === 'object' && option !== null && 'resource' in option
    ? option.resource
    : undefined
