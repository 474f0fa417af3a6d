import { DEFAULT_MAX_RECORD_BYTES, MAX_RECORD_BYTES } from '../config/aws-limits.js'
import type { Timers } from '../time/timers.js'
import type { OpenShard, StreamSource, StreamSummary } from './describe.js'
import { Query } from './query.js'

/** Changes of the shards this far apart have nothing to do with each other. */
const QUIET_MS = 600_000

/** What of the stream matters to a producer's options. */
export interface StreamInterest {
  readonly recordLimit: boolean
  readonly aggregation: boolean
  readonly shards: boolean
}

export interface StreamWatcherPorts {
  readonly source: StreamSource
  readonly timers: Timers
  readonly interest: StreamInterest
  /** The largest record that the stream takes, in bytes. */
  readonly recordLimit: (bytes: number) => void
  /** Whether consumers can read aggregates from the stream. */
  readonly aggregation: (allowed: boolean) => void
  /** The open shards; an empty list: they are not known (any more). */
  readonly shards: (list: readonly OpenShard[]) => void
  readonly warnings: {
    aggregationRefused(): void
    unchecked(error: unknown): void
    shardsUnknown(error: unknown): void
  }
}

/**
 * Asks the stream what the options need to know: its record limit, whether it allows aggregates,
 * its shards. Nobody waits for the answers; until one comes, and where asking is not permitted, the
 * producer does what every stream accepts.
 */
export class StreamWatcher {
  readonly #ports: StreamWatcherPorts
  readonly #describe: Query<StreamSummary> | undefined
  readonly #list: Query<readonly OpenShard[]> | undefined
  #changes = 0
  #changedAt = Number.NEGATIVE_INFINITY

  constructor(ports: StreamWatcherPorts) {
    this.#ports = ports
    const { source, timers, interest, warnings } = ports
    const { describe, listShards } = source
    if (describe !== undefined && (interest.recordLimit || interest.aggregation)) {
      this.#describe = new Query({
        timers,
        ask: describe,
        answered: summary => this.#described(summary),
        failed: error => this.#undescribed(error),
        retries: false,
      })
    }
    if (listShards !== undefined && interest.shards) {
      this.#list = new Query({
        timers,
        ask: listShards,
        answered: ports.shards,
        failed: error => warnings.shardsUnknown(error),
        retries: true,
      })
    }
  }

  started(): void {
    const { interest, aggregation } = this.#ports
    // A client that cannot ask relies on the user, who chose to aggregate.
    if (this.#describe === undefined && interest.aggregation) aggregation(true)
    this.#describe?.start()
    this.#list?.start()
  }

  /** Ends all that it does, requests and timers; what is answered later is not heard. */
  stop(): void {
    this.#describe?.stop()
    this.#list?.stop()
  }

  /**
   * A record landed elsewhere than predicted: forget the shards and ask again. At once the first
   * time, later and later if it happens again: then something distributes the records in a way that
   * nobody can predict.
   */
  shardsChanged(): void {
    const list = this.#list
    if (list === undefined || !list.idle) return
    const { shards, timers } = this.#ports
    shards([])
    const now = timers.now()
    if (now - this.#changedAt > QUIET_MS) this.#changes = 0
    this.#changedAt = now
    list.again(this.#changes++)
  }

  #described({ maxRecordBytes, serviceDistributed }: StreamSummary): void {
    const { interest, recordLimit, aggregation, warnings } = this.#ports
    if (interest.recordLimit && maxRecordBytes !== undefined) {
      // No stream takes less than the default, whatever an emulator says.
      const atLeast = Math.max(DEFAULT_MAX_RECORD_BYTES, maxRecordBytes)
      recordLimit(Math.min(MAX_RECORD_BYTES, atLeast))
    }
    if (!interest.aggregation) return
    aggregation(!serviceDistributed)
    if (serviceDistributed) warnings.aggregationRefused()
  }

  #undescribed(error: unknown): void {
    const { interest, aggregation, warnings } = this.#ports
    if (!interest.aggregation) return
    // Streams with service-managed distribution are rare, and were made so on purpose.
    aggregation(true)
    warnings.unchecked(error)
  }
}
