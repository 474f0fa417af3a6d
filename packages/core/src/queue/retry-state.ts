import { type Attempt, remember } from '../record/attempt.js'
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

/** What one try takes in memory, and a record of which one failed: doubled, as in `MemoryUse`. */
const ATTEMPT_BYTES = 180
const STATE_BYTES = 500

/** What went wrong with a record so far. Most records have none. */
export class RetryState {
  faults = 0
  firstFaultAt: number | undefined = undefined
  history: Attempt[] | undefined = undefined
  /** What the history takes in memory. */
  historyBytes = 0
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

  /** Returns the bytes it takes; `ownBytes` are those of its message, if no other try has the same. */
  remember(
    { code, ambiguous, message, error, startedAt, endedAt }: FailedTry,
    ownBytes: number,
  ): number {
    const before = this.history?.length ?? 0
    const attempt: Attempt = {
      delay: startedAt - this.triedAt,
      duration: endedAt - startedAt,
      code,
      message,
      ambiguous,
    }
    this.history = remember(this.history, attempt)
    this.triedAt = endedAt
    this.error = error
    this.message = message
    if (ambiguous) this.possiblyDelivered = true
    // One that takes the place of an older one is taken for as large as that.
    if (this.history.length === before) return 0
    const bytes = ATTEMPT_BYTES + ownBytes + (before === 0 ? STATE_BYTES : 0)
    this.historyBytes += bytes
    return bytes
  }
}
