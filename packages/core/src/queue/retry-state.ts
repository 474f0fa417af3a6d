import type { Attempt } from '../record/attempt.js'
import type { AgeEntry } from './age-index.js'
import type { ShardBackoff } from './shard-backoff.js'

/** A try that did not deliver. */
export interface FailedTry {
  readonly code: string
  /** The answer was lost or unclear. */
  readonly ambiguous: boolean
  readonly message: string
  /** What was thrown; absent if the service answered for this very record. */
  readonly error?: Error | undefined
  readonly startedAt: number
  readonly endedAt: number
}

/** What went wrong with a record so far. Most records have none. */
export class RetryState {
  faults = 0
  firstFaultAt: number | undefined = undefined
  history: Attempt[] | undefined = undefined
  /** End of the newest try. */
  triedAt: number
  possiblyDelivered = false
  error: Error | undefined = undefined
  message = ''
  /** Requests that failed as a whole with this record in them. */
  requestFailures = 0
  /** Successful requests there had been at the newest of those failures. */
  successes = -1
  /** Whether requests succeeded between two of its failures. */
  suspect = false
  /** The shard whose backoff it counts for. */
  shard: ShardBackoff | undefined = undefined
  /** Its entry among those of that shard that wait. */
  waiting: AgeEntry | undefined = undefined

  constructor(admittedAt: number) {
    this.triedAt = admittedAt
  }
}
