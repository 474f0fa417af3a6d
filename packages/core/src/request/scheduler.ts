import { MAX_KINESIS_BATCH_SIZE } from '../config/aws-limits.js'
import { IN_FLIGHT_SHARE } from '../config/tuning.js'
import type { BuiltRequest, Packer } from '../packing/request-builder.js'
import type { Batch } from '../queue/batch.js'
import type { QueuedRecord } from '../queue/pending-record.js'
import type { RecordQueue } from '../queue/record-queue.js'
import type { StateMachine } from '../steps/state.js'
import type { Steps } from '../steps/steps.js'
import { afterThisTurn } from '../time/next-turn.js'
import type { Alarm, Timers } from '../time/timers.js'
import type { CircuitBreaker } from './circuit-breaker.js'
import type { InFlightLimit } from './in-flight-limit.js'
import type { InFlightRequest, RequestOutcome, Sender } from './sender.js'

/** A request that left. */
export interface SentRequest {
  readonly batch: Batch
  /** Kinesis records by which the user records travel. */
  readonly carriers: BuiltRequest['carriers']
  /** Shard each Kinesis record was made for. */
  readonly shards: BuiltRequest['shards']
  /** How many Kinesis records it has. */
  readonly count: number
  readonly startedAt: number
  readonly generation: number
  /** For the `InFlightLimit`. */
  readonly number: number
}

export interface SchedulerPorts {
  readonly queue: RecordQueue
  readonly packer: Packer
  readonly breaker: CircuitBreaker
  readonly inFlightLimit: InFlightLimit
  readonly sender: Sender
  readonly timers: Timers
  readonly steps: Steps
  readonly state: StateMachine
  readonly batchSize: number
  readonly bufferBytes: number
  readonly flushInterval: number
  readonly recordTtl: number
  /** Whether somebody waits for capacity or for the buffer to be empty. */
  readonly awaited: () => boolean
  /** Whether somebody waits until records are settled: then requests are as large as can be. */
  readonly draining: () => boolean
  readonly departed: (request: SentRequest) => void
  readonly answered: (request: SentRequest, outcome: RequestOutcome) => void
  readonly expired: (record: QueuedRecord) => void
}

/** Work on requests between two turns of the event loop: bytes, and what a record costs beyond its own. */
const TURN_BYTES = 2 * 1024 * 1024
const BYTES_OF_RECORD = 200

/**
 * Decides when requests leave. It runs in a microtask of its own, so that admission never pays for
 * building a request, and is woken at the end of every step: none can be forgotten.
 */
export class Scheduler {
  readonly #ports: SchedulerPorts
  readonly #linger: Alarm
  readonly #backoff: Alarm
  readonly #expiry: Alarm
  readonly #inFlight = new Map<Batch, InFlightRequest>()
  readonly #run: () => void
  #scheduled = false
  #running = false

