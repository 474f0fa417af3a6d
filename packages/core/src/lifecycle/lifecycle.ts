import {
  AlreadyStartedError,
  AlreadyStoppedError,
  ClosedError,
  DeliveryError,
  NotRunningError,
} from '../errors/errors.js'
import type { Engine } from '../pipeline.js'
import type { Entry } from '../queue/pending-record.js'
import type { Leftover } from '../record/record.js'
import type { WaitOptions } from './drain-waits.js'
import { type State, type Step, transition } from './state.js'

/** What a flush or drain achieved. */
export interface FlushResult {
  /** Records delivered while it ran. */
  readonly sent: number
  /** Records it waited for that are still unsettled: queued, in flight or waiting to be retried. */
  readonly remaining: number
}

/** What `close` achieved; the records it could not deliver are in `leftover`. */
export interface CloseResult {
  readonly sent: number
  readonly leftover: readonly Leftover[]
}

interface Closing extends CloseResult {
  readonly entries: Entry[]
}

/** Start, stop, drain, flush and close: the only place that changes the state. */
export class Lifecycle {
  #state: State = 'idle'
  #flushes = 0
  #stopping: (() => void)[] = []
  #closing: Promise<Closing> | undefined
  /** Set once `close()` was called: its caller gets the leftovers. */
  #closed: Promise<CloseResult> | undefined
  readonly #engine: () => Engine

  /** The engine reads the state, so it is made after this and handed over lazily. */
  constructor(engine: () => Engine) {
    this.#engine = engine
  }

  get state(): State {
    return this.#state
  }

  start(): void {
    if (this.#state === 'closed' || this.#state === 'closing') throw new ClosedError('start()')
    if (!this.#step('start')) throw new AlreadyStartedError(this.#state)
    const { gate, reporter, dispatcher, buffer, learner } = this.#engine()
    gate.probeNow()
    reporter.start()
    if (buffer.records > 0) this.#engine().expiry.recordAdmitted()
    dispatcher.wake()
    learner.started()
  }

  async stop(): Promise<void> {
    const before = this.#state
    if (before !== 'running' || !this.#step('stop')) throw new AlreadyStoppedError(before)
    const { dispatcher, waits, reporter } = this.#engine()
    this.#shutDoor('the producer was stopped')
    dispatcher.rest()
    waits.endAll()
    // Held until the request under way is answered: the caller awaits that.
    if (dispatcher.inFlight > 0) await new Promise<void>(resolve => this.#stopping.push(resolve))
    // A flush or close may have taken over meanwhile; the state is theirs then.
    if (this.#state === 'stopping') this.#rest()
    reporter.stop()
    reporter.report()
  }

  async drain(options: WaitOptions): Promise<FlushResult> {
    if (this.#state === 'closed') throw new ClosedError('drain()')
    if (this.#state === 'idle' || this.#state === 'stopping') {
      throw new NotRunningError(
        `drain(): the producer is ${this.#state}; call start() first, or flush() to send what it kept`,
      )
    }
    return this.#sendAll(options)
  }

  async flush(options: WaitOptions, sendStats: boolean): Promise<FlushResult> {
    if (this.#state === 'closed') throw new ClosedError('flush()')
    this.#step('flush')
    this.#shutDoor('the producer is being flushed')
    this.#flushes++
    const result = await this.#sendAll(options)
    this.#flushes--
    const { reporter } = this.#engine()
    if (this.#flushes === 0 && this.#state === 'flushing') this.#rest()
    if (sendStats && result.remaining === 0) reporter.report()
    return result
  }

  close(options: WaitOptions): Promise<CloseResult> {
    this.#closed ??= this.#closeOnce(options).then(({ sent, leftover }) => ({ sent, leftover }))
    return this.#closed
  }

  /** Closes for an owner who looks at no result: what is left over is dropped, and so handed back. */
  async dispose(options: WaitOptions): Promise<void> {
    const handedOver = this.#closed !== undefined
    const { entries } = await this.#closeOnce(options)
    if (handedOver) return
    const { buffer, settler } = this.#engine()
    this.#closed ??= Promise.resolve({ sent: 0, leftover: [] })
    for (const entry of entries.splice(0)) {
      buffer.forget(entry)
      settler.giveUp(entry, 'closed')
    }
  }

  /** The last request under way was answered. */
  quiet(): void {
    for (const resolve of this.#stopping.splice(0)) resolve()
  }

  #closeOnce(options: WaitOptions): Promise<Closing> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close(options: WaitOptions): Promise<Closing> {
    this.#step('close')
    this.#shutDoor('the producer is being closed')
    const { sent } = await this.#sendAll(options)
    const { dispatcher, learner, waits, reporter, expiry, unsettled } = this.#engine()
    const left = unsettled()
    dispatcher.abort()
    this.#step('ended')
    dispatcher.rest()
    learner.stop()
    expiry.rest()
    waits.endAll()
    this.quiet()
    for (const { entry, inFlight } of left) {
      // Whether the aborted request was carried out is unknown for ever.
      if (inFlight) entry.markPossiblyDelivered()
      if (entry.waiter === undefined) continue
      entry.waiter.reject(
        new DeliveryError(
          'closed',
          'the producer was closed before the record was delivered',
          entry.history,
          entry.possiblyDelivered,
          entry.error,
        ),
      )
      entry.waiter = undefined
    }
    reporter.stop()
    reporter.report()
    const entries = left.map(({ entry }) => entry)
    return { sent, leftover: entries.map(entry => entry.leftover()), entries }
  }

  async #sendAll(options: WaitOptions): Promise<FlushResult> {
    const { buffer, counters, dispatcher, waits } = this.#engine()
    const before = counters.delivered
    const pending = waits.wait(buffer.lastSequence, buffer.records, options)
    dispatcher.wake()
    const remaining = await pending
    return { sent: counters.delivered - before, remaining }
  }

  #rest(): void {
    this.#step('ended')
    const { dispatcher, expiry, reporter, waits, learner } = this.#engine()
    dispatcher.rest()
    learner.stop()
    // A drain that a flush with a shorter deadline took over: nothing is sent for it any more.
    waits.endAll()
    expiry.rest()
    reporter.stop()
  }

  #shutDoor(why: string): void {
    this.#engine().admission.shut(
      () => new NotRunningError(`${why} while the record waited for room; it was not admitted`),
    )
  }

  /** The one way to another state. */
  #step(step: Step): boolean {
    const next = transition(this.#state, step)
    if (next !== undefined) this.#state = next
    return next !== undefined
  }
}
