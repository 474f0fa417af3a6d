import {
  FEW_IN_FLIGHT,
  HARDLY_SLOWER_TIMES,
  MIN_ROUND_MS,
  REMEASURE_AFTER_MS,
  REMEASURE_AT_MOST_MS,
  SLOWER_TIMES,
} from '../config/tuning.js'

/** Of the records of a request: `some`: so few that it may be one shard, or a shard known to be hot. */
export type Throttling = 'none' | 'some' | 'much'

/** What a request that was answered tells of the distance to the service. */
export interface RequestAnswer {
  /** Number that `started` gave it. */
  readonly number: number
  /** Milliseconds from its start to its answer. */
  readonly duration: number
  readonly throttling: Throttling
  /** When it was answered. */
  readonly at: number
}

/**
 * How many requests may be in flight, between 1 and `maxInFlight`.
 *
 * It begins with a few, which is all that a near service needs, and is looked at once a round: when as
 * many requests as it allows have left since the last look and were answered. It doubles while full
 * batches wait for a place, nothing is throttled, and answers take no longer than they did with the
 * few: then the distance is what limits. When answers take `SLOWER_TIMES` as long, more in flight
 * would only wait for each other, in this process or in the service: it falls to where they do not.
 * How long they take with the few is measured again now and then, less and less often.
 *
 * Throttling brings it back to the few at once, and failed requests to less than these; what was too
 * much then is come near to by single steps (AIMD).
 */
export class InFlightLimit {
  readonly #most: number
  readonly #few: number
  #limit: number
  /** Below this it doubles, beyond it grows by one. */
  #fastUpTo: number
  /** Requests that left so far. */
  #started = 0
  /** The round: requests from this number on. */
  #first = 0
  /** When it began; undefined until its first answer. */
  #since: number | undefined
  #answers = 0
  #duration = 0
  /** Answers for which a full batch waited. */
  #waits = 0
  /** Whether a full batch waits for nothing but a place. */
  batchWaits = false
  #isThrottled = false
  /** Mean duration of requests while there were few of them in flight. */
  #usual: number | undefined
  #measuredAt = 0
  #remeasureAfter = REMEASURE_AFTER_MS

  constructor(maxInFlight: number) {
    this.#most = maxInFlight
    this.#few = Math.min(FEW_IN_FLIGHT, maxInFlight)
    this.#limit = this.#few
    this.#fastUpTo = maxInFlight
  }

  get most(): number {
    return this.#most
  }

  get current(): number {
    return Math.floor(this.#limit)
  }

  /** Up to here requests need not be full to leave. */
  get few(): number {
    return Math.min(this.#few, this.current)
  }

  /** Call when a request leaves; hand the number back with its answer. */
  started(): number {
    return this.#started++
  }

  /** A request failed as a whole. */
  failed(): void {
    this.#fastUpTo = Math.max(this.#few, this.#limit / 2)
    this.#beginRound(Math.max(1, Math.min(this.#limit, this.#few) / 2))
  }

  /** A request succeeded: after failures, that is the way back. */
  succeeded(): void {
    if (this.#limit < this.#few) this.#limit = Math.min(this.#few, this.#limit + 1 / this.#limit)
  }

  /** A request that did not fail as a whole was answered. */
  answered({ number, duration, throttling, at }: RequestAnswer): void {
    if (throttling === 'much' && this.#limit > this.#few) {
      this.#fastUpTo = Math.max(this.#few, this.#limit / 2)
      return this.#beginRound(this.#few)
    }
    // It left before the limit was what it is.
    if (number < this.#first) return
    this.#since ??= at - duration
    this.#answers++
    if (this.batchWaits) this.#waits++
    this.#duration += duration
    if (throttling !== 'none') this.#isThrottled = true
    if (this.#answers >= this.current && at - this.#since >= MIN_ROUND_MS) this.#endRound(at)
  }

  #endRound(now: number): void {
    const mean = this.#duration / this.#answers
    const isWanted = this.#waits * 2 >= this.#answers
    if (this.#limit === this.#few && isWanted) {
      this.#usual = mean
      this.#measuredAt = now
    } else if (this.#usual !== undefined && mean < this.#usual)
      // Gradually: of answers that vary, some rounds are quick by chance.
      this.#usual += (mean - this.#usual) / 4
    this.#beginRound(this.#next(mean, isWanted, now))
  }

  #next(mean: number, isWanted: boolean, now: number): number {
    const limit = this.#limit
    if (limit < this.#few || this.#usual === undefined) return limit
    if (limit > this.#few && now - this.#measuredAt >= this.#remeasureAfter) {
      this.#remeasureAfter = Math.min(REMEASURE_AT_MOST_MS, this.#remeasureAfter * 4)
      return this.#few
    }
    const slower = this.#usual > 0 ? mean / this.#usual : 1
    const worth = (limit * SLOWER_TIMES) / slower
    // Half the way: a few slow answers are no proof.
    if (worth < limit) return Math.max(this.#few, (limit + worth) / 2)
    if (!isWanted || this.#isThrottled) return limit
    const faster = slower <= HARDLY_SLOWER_TIMES ? limit * 2 : worth
    const next = Math.min(this.#most, limit < this.#fastUpTo ? faster : limit + 1)
    this.#fastUpTo = Math.max(this.#fastUpTo, next)
    return next
  }

  #beginRound(limit: number): void {
    this.#limit = limit
    this.#first = this.#started
    this.#since = undefined
    this.#answers = 0
    this.#duration = 0
    this.#waits = 0
    this.#isThrottled = false
  }
}
