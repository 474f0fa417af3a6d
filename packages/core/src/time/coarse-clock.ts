import { afterPolling } from './after-polling.js'
import type { Timers } from './timers.js'

/**
 * Times of admission, in whole milliseconds (a fraction would be an object of its own). Reading the
 * system's clock costs as much as all else admission does. So it is read once a turn of the event
 * loop, or when somebody else asks `timers` for the time, unless records expire (`exact`): then a
 * turn that blocks for long must not make young records old. A user's own clock is always read.
 */
export const createCoarseClock = (timers: Timers, exact: boolean): (() => number) => {
  if (exact || timers.hasCustomClock) return () => Math.floor(timers.now())
  let fresh = false
  const expire = (): void => {
    fresh = false
  }
  return () => {
    if (!fresh) {
      fresh = true
      timers.now()
      afterPolling(expire).unref()
    }
    return Math.floor(timers.lastRead)
  }
}
