import type { Clock, ClockTimer } from '@kinesis-producer/core'
import FakeTimers from '@sinonjs/fake-timers'

/** Time that stands still until a test moves it. */
export class TestClock implements Clock {
  readonly #clock = FakeTimers.createClock()
  readonly #timers = new Map<object, boolean>()

  now(): number {
    return this.#clock.now
  }

  setTimeout(callback: () => void, ms: number): ClockTimer {
    const id = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      callback()
    }, ms)
    const timer: ClockTimer = {
      ref: () => this.#timers.set(timer, true),
      unref: () => this.#timers.set(timer, false),
      close: () => {
        this.#timers.delete(timer)
        this.#clock.clearTimeout(id)
      },
    }
    this.#timers.set(timer, true)
    return timer
  }

  /** Timers that are armed, and how many of them would keep a process alive. */
  get armed(): { all: number; keepingAlive: number } {
    const keeping = [...this.#timers.values()].filter(Boolean).length
    return { all: this.#timers.size, keepingAlive: keeping }
  }

  /** Moves time on, firing each timer at its moment, with promises settled in between. */
  async advance(ms: number): Promise<void> {
    await this.#clock.tickAsync(ms)
    await settle()
  }

  /** Time passes while nothing runs, as in a frozen process: timers fire late, all at the end. */
  async freeze(ms: number): Promise<void> {
    this.#clock.jump(ms)
    await settle()
  }
}

/** Lets all promises that can settle without time passing do so. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise<void>(resolve => setImmediate(resolve))
}
