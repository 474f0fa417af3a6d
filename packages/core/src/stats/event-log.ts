import type { Logger } from '../config/options.js'
import type { DropReason } from '../record/dropped.js'
import type { Verdict } from '../settling/classify.js'
import type { Timers } from '../time/timers.js'

/** Least time between two warnings of one kind: the first is seen at once, a storm as a count. */
const WARNING_INTERVAL_MS = 30_000

type Level = 'warn' | 'error'

/** Where warnings go when nobody gave a logger: a loss may be unwanted news, never no news. */
const PROCESS_WARNINGS: Logger = {
  debug: () => {},
  info: () => {},
  warn: message => process.emitWarning(message, 'KinesisProducerWarning'),
  error: message => process.emitWarning(message, 'KinesisProducerWarning'),
}

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The events of a producer's life, in words, for people. Programs read stats. */
export class EventLog {
  readonly #logger: Logger
  readonly #stream: string
  readonly #timers: Timers
  readonly #verbose: boolean
  readonly #kinds = new Map<string, { at: number; suppressed: number }>()

  constructor(logger: Logger | false | undefined, stream: string, timers: Timers) {
    this.#logger = logger === false ? SILENT : (logger ?? PROCESS_WARNINGS)
    // Without a logger nobody reads these: do not even put the words together.
    this.#verbose = logger !== false && logger !== undefined
    this.#stream = stream
    this.#timers = timers
  }

  success(records: number): void {
    if (this.#verbose) this.#say('debug', `success: ${records} records stored`)
  }

  partial(stored: number, failed: number, codes: ReadonlyMap<string, number>): void {
    const list = [...codes].map(([code, count]) => `${code} ${count}`).join(', ')
    this.#warn(
      'warn',
      'partial',
      `partial success: ${stored} records stored, ${failed} refused (${list})`,
    )
  }

  requeued(records: number): void {
    if (this.#verbose) this.#say('info', `re-enqueued: ${records} records will be tried again`)
  }

  dropped(reason: DropReason, error: unknown): void {
    const cause = error instanceof Error ? `: ${error.message}` : ''
    this.#warn('error', `dropped ${reason}`, `dropped: a record was given up (${reason}${cause})`)
  }

  requestError(verdict: Verdict, error: unknown, records: number, inARow: number): void {
    const words = error instanceof Error ? error.message : String(error)
    const what = `request error: ${verdict.code} for ${records} records (${inARow} in a row): ${words}`
    if (verdict.action === 'pause') {
      this.#warn(
        'error',
        `pause ${verdict.code}`,
        `${what}; paused, records are kept: mend it and sending resumes by itself`,
      )
    } else this.#warn('warn', `request ${verdict.code}`, what)
  }

  refused(message: string): void {
    this.#warn('warn', 'refused', `refused: ${message}`)
  }

  aggregationRefused(): void {
    this.#warn(
      'error',
      'aggregation refused',
      'packing kpl is off: the stream distributes its records itself (RecordDistributionStrategy AUTO), where ' +
        'consumers silently drop aggregated records; records are sent one by one. Use packing concat instead',
    )
  }

  unchecked(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error)
    this.#warn(
      'warn',
      'unchecked',
      `packing kpl: could not ask whether the stream allows aggregated records (needs kinesis:DescribeStreamSummary): ${words}`,
    )
  }

  shardsUnknown(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error)
    this.#warn(
      'warn',
      'shards unknown',
      `packing kpl by shard: could not list the shards (needs kinesis:ListShards), so records are packed by key: ${words}`,
    )
  }

  callbackThrew(callback: string, error: unknown): void {
    this.#warn(
      'error',
      `threw ${callback}`,
      `${callback} threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }

  #warn(level: Level, kind: string, message: string): void {
    const now = this.#timers.now()
    const known = this.#kinds.get(kind)
    if (known !== undefined && now - known.at < WARNING_INTERVAL_MS) {
      known.suppressed++
      return
    }
    this.#kinds.set(kind, { at: now, suppressed: 0 })
    const more =
      known !== undefined && known.suppressed > 0
        ? ` (and ${known.suppressed} more like it since the last message)`
        : ''
    this.#say(level, message + more)
  }

  #say(level: keyof Logger, message: string): void {
    try {
      this.#logger[level](`kinesis producer ${this.#stream}: ${message}`)
    } catch {
      // A logger that fails must not stop the records; there is nowhere left to report it.
    }
  }
}
