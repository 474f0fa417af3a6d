import type { DiskTail } from '../admission/disk-tail.js'
import type { UserCallbacks } from '../callbacks/user-callbacks.js'
import { MAX_CALLBACK_WAIT_MS } from '../config/tuning.js'
import {
  AlreadyStartedError,
  AlreadyStoppedError,
  ClosedError,
  KeptOnDiskError,
  NotRunningError,
} from '../errors/errors.js'
import type { Batch } from '../queue/batch.js'
import type { Leftover } from '../record/record.js'
import type { CircuitBreaker } from '../request/circuit-breaker.js'
import type { Scheduler } from '../request/scheduler.js'
import type { LeavingRecord, Settlement } from '../settling/settlement.js'
import type { Counters } from '../stats/counters.js'
import type { Reporter } from '../stats/reporter.js'
import type { StateMachine } from '../steps/state.js'
import type { Steps } from '../steps/steps.js'
import type { StreamWatcher } from '../stream/stream-watcher.js'
import type { Timers } from '../time/timers.js'
import type { DrainWaits, WaitOptions } from './drain-waits.js'

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
  /** Records that are kept on disk for the next producer; absent without a spool. */
  readonly kept?: number
}

/** A record that was admitted and is handed back at the end. */
export interface LeftRecord extends LeavingRecord {
  leftover(): Leftover
  /** Its id in the spool. */
  readonly keptId?: number
}

export interface LifecyclePorts {
  readonly state: StateMachine
  readonly steps: Steps
  readonly queue: {
    abandon(mayHaveLeft: (batch: Batch) => boolean): readonly LeftRecord[]
    forgetAbandoned(others?: number): void
    freeMemory(): void
  }
  readonly admission: { refuseWaiting(error: () => Error): void }
  readonly tail?: DiskTail | undefined
  readonly scheduler: Pick<
    Scheduler,
    'inFlight' | 'wake' | 'cancelTimers' | 'mayHaveLeft' | 'abort'
  >
  readonly breaker: Pick<CircuitBreaker, 'probeNow'>
  readonly waits: DrainWaits
  readonly settlement: Pick<Settlement, 'dropped' | 'leftOver'>
  readonly callbacks: UserCallbacks
  readonly counters: Pick<Counters, 'delivered'>
  readonly reporter: Reporter
  readonly watcher: Pick<StreamWatcher, 'started' | 'stop'>
  readonly timers: Timers
}

/** Start, stop, drain, flush and close. */
export class Lifecycle {
  readonly #ports: LifecyclePorts
  #flushes = 0
  #stopping: (() => void)[] = []
  #closing: Promise<CloseResult> | undefined
  /** Whether somebody called `close()` and so gets the leftovers. */
  #closeCalled = false

  constructor(ports: LifecyclePorts) {
    this.#ports = ports
  }

  /** @throws {NotRunningError} nothing is admitted now */
  mustRun(call: string): void {
    const { current } = this.#ports.state
    if (current === 'running') return
    if (current === 'closed' || current === 'closing') throw new ClosedError(call)
    throw new NotRunningError(`${call}: the producer is ${current}; call start() first`)
  }

  start(): void {
    const { state, breaker, reporter, scheduler, watcher, tail } = this.#ports
    if (state.current === 'closed' || state.current === 'closing') throw new ClosedError('start()')
    if (!state.step('start')) throw new AlreadyStartedError(state.current)
    // Whoever still waits for the end of a flush that has begun anew would wait for ever.
    this.#tellStopped()
    tail?.start()
    breaker.probeNow()
    reporter.start()
    scheduler.wake()
    watcher.started()
  }

