import type { Logger, RequestReport } from '../config/options.js'
import { boundedWords } from '../errors/bounded-words.js'
import type { DroppedRecord } from '../record/dropped.js'
import type { StatReceiver, StatsBatch } from '../stats/stats.js'
import { afterThisTurn } from '../time/next-turn.js'

export interface UserFunctions {
  readonly onDrop: ((dropped: DroppedRecord) => unknown) | undefined
  readonly onRequest: ((request: RequestReport) => unknown) | undefined
  readonly statReceiver: StatReceiver | undefined
  readonly logger: Logger
}

interface Call {
  readonly name: string
  readonly run: () => unknown
}

/**
 * The only place that calls the user's functions. They run when a step is over, one after the other
 * and never inside each other; what they throw or reject is logged once and harms nothing. Calls
 * that a callback itself brings about wait for a later turn of the event loop: a callback that adds
 * what was dropped, and so drops something else, must not hold up the program.
 */
export class UserCallbacks {
  readonly #functions: UserFunctions
  #queue: Call[] = []
  #running = false
  /** Calls wait for a later turn: no step of this one makes them. */
  #deferred = false
  /** What `onDrop` returned and is not settled yet. */
  readonly #pending = new Set<Promise<void>>()
  #finished: Promise<void> | undefined
  #onFailure: (callback: string, error: unknown) => void = () => {}

  constructor(functions: UserFunctions) {
    this.#functions = functions
  }

  /** Tells of failures of callbacks, but the logger's own. */
  reportFailuresTo(report: (callback: string, error: unknown) => void): void {
    this.#onFailure = report
  }

  get wantsDrops(): boolean {
    return this.#functions.onDrop !== undefined
  }

  get wantsRequests(): boolean {
    return this.#functions.onRequest !== undefined
  }

  get wantsStats(): boolean {
    return this.#functions.statReceiver !== undefined
  }

  /** Whether the caller is a callback. */
  get running(): boolean {
    return this.#running
  }

  /** Whether calls wait for the end of the step. */
  get waiting(): boolean {
    return this.#queue.length > 0
  }

  dropped(dropped: DroppedRecord): void {
    const { onDrop } = this.#functions
    if (onDrop !== undefined) this.#add('onDrop', () => onDrop(dropped))
  }

  requestEnded(report: RequestReport): void {
    const { onRequest } = this.#functions
    if (onRequest !== undefined) this.#add('onRequest', () => onRequest(report))
  }

  stats(stats: StatsBatch): void {
    const { statReceiver } = this.#functions
    if (statReceiver !== undefined)
      this.#add('statReceiver.receive', () => statReceiver.receive(stats))
  }

  log(level: keyof Logger, message: string): void {
    const { logger } = this.#functions
    this.#add('logger', () => logger[level](message))
  }

  /** Stage at the end of a step. */
  run(): void {
    if (this.#running || this.#deferred) return
    this.#running = true
    try {
      for (const call of this.#taken()) this.#call(call)
      // What callbacks threw is told at once; all else they brought about waits.
      const messages = this.#queue.filter(({ name }) => name === 'logger')
      this.#queue = this.#queue.filter(({ name }) => name !== 'logger')
      for (const call of messages) this.#call(call)
    } finally {
      this.#running = false
    }
    if (!this.waiting) return
    this.#deferred = true
    afterThisTurn(() => {
      this.#deferred = false
      this.run()
    })
  }

  #taken(): Call[] {
    const calls = this.#queue
    this.#queue = []
    return calls
  }

  /**
   * Resolves when no promise of `onDrop` is pending, and none of its calls waits. All who ask share
   * one promise: some of theirs may never settle.
   */
  finished(): Promise<void> {
    this.#finished ??= this.#waitForAll()
    return this.#finished
  }

  async #waitForAll(): Promise<void> {
    while (this.#pending.size > 0 || this.waiting) {
      this.run()
      await Promise.all(this.#pending)
      if (this.waiting) await new Promise<void>(afterThisTurn)
    }
    this.#finished = undefined
  }

  get busy(): boolean {
    return this.#pending.size > 0 || this.waiting
  }

  #add(name: string, run: () => unknown): void {
    this.#queue.push({ name, run })
    if (this.#running || this.#queue.length > 1) return
    // For what happens outside of a step, such as an answer about the stream.
    void Promise.resolve().then(() => this.run())
  }

  #call({ name, run }: Call): void {
    try {
      const result: unknown = run()
      if (!isPromise(result)) return
      const settled = this.#settled(name, result)
      if (name !== 'onDrop') return
      this.#pending.add(settled)
      void settled.finally(() => this.#pending.delete(settled))
    } catch (error) {
      this.#failed(name, error)
    }
  }

  async #settled(name: string, result: PromiseLike<unknown>): Promise<void> {
    try {
      await result
    } catch (error) {
      this.#failed(name, error)
    }
  }

  #failed(name: string, error: unknown): void {
    // A logger that fails must not stop the records, and cannot be told about itself.
    if (name !== 'logger') this.#onFailure(name, error)
    else warnOnce(error)
  }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

let warned = false
const warnOnce = (error: unknown): void => {
  if (warned) return
  warned = true
  process.emitWarning(
    `the logger failed, and messages are lost: ${boundedWords(error)}`,
    'KinesisProducerWarning',
  )
}
