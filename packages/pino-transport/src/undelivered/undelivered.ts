import type { DroppedRecord, Leftover, RecordData } from '@kinesis-producer/core'
import {
  type LossReason,
  type LossTally,
  WarningLimiter,
} from '@kinesis-producer/core/adapter/rules'
import { DeadLetterFile } from './dead-letter-file.js'
import type { Undeliverable } from './letter.js'
import { type DroppedReport, LossReporter } from './loss-reporter.js'

/** Where every line ends that is not delivered: counted by reason, told, and kept in a file if wanted. */
export class Undelivered {
  readonly #file: DeadLetterFile | undefined
  readonly #reporter: LossReporter
  readonly #warn: (message: string) => void
  readonly #warnings = new WarningLimiter(() => performance.now())
  #lostLetters = 0
  #whyLost = ''

  constructor(
    streamName: string,
    file: { readonly path: string; readonly maxBytes: number } | undefined,
    tell: (report: DroppedReport) => void,
    warn: (message: string) => void,
  ) {
    this.#reporter = new LossReporter(streamName, tell, () => this.deadLettered)
    this.#warn = warn
    if (file !== undefined)
      this.#file = new DeadLetterFile(file.path, file.maxBytes, (letters, why) => {
        this.#lostLetters += letters
        this.#whyLost = why
        if (this.#warnings.allows('dead letters') !== undefined) this.#warnOfLostLetters()
      })
  }

  /** All lines that were not delivered. */
  get losses(): LossTally {
    return this.#reporter.losses
  }

  /** How many of them are in the file: it is written now. */
  get deadLettered(): number {
    this.#file?.flush()
    return this.#file?.written ?? 0
  }

  /** The producer gave up a line that it had admitted. */
  dropped(dropped: DroppedRecord): void {
    const { record, reason, error, attempts, possiblyDelivered } = dropped
    // In a flood this is called for every line: without a file, count and no more.
    if (this.#file === undefined) this.#reporter.add(reason, 1, error)
    else this.#add({ ...record, reason, error, possiblyDelivered, attempts: attempts.length })
  }

  /** What a deadline left behind when the transport was closed. */
  leftover(records: readonly Leftover[]): void {
    for (const record of records) this.#add({ ...record, reason: 'closed', attempts: 0 })
  }

  /** The producer did not admit a line. */
  refused(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    reason: LossReason,
    error?: unknown,
  ): void {
    this.#add({ data, partitionKey, explicitHashKey, reason, error, attempts: 0 })
  }

  /** Tells what was not told yet, and writes what was not written. */
  flush(): void {
    this.#reporter.report()
    this.#file?.flush()
  }

  /** The last word: also of what a warning was too soon for. */
  end(): void {
    this.flush()
    this.#warnOfLostLetters()
  }

  #warnOfLostLetters(): void {
    if (this.#lostLetters > 0)
      this.#warn(`${this.#lostLetters} dead letters are lost: ${this.#whyLost}`)
    this.#lostLetters = 0
  }

  #add(lost: Undeliverable): void {
    this.#reporter.add(lost.reason, 1, lost.error)
    this.#file?.add(lost)
  }
}
