import type { Admission } from './admission/admission.js'
import type { UserCallbacks } from './callbacks/user-callbacks.js'
import { checkDeadline, checkSignal } from './config/check.js'
import { ADDS_PER_TURN } from './config/tuning.js'
import { AbortedError, ProducerError, RecordTooLargeError } from './errors/errors.js'
import type { WaitOptions } from './lifecycle/drain-waits.js'
import type { CloseResult, FlushResult, Lifecycle } from './lifecycle/lifecycle.js'
import type { ReceiptWaiter } from './record/receipt-waiter.js'
import type { Leftover, Receipt, RecordData } from './record/record.js'
import type { RecordInput } from './record/record-input.js'
import type { Counters } from './stats/counters.js'
import type { EventLog } from './stats/event-log.js'
import type { ProducerStats } from './stats/stats.js'
import type { Steps } from './steps/steps.js'
import { nextTurn } from './time/next-turn.js'
import type { Timers } from './time/timers.js'

/** Options of a single record. */
export interface AddOptions {
  /** A decimal number from 0 to 2^128 - 1 that picks the shard in place of the key's MD5. */
  readonly explicitHashKey?: string | undefined
  /** Ends the wait for capacity under `whenFull: 'wait'`. Once admitted, a record stays admitted. */
  readonly signal?: AbortSignal | undefined
  /**
   * False: `put` does not keep the process alive until its record is settled.
   * @default true
   */
  readonly keepAlive?: boolean | undefined
}

/** Options of the calls that wait for records to be settled. */
export interface WaitSignal {
  /** Ends the wait early, as its deadline would. */
  readonly signal?: AbortSignal | undefined
}

/** Deadline of `close()` and `await using`, in milliseconds, when none is given. */
export const DEFAULT_CLOSE_TIMEOUT_MS = 30_000

/** What became of a record that was offered. */
export type OfferResult =
  /** The producer is responsible for it now. */
  | 'admitted'
  /** No capacity, and the policy is to refuse or to wait: try again later. */
  | 'full'
  /** Larger than the stream, a request or the buffer takes: never offer it again as it is. */
  | 'tooLarge'
  /** Wrong type, key or hash key: never offer it again as it is. */
  | 'invalid'
  /** Not started, stopped or closed. */
  | 'notRunning'

/**
 * Offers a record: for the adapters, which have to know why it was not admitted. Never throws and
 * never waits. What is refused is counted, and logged unless the buffer is full; `tooLarge` is neither,
 * because the caller settles it.
 */
export let offer: (
  producer: Producer,
  data: RecordInput,
  partitionKey?: string,
  options?: AddOptions,
) => OfferResult

/**
 * Closes a producer at once and hands back what it holds: for adapters whose process ends now, where
 * nothing can be awaited any more.
 */
export let abandon: (producer: Producer) => readonly Leftover[]

/** By how many bytes a record is larger than what `offer` takes now, packing and key included; 0: it fits. */
export let bytesOver: (producer: Producer, data: RecordData, partitionKey?: string) => number

/**
 * Most bytes of data that `offer` takes now in one record with this key, whatever it is packed in:
 * for adapters that fill records.
 */
export let maxDataBytes: (producer: Producer, partitionKey?: string) => number

const ADMITTED: Promise<void> = Promise.resolve()

/** What the calls of a producer need of its stages. */
export interface ProducerStages {
  readonly admission: Pick<
    Admission<never>,
    | 'dataOf'
    | 'validate'
    | 'maxDataBytes'
    | 'admit'
    | 'written'
    | 'waits'
    | 'waitForCapacity'
    | 'bufferFull'
    | 'hasRetired'
  >
  readonly lifecycle: Lifecycle
  readonly callbacks: UserCallbacks
  readonly counters: Counters
  readonly log: EventLog
  readonly steps: Steps
  readonly timers: Timers
  readonly stats: () => ProducerStats
}

/**
 * The calls that all producers have: `BatchProducer`, and the one whose work is done in a worker.
 *
 * What always holds: admitted = delivered + dropped + remaining; every record settles exactly once,
 * and no drop is silent. Delivery is at least once.
 *
 * A producer does nothing until `start()`.
 */
export abstract class Producer {
  readonly #stages: ProducerStages
  #adds = 0

  static {
    offer = (producer, data, partitionKey, options) =>
      producer.#offer('offer()', data, partitionKey, options, true)
    abandon = producer => producer.#stages.lifecycle.abandon()
    bytesOver = (producer, data, partitionKey) => producer.#bytesOver(data, partitionKey)
    maxDataBytes = (producer, partitionKey) => producer.#stages.admission.maxDataBytes(partitionKey)
  }

