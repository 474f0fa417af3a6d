import type { DroppedRecord, Leftover, RecordData } from '@kinesis-producer/core'
import { type DeadLetter, DeadLetterFile } from './dead-letter-file.js'

/** Payload of `kinesis:dropped`: what was given up since the last one. */
export interface DroppedReport {
  readonly streamName: string
  readonly count: number
  readonly reasons: Readonly<Record<string, number>>
  /** How many of them are in the dead letter file. */
  readonly deadLettered: number
  /** Why the last of them failed. */
  readonly error?: string
}

export interface UndeliveredTotals {
  readonly count: number
  readonly reasons: Readonly<Record<string, number>>
  readonly deadLettered: number
}

interface Undeliverable {
  readonly data: RecordData
  readonly partitionKey?: string | undefined
  readonly explicitHashKey?: string | undefined
  readonly reason: string
  readonly attempts: number
  readonly error?: unknown
  readonly possiblyDelivered?: boolean
}

const REPORT_EVERY_MS = 1000
const WARN_EVERY_MS = 30_000

/** Where every line ends that is not delivered: counted by reason, told, and kept in a file if wanted. */
export class Undelivered {
  readonly #streamName: string
  readonly #file: DeadLetterFile | undefined
  readonly #tell: (report: DroppedReport) => void
  readonly #totals = new Map<string, number>()
  #count = 0
  #sinceReport = new Map<string, number>()
  #lettersAtReport = 0
  #lastError: string | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #warn: (message: string) => void
  #lostLetters = 0
  #whyLost = ''
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(
    streamName: string,
    file: { readonly path: string; readonly maxBytes: number } | undefined,
    tell: (report: DroppedReport) => void,
    warn: (message: string) => void,
  ) {
    this.#streamName = streamName
    this.#tell = tell
    this.#warn = warn
    if (file !== undefined)
      this.#file = new DeadLetterFile(file.path, file.maxBytes, (letters, why) => {
        this.#lostLetters += letters
        this.#whyLost = why
        const now = performance.now()
        if (now < this.#warnedAt + WARN_EVERY_MS) return
        this.#warnedAt = now
        this.#warnOfLostLetters()
      })
  }

  get file(): string | undefined {
    return this.#file?.path
  }

  dropped(dropped: DroppedRecord): void {
    const { record, reason, error, attempts, possiblyDelivered } = dropped
    // In a flood this is called for every line: without a file, count and no more.
    if (this.#file === undefined) this.#note(reason, error)
    else this.#add({ ...record, reason, error, possiblyDelivered, attempts: attempts.length })
  }

  /** What a deadline left behind when the transport was closed. */
  leftover(records: readonly Leftover[]): void {
    for (const record of records) this.#add({ ...record, reason: 'closed', attempts: 0 })
  }

  tooLarge(data: string, partitionKey: string | undefined): void {
    this.#add({ data, partitionKey, reason: 'tooLarge', attempts: 0 })
  }

  totals(): UndeliveredTotals {
    this.#file?.flush()
    return {
      count: this.#count,
      reasons: Object.fromEntries(this.#totals),
      deadLettered: this.#file?.written ?? 0,
    }
  }

  /** Tells what was not told yet, and writes what was not written. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#sinceReport.size === 0) return
    const { deadLettered } = this.totals()
    const reasons = Object.fromEntries(this.#sinceReport)
    this.#tell({
      streamName: this.#streamName,
      count: [...this.#sinceReport.values()].reduce((sum, one) => sum + one, 0),
      reasons,
      deadLettered: deadLettered - this.#lettersAtReport,
      ...(this.#lastError !== undefined && { error: this.#lastError }),
    })
    this.#lettersAtReport = deadLettered
    this.#sinceReport = new Map()
  }

  /** The last word: also of what a warning was too soon for. */
  end(): void {
    this.flush()
    this.totals()
    this.#warnOfLostLetters()
  }

  #warnOfLostLetters(): void {
    if (this.#lostLetters > 0)
      this.#warn(`${this.#lostLetters} dead letters are lost: ${this.#whyLost}`)
    this.#lostLetters = 0
  }

  #add(lost: Undeliverable): void {
    this.#note(lost.reason, lost.error)
    this.#file?.add(letterOf(lost))
  }

  #note(reason: string, error: unknown): void {
    this.#count++
    this.#totals.set(reason, (this.#totals.get(reason) ?? 0) + 1)
    this.#sinceReport.set(reason, (this.#sinceReport.get(reason) ?? 0) + 1)
    if (error instanceof Error) this.#lastError = error.message
    // Not one event a line: an outage would flood the main thread.
    this.#timer ??= setTimeout(() => this.flush(), REPORT_EVERY_MS).unref()
  }
}

const letterOf = (lost: Undeliverable): DeadLetter => ({
  time: new Date().toISOString(),
  reason: lost.reason,
  attempts: lost.attempts,
  ...(lost.possiblyDelivered === true && { possiblyDelivered: true as const }),
  ...(lost.error instanceof Error && { error: lost.error.message }),
  ...(lost.partitionKey !== undefined && { partitionKey: lost.partitionKey }),
  ...(lost.explicitHashKey !== undefined && { explicitHashKey: lost.explicitHashKey }),
  data: typeof lost.data === 'string' ? lost.data : Buffer.from(lost.data).toString('utf8'),
})
