import { MAX_EXPIRED_PER_STEP } from '../config/tuning.js'
import type { Batch } from './batch.js'
import type { InFlightBatches } from './in-flight-batches.js'
import type { Leaving } from './leaving.js'
import type { PendingRecord } from './pending-record.js'
import type { ShardBackoff } from './shard-backoff.js'
import type { WaitingRecords } from './waiting-records.js'

/** Which records leave without an answer: by age, for capacity, and all of them at the end. */
export class GivingUp {
  readonly #waiting: WaitingRecords
  readonly #inFlight: InFlightBatches
  readonly #leaving: Leaving
  readonly #recordTtl: number

  constructor(
    waiting: WaitingRecords,
    inFlight: InFlightBatches,
    leaving: Leaving,
    recordTtl: number,
  ) {
    this.#waiting = waiting
    this.#inFlight = inFlight
    this.#leaving = leaving
    this.#recordTtl = recordTtl
  }

  /** Those that expire by now, as many as one step may take. */
  expire(now: number): readonly PendingRecord[] {
    const expired: PendingRecord[] = []
    if (this.#recordTtl === 0) return expired
    while (expired.length < MAX_EXPIRED_PER_STEP) {
      const since = this.#waiting.oldest()?.admittedAt
      if (since === undefined || now - since < this.#recordTtl) break
      const oldest = this.#waiting.takeOldest()
      if (oldest === undefined) break
      this.#leaving.settleWaiting(oldest)
      expired.push(oldest)
    }
    return expired
  }

  /** The oldest that is not in flight, of all or of one shard. */
  evictOldest(shard: ShardBackoff | undefined): PendingRecord | undefined {
    const oldest = shard === undefined ? this.#waiting.takeOldest() : shard.waiting.oldest()
    if (oldest !== undefined) this.#leaving.settleWaiting(oldest)
    return oldest
  }

  /**
   * All of them, oldest first, counted until they have been handed to someone. What is in flight may
   * have been delivered, and its answer moves nothing any more.
   */
  abandon(mayHaveLeft: (batch: Batch) => boolean): readonly PendingRecord[] {
    const all = [...this.#waiting.takeAll(), ...this.#inFlight.records()]
    all.sort((a, b) => a.sequence - b.sequence)
    for (const batch of this.#inFlight.all)
      if (mayHaveLeft(batch)) for (const record of batch.records) record.markPossiblyDelivered()
    for (const record of all) record.place = 'settled'
    this.#inFlight.clear()
    return all
  }
}
