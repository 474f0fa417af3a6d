import { ArmedTimer } from './armed-timer.js'
import { type Clock, readClock, SYSTEM_CLOCK } from './clock.js'

/** Node's timers hold a signed 32-bit number of milliseconds; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * How far before its time a timer may fire and still be a real one: Node's count whole milliseconds,
 * so they are at most one early.
 */
const EARLY_TOLERANCE_MS = 10

/** One timer that can be armed again and again; arming it replaces what was armed. */
export interface Alarm {
  /** Whether it will fire. */
  readonly armed: boolean
  /** Fires once, `ms` from now; with `Infinity` never. */
  set(ms: number): void
  cancel(): void
}

/** Something that is to happen at a time. */
interface Pending {
  readonly due: number
  readonly fire: () => void
  timer: ArmedTimer | undefined
}

/**
 * All timers of a producer, and its time. Timers keep the process alive only while somebody awaits
 * their effect (`hold`): a record that merely waits in the buffer must not stop a program from
 * ending, but a program that awaits `flush()` must not end in the middle of a backoff.
 *
 * Time never goes back, and a timer that fired proves that its time has come, whatever the clock
 * says. Fake timers often move `setTimeout` on but not the clock (those of `node:test` leave
 * `performance.now` as it is): without this rule a deadline would come and still not be over.
 */
export class Timers {
  /** Whether a user gave the clock: its time may then move at any moment, not only between turns. */
  readonly hasCustomClock: boolean
  readonly #clock: Clock
  readonly #pending = new Set<Pending>()
  readonly #onHold: (held: boolean) => void
  #holds = 0
  #latest: number
  /** How far our time is ahead of the clock's, for good. */
  #skew = 0

  /** @param onHold told when somebody begins to await, and when nobody does any more */
  constructor(clock: Clock, onHold: (held: boolean) => void = () => {}) {
    this.#clock = clock
    this.#onHold = onHold
    this.hasCustomClock = clock !== SYSTEM_CLOCK
    this.#latest = readClock(clock) ?? 0
  }

  /** Milliseconds from a fixed point, never less than before. */
  now(): number {
    const time = readClock(this.#clock)
    if (time !== undefined && time + this.#skew > this.#latest) this.#latest = time + this.#skew
    return this.#latest
  }

  /** What `now()` gave last, without a look at the clock. */
  get lastRead(): number {
    return this.#latest
  }

  /** Whether somebody awaits. */
  get held(): boolean {
    return this.#holds > 0
  }

  hold(): void {
    if (++this.#holds > 1) return
    this.#onHold(true)
    for (const { timer } of this.#pending) timer?.keepAlive(true)
  }

  release(): void {
    if (--this.#holds > 0) return
    this.#onHold(false)
    for (const { timer } of this.#pending) timer?.keepAlive(false)
  }

  /**
   * Runs `fire` after `ms`, however long that is; the returned function cancels it. `Infinity` means
   * never; what is negative or no number counts as 0. What `fire` throws reaches the clock's caller.
   */
  after(ms: number, fire: () => void): () => void {
    const delay = ms > 0 ? ms : 0
    if (delay === Infinity) return () => {}
    const pending: Pending = { due: this.now() + delay, fire, timer: undefined }
    this.#pending.add(pending)
    this.#arm(pending, delay)
    return () => {
      if (this.#pending.delete(pending)) pending.timer?.cancel()
    }
  }

  alarm(fire: () => void): Alarm {
    let cancel: (() => void) | undefined
    return {
      get armed() {
        return cancel !== undefined
      },
      set: ms => {
        cancel?.()
        cancel = undefined
        if (ms === Infinity) return
        cancel = this.after(ms, () => {
          cancel = undefined
          fire()
        })
      },
      cancel: () => {
        cancel?.()
        cancel = undefined
      },
    }
  }

  /** Long delays are waited for in pieces that a timer can hold. */
  #arm(pending: Pending, left: number): void {
    const due = left > MAX_TIMER_MS ? pending.due - left + MAX_TIMER_MS : pending.due
    // Rounded up: clocks cut fractions off, and would fire before the time.
    const ms = Math.min(Math.ceil(left), MAX_TIMER_MS)
    pending.timer = new ArmedTimer(this.#clock, ms, () => this.#fired(pending, due))
    if (this.#holds === 0) pending.timer.keepAlive(false)
  }

  #fired(pending: Pending, due: number): void {
    this.#reach(due)
    const left = pending.due - this.now()
    if (left > 0) this.#arm(pending, left)
    else if (this.#pending.delete(pending)) pending.fire()
  }

  /**
   * Time is now at least `due`. A clock that is a little behind catches up by itself and is waited
   * for; correcting it each time would let our time drift away from it. One far behind is corrected.
   */
  #reach(due: number): void {
    const time = readClock(this.#clock)
    if (time !== undefined && due - (time + this.#skew) > EARLY_TOLERANCE_MS) {
      this.#skew = due - time
    }
    if (due > this.#latest) this.#latest = due
  }
}
