import { type KinesisClientLike, parseStream } from './client/client-types.js'
import { streamClientOf } from './client/stream-client.js'
import { MAX_TIMER_MS } from './config/aws-limits.js'
import { checkInteger } from './config/check.js'
import type { ProducerConfig } from './config/options.js'
import { resolveConfig } from './config/resolve.js'
import { AbortedError, ClosedError, ConfigError, NotRunningError } from './errors/errors.js'
import type { WaitOptions } from './lifecycle/drain-waits.js'
import { type CloseResult, type FlushResult, Lifecycle } from './lifecycle/lifecycle.js'
import { createEngine, type Engine } from './pipeline.js'
import type { ReceiptWaiter } from './queue/pending-record.js'
import type { Receipt, RecordData } from './record/record.js'
import type { ProducerStats } from './stats/stats.js'
import type { Timers } from './time/timers.js'

/** Options of a single record. */
export interface AddOptions {
  /** A decimal number from 0 to 2^128 - 1 that picks the shard in place of the key's MD5. */
  readonly explicitHashKey?: string | undefined
  /** Ends the wait for room under `whenFull: 'wait'`. Once admitted, a record stays admitted. */
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

const ADMITTED: Promise<void> = Promise.resolve()

/**
 * Takes single records and delivers them to a Kinesis data stream in batches.
 *
 * The law it keeps: admitted = delivered + dropped + remaining; every record settles exactly once,
 * and no drop is silent. Delivery is at least once.
 *
 * It does nothing until `start()`.
 */
export class BatchProducer {
  readonly #engine: Engine
  readonly #lifecycle: Lifecycle
  readonly #waitsForRoom: boolean

