import type { UserCallbacks } from '../callbacks/user-callbacks.js'
import type { Logger } from '../config/options.js'
import { boundedText, shownAs, textProperty } from '../errors/bounded-text.js'
import { boundedWords } from '../errors/bounded-words.js'
import type { DropReason } from '../record/dropped.js'
import type { WarningLimiter } from './warning-limiter.js'

/** Where warnings go when nobody gave a logger: losses are always reported. */
export const PROCESS_WARNINGS: Logger = {
  debug: () => {},
  info: () => {},
  warn: message => process.emitWarning(message, 'KinesisProducerWarning'),
  error: message => process.emitWarning(message, 'KinesisProducerWarning'),
}

/** A defect is told with its stack, in one line as all else. */
const MAX_DEFECT_CHARACTERS = 2000

/**
 * On a logger: records hold many logs. The messages then give no numbers of records, and drops are
 * told by the adapter, which knows how many logs they were.
 */
export const RECORDS_HOLD_LOGS: unique symbol = Symbol('records hold many logs')

type Level = 'warn' | 'error'

const counted = (records: number): string => (records === 1 ? '1 record' : `${records} records`)

/** The log messages of a producer, for people; programs read stats. */
export class EventLog {
  readonly #callbacks: UserCallbacks
  readonly #limiter: WarningLimiter
  readonly #stream: string
  readonly #verbose: boolean
  readonly #silent: boolean
  readonly #countsRecords: boolean
  /** Records dropped in this step, by reason. */
  readonly #drops = new Map<DropReason, { count: number; message: string | undefined }>()

  /** @param logger `false`: silent; left out: warnings only */
  constructor(
    callbacks: UserCallbacks,
    limiter: WarningLimiter,
    stream: string,
    logger: Logger | false | undefined,
  ) {
    this.#callbacks = callbacks
    this.#limiter = limiter
    this.#stream = stream
    this.#silent = logger === false
    this.#countsRecords = !logger || Reflect.get(logger, RECORDS_HOLD_LOGS) !== true
    // Without a logger nobody reads these, so they are not even built.
    this.#verbose = logger !== false && logger !== undefined
  }

  success(records: number): void {
    if (this.#verbose) this.#say('debug', `success: ${records} records stored`)
  }

  noDeadline(): void {
    if (this.#verbose)
      this.#say(
        'info',
        'requestTimeout is 0: a request that is never answered holds its records until close()',
      )
  }

  partial(stored: number, failed: number, codes: ReadonlyMap<string, number>): void {
    const list = [...codes]
      .slice(0, 5)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ')
    this.#warn(
      'warn',
      'partial',
      this.#countsRecords
        ? `partial success: ${stored} records stored, ${failed} refused (${list})`
        : `partial success: some logs were refused (${list})`,
    )
  }

  requeued(records: number): void {
    if (this.#verbose) this.#say('info', `re-enqueued: ${records} records will be tried again`)
  }

  /** Counted here and told when the step is over: a thousand records are one message. */
  dropped(reason: DropReason, message: string | undefined): void {
    if (!this.#countsRecords) return
    const known = this.#drops.get(reason)
    if (known === undefined) this.#drops.set(reason, { count: 1, message })
    else known.count++
  }

  /** Whether something is to be told at the end of the step. */
  get waiting(): boolean {
    return this.#drops.size > 0
  }

  /** Stage at the end of a step. */
  stepEnded(): void {
    if (this.#drops.size === 0) return
    for (const [reason, { count, message }] of this.#drops) {
      const cause = message === undefined ? '' : `: ${message}`
      const what = count === 1 ? '1 record was given up' : `${count} records were given up`
      this.#warn('error', `dropped ${reason}`, `dropped: ${what} (${reason}${cause})`, count)
    }
    this.#drops.clear()
  }

  /** @param pauses whether an operator has to mend something */
  requestError(
    code: string,
    pauses: boolean,
    message: string,
    records: number,
    inARow: number,
  ): void {
    // The name that every error has says nothing.
    const name = code === 'Error' ? 'request error' : `request error: ${code}`
    const what = `${name} for ${this.#count(records)} (${inARow} in a row): ${message}`
    if (pauses) {
      this.#warn('error', `pause ${code}`, `${what}; ${this.#paused}`)
    } else this.#warn('warn', `request ${code}`, what)
  }

  /** Records that the service refuses one by one until an operator has mended something. */
  recordsPaused(code: string, records: number, message: string): void {
    this.#warn(
      'error',
      `pause ${code}`,
      `${code} for ${this.#count(records)}: ${message}; ${this.#paused}`,
    )
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
    this.#warn(
      'warn',
      'unchecked',
      `packing kpl: could not ask whether the stream allows aggregated records (needs kinesis:DescribeStreamSummary): ${boundedWords(error)}`,
    )
  }

  shardsUnknown(error: unknown): void {
    this.#warn(
      'warn',
      'shards unknown',
      `packing kpl by shard: could not list the shards (needs kinesis:ListShards); until that succeeds, records are packed by what is known of them, or by key: ${boundedWords(error)}`,
    )
  }

  /** What the spool has to say. */
  spool(kind: string, message: string): void {
    this.#warn('error', `spool ${kind}`, message)
  }

  spoolNews(message: string): void {
    if (this.#verbose) this.#say('info', message)
  }

  /** It threw, or the promise that it returned was rejected. */
  callbackFailed(callback: string, error: unknown): void {
    this.#warn('error', `threw ${callback}`, `${callback} threw: ${boundedWords(error)}`)
  }

  /** The worker of the producer died. */
  workerDied(message: string): void {
    this.#warn('error', 'worker', message)
  }

  /** A message of the pipeline in the worker, which limits its own. */
  passOn(level: keyof Logger, message: string): void {
    if (!this.#silent) this.#callbacks.log(level, message)
  }

  /** Something threw that should not: a defect of this package. */
  unexpected(error: unknown): void {
    const words = textProperty(error, 'stack') ?? shownAs(error)
    this.#warn(
      'error',
      'unexpected',
      `unexpected error, records are kept: ${boundedText(words, MAX_DEFECT_CHARACTERS)}`,
    )
  }

  get #paused(): string {
    const what = this.#countsRecords ? 'records' : 'logs'
    return `paused, ${what} are kept: mend it and sending resumes by itself`
  }

  #count(records: number): string {
    return this.#countsRecords ? counted(records) : 'logs'
  }

  #warn(level: Level, kind: string, message: string, count = 1): void {
    if (this.#silent) return
    const more = this.#limiter.allows(kind, count)
    if (more === undefined) return
    this.#say(
      level,
      more === 0 ? message : `${message} (and ${more} more like it since the last message)`,
    )
  }

  #say(level: keyof Logger, message: string): void {
    this.#callbacks.log(level, `kinesis producer ${this.#stream}: ${message}`)
  }
}
