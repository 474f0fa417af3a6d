import { ConfigError, checkOptionNames, show } from '@kinesis-producer/core/adapter'
import type { Chunker, Encoded } from './encoding/chunker.js'
import type { ReadableLogRecordLike } from './log-record.js'
import { type KinesisLogOptions, LOG_OPTION_NAMES, milliseconds } from './options.js'
import { errorType, Pipeline } from './pipeline.js'
import { quietly } from './quietly.js'

export interface KinesisLogRecordProcessorOptions extends KinesisLogOptions {
  /**
   * Logs below this severity number are not for this processor; 0: all are.
   * @default 0
   */
  readonly minimumSeverity?: number | undefined
  /**
   * Longest time `forceFlush` takes, in milliseconds.
   * @default 25000
   */
  readonly flushTimeout?: number | undefined
}

const NAME = 'KinesisLogRecordProcessor'
const OPTIONS: readonly string[] = [...LOG_OPTION_NAMES, 'minimumSeverity', 'flushTimeout']
/** Longest time a log waits for others to share its chunk; the producer's own linger comes after. */
const CHUNK_LINGER_MS = 50

/**
 * Puts logs straight into a producer: no second queue, no exporter that is asked for one batch at a
 * time. A log is encoded when it is emitted, so later changes of its body do no harm. Bounded by
 * bytes; when there is no more room the oldest logs go, counted and told.
 */
export class KinesisLogRecordProcessor {
  readonly #pipeline: Pipeline
  readonly #chunker: Chunker
  readonly #minimumSeverity: number
  readonly #flushTimeout: number
  #linger: NodeJS.Timeout | undefined
  #shutdown: Promise<void> | undefined

  /** @throws {ConfigError} naming the option that is missing, unknown or wrong */
  constructor(options: KinesisLogRecordProcessorOptions) {
    checkOptionNames(NAME, options, OPTIONS)
    this.#minimumSeverity = severity(options.minimumSeverity ?? 0)
    this.#flushTimeout = milliseconds(NAME, 'flushTimeout', options.flushTimeout, 25_000)
    this.#pipeline = new Pipeline(NAME, options, OPTIONS, { whenFull: 'dropOldest' })
    const { metrics } = this.#pipeline
    this.#chunker = this.#pipeline.chunker(
      encoded => this.#send(encoded),
      () => metrics.ended(1, 'oversize'),
    )
  }

  /** Never throws and never waits. */
  onEmit(log: ReadableLogRecordLike): void {
    if (this.#shutdown !== undefined || !this.enabled(log)) return
    this.#pipeline.metrics.begun(1)
    this.#chunker.add(log, this.#pipeline.keyOf(log))
    this.#linger ??= this.#later()
  }

  /** What a logger asks before it makes a log at all. */
  enabled({ severityNumber }: { readonly severityNumber?: number | undefined }): boolean {
    return severityNumber === undefined || severityNumber === 0
      ? true
      : severityNumber >= this.#minimumSeverity
  }

  /** Sends everything now and waits, at most `flushTimeout`. Never rejects. */
  async forceFlush(): Promise<void> {
    this.#handOver()
    try {
      await quietly(() => this.#pipeline.producer.drain(this.#flushTimeout))
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
    this.#handOver()
    await this.#pipeline.close(this.#pipeline.shutdownTimeout)
  }

  #later(): NodeJS.Timeout {
    return quietly(() => setTimeout(() => this.#handOver(), CHUNK_LINGER_MS).unref())
  }

  /** All chunks that are being filled go to the producer. */
  #handOver(): void {
    clearTimeout(this.#linger)
    this.#linger = undefined
    this.#chunker.flush()
  }

  #send(encoded: Encoded): void {
    const { metrics } = this.#pipeline
    quietly(() => {
      this.#pipeline.put(encoded).then(
        () => metrics.ended(encoded.logs),
        (error: unknown) => metrics.ended(encoded.logs, errorType(error)),
      )
    })
  }
}

const severity = (value: number): number => {
  if (Number.isInteger(value) && value >= 0 && value <= 24) return value
  throw new ConfigError(
    `${NAME}: minimumSeverity must be a severity number, 0 to 24, not ${show(value)}`,
  )
}