  /**
   * @param client a `KinesisClient` or `Kinesis` of the AWS SDK, or any object with `putRecords`
   * @param stream name or ARN of the stream
   * @throws {ConfigError} naming the option, the value and what is allowed
   */
  constructor(client: KinesisClientLike, stream: string, config: ProducerConfig = {}) {
    const target = parseStream(stream)
    const resolved = resolveConfig(config)
    this.#waitsForRoom = resolved.whenFull === 'wait'
    this.#lifecycle = new Lifecycle(() => this.#engine)
    this.#engine = createEngine(streamClientOf(client, target), target, resolved, {
      state: () => this.#lifecycle.state,
      quiet: () => this.#lifecycle.quiet(),
    })
  }

  /**
   * Begins to admit and send. May follow a `stop` or `flush`: records kept meanwhile go on.
   * @throws {AlreadyStartedError} running, or not yet done stopping
   * @throws {ClosedError}
   */
  start(): void {
    this.#lifecycle.start()
  }

  /**
   * Adds a record. Resolves when it is admitted (not when it is delivered: see `put`).
   *
   * Rejects with `NotRunningError`, `InvalidRecordError`, `RecordTooLargeError`, or, by `whenFull`,
   * `BufferFullError`; the record was not admitted then.
   * @param data bytes (not copied: leave them alone until the record is settled) or text
   * @param partitionKey 1 to 256 characters; left out, the record goes to any shard
   */
  add(data: RecordData, partitionKey?: string, options?: AddOptions): Promise<void> {
    try {
      const { admission } = this.#engine
      const hashKey = options?.explicitHashKey
      this.#mustRun('add()')
      const bytes = admission.weigh(data, partitionKey, hashKey)
      if (admission.admit(data, partitionKey, hashKey, bytes)) return ADMITTED
      return this.#noRoom('add()', data, partitionKey, options, bytes)
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /**
   * Adds a record if that is possible at once. Never throws and never waits; false means that the
   * record was not admitted and is still the caller's: no room, not running, or invalid (the reason
   * is logged and counted in `refused`).
   */
  tryAdd(data: RecordData, partitionKey?: string, options?: AddOptions): boolean {
    try {
      const { admission } = this.#engine
      const hashKey = options?.explicitHashKey
      this.#mustRun('tryAdd()')
      const bytes = admission.weigh(data, partitionKey, hashKey)
      if (admission.admit(data, partitionKey, hashKey, bytes)) return true
      this.#engine.counters.refused++
    } catch (error) {
      this.#engine.counters.refused++
      this.#engine.log.refused(error instanceof Error ? error.message : String(error))
    }
    return false
  }

  /**
   * Adds a record and resolves with its receipt when it is delivered.
   *
   * Rejects as `add` does, or with a `DeliveryError` that holds the attempts when the record was
   * admitted but dropped, or left over by `close`.
   */
  put(data: RecordData, partitionKey?: string, options?: AddOptions): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      try {
        const { admission, timers } = this.#engine
        const hashKey = options?.explicitHashKey
        this.#mustRun('put()')
        const bytes = admission.weigh(data, partitionKey, hashKey)
        let waiter: ReceiptWaiter = { resolve, reject }
        if (options?.keepAlive !== false) waiter = holding(timers, waiter)
        if (admission.admit(data, partitionKey, hashKey, bytes, waiter)) return
        this.#noRoom('put()', data, partitionKey, options, bytes, waiter).catch(waiter.reject)
      } catch (error) {
        this.#refuse(error).catch(reject)
      }
    })
  }

  /**
   * Stops: nothing is admitted from this moment, requests under way are waited for, all other
   * records are kept for a later `start`, `flush` or `close`. Sends a last batch of stats.
   * Rejects with `AlreadyStoppedError` when not running.
   */
  stop(): Promise<void> {
    return this.#lifecycle.stop()
  }

  /**
   * Sends everything admitted so far without waiting for batches to fill, and keeps running.
   * @param timeoutMs deadline in milliseconds; 0: none
   */
  async drain(timeoutMs = 0, options: WaitSignal = {}): Promise<FlushResult> {
    return this.#lifecycle.drain(waitOptions('drain()', timeoutMs, options))
  }

  /**
   * Stops, and sends everything in batches of 500 as fast as it can. Ends when nothing remains or
   * at the deadline; `start()` again sends the rest. Calls at the same time share the work, each
   * with its own deadline.
   * @param timeoutMs deadline in milliseconds; 0: none. It holds even if a request hangs.
   * @param sendStats send a last batch of stats, unless records remain
   */
  async flush(timeoutMs = 0, sendStats = false, options: WaitSignal = {}): Promise<FlushResult> {
    return this.#lifecycle.flush(waitOptions('flush()', timeoutMs, options), sendStats)
  }

  /**
   * Flushes and ends for good. What the deadline leaves undelivered is handed back in `leftover`;
   * requests under way are aborted then. Every call gets the first one's result.
   * @param timeoutMs deadline in milliseconds; 0: none
   */
  async close(
    timeoutMs: number = DEFAULT_CLOSE_TIMEOUT_MS,
    options: WaitSignal = {},
  ): Promise<CloseResult> {
    return this.#lifecycle.close(waitOptions('close()', timeoutMs, options))
  }

  /** `await using`: closes; what is left over goes to `onDrop`, since nobody holds the result. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lifecycle.dispose({ timeoutMs: DEFAULT_CLOSE_TIMEOUT_MS, signal: undefined })
  }

  /** Where the producer stands: cheap enough to read every second. */
  stats(): ProducerStats {
    return this.#engine.stats()
  }

  #mustRun(call: string): void {
    const { state } = this.#lifecycle
    if (state === 'running') return
    if (state === 'closed' || state === 'closing') throw new ClosedError(call)
    throw new NotRunningError(`${call}: the producer is ${state}; call start() first`)
  }

  #noRoom(
    call: string,
    data: RecordData,
    partitionKey: string | undefined,
    options: AddOptions | undefined,
    bytes: number,
    waiter?: ReceiptWaiter,
  ): Promise<void> {
    const { admission, counters } = this.#engine
    const signal = options?.signal
    if (!this.#waitsForRoom) return this.#refuse(admission.bufferFull(bytes))
    if (signal?.aborted === true) return this.#refuse(new AbortedError(call, signal.reason))
    return admission
      .waitForRoom(call, data, partitionKey, options?.explicitHashKey, bytes, signal, waiter)
      .catch((error: unknown) => {
        counters.refused++
        throw error
      })
  }

  #refuse(error: unknown): Promise<never> {
    this.#engine.counters.refused++
    return Promise.reject(error)
  }
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

const waitOptions = (call: string, timeoutMs: number, { signal }: WaitSignal): WaitOptions => {
  checkInteger(`${call}: timeoutMs`, timeoutMs, 0, MAX_TIMER_MS)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new ConfigError(`${call}: signal must be an AbortSignal`)
  }
  return { timeoutMs, signal }
}