  constructor(ports: SchedulerPorts) {
    this.#ports = ports
    const { steps, timers, queue } = ports
    this.#run = () => {
      this.#scheduled = false
      this.#running = true
      steps.run(() => this.#pump())
      this.#running = false
    }
    this.#linger = timers.alarm(() => steps.run(() => queue.markDue()))
    this.#backoff = timers.alarm(() => this.wake())
    this.#expiry = timers.alarm(() => this.wake())
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    // Not queueMicrotask, which fake timers replace.
    void Promise.resolve().then(this.#run)
  }

  /** A record was admitted. The common case, a batch still filling, does nothing at all. */
  recordAdmitted(beginsWait: boolean): void {
    if (this.#scheduled) return
    if (beginsWait) return this.wake()
    const { queue, flushInterval, recordTtl, awaited } = this.#ports
    if (queue.isReadyDue() || awaited()) {
      if (this.#mayLeave()) this.wake()
    } else if (flushInterval > 0 && !this.#linger.armed && queue.hasReady) this.wake()
    if (recordTtl > 0 && !this.#expiry.armed) this.wake()
  }

  /** Stage at the end of a step: runs if there may be something to send, but not after itself. */
  stepEnded(): void {
    if (!this.#scheduled && !this.#running && this.#ports.queue.records > 0) this.#wakeIfUseful()
  }

  /** Cancels all timers; requests in flight go on. */
  cancelTimers(): void {
    this.#linger.cancel()
    this.#backoff.cancel()
    this.#expiry.cancel()
  }

  /** Whether the client was given the request. */
  mayHaveLeft(batch: Batch): boolean {
    return this.#inFlight.get(batch)?.mayHaveLeft ?? false
  }

  /** Gives up all requests in flight; their answers no longer matter. */
  abort(): void {
    for (const request of this.#inFlight.values()) request.abort()
    this.#inFlight.clear()
  }

  #mayLeave(): boolean {
    // Asking the time costs more than all the rest here: only an open breaker needs it.
    return this.#allows(this.#ports.breaker.consecutiveErrors === 0 ? 0 : this.#ports.timers.now())
  }

  #allows(now: number): boolean {
    const { breaker } = this.#ports
    if (!breaker.allows(now, this.inFlight)) return false
    return breaker.consecutiveErrors > 0 || this.#isWorthPlace
  }

  /**
   * Whether what is ready may have one more of the places: beyond the first few only a full request,
   * and only while those in flight are a small part of the buffer, since their bodies come on top.
   */
  get #isWorthPlace(): boolean {
    const { inFlightLimit, queue, bufferBytes } = this.#ports
    const { inFlight } = this
    if (inFlight < inFlightLimit.few) return true
    const withNext = (queue.inFlight.bytes / inFlight) * (inFlight + 1)
    return queue.isFullReady && withNext <= bufferBytes * IN_FLIGHT_SHARE
  }

  #pump(): void {
    const { timers, state } = this.#ports
    let work = 0
    for (;;) {
      if (!state.sends) return this.cancelTimers()
      const now = timers.now()
      if (this.#expire(now)) return
      const sent = this.#allows(now) ? this.#sendNext(now) : undefined
      if (sent === undefined) {
        this.#noteWait()
        return this.#sleep(now)
      }
      work += sent.bytes + sent.count * BYTES_OF_RECORD
      if (work >= TURN_BYTES) return this.#goOnLater()
    }
  }

  /** Full batches that wait for a place are what more places are for. */
  #noteWait(): void {
    const { breaker, inFlightLimit, queue } = this.#ports
    const isLimited = breaker.consecutiveErrors === 0 && this.inFlight >= inFlightLimit.current
    inFlightLimit.batchWaits = isLimited && queue.isFullReady
  }

  /** Building large requests takes milliseconds: others have their turn before the next one. */
  #goOnLater(): void {
    this.#scheduled = true
    afterThisTurn(this.#run)
  }

  /** Drops what is too old; true if there is more of it than one step should take. */
  #expire(now: number): boolean {
    const { queue, expired, recordTtl } = this.#ports
    if (recordTtl === 0) return false
    for (const record of queue.expire(now)) expired(record)
    const since = queue.oldestWaitingSince
    if (since === undefined || now - since < recordTtl) return false
    // Nothing is sent meanwhile: it might be one of those.
    afterThisTurn(() => this.wake())
    return true
  }

  #sendNext(now: number): Batch | undefined {
    const { queue, packer, batchSize, breaker, awaited, draining } = this.#ports
    const builder = packer.open(draining() ? MAX_KINESIS_BATCH_SIZE : batchSize)
    const batch = queue.take(builder, awaited(), {
      now,
      maxRecords: breaker.maxRecords,
      alternates: breaker.probesOneRecord,
    })
    if (batch !== undefined) this.#send(batch, builder, now)
    return batch
  }

  #send(batch: Batch, builder: ReturnType<Packer['open']>, now: number): void {
    const { sender, breaker, inFlightLimit, departed, answered, steps } = this.#ports
    const generation = breaker.started()
    const request = { batch, startedAt: now, generation, number: inFlightLimit.started() }
    let built: BuiltRequest
    try {
      built = builder.build()
    } catch (error) {
      const unbuilt = { ...request, carriers: undefined, shards: undefined, count: 0 }
      return answered(unbuilt, { kind: 'unbuilt', error })
    }
    const { carriers, shards, count } = built
    const sent: SentRequest = { ...request, carriers, shards, count }
    const needsPlaces = shards !== undefined || batch.wantsPlaces
    const inFlight = sender.send(built, needsPlaces, outcome =>
      steps.run(() => {
        this.#inFlight.delete(batch)
        answered(sent, outcome)
      }),
    )
    this.#inFlight.set(batch, inFlight)
    departed(sent)
    inFlight.start()
  }

  #wakeIfUseful(): void {
    if (this.#mayLeave()) this.wake()
    else if (!this.#backoff.armed && this.#ports.breaker.consecutiveErrors > 0) this.wake()
  }

  /** Nothing to do now: arms the timers for what can become due by time alone. */
  #sleep(now: number): void {
    const { queue, breaker, flushInterval, recordTtl } = this.#ports
    const wait = breaker.wait(now) || (queue.backoffWait(now) ?? 0)
    if (wait > 0) this.#backoff.set(wait)
    else this.#backoff.cancel()

    const since = queue.lingersSince
    // What is due already waits for an answer or for the breaker, not for time.
    if (since === undefined || flushInterval === 0 || queue.isReadyDue()) this.#linger.cancel()
    else if (!this.#linger.armed) this.#linger.set(since + flushInterval - now)

    const oldest = recordTtl > 0 ? queue.oldestWaitingSince : undefined
    if (oldest === undefined) this.#expiry.cancel()
    else this.#expiry.set(oldest + recordTtl - now)
  }
}
