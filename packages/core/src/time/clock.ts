/** A timer that can be told whether it keeps the process alive. Node's own timers fit. */
export interface ClockTimer {
  ref(): unknown
  unref(): unknown
  /** Cancels it. */
  close(): unknown
}

/**
 * The producer's only source of time. Give your own to test code that uses a producer without
 * waiting; every delay, deadline and age goes through it.
 */
export interface Clock {
  /** Milliseconds from any fixed point, never going back. */
  now(): number
  setTimeout(callback: () => void, ms: number): ClockTimer
}

/** Monotonic, so that a change of the wall clock neither expires records nor delays them. */
export const SYSTEM_CLOCK: Clock = Object.freeze({
  now: () => performance.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
})
