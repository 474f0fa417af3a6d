import type { Logger } from '@kinesis-producer/core'
import {
  KeptOnDiskError,
  LossTally,
  lossReasonOfError,
  lossSentence,
  WarningLimiter,
} from '@kinesis-producer/core/adapter'

/** How long losses of one kind are put together before they are told. */
const GATHER_MS = 100

/**
 * Every log that is not delivered, whatever the reason: counted here, told at most once in a while
 * for each reason, and in one sentence at the end.
 */
export class Losses {
  readonly #where: string
  readonly #stream: string
  readonly #logger: Logger
  readonly #tally = new LossTally()
  readonly #limiter = new WarningLimiter(() => performance.now())
  /** Not told yet, by reason. */
  readonly #fresh = new Map<string, { logs: number; message: string }>()
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(where: string, stream: string, logger: Logger) {
    this.#where = where
    this.#stream = stream
    this.#logger = logger
  }

  add(reason: string, logs: number, message: string): void {
    this.#tally.add(reason, logs)
    const known = this.#fresh.get(reason)
    if (known === undefined) this.#fresh.set(reason, { logs, message })
    else known.logs += logs
    // Nobody may be there to see a timer.
    if (this.#isOver) return this.#tell()
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS).unref()
  }

  /** @param error what `put` was rejected with */
  addError(error: unknown, logs: number): void {
    // On disk, for the next process: that is not lost.
    if (error instanceof KeptOnDiskError) return
    this.add(
      lossReasonOfError(error),
      logs,
      error instanceof Error ? error.message : 'the reason is unknown',
    )
  }

  /** Says all there is to say. @param note what may help */
  end(note: string): void {
    this.#isOver = true
    this.#tell()
    const sentence = lossSentence({
      where: this.#where,
      stream: this.#stream,
      unit: ['log', 'logs'],
      losses: this.#tally,
      notes: [note],
    })
    if (sentence !== undefined) this.#logger.error(sentence)
    this.#tally.clear()
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const [reason, { logs, message }] of this.#fresh) {
      // What the end leaves over is told by its sentence.
      if (reason === 'closed') continue
      const more = this.#limiter.allows(`dropped ${reason}`, logs)
      if (more === undefined) continue
      const rest = more === 0 ? '' : ` (and ${more} more since the last message)`
      this.#logger.error(
        `${this.#where} for Kinesis stream ${this.#stream}: ${logs} ${logs === 1 ? 'log was' : 'logs were'} dropped (${reason}): ${message}${rest}`,
      )
    }
    this.#fresh.clear()
  }
}
