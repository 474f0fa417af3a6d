import {
  type BatchProducer,
  DeliveryError,
  openProducer,
  type PackingConfig,
  type ProducerConfig,
  ProducerError,
  type RecordData,
  type RequestReport,
} from '@kinesis-producer/core'
import { diag } from '@opentelemetry/api'
import { Chunker, type Encoded } from './encoding/chunker.js'
import type { Encoding, LogEncoder } from './encoding/encoder.js'
import { FlatJsonEncoder } from './encoding/flat-json.js'
import { OtlpJsonEncoder } from './encoding/otlp-json.js'
import { OtlpProtoEncoder } from './encoding/otlp-proto.js'
import type { ReadableLogRecordLike } from './log-record.js'
import { ExporterMetrics, SCOPE_NAME } from './metrics/exporter-metrics.js'
import { bindProducerMetrics } from './metrics/producer-metrics.js'
import {
  encodingOf,
  type KinesisLogOptions,
  LOG_DEFAULTS,
  LOG_OPTION_NAMES,
  OVERSIZE,
  oneOf,
  partitionKeyOf,
} from './options.js'
import { diagLogger, quietly } from './quietly.js'

const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024
/** A partition key of 256 characters, the terminator, and what gzip may add at worst. */
const RESERVED_BYTES = 4096

/** What exporter and processor are made of: logs in, records of a producer out. */
export class Pipeline {
  readonly producer: BatchProducer
  readonly stream: string
  readonly metrics: ExporterMetrics
  readonly #encoder: LogEncoder
  readonly #maxBytes: number
  readonly #oversize: 'truncate' | 'drop'
  readonly #keyOf: (log: ReadableLogRecordLike) => string | undefined
  readonly #release: () => void
  readonly #unbind: () => void
  readonly #where: string
  /** How many logs a chunk holds; the producer knows of chunks alone. */
  readonly #logsOf = new WeakMap<Uint8Array, number>()

  /** @throws {ConfigError} naming the option that is missing, unknown or wrong */
  constructor(
    where: string,
    options: KinesisLogOptions,
    ownNames: readonly string[],
    defaults: ProducerConfig,
  ) {
    this.#where = where
    const encoding = encodingOf(where, options)
    this.#oversize = oneOf(where, 'oversize', options.oversize ?? 'truncate', OVERSIZE)
    this.#keyOf = partitionKeyOf(where, options.partitionKey)
    const maxRecordBytes =
      typeof options.maxRecordBytes === 'number' ? options.maxRecordBytes : DEFAULT_MAX_RECORD_BYTES
    this.#maxBytes = Math.max(maxRecordBytes - RESERVED_BYTES, Math.floor(maxRecordBytes / 2))
    this.#encoder = encoderOf(encoding, this.#maxBytes)
    const packing = packingOf(options.packing, this.#encoder)
    const onRequest = (request: RequestReport): void => {
      this.metrics.requested(request.duration / 1000, request.errorCode)
      options.onRequest?.(request)
    }
    const opened = openProducer(
      where,
      { ...options, packing, onRequest },
      [...LOG_OPTION_NAMES, ...ownNames],
      {
        ...LOG_DEFAULTS,
        logger: diagLogger,
        ...defaults,
      },
    )
    this.producer = opened.producer
    this.stream = opened.stream
    this.#release = opened.release
    const provider = options.selfObsMeterProvider
    this.metrics = new ExporterMetrics(where, opened.stream, provider)
    this.#unbind =
      provider === undefined
        ? () => {}
        : bindProducerMetrics(
            opened.producer,
            provider.getMeter(SCOPE_NAME),
            this.metrics.attributes,
          )
    quietly(() => this.producer.start())
  }

  /** Collects logs in chunks and hands them to `full`, as many as fit into a record at a time. */
  chunker(full: (encoded: Encoded) => void, tooLarge: (bytes: number) => void): Chunker {
    return new Chunker({
      encoder: this.#encoder,
      maxBytes: this.#maxBytes,
      oversize: this.#oversize,
      full,
      tooLarge,
    })
  }

  keyOf(log: ReadableLogRecordLike): string | undefined {
    return this.#keyOf(log)
  }

  /** Admits a chunk; resolves when it is delivered. By itself it keeps no process alive. */
  put({ data, logs, partitionKey }: Encoded): Promise<unknown> {
    this.#logsOf.set(data, logs)
    return this.producer.put(data, partitionKey, { keepAlive: false })
  }

  /** Delivers what it can within the time and says how many logs it could not. */
  async close(timeoutMs: number): Promise<void> {
    const { leftover } = await quietly(() => this.producer.close(timeoutMs))
    this.#unbind()
    this.#release()
    const logs = leftover.reduce((sum, { data }) => sum + this.#logsIn(data), 0)
    if (logs > 0)
      diag.error(
        `${this.#where}: ${logs} logs were not delivered within shutdownTimeout ${timeoutMs} ms`,
      )
  }

  #logsIn(data: RecordData): number {
    return typeof data === 'string' ? 0 : (this.#logsOf.get(data) ?? 0)
  }
}

const encoderOf = (encoding: Encoding, maxBytes: number): LogEncoder => {
  switch (encoding) {
    case 'otlp-proto':
      return new OtlpProtoEncoder(maxBytes)
    case 'otlp-json':
      return new OtlpJsonEncoder()
    case 'json':
      return new FlatJsonEncoder()
  }
}

/** Chunks are joined as their encoding has it: a line feed between protobuf messages would be part of one. */
const packingOf = (
  packing: PackingConfig | undefined,
  { terminator }: LogEncoder,
): PackingConfig | undefined =>
  packing === undefined || (packing.kind === 'concat' && packing.terminator === undefined)
    ? { kind: 'concat', ...packing, terminator }
    : packing

/** Short, and of few values: it becomes the metric attribute `error.type`. */
export const errorType = (error: unknown): string => {
  if (error instanceof DeliveryError) {
    const { reason, attempts } = error
    const own = reason === 'rejected' || reason === 'maxAttempts'
    return (own ? attempts.at(-1)?.code : undefined) ?? reason
  }
  if (error instanceof Error && error.name === 'oversize') return error.name
  return error instanceof ProducerError ? error.code.toLowerCase() : 'export_failed'
}
