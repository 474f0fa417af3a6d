import { type Clock, SYSTEM_CLOCK } from './clock.js'

/**
 * Times of admission, in whole milliseconds (a fraction would be an object of its own). Reading the
 * system's clock costs as much as all else admission does. So it is read once a turn of the event
 * loop, unless records expire: then a turn that blocks for long must not make young records old.
 */
export const createStamps = (clock: Clock, exact: boolean): (() => number) => {
  if (exact || clock !== SYSTEM_CLOCK) return () => Math.floor(clock.now())
  let stamp: number | undefined
  const forget = (): void => {
    stamp = undefined
  }
  return () => {
    if (stamp === undefined) {
      stamp = Math.floor(clock.now())
      setImmediate(forget).unref()
    }
    return stamp
  }
}
