import type { Alarm, Timers } from '../time/timers.js'
import type { Entry } from './pending-record.js'
import type { RecordBuffer } from './record-queue.js'
import type { RetryLanes } from './shard-backoff.js'

/** Finest step of the sweep: records that expire within it go together. */
const SWEEP_STEP_MS = 50

/**
 * Drops records older than `recordTtl` while nothing can be sent: during a pause or a backoff nobody
 * else would look at them. Records in flight are looked at when they come back.
 */
export class Expiry {
  readonly #buffer: RecordBuffer
  readonly #lanes: RetryLanes
  readonly #timers: Timers
  readonly #ttl: number
  readonly #expire: (entry: Entry) => void
  readonly #alarm: Alarm

  constructor(
    buffer: RecordBuffer,
    lanes: RetryLanes,
    timers: Timers,
    ttl: number,
    expire: (entry: Entry) => void,
  ) {
    this.#buffer = buffer
    this.#lanes = lanes
    this.#timers = timers
    this.#ttl = ttl
    this.#expire = expire
    this.#alarm = timers.alarm(() => this.#sweep())
  }

  recordAdmitted(): void {
    if (this.#ttl > 0 && !this.#alarm.armed) this.#alarm.set(this.#ttl)
  }

  rest(): void {
    this.#alarm.cancel()
  }

  #sweep(): void {
    const now = this.#timers.now()
    const isExpired = (entry: Entry | undefined): entry is Entry =>
      entry !== undefined && now - entry.admittedAt >= this.#ttl
    const { ready } = this.#buffer
    for (;;) {
      // Dropping a record frees the next of its key, so look again after each.
      const lane = [...this.#lanes.heads()].find(isExpired)
      if (lane !== undefined) this.#lanes.remove(lane)
      const entry = lane ?? (isExpired(ready.head) ? ready.shift() : undefined)
      if (entry === undefined) break
      this.#expire(entry)
    }
    if (this.#buffer.records === 0) return
    let oldest = ready.head?.admittedAt ?? now
    for (const head of this.#lanes.heads()) oldest = Math.min(oldest, head.admittedAt)
    this.#alarm.set(Math.max(SWEEP_STEP_MS, oldest + this.#ttl - now))
  }
}