  async stop(): Promise<void> {
    const { state, scheduler, waits, timers, tail } = this.#ports
    const before = state.current
    if (before !== 'running' || !state.step('stop')) throw new AlreadyStoppedError(before)
    this.#refuseWaiting('the producer was stopped')
    scheduler.cancelTimers()
    waits.endAll()
    tail?.flush()
    // Held until the requests in flight are answered: the caller awaits that.
    timers.hold()
    if (scheduler.inFlight > 0) await new Promise<void>(resolve => this.#stopping.push(resolve))
    timers.release()
    // A flush or close may have taken over meanwhile; the state is theirs then.
    if (state.current === 'stopping') this.#becomeIdle()
    this.#reportLast()
  }

  async drain(options: WaitOptions): Promise<FlushResult> {
    const { current } = this.#ports.state
    if (current === 'closed') throw new ClosedError('drain()')
    if (current === 'idle' || current === 'stopping') {
      throw new NotRunningError(
        `drain(): the producer is ${current}; call start() first, or flush() to send what it kept`,
      )
    }
    return this.#sendAll(options)
  }

  async flush(options: WaitOptions, sendStats: boolean): Promise<FlushResult> {
    const { state, breaker } = this.#ports
    if (state.current === 'closed') throw new ClosedError('flush()')
    state.step('flush')
    breaker.probeNow()
    this.#refuseWaiting('the producer is being flushed')
    this.#flushes++
    const result = await this.#sendAll(options)
    this.#flushes--
    if (this.#flushes === 0 && state.current === 'flushing') this.#becomeIdle()
    if (sendStats && result.remaining === 0) this.#reportLast()
    return result
  }

  async close(options: WaitOptions): Promise<CloseResult> {
    this.#closeCalled = true
    return this.#closeOnce(options)
  }

  /** Closes for an owner who looks at no result: what is left over is dropped, and so handed back. */
  async dispose(options: WaitOptions): Promise<void> {
    await this.#closeOnce(options)
  }

  /** Closes without sending anything, before it returns: for a process that ends now. */
  abandon(): readonly Leftover[] {
    const { state, steps } = this.#ports
    if (state.current === 'closed') return []
    this.#closeCalled = true
    state.step('close')
    this.#refuseWaiting('the process ends')
    let leftover: readonly Leftover[] = []
    steps.run(() => {
      leftover = this.#end().leftover
    })
    return leftover
  }

  /** Stage at the end of a step: tells those who wait until nothing is sent any more. */
  checkStopped(): void {
    const { state, scheduler } = this.#ports
    // A flush that took over still sends between two answers.
    if (this.#stopping.length === 0 || scheduler.inFlight > 0 || state.sends) return
    this.#tellStopped()
  }

  #tellStopped(): void {
    for (const resolve of this.#stopping.splice(0)) resolve()
  }

  #closeOnce(options: WaitOptions): Promise<CloseResult> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async #close(options: WaitOptions): Promise<CloseResult> {
    const { state, breaker, steps, callbacks, timers } = this.#ports
    const began = timers.now()
    const isCallback = callbacks.running
    state.step('close')
    breaker.probeNow()
    this.#refuseWaiting('the producer is being closed')
    const { sent } = await this.#sendAll(options)
    let ended: Omit<CloseResult, 'sent'> = { leftover: [] }
    steps.run(() => {
      ended = this.#end()
    })
    if (callbacks.busy && !isCallback) await this.#callbacksFinish(options, began)
    return { sent, ...ended }
  }

  /**
   * After this nothing of the producer runs any more. What is left has one fate: kept on disk, handed
   * back or dropped.
   */
  #end(): Omit<CloseResult, 'sent'> {
    const { state, queue, scheduler, watcher, waits, reporter, settlement, tail } = this.#ports
    const all = queue.abandon(batch => scheduler.mayHaveLeft(batch))
    const ended = tail?.close(all, waiter => waiter?.reject(new KeptOnDiskError()))
    const left = ended?.leftover ?? all
    scheduler.abort()
    state.step('ended')
    scheduler.cancelTimers()
    watcher.stop()
    waits.endAll()
    if (!this.#closeCalled) queue.forgetAbandoned(ended?.inMemory ?? 0)
    for (const record of left) {
      if (this.#closeCalled) settlement.leftOver(record)
      else settlement.dropped(record, 'closed')
    }
    reporter.stop()
    reporter.report()
    const leftover = this.#closeCalled ? left.map(record => record.leftover()) : []
    queue.freeMemory()
    return { leftover, ...(ended !== undefined && { kept: ended.kept }) }
  }

  async #sendAll(options: WaitOptions): Promise<FlushResult> {
    const { counters, scheduler, waits, callbacks, timers } = this.#ports
    const before = counters.delivered
    const began = timers.now()
    // A callback that awaits this would otherwise wait for itself.
    const isCallback = callbacks.running
    const pending = waits.wait(options)
    scheduler.wake()
    const remaining = await pending
    const sent = counters.delivered - before
    if (callbacks.busy && !isCallback) await this.#callbacksFinish(options, began)
    return { sent, remaining }
  }

  /** What `onDrop` does with the dropped records is part of the work, as far as the deadline allows. */
  async #callbacksFinish({ timeoutMs, signal }: WaitOptions, began: number): Promise<void> {
    const { callbacks, timers } = this.#ports
    // An `onDrop` that awaits this very call would otherwise wait for itself for ever.
    const left = timeoutMs === 0 ? MAX_CALLBACK_WAIT_MS : began + timeoutMs - timers.now()
    if (left <= 0 || signal?.aborted === true) return
    let end = (): void => {}
    const deadline = new Promise<void>(resolve => {
      const cancel = timers.after(left, resolve)
      const abort = (): void => resolve()
      signal?.addEventListener('abort', abort)
      end = () => {
        cancel()
        signal?.removeEventListener('abort', abort)
      }
    })
    timers.hold()
    await Promise.race([callbacks.finished(), deadline])
    timers.release()
    end()
  }

  /** Not after a close, which has sent the last stats. */
  #reportLast(): void {
    const { state, steps, reporter } = this.#ports
    if (state.current !== 'closed') steps.run(() => reporter.report())
  }

  #becomeIdle(): void {
    const { state, scheduler, reporter, waits, watcher } = this.#ports
    state.step('ended')
    scheduler.cancelTimers()
    watcher.stop()
    // A drain that a flush with a shorter deadline took over: nothing is sent for it any more.
    waits.endAll()
    reporter.stop()
    this.checkStopped()
  }

  #refuseWaiting(why: string): void {
    this.#ports.admission.refuseWaiting(
      () => new NotRunningError(`${why} while the record waited for capacity; it was not admitted`),
    )
  }
}
