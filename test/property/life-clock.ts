import type { Clock, ClockTimer } from '@kinesis-producer/core'

interface Armed {
  readonly due: number
  readonly callback: () => void
}

/** Turns of the event loop after which nothing happens any more unless time passes. */
const TURNS = 3

/** Time that stands still until a life moves it. Thousands of lives need it faster than fake timers are. */
export class LifeClock implements Clock {
  readonly #timers = new Set<Armed>()
  #now = 0

  now(): number {
    return this.#now
  }

  setTimeout(callback: () => void, ms: number): ClockTimer {
    const timer: Armed = { due: this.#now + Math.max(1, ms), callback }
    this.#timers.add(timer)
    return { ref: () => {}, unref: () => {}, close: () => void this.#timers.delete(timer) }
  }

  get armed(): number {
    return this.#timers.size
  }

  /** Resolves after a while. */
  after(ms: number): Promise<void> {
    return new Promise(resolve => void this.setTimeout(resolve, ms))
  }

  /** Moves time on, firing each timer at its moment, with promises settled in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const timer = this.#next(end)
      if (timer === undefined) break
      this.#now = Math.max(this.#now, timer.due)
      this.#fire(timer)
    }
    this.#now = end
    await settle()
  }

  /** Time passes while nothing runs, as in a frozen process: timers fire late, all at the end. */
  async freeze(ms: number): Promise<void> {
    this.#now += ms
    for (let timer = this.#next(this.#now); timer !== undefined; timer = this.#next(this.#now))
      this.#fire(timer)
    await settle()
  }

  #fire(timer: Armed): void {
    this.#timers.delete(timer)
    timer.callback()
  }

  #next(end: number): Armed | undefined {
    let next: Armed | undefined
    for (const timer of this.#timers)
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer
    return next
  }
}

/** Lets all promises that can settle without time passing do so. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < TURNS; i++) await new Promise<void>(resolve => setImmediate(resolve))
}
