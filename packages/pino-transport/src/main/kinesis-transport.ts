import { EventEmitter } from 'node:events'
import { MAX_TIMEOUT_MS, onExitSignal } from '@kinesis-producer/core/adapter/rules'
import { MAX_EXIT_MS, type PinoKinesisOptions, resolveLineOptions } from '../options.js'
import { linesLost, sayOnStderr } from '../report.js'
import type { ErrorReport, TransportStats } from '../transport.js'
import { type DroppedReport, LossReporter } from '../undelivered/loss-reporter.js'
import { callers } from './callers.js'
import { checkGiven } from './check-given.js'
import { type Fallback, fallbackWriter } from './fallback.js'
import { type KinesisTransportHelperOptions, resolveHelperOptions } from './helper-options.js'
import { Levels, type PinoConfig, pinoConfigOf } from './levels.js'
import { type Delivery, LineCounts, summed } from './line-counts.js'
import { ask, closeWithoutAnswer, type WorkerStream } from './messages.js'
import { ended, OtherTargets, passOnEvents } from './other-targets.js'
import { startKinesis, startOthers } from './start.js'
import { timeoutOr } from './timeout.js'

const MINUTE_MS = 60_000
/** What an answer may take beyond the work itself. */
const MARGIN_MS = 1000
const STATS_MS = 1000
/** What the main thread holds for a worker that cannot keep up; without a bound it would grow to 512 MiB. */
const MAX_BACKLOG = 64 * 1024 * 1024

/** Events of a `KinesisTransport`. */
export interface KinesisTransportEvents {
  'kinesis:dropped': [DroppedReport]
  'kinesis:error': [ErrorReport]
  'kinesis:stats': [TransportStats]
  /** The worker died; it was started again, or its lines go to the fallback from now on. */
  'kinesis:worker': [
    { readonly error: Error; readonly restarted: boolean; readonly atRisk: number },
  ]
  /** The options are wrong: said once, at the start. */
  error: [Error]
  /** What is to be said to the transports in the workers; pino emits it. @internal */
  message: [unknown]
}

// A logger nobody holds is collected, and its worker ends with lines in it. These are held.
const alive = new Set<KinesisTransport>()
/**
 * The first of the exit's listeners: Pino's, which comes later, ends the workers one after another, and each has to
 * wait for those before. So all of them begin to close before one is waited for.
 */
const beginExit = (): void => {
  for (const one of alive) one.handOver()
  for (const one of alive) one.closeAtExit()
}
const atExit = (): void => {
  for (const one of alive) one.sayLosses()
}

/**
 * Pino's transport to Kinesis, looked after from the main thread: it is never garbage-collected
 * before it is closed, outlives the death of its worker, and can be awaited. Give it to `pino` as
 * its stream. Make it with `createKinesisTransport`.
 */
export class KinesisTransport extends EventEmitter<KinesisTransportEvents> {
  readonly #startKinesis: () => WorkerStream
  readonly #others: OtherTargets | undefined
  readonly #levels: Levels
  readonly #names: readonly unknown[]
  readonly #restarts: number
  readonly #closeTimeout: number
  readonly #flushTimeout: number
  readonly #fallback: Fallback
  readonly #writeFallback: (line: string) => boolean
  readonly #forgetSignals: () => void
  readonly #deaths: number[] = []
  #worker: WorkerStream | undefined
  /** Not started yet: it is not known what the name of a level means. */
  #waits = false
  #config: PinoConfig | undefined
  #everReady = false
  #closing: Promise<Delivery> | undefined
  #exits = false
  readonly #counts = new LineCounts()
  /** What the main thread may still hold of the worker's lines, in UTF-16 units. */
  #backlog = 0
  readonly #streamName: string
  /** Lines that reached no worker. */
  readonly #unsent: LossReporter

