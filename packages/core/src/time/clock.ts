/**
 * What a clock's `setTimeout` may return. Every method is optional: the timers of Node, of browsers
 * (numbers) and of the fake clocks of test runners all do.
 */
export interface ClockTimer {
  /** Lets the timer keep the process alive. */
  ref?(): unknown
  /** Lets the process end although the timer is armed. */
  unref?(): unknown
  /** Cancels it, unless the clock has a `clearTimeout`. */
  close?(): unknown
}

/**
 * The producer's only source of time. Give your own to test code that uses a producer without
 * waiting; every delay, deadline and age goes through it. A fake clock of `@sinonjs/fake-timers`
 * fits as it is, and so does an object with nothing but `setTimeout` and `clearTimeout`.
 *
 * What a clock throws harms nothing: a `now` that throws gives the last known time, and a
 * `setTimeout` that throws is replaced by the system's timer.
 */
export interface Clock {
  /**
   * Milliseconds from any fixed point, as a function or as a property that changes. A value lower
   * than one seen before counts as that one.
   * @default performance.now, moved forward whenever a timer fires before it says so
   */
  readonly now?: (() => number) | number | undefined
  /**
   * Calls back once, `ms` from now. What it returns is handed to `clearTimeout`; of an object, the
   * methods of {@link ClockTimer} are used where it has them.
   */
  setTimeout(callback: () => void, ms: number): unknown
  /**
   * Cancels what `setTimeout` returned.
   * @default the timer's own `close()`, or else the clearTimeout that was global when it was armed
   */
  clearTimeout?(timer: unknown): unknown
}

/**
 * Monotonic, so that a change of the wall clock neither expires records nor delays them. Both are
 * looked up at each call: fake timers replace them while a program runs. It has no `clearTimeout`
 * on purpose: a timer that was armed before fake timers were installed must be closed by itself,
 * because theirs does not know it.
 */
export const SYSTEM_CLOCK: Clock = Object.freeze({
  now: () => performance.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
})

/** The clock's time, or undefined where it throws or gives no finite number. */
export const readClock = (clock: Clock): number | undefined => {
  try {
    const time = typeof clock.now === 'function' ? clock.now() : (clock.now ?? performance.now())
    return Number.isFinite(time) ? time : undefined
  } catch {
    return undefined
  }
}
