import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  FREE_REFUSALS,
  PAUSE_BASE_MS,
  PAUSE_CAP_MS,
  RETRY_AFTER_CAP_MS,
  SHRINK_PROBES_AFTER,
} from '../config/tuning.js'
import { fullJitter, randomFraction } from '../time/backoff.js'
import type { InFlightLimit } from './in-flight-limit.js'

/**
 * Says whether a request may leave. Open (closed to requests) for a jittered while after a
 * failed one, then half open: one probe, and only its success closes it again. So an outage costs
 * one request per delay, however many records wait. How many may be in flight while it is closed is the
 * `InFlightLimit`'s, which is told of each failure and success.
 */
export class CircuitBreaker {
  readonly #limit: InFlightLimit
  readonly #random: () => number
  #openUntil = 0
  /** Failures are counted once a generation: requests sent before the breaker opened fail together. */
  #generation = 0
  /** A request of this generation is in flight; while half open it is the probe. */
  #probing = false
  #refusals = 0
  #probeSize = Number.POSITIVE_INFINITY
  /** Failed requests in a row. */
  consecutiveErrors = 0
  paused = false
  /** Requests that succeeded so far. */
  successes = 0
  /** Whether the newest outcome that speaks of the service, and not of some record, was a success. */
  serviceWorks = false

  constructor(limit: InFlightLimit, random: () => number) {
    this.#limit = limit
    this.#random = random
  }

  allows(now: number, inFlight: number): boolean {
    if (this.consecutiveErrors === 0) return inFlight < this.#limit.current
    return !this.#probing && inFlight < this.#limit.most && now >= this.#openUntil
  }

  /**
   * Most user records of the next request. Each probe in a row carries half as many as the one
   * before: if the fault is one record's, soon a probe goes without it.
   */
  get maxRecords(): number {
    return this.#probeSize
  }

  /**
   * Whether the next request is a probe of one record: if that is to blame, only another record can
   * show that the service works.
   */
  get probesOneRecord(): boolean {
    return this.#probeSize === 1
  }

  /** Call when a request leaves; hand the generation back with its outcome. */
  started(): number {
    this.#probing = true
    return this.#generation
  }

  /** Milliseconds until it is half open; 0 when time is not what it waits for. */
  wait(now: number): number {
    return this.consecutiveErrors === 0 ? 0 : Math.max(0, this.#openUntil - now)
  }

  succeeded(generation: number): void {
    this.successes++
    this.serviceWorks = true
    // An answer to a request from before the failure says nothing about now.
    if (generation !== this.#generation) return
    this.#probing = false
    this.#refusals = 0
    this.#probeSize = Number.POSITIVE_INFINITY
    this.consecutiveErrors = 0
    this.paused = false
    this.#limit.succeeded()
  }

  /**
   * @param records how many user records the request carried
   * @param retryAfter milliseconds that the service asked to wait at least; 0 if it did not
   */
  failed(generation: number, now: number, pause: boolean, records: number, retryAfter = 0): void {
    if (generation !== this.#generation) return this.#holdBack(now, retryAfter)
    this.serviceWorks = false
    this.#open(now, pause)
    this.#holdBack(now, retryAfter)
    if (this.consecutiveErrors >= SHRINK_PROBES_AFTER)
      this.#probeSize = Math.max(1, Math.ceil(records / 2))
  }

  /**
   * The service works, but this request's records are refused. Bisection goes on, more slowly after
   * many refusals, or when the service asks for time.
   */
  refused(generation: number, now: number, retryAfter = 0): void {
    const isCurrent = generation === this.#generation
    if (isCurrent) this.#probing = false
    if ((++this.#refusals > FREE_REFUSALS || retryAfter > 0) && isCurrent) this.#open(now, false)
    this.#holdBack(now, retryAfter)
  }

  /** A fresh start tries at once, but still with a single request. */
  probeNow(): void {
    this.#openUntil = 0
  }

  /** Of requests that fail together, each may ask for time: the longest counts. */
  #holdBack(now: number, retryAfter: number): void {
    this.#openUntil = Math.max(this.#openUntil, now + Math.min(retryAfter, RETRY_AFTER_CAP_MS))
  }

  #open(now: number, pause: boolean): void {
    this.#generation++
    this.#probing = false
    this.consecutiveErrors++
    this.#limit.failed()
    if (pause && !this.paused) this.consecutiveErrors = 1
    this.paused = pause
    // A probe of a missing permission keeps half its delay: the jitter may not make it a hammer.
    const delay = pause
      ? fullJitter(
          this.consecutiveErrors,
          PAUSE_BASE_MS,
          PAUSE_CAP_MS,
          () => 0.5 + randomFraction(this.#random) / 2,
        )
      : fullJitter(this.consecutiveErrors, BACKOFF_BASE_MS, BACKOFF_CAP_MS, this.#random)
    this.#openUntil = now + delay
  }
}
