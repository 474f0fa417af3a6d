import {
  type BatchProducer,
  DeliveryError,
  type Leftover,
  type Logger,
  type PackingConfig,
  type ProducerConfig,
  ProducerError,
  type RequestReport,
} from '@kinesis-producer/core'
import {
  abandon,
  checkFunction,
  checkMethods,
  checkOneOf,
  LogKeys,
  maxDataBytes,
  openProducer,
} from '@kinesis-producer/core/adapter'
import { Chunker, type Encoded } from './encoding/chunker.js'
import type { EncoderOptions, Encoding, LogEncoder } from './encoding/encoder.js'
import { FlatJsonEncoder } from './encoding/flat-json.js'
import { OtlpJsonEncoder } from './encoding/otlp-json.js'
import { OtlpProtoEncoder } from './encoding/otlp-proto.js'
import type { ReadableLogRecordLike } from './log-record.js'
import { Losses } from './losses.js'
import { ExporterMetrics, SCOPE_NAME } from './metrics/exporter-metrics.js'
import { bindProducerMetrics } from './metrics/producer-metrics.js'
import {
  DEFAULT_SHUTDOWN_TIMEOUT_MS,
  encodingOf,
  type KinesisLogOptions,
  LOG_BUFFER_BYTES,
  LOG_DEFAULTS,
  milliseconds,
  OVERSIZE,
  partitionKeyOf,
} from './options.js'
import { diagLogger, inLogs, quietly } from './quietly.js'

/** What exporter and processor are made of: logs in, records of a producer out. */
export class Pipeline {
  readonly producer: BatchProducer
  readonly stream: string
  readonly metrics: ExporterMetrics
  readonly shutdownTimeout: number
  readonly bufferBytes: number
  /** Where this package reports; `logger: false` silences the producer alone. */
  readonly #logger: Logger
  readonly #encoder: LogEncoder
  readonly #oversize: 'truncate' | 'drop'
  readonly #keyOf: (log: ReadableLogRecordLike) => string | undefined
  readonly #release: () => void
  readonly #unbind: () => void
  /** In logs; the producer knows of chunks alone. */
  readonly #losses: Losses
  readonly #told = new Set<string>()
  readonly #where: string

  /** @throws {ConfigError} naming the option that is missing, unknown or wrong */
  constructor(
    where: string,
    options: KinesisLogOptions,
    ownNames: readonly string[],
    defaults: ProducerConfig,
  ) {
    this.#where = where
    const given = options.logger ?? diagLogger
    this.#logger = isLogger(given) ? given : diagLogger
    const encoding = encodingOf(where, options)
    this.#oversize = checkOneOf(`${where}: oversize`, options.oversize ?? 'truncate', OVERSIZE)
    const keys = new LogKeys({
      where,
      warn: message => this.#logger.warn(message),
      repaired: () => this.metrics.keyRepaired(),
    })
    this.#keyOf = partitionKeyOf(where, options.partitionKey, keys)
    this.shutdownTimeout = milliseconds(
      where,
      'shutdownTimeout',
      options.shutdownTimeout,
      DEFAULT_SHUTDOWN_TIMEOUT_MS,
    )
    this.#encoder = encoderOf(encoding, { shortened: part => this.#shortened(part) })
    this.bufferBytes =
      typeof options.bufferBytes === 'number' ? options.bufferBytes : LOG_BUFFER_BYTES
    const packing = packingOf(options.packing, this.#encoder)
    const provider = checkMethods(
      `${where}: selfObsMeterProvider`,
      options.selfObsMeterProvider ?? undefined,
      ['getMeter'],
    )
    const theirs = checkFunction(`${where}: onRequest`, options.onRequest ?? undefined)
    const onRequest = (request: RequestReport): unknown => {
      this.metrics.requested(request.duration / 1000, request.errorCode)
      return theirs?.(request)
    }
    const opened = openProducer(
      where,
      { ...options, packing, onRequest, logger: isLogger(given) ? inLogs(given) : given },
      ownNames,
      { ...LOG_DEFAULTS, ...defaults },
    )
    this.#losses = new Losses(where, opened.stream, this.#logger)
    this.producer = opened.producer
    this.stream = opened.stream
    this.#release = opened.release
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
    return this.#chunker(this.#encoder, full, tooLarge)
  }

  #chunker(
    encoder: LogEncoder,
    full: (encoded: Encoded) => void,
    tooLarge: (bytes: number) => void,
  ): Chunker {
    return new Chunker({
      encoder,
      maxBytes: key => maxDataBytes(this.producer, key),
      oversize: this.#oversize,
      full,
      shortened: () => this.#shortened('log'),
      tooLarge: bytes => {
        this.#losses.add('tooLarge', 1, `a log of ${bytes} bytes is too large for a record`)
        tooLarge(bytes)
      },
      endless: () => this.endless(1),
    })
  }

