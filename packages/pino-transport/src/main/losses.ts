import { lossSentence } from '../report.js'
import type { DroppedReport } from '../undelivered/undelivered.js'

const REPORT_EVERY_MS = 1000

/** Lines that reached no worker: counted, told at most once a second, and said at the end. */
export class Losses {
  readonly #streamName: string
  readonly #tell: (report: DroppedReport) => void
  readonly #reasons = new Map<string, number>()
  #sinceReport = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(streamName: string, tell: (report: DroppedReport) => void) {
    this.#streamName = streamName
    this.#tell = tell
  }

  get count(): number {
    return total(this.#reasons)
  }

  add(reason: 'bufferFull' | 'noWorker', lines = 1): void {
    if (lines === 0) return
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + lines)
    this.#sinceReport.set(reason, (this.#sinceReport.get(reason) ?? 0) + lines)
    this.#timer ??= setTimeout(() => this.report(), REPORT_EVERY_MS).unref()
  }

  /** Tells what was not told yet. */
  report(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const reasons = Object.fromEntries(this.#sinceReport)
    const count = total(this.#sinceReport)
    this.#sinceReport = new Map()
    if (count > 0) this.#tell({ streamName: this.#streamName, count, reasons, deadLettered: 0 })
  }

  /** All of them in words; undefined if there are none. */
  sentence(): string | undefined {
    const reasons = Object.fromEntries(this.#reasons)
    return lossSentence(this.#streamName, { count: this.count, reasons, deadLettered: 0 })
  }
}

const total = (reasons: ReadonlyMap<string, number>): number =>
  [...reasons.values()].reduce((sum, one) => sum + one, 0)
