import { EventEmitter } from 'node:events'
import { transport } from 'pino'
import {
  DEFAULT_CLOSE_TIMEOUT_MS,
  DEFAULT_FLUSH_TIMEOUT_MS,
  type PinoKinesisOptions,
} from '../options.js'
import { linesLost, sayOnStderr } from '../report.js'
import type { ErrorReport, TransportStats } from '../transport.js'
import { type DroppedReport, LossReporter } from '../undelivered/loss-reporter.js'
import { type Fallback, fallbackWriter } from './fallback.js'
import { type KinesisTransportHelperOptions, resolveHelperOptions } from './helper-options.js'
import { ask, isWorkerStream, type WorkerStream } from './messages.js'
import { onSignals } from './signals.js'

const TARGET = '@kinesis-producer/pino-transport'
const MINUTE_MS = 60_000
/** What an answer may take beyond the work itself. */
const MARGIN_MS = 1000
const END_MS = 2000
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
}

/** What a flush or a close achieved; counts are of this worker's whole life. */
export interface Delivery {
  readonly delivered: number
  /** Still waiting for delivery; after `close`: 0. */
  readonly remaining: number
  /** Given up, lines that reached no worker included. */
  readonly dropped: number
}

const NOTHING_TOLD = { delivered: 0, dropped: 0, filtered: 0 }

// A logger nobody holds is collected, and its worker ends with lines in it. These are held.
const alive = new Set<KinesisTransport>()
const atExit = (): void => {
  for (const one of alive) one.sayLosses()
}

/**
 * Pino's transport to Kinesis, looked after from the main thread: it is never garbage-collected
 * before it is closed, outlives the death of its worker, and can be awaited. Give it to `pino` as
 * its stream. Make it with `createKinesisTransport`.
 */
export class KinesisTransport extends EventEmitter<KinesisTransportEvents> {
  readonly #start: () => WorkerStream
  readonly #restarts: number
  readonly #closeTimeout: number
  readonly #flushTimeout: number
  readonly #fallback: Fallback
  readonly #writeFallback: (line: string) => boolean
  readonly #forgetSignals: () => void
  readonly #deaths: number[] = []
  #worker: WorkerStream | undefined
  #everReady = false
  #closing: Promise<Delivery> | undefined
  /** Lines given to this worker, and what it last said it had done with them. */
  #written = 0
  #told = NOTHING_TOLD
  /** What the main thread may still hold of them, in UTF-16 units. */
  #backlog = 0
  readonly #streamName: string
  /** Lines that reached no worker. */
  readonly #unsent: LossReporter

