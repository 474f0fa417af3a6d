import type { Leftover } from '@kinesis-producer/core'
import { ConfigError, checkOptionNames, show } from '@kinesis-producer/core/adapter'
import { type Chunker, type Encoded, MAX_NESTED } from './encoding/chunker.js'
import { readProperty } from './encoding/values.js'
import type { ReadableLogRecordLike } from './log-record.js'
import { type KinesisLogOptions, LOG_OPTION_NAMES, milliseconds } from './options.js'
import { errorType, Pipeline } from './pipeline.js'
import { quietly } from './quietly.js'
import { WaitingLogs } from './waiting-logs.js'

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
/** Longest time a resource may take to find out its attributes, and no log of it is sent. */
const RESOURCE_WAIT_MS = 10_000

/**
 * Closes a processor at once and hands back what it holds, encoded: for a process that ends now.
 */
export let abandonLogs: (processor: KinesisLogRecordProcessor) => readonly Leftover[]

/**
 * Puts logs straight into a producer: no second queue, no exporter that is asked for one batch at a
 * time. A log is encoded when it is emitted, so later changes of its body do no harm. Bounded by
 * bytes; when there is no more room the oldest logs go, counted and told.
 */
export class KinesisLogRecordProcessor {
  readonly #pipeline: Pipeline
  readonly #chunker: Chunker
  readonly #waiting: WaitingLogs
  readonly #minimumSeverity: number
  readonly #flushTimeout: number
  #linger: NodeJS.Timeout | undefined
  #shutdown: Promise<void> | undefined
  /** Logs emitted within `onEmit`. */
  #depth = 0

  static {
    abandonLogs = processor => processor.#abandon()
  }

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
    this.#waiting = new WaitingLogs({
      chunker: full => this.#pipeline.protoChunker(full, () => metrics.ended(1, 'oversize')),
      release: log => this.#add(log),
      dropped: logs => {
        this.#pipeline.lost('bufferFull', logs, 'the resource of the logs waits for its attributes')
        metrics.ended(logs, 'bufferFull')
      },
      maxBytes: this.#pipeline.bufferBytes,
      waitMs: RESOURCE_WAIT_MS,
    })
  }

  /** Never throws and never waits. */
  onEmit(log: ReadableLogRecordLike): void {
    if (!this.enabled(log)) return
    this.#pipeline.metrics.begun(1)
    if (this.#shutdown !== undefined) return this.#refuse()
    // A key that is found out by logging would be asked for without an end.
    if (this.#depth > MAX_NESTED) return this.#pipeline.endless(1)
    this.#depth++
    try {
      if (!this.#waiting.takes(log)) this.#add(log)
    } finally {
      this.#depth--
    }
  }

  /** What a logger asks before it makes a log at all. */
  enabled(log: { readonly severityNumber?: number | undefined }): boolean {
    if (this.#minimumSeverity === 0) return true
    const severity = readProperty(log, 'severityNumber')
    // A severity that is none, NaN or text say, must not lose its log.
    return typeof severity === 'number' && severity > 0 ? severity >= this.#minimumSeverity : true
  }

  /** Sends everything now and waits, at most `flushTimeout`. Never rejects. */
  async forceFlush(): Promise<void> {
    if (this.#shutdown !== undefined) return this.#shutdown
    const until = performance.now() + this.#flushTimeout
    // Half of the time is for deliveries.
    await this.#waiting.settle(this.#flushTimeout / 2)
    this.#handOver()
    try {
      const left = Math.max(1, Math.ceil(until - performance.now()))
      await quietly(() => this.#pipeline.producer.drain(left))
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
    const { shutdownTimeout } = this.#pipeline
    const until = performance.now() + shutdownTimeout
    await this.#waiting.settle(shutdownTimeout / 2)
    this.#handOver()
    await this.#pipeline.close(until - performance.now())
  }

  #add(log: ReadableLogRecordLike): void {
    this.#chunker.add(log, this.#pipeline.keyOf(log))
    this.#linger ??= this.#later()
  }

  /** As specified, a log is ignored after the shutdown; but not in silence. */
  #refuse(): void {
    this.#pipeline.metrics.ended(1, 'already_shutdown')
    this.#pipeline.lost('notRunning', 1, 'the processor was shut down before')
  }

  #abandon(): readonly Leftover[] {
    this.#waiting.releaseAll()
    this.#handOver()
    this.#shutdown ??= Promise.resolve()
    return this.#pipeline.abandon()
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
