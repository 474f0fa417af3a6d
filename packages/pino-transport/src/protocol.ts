/** What the main thread may ask of all Kinesis transports in a worker. */
export interface Request {
  readonly kinesis: 'flush' | 'stats' | 'close'
  readonly id: number
  /** Milliseconds. */
  readonly timeout: number
  /**
   * How many bytes the main thread wrote: the answer does not overtake them. Undefined where nobody
   * counted; then the worker had read all of them when this was asked.
   */
  readonly bytes: number | undefined
}

export interface Answer {
  readonly id: number
  readonly answers: readonly object[]
}

/** The rest of an answer, beside what the transport itself tells. */
export interface Passage {
  /** Lines that went into the steps of a pipeline, and may still be there. */
  readonly unknown: number
  /** Lines that the steps of a pipeline kept for good. */
  readonly kept: number
  /** Whether lines may be under way that nobody can count. */
  readonly uncounted: boolean
}

/**
 * The two threads speak on a channel of their own. On the worker's port, a listener of ours would
 * take messages away from transports that begin to listen later, such as those that wait for pino's
 * configuration.
 */
export const channelName = (threadId: number): string =>
  `@kinesis-producer/pino-transport, thread ${threadId}, 1`

/** What the helper tells its own transport, beside the user's options. */
export interface FromHelper {
  /** This is the first step of a pipeline, which counts what comes in. */
  readonly entry?: boolean
  /** Takes lines in the place of Kinesis, among other targets with `dedupe`. */
  readonly sink?: boolean
  /** The helper's `level`. */
  readonly level?: number | string | undefined
  /** Levels of other targets, with `dedupe`: a line belongs to the highest at or below its own. */
  readonly otherLevels?: readonly (number | string)[] | undefined
}