  /** @internal */
  protected constructor(stages: ProducerStages) {
    this.#stages = stages
  }

  /**
   * Begins to admit and send. May follow a `stop` or `flush`: records kept meanwhile go on.
   * @throws {AlreadyStartedError} running, or not yet done stopping
   * @throws {ClosedError}
   */
  start(): void {
    this.#stages.lifecycle.start()
  }

  /**
   * Adds a record. Resolves when it is admitted (not when it is delivered: see `put`). A loop that
   * awaits it does not hold up the program: from time to time it resolves a turn of the event loop
   * later, so that requests leave meanwhile.
   *
   * Rejects with `NotRunningError`, `InvalidRecordError`, `RecordTooLargeError`, or, by `whenFull`,
   * `BufferFullError`; the record was not admitted then.
   * @param data text, or bytes (any view of an ArrayBuffer, or one itself), which are copied before
   *   the call returns
   * @param partitionKey 1 to 256 characters of well-formed text; left out, the record goes to any shard
   */
  add(data: RecordInput, partitionKey?: string, options?: AddOptions): Promise<void> {
    const result = this.#add('add()', data, partitionKey, options, undefined)
    // Adds that are settled at once would otherwise follow each other without end in one turn.
    if (++this.#adds % ADDS_PER_TURN !== 0) return result
    result.catch(() => {})
    return nextTurn().then(() => result)
  }

  /**
   * Adds a record if that is possible at once. Never throws and never waits; false means that the
   * record was not admitted and is still the caller's: no capacity, not running, or invalid. It is
   * counted in `refused`, and the reason is logged unless it is a lack of capacity.
   */
  tryAdd(data: RecordInput, partitionKey?: string, options?: AddOptions): boolean {
    return this.#offer('tryAdd()', data, partitionKey, options, false) === 'admitted'
  }

  /**
   * Adds a record and resolves with its receipt when it is delivered.
   *
   * Rejects as `add` does, or with a `DeliveryError` that holds the attempts when the record was
   * admitted but dropped, or left over by `close`.
   */
  put(data: RecordInput, partitionKey?: string, options?: AddOptions): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const waiter =
        options?.keepAlive === false
          ? { resolve, reject }
          : holding(this.#stages.timers, { resolve, reject })
      this.#add('put()', data, partitionKey, options, waiter).catch(waiter.reject)
    })
  }

  /**
   * Stops: nothing is admitted from this moment, requests in flight are waited for, all other
   * records are kept for a later `start`, `flush` or `close`. Sends a last batch of stats.
   * Rejects with `AlreadyStoppedError` when not running.
   */
  stop(): Promise<void> {
    return this.#stages.lifecycle.stop()
  }

  /**
   * Sends everything admitted so far without waiting for batches to fill, and keeps running. Rejects
   * with `NotRunningError` while stopped or stopping, and with `ClosedError` after `close`.
   * @param timeoutMs deadline in milliseconds; 0: none
   */
  async drain(timeoutMs = 0, options: WaitSignal = {}): Promise<FlushResult> {
    return this.#stages.lifecycle.drain(waitOptions('drain()', timeoutMs, options))
  }

  /**
   * Stops, and sends everything in batches of 500 as fast as it can. Ends when nothing remains or
   * at the deadline; a later `start`, `flush` or `close` sends the rest. Calls at the same time share the work, each
   * with its own deadline.
   * @param timeoutMs deadline in milliseconds; 0: none. It holds even if a request hangs.
   * @param sendStats send a last batch of stats, unless records remain
   */
  async flush(timeoutMs = 0, sendStats = false, options: WaitSignal = {}): Promise<FlushResult> {
    return this.#stages.lifecycle.flush(waitOptions('flush()', timeoutMs, options), sendStats)
  }

  /**
   * Flushes and ends for good. What is not delivered at the deadline is handed back in `leftover`, and
   * requests in flight are aborted. Every call gets the first one's result.
   * @param timeoutMs deadline in milliseconds; 0: none
   */
  async close(
    timeoutMs: number = DEFAULT_CLOSE_TIMEOUT_MS,
    options: WaitSignal = {},
  ): Promise<CloseResult> {
    return this.#stages.lifecycle.close(waitOptions('close()', timeoutMs, options))
  }

  /**
   * `await using`: closes. What is left over goes to `onDrop` as `closed`, since nobody gets the result;
   * unless `close()` was called as well: then it is in the `leftover` of that call.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stages.lifecycle.dispose({
      timeoutMs: DEFAULT_CLOSE_TIMEOUT_MS,
      signal: undefined,
    })
  }

  /** Counters and the present state: cheap enough to read every second. */
  stats(): ProducerStats {
    return this.#stages.stats()
  }

  /**
   * The steps of a call on the hot path end by hand: nothing is allocated but the record.
   * @param settlesTooLarge whether the caller counts and tells what is too large
   */
  #offer(
    call: string,
    given: RecordInput,
    partitionKey: string | undefined,
    options: AddOptions | undefined,
    settlesTooLarge: boolean,
  ): OfferResult {
    const { admission, lifecycle, counters, log, callbacks, steps } = this.#stages
    try {
      lifecycle.mustRun(call)
      const hashKey = options?.explicitHashKey ?? undefined
      const key = partitionKey ?? undefined
      const data = admission.dataOf(given)
      const bytes = admission.validate(data, key, hashKey)
      const admitted = admission.admit(data, key, hashKey, bytes)
      if (!admitted) counters.refused++
      if (callbacks.waiting || log.waiting || admission.hasRetired) steps.end()
      return admitted ? 'admitted' : 'full'
    } catch (error) {
      const result = refusalOf(error)
      if (result === 'tooLarge' && settlesTooLarge) return result
      counters.refused++
      log.refused(error instanceof Error ? error.message : String(error))
      steps.end()
      return result
    }
  }

  #bytesOver(data: RecordData, partitionKey: string | undefined): number {
    try {
      this.#stages.admission.validate(data, partitionKey, undefined)
      return 0
    } catch (error) {
      return error instanceof RecordTooLargeError ? error.bytes - error.maxRecordBytes : 0
    }
  }

  async #waitForCapacity(
    call: string,
    data: RecordData,
    partitionKey: string | undefined,
    options: AddOptions | undefined,
    bytes: number,
    waiter: ReceiptWaiter | undefined,
  ): Promise<void> {
    const { admission, steps, counters } = this.#stages
    const signal = options?.signal ?? undefined
    const hashKey = options?.explicitHashKey ?? undefined
    try {
      if (!admission.waits) throw admission.bufferFull(bytes, partitionKey, hashKey)
      if (signal?.aborted === true) throw new AbortedError(call, signal.reason)
      const admitted = admission.waitForCapacity(
        call,
        data,
        partitionKey,
        hashKey,
        bytes,
        signal,
        waiter,
      )
      steps.end()
      await admitted
    } catch (error) {
      counters.refused++
      throw error
    }
  }

  #add(
    call: string,
    given: RecordInput,
    partitionKey: string | undefined,
    options: AddOptions | undefined,
    waiter: ReceiptWaiter | undefined,
  ): Promise<void> {
    const { admission, lifecycle, counters, callbacks, log, steps } = this.#stages
    try {
      lifecycle.mustRun(call)
      if (options?.signal !== undefined) checkSignal(call, options.signal)
      const hashKey = options?.explicitHashKey ?? undefined
      const key = partitionKey ?? undefined
      const data = admission.dataOf(given)
      const bytes = admission.validate(data, key, hashKey)
      const admitted = admission.admit(data, key, hashKey, bytes, waiter)
      if (callbacks.waiting || log.waiting) steps.end()
      return admitted
        ? (admission.written ?? ADMITTED)
        : this.#waitForCapacity(call, data, key, options, bytes, waiter)
    } catch (error) {
      counters.refused++
      return Promise.reject(error)
    }
  }
}

const refusalOf = (error: unknown): Exclude<OfferResult, 'admitted' | 'full'> => {
  if (!(error instanceof ProducerError)) return 'invalid'
  if (error.code === 'RECORD_TOO_LARGE') return 'tooLarge'
  return error.code === 'NOT_RUNNING' || error.code === 'CLOSED' ? 'notRunning' : 'invalid'
}

/** Somebody awaits this record: the timers on its way keep the process alive until it settles. */
const holding = (timers: Timers, { resolve, reject }: ReceiptWaiter): ReceiptWaiter => {
  timers.hold()
  return {
    resolve: receipt => {
      timers.release()
      resolve(receipt)
    },
    reject: error => {
      timers.release()
      reject(error)
    },
  }
}

const waitOptions = (call: string, timeoutMs: number, { signal }: WaitSignal): WaitOptions => ({
  timeoutMs: checkDeadline(`${call}: timeoutMs`, timeoutMs),
  signal: checkSignal(call, signal),
})
