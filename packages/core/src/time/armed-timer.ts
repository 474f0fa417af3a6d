import { setTimeout as systemSetTimeout } from 'node:timers'
import { type Clock, type ClockTimer, SYSTEM_CLOCK } from './clock.js'
import { afterThisTurn } from './next-turn.js'

// Kept at load: fake timers replace the functions of the module as well as the global ones.
const armSystemTimer = systemSetTimeout

/** The global functions, whatever they are at the moment, with no word on what a timer is. */
const GLOBALS: { clearTimeout(this: void, timer: unknown): void } = globalThis

const isObject = (timer: unknown): timer is ClockTimer =>
  typeof timer === 'object' && timer !== null

/**
 * One armed timer of any clock: it calls back at most once, never after it was cancelled and never
 * from inside the call that arms it, and its methods never throw.
 */
export class ArmedTimer {
  #clock: Clock
  #timer: unknown
  #fire: (() => void) | undefined
  // Belongs with the `setTimeout` of the same moment. Others need not know the timer, and those of
  // `node:test` take one that an earlier test armed for one of their own.
  readonly #clearTimeout = GLOBALS.clearTimeout

  constructor(clock: Clock, ms: number, fire: () => void) {
    this.#clock = clock
    this.#fire = fire
    let arming = true
    const fired = (): void => {
      // A clock that calls back at once would run the caller inside itself, and for ever where each
      // timer arms the next.
      if (arming) afterThisTurn(fired)
      else this.#run()
    }
    try {
      this.#timer = clock.setTimeout(fired, ms)
    } catch {
      this.#clock = SYSTEM_CLOCK
      this.#timer = armSystemTimer(fired, ms)
    }
    arming = false
  }

  /** Whether the process must stay alive for it; a timer that cannot be told does as it likes. */
  keepAlive(alive: boolean): void {
    const timer = this.#timer
    if (!isObject(timer)) return
    try {
      if (alive) timer.ref?.()
      else timer.unref?.()
    } catch {}
  }

  cancel(): void {
    this.#fire = undefined
    const clock = this.#clock
    const timer = this.#timer
    try {
      if (typeof clock.clearTimeout === 'function') clock.clearTimeout(timer)
      else if (isObject(timer) && typeof timer.close === 'function') timer.close()
      else this.#clearTimeout.call(undefined, timer)
    } catch {}
  }

  #run(): void {
    const fire = this.#fire
    this.#fire = undefined
    fire?.()
  }
}
