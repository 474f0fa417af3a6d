import { LossTally } from '@kinesis-producer/core/adapter/rules'

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

const REPORT_EVERY_MS = 1000

/** Counts lost lines by reason, and tells of them at most once a second. */
export class LossReporter {
  /** All of them. */
  readonly losses: LossTally = new LossTally()
  readonly #untold = new LossTally()
  readonly #streamName: string
  readonly #tell: (report: DroppedReport) => void
  readonly #lettersWritten: () => number
  #lettersTold = 0
  #lastError: string | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param lettersWritten how many dead letters were written so far */
  constructor(
    streamName: string,
    tell: (report: DroppedReport) => void,
    lettersWritten: () => number = () => 0,
  ) {
    this.#streamName = streamName
    this.#tell = tell
    this.#lettersWritten = lettersWritten
  }

  add(reason: string, lines = 1, error?: unknown): void {
    if (lines === 0) return
    this.losses.add(reason, lines)
    this.#untold.add(reason, lines)
    if (error instanceof Error) this.#lastError = error.message
    // Not one event a line: an outage would flood the main thread.
    this.#timer ??= setTimeout(() => this.report(), REPORT_EVERY_MS).unref()
  }

  /** Tells what was not told yet. */
  report(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { count } = this.#untold
    if (count === 0) return
    const written = this.#lettersWritten()
    const reasons = this.#untold.reasons()
    const deadLettered = written - this.#lettersTold
    this.#lettersTold = written
    this.#untold.clear()
    this.#tell({
      streamName: this.#streamName,
      count,
      reasons,
      deadLettered,
      ...(this.#lastError !== undefined && { error: this.#lastError }),
    })
  }
}
