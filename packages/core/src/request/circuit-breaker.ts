import {
  BACKOFF_BASE_MS,
  BACKOFF_CAP_MS,
  PAUSE_BASE_MS,
  PAUSE_CAP_MS,
} from '../config/tuning.js'
import { fullJitter } from '../time/backoff.js'

/** Refusals in a row before halving is slowed down: enough to find one poison record among 500. */
const FREE_REFUSALS = 20

/**
 * Says how many requests may be under way. Closed for a jittered while after a failed request, then
 * half open: one probe, and only its success opens the gate again. So an outage costs one request a
 * delay, whatever the load. `limit` falls by half with each failure and grows by one a round of
 * successes (AIMD), so the way back is gentle too.
 */
export class RequestGate {
  readonly #maxInFlight: number
  readonly #random: () => number
  #limit: number
  #closedUntil = 0
  /** Failures are counted once a generation: requests sent before the gate closed fail together. */
  #generation = 0
  /** A request of this generation is under way; while half open it is the probe. */
  #probing = false
  #refusals = 0
  /** Failed requests in a row. */
  consecutiveErrors = 0
  paused = false

  constructor(maxInFlight: number, random: () => number) {
    this.#maxInFlight = maxInFlight
    this.#limit = maxInFlight
    this.#random = random
  }

  get limit(): number {
    return Math.floor(this.#limit)
  }

  allows(now: number, inFlight: number): boolean {
    if (this.consecutiveErrors === 0) return inFlight < Math.floor(this.#limit)
    return !this.#probing && inFlight < this.#maxInFlight && now >= this.#closedUntil
  }

  /** Call when a request leaves; hand the generation back with its outcome. */
  started(): number {
    this.#probing = true
    return this.#generation
  }

  /** Milliseconds until a closed gate lets a probe through; 0 when time is not what it waits for. */
  wait(now: number): number {
    return this.consecutiveErrors === 0 ? 0 : Math.max(0, this.#closedUntil - now)
  }

  succeeded(generation: number): void {
    // An answer to a request from before the failure says nothing about now.
    if (generation !== this.#generation) return
    this.#probing = false
    this.#refusals = 0
    this.consecutiveErrors = 0
    this.paused = false
    this.#limit = Math.min(this.#maxInFlight, this.#limit + 1 / this.#limit)
  }

  failed(generation: number, now: number, pause: boolean): void {
    if (generation !== this.#generation) return
    this.#generation++
    this.#probing = false
    this.consecutiveErrors++
    this.#limit = Math.max(1, this.#limit / 2)
    if (pause && !this.paused) this.consecutiveErrors = 1
    this.paused = pause
    // A probe of a missing permission keeps half its delay: the jitter may not make it a hammer.
    const delay = pause
      ? fullJitter(
          this.consecutiveErrors,
          PAUSE_BASE_MS,
          PAUSE_CAP_MS,
          () => 0.5 + this.#random() / 2,
        )
      : fullJitter(this.consecutiveErrors, BACKOFF_BASE_MS, BACKOFF_CAP_MS, this.#random)
    this.#closedUntil = now + delay
  }

  /** The service is well but refuses what was sent. Halving may go on, yet not as a storm. */
  refused(generation: number, now: number): void {
    if (++this.#refusals > FREE_REFUSALS) this.failed(generation, now, false)
    else if (generation === this.#generation) this.#probing = false
  }

  /** A fresh start tries at once, but still with a single request. */
  probeNow(): void {
    this.#closedUntil = 0
  }
}