  constructor(options: PinoKinesisOptions, helper: KinesisTransportHelperOptions = {}) {
    super()
    const { signals, restarts, fallback } = resolveHelperOptions(helper)
    this.#closeTimeout = options.closeTimeout ?? DEFAULT_CLOSE_TIMEOUT_MS
    this.#flushTimeout = options.flushTimeout ?? DEFAULT_FLUSH_TIMEOUT_MS
    this.#restarts = restarts
    this.#fallback = fallback
    this.#writeFallback = fallbackWriter(this.#fallback)
    this.#start = () => {
      const stream = transport(transportOptions(options, helper))
      if (isWorkerStream(stream)) return stream
      throw new Error('pino.transport returned no stream with a worker; use pino 9 or later')
    }
    this.#streamName = String(options.streamArn ?? options.streamName)
    this.#unsent = new LossReporter(this.#streamName, report =>
      this.emit('kinesis:dropped', report),
    )
    this.#worker = this.#begin()
    this.#forgetSignals = onSignals(signals, () => this.close())
    if (alive.size === 0) process.on('exit', atExit)
    alive.add(this)
  }

  /** What pino knows a stream by. */
  get writable(): boolean {
    return true
  }

  /** Takes a line from pino. Never throws, never waits. */
  write(line: string): void {
    const worker = this.#worker
    // While it closes, a line would come after the worker's last word on what was lost.
    if (worker === undefined || worker.destroyed || this.#closing !== undefined) {
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
      this.#written++
      this.#backlog += line.length
    } catch {
      // It is dying; its end is handled by its events.
      this.#fallBack(line)
    }
  }

  /**
   * Without an argument that is a function: resolves when all lines so far are delivered, or at the
   * timeout, with several targets and pipelines too. Pino calls it with a callback. Never rejects.
   * @param timeout milliseconds; `flushTimeout` by default
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
    return this.#flush(argument ?? this.#flushTimeout)
  }

  /** Hands all lines to the worker, synchronously; pino calls it at `fatal`. */
  flushSync(): void {
    try {
      this.#worker?.flushSync()
    } catch {
      // The worker is gone or does not take them; its end is handled by its events.
    }
  }

  /** The worker's stats; undefined while there is no worker or it does not answer. */
  async stats(): Promise<TransportStats | undefined> {
    const worker = this.#worker
    const answers = worker && (await ask(worker, 'stats', 0, MARGIN_MS))
    return answers?.find(isStats)
  }

  /**
   * Delivers what it can within the timeout and ends the worker. What is left is told on standard
   * error, and put into the dead letter file if there is one. Idempotent; never rejects.
   * @param timeout milliseconds; `closeTimeout` by default
   */
  close(timeout: number = this.#closeTimeout): Promise<Delivery> {
    return (this.#closing ??= this.#close(timeout))
  }

  /** Pino's word for `close`. */
  end(): void {
    void this.close()
  }

  /** What was lost without reaching a worker, on standard error; the worker says the rest. @internal */
  sayLosses(): void {
    this.#unsent.report()
    const sentence = linesLost(this.#streamName, this.#unsent.losses)
    if (sentence !== undefined) sayOnStderr(sentence)
  }

  #fallBack(line: string): void {
    if (!this.#writeFallback(line)) this.#unsent.add('noWorker')
  }

  async #flush(timeout: number): Promise<Delivery> {
    const worker = this.#worker
    const answers = worker && (await ask(worker, 'flush', timeout, timeout + MARGIN_MS))
    const result = this.#result(answers)
    if (answers !== undefined && worker === this.#worker)
      this.#told = { ...this.#told, delivered: result.delivered, dropped: result.dropped }
    return this.#withLosses(result)
  }

  async #close(timeout: number): Promise<Delivery> {
    const worker = this.#worker
    const answers = worker && (await ask(worker, 'close', timeout, timeout + MARGIN_MS))
    const { delivered, remaining, dropped } = this.#result(answers)
    if (worker !== undefined && answers === undefined && remaining > 0)
      sayOnStderr(
        `pino-transport for Kinesis: the worker gave no answer; up to ${remaining} log lines it held are lost`,
      )
    this.#worker = undefined
    this.#forgetSignals()
    alive.delete(this)
    if (alive.size === 0) process.off('exit', atExit)
    if (worker !== undefined && !worker.destroyed) await ended(worker)
    this.sayLosses()
    return this.#withLosses({ delivered, remaining: 0, dropped: dropped + remaining })
  }

  /** What the worker answered, or else what is known. */
  #result(answers: readonly object[] | undefined): Delivery {
    if (answers !== undefined && answers.length > 0) return summed(answers)
    const { delivered, dropped } = this.#told
    return { delivered, remaining: this.#unknown(), dropped }
  }

  /** Lines of this worker whose fate it has not told yet. */
  #unknown(): number {
    const { delivered, dropped, filtered } = this.#told
    return Math.max(0, this.#written - delivered - dropped - filtered)
  }

  #withLosses(delivery: Delivery): Delivery {
    return { ...delivery, dropped: delivery.dropped + this.#unsent.losses.count }
  }

  #begin(): WorkerStream {
    const worker = this.#start()
    this.#written = 0
    this.#told = NOTHING_TOLD
    let over = false
    const onEnd = (error: Error): void => {
      if (over) return
      over = true
      this.#ended(error)
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
      const { delivered, lost, filtered } = stats
      this.#told = { delivered, dropped: lost, filtered }
      this.emit('kinesis:stats', stats)
    })
    return worker
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
    const atRisk = this.#unknown()
    this.#worker = undefined
    if (!this.#everReady) {
      // Options it cannot start with will not get better by trying.
      this.#unsent.add('noWorker', this.#written)
      sayOnStderr(`pino-transport for Kinesis could not start: ${error.message}`)
      if (this.listenerCount('error') > 0) this.emit('error', error)
      return
    }
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

/** Ends a worker that has nothing left to do, and waits for it, which by itself keeps no process alive. */
const ended = (worker: WorkerStream): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, END_MS)
    worker.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    worker.end()
  })

const placeOf = (fallback: Fallback): string =>
  typeof fallback === 'string' ? fallback : fallback.file

const transportOptions = (
  options: PinoKinesisOptions,
  { targets, pipeline, level }: KinesisTransportHelperOptions,
): Parameters<typeof transport>[0] => {
  // Often, since the losses of a dying worker are counted by what it said last.
  const kinesis = {
    target: TARGET,
    options: { ...options, statsInterval: options.statsInterval ?? STATS_MS },
  }
  if (pipeline !== undefined) return { pipeline: [...pipeline, kinesis] }
  if (targets === undefined && level === undefined) return kinesis
  return { targets: [{ ...kinesis, ...(level !== undefined && { level }) }, ...(targets ?? [])] }
}

const isStats = (value: object): value is TransportStats =>
  'delivered' in value && 'streamName' in value

const numberAt = (value: object, name: string): number => {
  const found: unknown = Reflect.get(value, name)
  return typeof found === 'number' ? found : 0
}

const summed = (answers: readonly object[]): Delivery => {
  const sum = (name: string): number => answers.reduce((all, one) => all + numberAt(one, name), 0)
  return { delivered: sum('delivered'), remaining: sum('remaining'), dropped: sum('count') }
}
