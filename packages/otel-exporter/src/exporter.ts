import { checkOneOf, checkOptionNames } from '@kinesis-producer/core/adapter'
import { MAX_NESTED } from './encoding/chunker.js'
import { FlushBudget } from './flush-budget.js'
import type { ExportResultLike, ReadableLogRecordLike } from './log-record.js'
import { type KinesisLogOptions, LOG_OPTION_NAMES, milliseconds } from './options.js'
import { errorType, Pipeline } from './pipeline.js'
import { quietly } from './quietly.js'

export const ACKNOWLEDGE = ['delivered', 'buffered'] as const

export interface KinesisLogRecordExporterOptions extends KinesisLogOptions {
  /**
   * When an export is a success: when its logs are in the stream, or when the producer holds them.
   * `buffered` rides out longer outages than the processor's 30 s; what is lost then is told by
   * metrics and `diag` only.
   * @default 'delivered'
   */
  readonly acknowledge?: (typeof ACKNOWLEDGE)[number] | undefined
  /**
   * Longest time an export may take, in milliseconds. Below the 30 s after which the SDK's batch
   * processor starts the next export beside this one. While the SDK flushes or shuts down, all
   * exports together take `shutdownTimeout` at most. (SDKs that do not call `forceFlush`, such as
   * 0.200, export all at once then: `exportTimeout` and `shutdownTimeout` together.)
   * @default 25000
   */
  readonly exportTimeout?: number | undefined
}

const NAME = 'KinesisLogRecordExporter'
const OPTIONS: readonly string[] = [...LOG_OPTION_NAMES, 'acknowledge', 'exportTimeout']

/** What became of the logs of one export. */
interface Tally {
  failed: number
  first: unknown
}

/** Exports logs to a Kinesis data stream, under SDK 2.x and 3.x. */
export class KinesisLogRecordExporter {
  readonly #pipeline: Pipeline
  readonly #exportTimeout: number
  /** A flush has `shutdownTimeout`, as the SDK's shutdown begins with one. */
  readonly #budget: FlushBudget
  readonly #acknowledge: (typeof ACKNOWLEDGE)[number]
  #shutdown: Promise<void> | undefined
  /** Exports within exports: reading a log may emit another, which a simple processor exports at once. */
  #depth = 0

  /** @throws {ConfigError} naming the option that is missing, unknown or wrong */
  constructor(options: KinesisLogRecordExporterOptions) {
    checkOptionNames(NAME, options, OPTIONS)
    this.#acknowledge = checkOneOf(
      `${NAME}: acknowledge`,
      options.acknowledge ?? 'delivered',
      ACKNOWLEDGE,
    )
    this.#exportTimeout = milliseconds(NAME, 'exportTimeout', options.exportTimeout, 25_000)
    this.#pipeline = new Pipeline(NAME, options, OPTIONS, { whenFull: 'reject' })
    this.#budget = new FlushBudget(this.#pipeline.shutdownTimeout)
  }

  /**
   * Never throws; calls back once: with success when every log is delivered (or buffered, see
   * `acknowledge`), else with an error that has a name. May be called again before that.
   */
  export(
    logs: readonly ReadableLogRecordLike[],
    resultCallback: (result: ExportResultLike) => void,
  ): void {
    const { metrics } = this.#pipeline
    const startedAt = performance.now()
    const answer = (result: ExportResultLike): void => {
      metrics.exported((performance.now() - startedAt) / 1000, result.error?.name)
      resultCallback(result)
    }
    this.#export(logs).then(
      () => answer({ code: 0 }),
      (error: unknown) =>
        answer({ code: 1, error: error instanceof Error ? error : new Error(String(error)) }),
    )
  }

  /**
   * Hurries everything out and waits, at most `shutdownTimeout` together with the exports that the
   * SDK flushes. Never rejects: a batch processor would be dead for good.
   */
  async forceFlush(): Promise<void> {
    if (this.#shutdown !== undefined) return this.#shutdown
    const left = this.#budget.join()
    if (left > 0) await this.#budget.wait(left, signal => this.#drain(signal))
  }

  /** Delivers what it can within `shutdownTimeout` and says what it could not. Never rejects. */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#pipeline.close(this.#budget.join())
    return this.#shutdown
  }

  /** Sends everything at once and waits for it; whether all is settled. Never rejects. */
  async #drain(signal: AbortSignal): Promise<boolean> {
    try {
      const { remaining } = await quietly(() => this.#pipeline.producer.drain(0, { signal }))
      return remaining === 0
    } catch {
      // Shut down meanwhile: that has flushed, or is flushing.
      return this.#pipeline.producer.stats().remaining === 0
    }
  }

  async #export(logs: readonly ReadableLogRecordLike[]): Promise<void> {
    const { metrics } = this.#pipeline
    metrics.begun(logs.length)
    if (this.#shutdown !== undefined) {
      metrics.ended(logs.length, 'already_shutdown')
      this.#pipeline.lost('notRunning', logs.length, 'the exporter was shut down before')
      throw named('already_shutdown', 'export(): the exporter was shut down')
    }
    const tally: Tally = { failed: 0, first: undefined }
    if (this.#depth >= MAX_NESTED) {
      this.#pipeline.endless(logs.length)
      throw named('endless', 'export(): to read a log exports a log, without an end')
    }
    this.#depth++
    let deliveries: Promise<unknown>
    try {
      deliveries = quietly(() => this.#send(logs, tally))
    } finally {
      this.#depth--
    }
    if (this.#acknowledge === 'delivered') {
      await this.#budget.wait(this.#exportTimeout, async signal => {
        // No linger: the batch processor sends nothing else until this batch is answered.
        if (await this.#drain(signal)) await deliveries
        else await onTime(deliveries)
      })
    }
    if (tally.failed > 0) {
      throw named(
        errorType(tally.first),
        `${tally.failed} of ${logs.length} logs were not ${this.#acknowledge}`,
        tally.first,
      )
    }
  }

  /** Hands all logs to the producer at once; resolves when the outcome of each is known. */
  #send(logs: readonly ReadableLogRecordLike[], tally: Tally): Promise<unknown> {
    const { metrics } = this.#pipeline
    const deliveries: Promise<void>[] = []
    const settled = (count: number, error?: unknown): void => {
      if (error === undefined) return metrics.ended(count)
      tally.failed += count
      tally.first ??= error
      metrics.ended(count, errorType(error))
    }
    const chunker = this.#pipeline.chunker(
      encoded => {
        deliveries.push(
          this.#pipeline.put(encoded).then(
            () => settled(encoded.logs),
            (error: unknown) => settled(encoded.logs, error),
          ),
        )
      },
      bytes => settled(1, named('oversize', `a log of ${bytes} bytes is too large for a record`)),
    )
    for (const log of logs) chunker.add(log, this.#pipeline.keyOf(log))
    chunker.flush()
    return Promise.all(deliveries)
  }
}

/** The drain has used the time; what is delivered is known after one more turn. */
const onTime = async (deliveries: Promise<unknown>): Promise<void> => {
  const late = Symbol('late')
  const turn = new Promise<symbol>(resolve => setImmediate(() => resolve(late)))
  if ((await Promise.race([deliveries, turn])) === late)
    throw named('timeout', 'logs were not delivered in time; the producer keeps trying')
}

const named = (name: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { name })
