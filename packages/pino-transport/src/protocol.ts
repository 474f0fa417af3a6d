/** What the main thread may ask of all Kinesis transports in a worker. */
export interface Request {
  /** `prepare` goes ahead of `flush` and `close`, and starts their time. It is not answered. */
  readonly kinesis: 'prepare' | 'flush' | 'stats' | 'close'
  readonly id: number
  /** Milliseconds. */
  readonly timeout: number
}

/** Name of the event that answers a request: `{ id, answers }`. */
export const ANSWER = 'kinesis:answer'