  /** For logs that are encoded again: OTLP protobuf carries all that a log may hold. */
  protoChunker(full: (encoded: Encoded) => void, tooLarge: () => void): Chunker {
    return this.#chunker(
      new OtlpProtoEncoder({ shortened: part => this.#shortened(part) }),
      full,
      tooLarge,
    )
  }

  /** Logs emitted by reading logs that were emitted by reading logs, and so on. */
  endless(logs: number): void {
    this.lost('endless', logs, 'to read a log emits a log, without an end')
    this.metrics.ended(logs, 'endless')
  }

  /** Logs that never reached the producer. */
  lost(reason: string, logs: number, message: string): void {
    this.#losses.add(reason, logs, message)
  }

  /** Never throws, whatever the log is. */
  keyOf(log: ReadableLogRecordLike): string | undefined {
    try {
      return this.#keyOf(log)
    } catch {
      return undefined
    }
  }

  #shortened(part: 'log' | 'resource' | 'scope'): void {
    this.metrics.truncated(part)
    this.#tell(
      part,
      `a ${part} was too large for a record (${maxDataBytes(this.producer)} bytes) and was shortened`,
    )
  }

  /** Once of a kind: how often it happens is told by metrics. */
  #tell(kind: string, what: string): void {
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    this.#logger.warn(`${this.#where}: ${what}; more of them are only counted`)
  }

  /**
   * Admits a chunk; resolves when it is delivered. By itself it keeps no process alive. Every log
   * that the producer does not deliver is counted here, whatever the reason.
   */
  async put({ data, logs, partitionKey }: Encoded): Promise<void> {
    try {
      await this.producer.put(data, partitionKey, { keepAlive: false })
    } catch (error) {
      this.#losses.addError(error, logs)
      throw error
    }
  }

  /** Closes at once, says what was lost so far, and hands back what is left. */
  abandon(): readonly Leftover[] {
    const left = quietly(() => abandon(this.producer))
    this.#losses.end('at the end of the process')
    return left
  }

  /**
   * Delivers what it can within the time and says how many logs were lost, these and earlier ones.
   * @param leftMs what is left of `shutdownTimeout`
   */
  async close(leftMs: number): Promise<void> {
    // To the producer, 0 is no deadline.
    await quietly(() => this.producer.close(Math.max(1, Math.ceil(leftMs))))
    this.#unbind()
    this.#release()
    this.#losses.end(`shutdownTimeout is ${this.shutdownTimeout} ms`)
  }
}

const encoderOf = (encoding: Encoding, options: EncoderOptions): LogEncoder => {
  switch (encoding) {
    case 'otlp-proto':
      return new OtlpProtoEncoder(options)
    case 'otlp-json':
      return new OtlpJsonEncoder(options)
    case 'json':
      return new FlatJsonEncoder(options)
  }
}

/** Chunks are joined as their encoding has it: a line feed between protobuf messages would be part of one. */
const packingOf = (
  packing: PackingConfig | undefined,
  { terminator }: LogEncoder,
): PackingConfig | undefined =>
  !isGiven(packing) || (packing.kind === 'concat' && !isGiven(packing.terminator))
    ? // A chunk holds several lines, as it is meant to.
      { kind: 'concat', ...packing, terminator, embeddedTerminator: 'admit' }
    : packing

const isGiven = <T>(value: T | null | undefined): value is T =>
  value !== undefined && value !== null

/** Anything else is refused by the producer, by name. */
const isLogger = (logger: unknown): logger is Logger =>
  typeof logger === 'object' &&
  logger !== null &&
  ['debug', 'info', 'warn', 'error'].every(
    level => typeof Reflect.get(logger, level) === 'function',
  )

/** Short, and of few values: it becomes the metric attribute `error.type`. */
export const errorType = (error: unknown): string => {
  if (error instanceof DeliveryError) {
    const { reason, attempts } = error
    const own = reason === 'rejected' || reason === 'maxAttempts' || reason === 'retryTimeout'
    return (own ? attempts.at(-1)?.code : undefined) ?? reason
  }
  if (error instanceof Error && error.name === 'oversize') return error.name
  return error instanceof ProducerError ? error.code.toLowerCase() : 'export_failed'
}
