import {
  type BatchProducer,
  ConfigError,
  type Logger,
  openProducer,
  type ProducerConfig,
  ProducerError,
  type SharedOptions,
} from '@kinesis-producer/core'
import { context, createContextKey, diag, ROOT_CONTEXT } from '@opentelemetry/api'
import { flatJson } from './flat-json.js'
import type { ExportResultLike, ReadableLogRecordLike } from './log-record.js'

export interface KinesisLogRecordExporterOptions extends SharedOptions {
  /**
   * Longest time an export may take, in milliseconds. Below the 30 s after which the SDK's batch
   * processor starts the next export beside this one.
   * @default 25000
   */
  readonly exportTimeout?: number | undefined
  /**
   * Longest time `shutdown` waits for deliveries, in milliseconds.
   * @default 10000
   */
  readonly shutdownTimeout?: number | undefined
}

const DEFAULTS: ProducerConfig = {
  batchSize: 500,
  bufferSize: 100_000,
  bufferBytes: 64 * 1024 * 1024,
  flushInterval: 200,
  whenFull: 'reject',
  requestTimeout: 10_000,
}

/** The SDK's own key for "make no spans of this": the same symbol in all its versions. */
const SUPPRESSED = ROOT_CONTEXT.setValue(
  createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING'),
  true,
)

/** Only to `diag`: anything else might come back as a log, and so for ever. */
const diagLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: message => diag.warn(message),
  error: message => diag.error(message),
}

/** Exports logs to a Kinesis data stream: one flat JSON line a log. Works under SDK 2.x and 3.x. */
export class KinesisLogRecordExporter {
  readonly #producer: BatchProducer
  readonly #release: () => void
  readonly #exportTimeout: number
  readonly #shutdownTimeout: number
  #shutdown: Promise<void> | undefined

  /** @throws {ConfigError} naming the option that is missing, unknown or wrong */
  constructor(options: KinesisLogRecordExporterOptions) {
    const opened = openProducer(
      'KinesisLogRecordExporter',
      options,
      ['exportTimeout', 'shutdownTimeout'],
      {
        ...DEFAULTS,
        logger: diagLogger,
      },
    )
    this.#producer = opened.producer
    this.#release = opened.release
    this.#exportTimeout = milliseconds('exportTimeout', options.exportTimeout, 25_000)
    this.#shutdownTimeout = milliseconds('shutdownTimeout', options.shutdownTimeout, 10_000)
    this.#quietly(() => this.#producer.start())
  }

  /** Never throws; calls back once, with success only when every log is delivered. */
  export(
    logs: readonly ReadableLogRecordLike[],
    resultCallback: (result: ExportResultLike) => void,
  ): void {
    this.#export(logs).then(
      () => resultCallback({ code: 0 }),
      (error: unknown) =>
        resultCallback({
          code: 1,
          error: error instanceof Error ? error : new Error(String(error)),
        }),
    )
  }

  /** Hurries everything out and waits, at most `exportTimeout`. Never rejects: a batch processor would be dead for good. */
  async forceFlush(): Promise<void> {
    try {
      await this.#quietly(() => this.#producer.drain(this.#exportTimeout))
    } catch {
      // Shut down meanwhile: that has flushed, or is flushing.
    }
  }

  /** Delivers what it can within `shutdownTimeout` and says what it could not. Never rejects. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#close()
    return this.#shutdown
  }

  async #close(): Promise<void> {
    const { leftover } = await this.#quietly(() => this.#producer.close(this.#shutdownTimeout))
    if (leftover.length > 0)
      diag.error(
        `KinesisLogRecordExporter: ${leftover.length} logs were not delivered within shutdownTimeout ${this.#shutdownTimeout} ms`,
      )
    this.#release()
  }

  async #export(logs: readonly ReadableLogRecordLike[]): Promise<void> {
    if (this.#shutdown !== undefined)
      throw named('already_shutdown', 'export(): the exporter was shut down')
    let failed = 0
    let first: unknown
    const deliveries = this.#quietly(() =>
      logs.map(async log => {
        try {
          await this.#producer.put(flatJson(log))
        } catch (error) {
          failed++
          first ??= error
        }
      }),
    )
    // No linger: the batch processor sends nothing else until this batch is answered.
    await this.forceFlush()
    if (this.#producer.stats().remaining > 0) await this.#untilDeadline(Promise.all(deliveries))
    else await Promise.all(deliveries)
    if (failed > 0) {
      const name = first instanceof ProducerError ? first.code.toLowerCase() : 'export_failed'
      throw named(name, `${failed} of ${logs.length} logs were not delivered`, first)
    }
  }

  /** The drain has used the time; what is delivered is known after one more turn. */
  async #untilDeadline(deliveries: Promise<unknown>): Promise<void> {
    const late = Symbol('late')
    const turn = new Promise<symbol>(resolve => setImmediate(() => resolve(late)))
    if ((await Promise.race([deliveries, turn])) === late) {
      throw named(
        'timeout',
        `logs were not delivered within exportTimeout ${this.#exportTimeout} ms; the producer keeps trying`,
      )
    }
  }

  /** Runs the producer's work outside the caller's trace: no spans of ours in the user's traces. */
  #quietly<T>(work: () => T): T {
    return context.with(SUPPRESSED, work)
  }
}

/** `error.name` becomes the metric attribute `error.type`, so it is short and of few values. */
const named = (name: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { name })

const milliseconds = (option: string, value: number | undefined, fallback: number): number => {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value
  throw new ConfigError(
    `KinesisLogRecordExporter: ${option} must be a whole number of milliseconds above 0, not ${String(value)}`,
  )
}
