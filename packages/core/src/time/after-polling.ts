import { setImmediate as systemSetImmediate } from 'node:timers'

/**
 * The system's `setImmediate`, kept at load: a faked one would run only when somebody moves the fake
 * time. Cheaper than `afterThisTurn`, for what may also be late where the fakes came first.
 */
export const afterPolling: (callback: () => void) => NodeJS.Immediate = systemSetImmediate