  constructor(options: PinoKinesisOptions, helper: KinesisTransportHelperOptions = {}) {
    super()
    const { signals, restarts, fallback } = resolveHelperOptions(helper)
    const levels = new Levels(options.levels, helper.levels, helper.customLevels)
    this.#levels = levels
    this.#names = [options.minLevel, helper.level, ...(helper.targets ?? []).map(t => t.level)]
    // All but the levels, whose names the logger may tell later.
    const { closeTimeout, flushTimeout } = resolveLineOptions({ ...options, minLevel: undefined })
    checkGiven(options)
    this.#closeTimeout = closeTimeout
    this.#flushTimeout = flushTimeout
    this.#restarts = restarts
    this.#fallback = fallback
    this.#writeFallback = fallbackWriter(this.#fallback)
    const caller = callers()
    // Often, since the losses of a dying worker are counted by what it said last.
    const often = { ...options, statsInterval: options.statsInterval ?? STATS_MS }
    this.#startKinesis = () =>
      startKinesis({ options: often, helper, caller, levels: levels.custom })
    this.#streamName = String(options.streamArn ?? options.streamName)
    this.#unsent = new LossReporter(this.#streamName, report =>
      this.emit('kinesis:dropped', report),
    )
    this.on('message', message => this.#post(message))
    if (levels.know(this.#names)) this.#worker = this.#begin()
    else this.#waits = true
    this.#others = new OtherTargets({
      start: () => startOthers({ options, helper, caller, levels: levels.custom }),
      restarts,
      emit: (name, args) => this.#passOn(name, args),
      greet: worker => this.#greet(worker),
    })
    this.#forgetSignals = onExitSignal({
      close: () => this.#shutDown(),
      flush: () => this.flush(),
      timeoutMs: Math.min(this.#closeTimeout + 3 * MARGIN_MS, MAX_TIMEOUT_MS),
      signals,
    })
    if (alive.size === 0) process.prependListener('exit', beginExit).on('exit', atExit)
    alive.add(this)
  }

  /** What pino knows a stream by. */
  get writable(): boolean {
    return true
  }

  /** Takes a line from pino. Never throws, never waits. */
  write(line: string): void {
    this.#others?.write(line)
    if (this.#waits) this.#beginLate()
    const worker = this.#worker
    // While it closes, or the process ends, a line would come after the worker's last word.
    if (worker === undefined || !worker.writable || this.#closing !== undefined || this.#exits) {
      this.#fallBack(line)
      return
    }
    if (!worker.writableNeedDrain) this.#backlog = 0
    else if (this.#backlog > MAX_BACKLOG) {
      this.#unsent.add('bufferFull')
      return
    }
    try {
      worker.write(line)
      this.#counts.given(line)
      this.#backlog += line.length
    } catch {
      // It is dying; its end is handled by its events.
      this.#fallBack(line)
    }
  }

  /**
   * Without an argument that is a function: resolves when all lines so far are delivered, or at the
   * timeout, with several targets and pipelines too. Pino calls it with a callback. Never rejects.
   * @param timeout milliseconds, up to `Infinity`; `flushTimeout` by default
   */
  flush(timeout?: number): Promise<Delivery>
  flush(callback: (error?: Error) => void): void
  flush(argument?: number | ((error?: Error) => void)): Promise<Delivery> | undefined {
    if (typeof argument === 'function') {
      this.#flush(this.#flushTimeout).then(
        () => argument(),
        () => argument(),
      )
      return undefined
    }
    return this.#flush(timeoutOr(argument, this.#flushTimeout))
  }

  /** Hands all lines to the worker, synchronously; pino calls it at `fatal`. */
  flushSync(): void {
    this.#others?.flushSync()
    try {
      this.#worker?.flushSync()
    } catch {
      // The worker is gone or does not take them; its end is handled by its events.
    }
  }

  /** The worker's stats; undefined while there is no worker or it does not answer. */
  async stats(): Promise<TransportStats | undefined> {
    const worker = this.#worker
    const answers = worker && (await ask(worker, 'stats', undefined, 0, MARGIN_MS))
    return answers?.find(isStats)
  }

  /**
   * Delivers what it can within the timeout and ends the worker. What is left is told on standard
   * error, and put into the dead letter file if there is one. Idempotent; never rejects.
   * @param timeout milliseconds, up to `Infinity`; `closeTimeout` by default
   */
  close(timeout: number = this.#closeTimeout): Promise<Delivery> {
    return (this.#closing ??= this.#close(timeoutOr(timeout, this.#closeTimeout)))
  }

  /** Pino's word for `close`. */
  end(): void {
    void this.close()
  }

  /** The process ends: the worker gets all lines, and later ones go to the fallback. @internal */
  handOver(): void {
    this.#exits = true
    this.flushSync()
  }

  /** The worker begins to close, and nobody waits for it yet. @internal */
  closeAtExit(): void {
    if (this.#worker === undefined || this.#closing !== undefined) return
    const timeout = Math.min(this.#closeTimeout, MAX_EXIT_MS)
    closeWithoutAnswer(this.#worker, this.#counts.bytes, timeout)
  }

  /** What was lost without reaching a worker, on standard error; the worker says the rest. @internal */
  sayLosses(): void {
    this.#unsent.report()
    const sentence = linesLost(this.#streamName, this.#unsent.losses)
    if (sentence !== undefined) sayOnStderr(sentence)
  }

  #fallBack(line: string): void {
    if (this.#writeFallback(line)) this.#counts.fellBack()
    else this.#unsent.add('noWorker')
  }

  /** A signal ends the process: lines that are logged meanwhile are delivered too. */
  async #shutDown(): Promise<void> {
    const until = performance.now() + this.#closeTimeout
    await this.#flush(this.#closeTimeout)
    await this.close(Math.max(1, until - performance.now()))
  }

  async #flush(timeout: number): Promise<Delivery> {
    const worker = this.#worker
    const { lines } = this.#counts
    const answers =
      worker && (await ask(worker, 'flush', this.#counts.bytes, timeout, timeout + MARGIN_MS))
    return this.#result(worker, answers, lines)
  }

  async #close(timeout: number): Promise<Delivery> {
    const worker = this.#worker
    const { lines } = this.#counts
    const answers =
      worker && (await ask(worker, 'close', this.#counts.bytes, timeout, timeout + MARGIN_MS))
    const { remaining, ...result } = this.#result(worker, answers, lines)
    if (worker !== undefined && remaining > 0)
      sayOnStderr(
        `pino-transport for Kinesis stream ${this.#streamName}: ` +
          (answers === undefined
            ? `the worker gave no answer; up to ${remaining} log lines it held are lost`
            : `up to ${remaining} log lines are lost on their way to it, or in the steps of the pipeline`),
      )
    this.#worker = undefined
    this.#forgetSignals()
    alive.delete(this)
    if (alive.size === 0) process.off('exit', beginExit).off('exit', atExit)
    await Promise.all([
      worker !== undefined && !worker.destroyed ? ended(worker) : undefined,
      this.#others?.end(),
    ])
    this.sayLosses()
    return { ...result, remaining: 0, dropped: result.dropped + remaining }
  }

  /**
   * What the worker answered, or else what is known.
   * @param lines what it was given when it was asked: it may have answered before they came
   */
  #result(
    worker: WorkerStream | undefined,
    answers: readonly object[] | undefined,
    lines: number,
  ): Delivery {
    let remaining = this.#counts.unknown
    if (worker === this.#worker && answers !== undefined && answers.length > 0) {
      const sum = summed(answers)
      this.#counts.tell(sum)
      remaining = sum.uncounted
        ? Math.max(sum.remaining, this.#counts.missing(lines))
        : sum.remaining
    }
    return this.#counts.delivery(remaining, this.#unsent.losses.count)
  }

  /** What others say to the transports in the worker: pino its configuration, users what they like. */
  #post(message: unknown): void {
    const config = pinoConfigOf(message)
    if (config !== undefined) {
      this.#config = config
      this.#levels.learn(config)
      if (this.#waits) this.#beginLate()
      else this.#worker?.emit('message', message)
    } else this.#worker?.emit('message', message)
    this.#others?.post(message)
  }

  #greet(worker: WorkerStream): void {
    if (this.#config !== undefined) worker.emit('message', this.#config)
  }

  #passOn(name: string, args: readonly unknown[]): void {
    // An `error` without a listener would end the process, and these are ours.
    if (name === 'error' || name === 'message' || name.startsWith('kinesis:')) return
    // oxlint-disable-next-line typescript/unbound-method -- it is called on this
    Reflect.apply(EventEmitter.prototype.emit, this, [name, ...args])
  }

  #begin(): WorkerStream {
    const worker = this.#startKinesis()
    this.#counts.begin()
    let over = false
    const onEnd = (error: Error): void => {
      if (over) return
      over = true
      if (worker === this.#worker) this.#ended(error)
    }
    worker.on('error', onEnd)
    // Without a listener here, a worker that runs out of memory ends the whole process.
    worker.worker.on('error', onEnd)
    worker.once('ready', () => {
      this.#everReady = true
    })
    worker.on('kinesis:dropped', (report: DroppedReport) => this.emit('kinesis:dropped', report))
    worker.on('kinesis:error', (report: ErrorReport) => this.emit('kinesis:error', report))
    worker.on('kinesis:stats', (stats: TransportStats) => {
      if (worker === this.#worker) {
        const { delivered, lost, filtered } = stats
        this.#counts.tell({ delivered, dropped: lost, filtered })
      }
      this.emit('kinesis:stats', stats)
    })
    passOnEvents(worker, (name, args) => this.#passOn(name, args))
    this.#greet(worker)
    return worker
  }

  #beginLate(): void {
    this.#waits = false
    this.#worker = this.#beginAgain()
  }

  #beginAgain(): WorkerStream | undefined {
    try {
      return this.#begin()
    } catch {
      // No thread to be had: the lines go to the fallback, as if it had died too often.
      return undefined
    }
  }

  #ended(error: Error): void {
    if (this.#closing !== undefined && this.#everReady) return
    const atRisk = this.#counts.end()
    this.#worker = undefined
    if (!this.#everReady) {
      // Options it cannot start with will not get better by trying.
      this.#unsent.add('noWorker', atRisk)
      sayOnStderr(`pino-transport for Kinesis could not start: ${error.message}`)
      if (this.listenerCount('error') > 0) this.emit('error', error)
      return
    }
    this.#counts.lost(atRisk)
    const now = Date.now()
    this.#deaths.push(now)
    while ((this.#deaths[0] ?? now) < now - MINUTE_MS) this.#deaths.shift()
    if (this.#deaths.length <= this.#restarts) this.#worker = this.#beginAgain()
    const restarted = this.#worker !== undefined
    const next = restarted ? 'it is started again' : `lines go to ${placeOf(this.#fallback)} now`
    sayOnStderr(
      `pino-transport for Kinesis: the worker died (${error.message}); up to ${atRisk} log lines it held are lost; ${next}`,
    )
    this.emit('kinesis:worker', { error, restarted, atRisk })
  }
}

const placeOf = (fallback: Fallback): string =>
  typeof fallback === 'string' ? fallback : fallback.file

const isStats = (value: object): value is TransportStats =>
  'delivered' in value && 'streamName' in value
