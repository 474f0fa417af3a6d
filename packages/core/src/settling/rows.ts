/** What is to be done about a kind of error, and what it says of the request. */
export type Row = readonly [
  action: 'retry' | 'pause' | 'isolate',
  throttled: boolean,
  /** The request may have been carried out. */
  ambiguous: boolean,
]

export const THROTTLE: Row = ['retry', true, false]
export const BROKEN: Row = ['retry', false, true]
export const UNREACHED: Row = ['retry', false, false]
export const PAUSE: Row = ['pause', false, false]
export const ISOLATE: Row = ['isolate', false, false]
