import { MAX_TIMER_MS } from '../config/tuning.js'
import type { Clock, ClockTimer } from './clock.js'

/** One timer that can be armed again and again; arming it replaces what was armed. */
export interface Alarm {
  readonly armed: boolean
  /** Fires once, `ms` from now. */
  set(ms: number): void
  cancel(): void
}

/**
 * All timers of a producer. They keep the process alive only while somebody awaits their effect
 * (`hold`): a record that merely waits in the buffer must not stop a program from ending, but a
 * program that awaits `flush()` must not end in the middle of a backoff.
 */
export class Timers {
  readonly #clock: Clock
  readonly #active = new Set<ClockTimer>()
  #holds = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  hold(): void {
    if (++this.#holds === 1) for (const timer of this.#active) timer.ref()
  }

  release(): void {
    if (--this.#holds === 0) for (const timer of this.#active) timer.unref()
  }

  /** Runs `fire` after `ms`; the returned function cancels it. */
  after(ms: number, fire: () => void): () => void {
    const timer = this.#clock.setTimeout(
      () => {
        this.#active.delete(timer)
        fire()
      },
      Math.min(Math.max(ms, 0), MAX_TIMER_MS),
    )
    if (this.#holds === 0) timer.unref()
    this.#active.add(timer)
    return () => {
      if (this.#active.delete(timer)) timer.close()
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
}
