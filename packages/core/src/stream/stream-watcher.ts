import type { Admission } from '../admission/admission.js'
import type { KinesisClientLike, StreamTarget } from '../client/client-types.js'
import { DEFAULT_MAX_RECORD_BYTES, MAX_RECORD_BYTES } from '../config/aws-limits.js'
import type { Packing } from '../packing/create-packing.js'
import type { EventLog } from '../stats/event-log.js'
import type { Alarm, Timers } from '../time/timers.js'
import { canAsk, describeStream, listOpenShards } from './describe.js'

/** First and longest wait before the shards are asked for again. */
const RETRY_BASE_MS = 1000
const RETRY_CAP_MS = 60_000
/** A change of shards after this much quiet is taken for a resharding like any other. */
const QUIET_MS = 10 * RETRY_CAP_MS

export interface LearnPorts {
  readonly client: KinesisClientLike
  readonly target: StreamTarget
  readonly admission: Admission
  readonly packing: Packing
  readonly log: EventLog
  readonly timers: Timers
  readonly discoverMaxRecordBytes: boolean
}

/**
 * Asks the stream what the options need to know: its record limit, whether it allows aggregates,
 * its shards. Nobody waits for the answers; until one comes, and where asking is not permitted, the
 * producer does what every stream accepts.
 */
export class StreamLearner {
  readonly #ports: LearnPorts
  readonly #retry: Alarm
  #failures = 0
  #listing = false
  #changedAt = Number.NEGATIVE_INFINITY

  constructor(ports: LearnPorts) {
    this.#ports = ports
    this.#retry = ports.timers.alarm(() => void this.#list())
  }

  started(): void {
    const { packing, discoverMaxRecordBytes } = this.#ports
    if (packing.aggregation !== undefined || discoverMaxRecordBytes) void this.#describe()
    void this.#list()
  }

  rest(): void {
    this.#retry.cancel()
  }

  /**
   * A record landed elsewhere than predicted: forget the shards and ask again. At once the first
   * time, later and later if it happens again: then something distributes the records in a way that
   * nobody can predict.
   */
  shardsChanged(): void {
    const { packing, timers } = this.#ports
    if (packing.shards === undefined || this.#listing || this.#retry.armed) return
    packing.shards.learn([])
    const now = timers.now()
    if (now - this.#changedAt > QUIET_MS) this.#failures = 0
    this.#changedAt = now
    if (this.#failures === 0) void this.#list()
    else this.#retry.set(this.#backoff())
    this.#failures++
  }

  #backoff(): number {
    return Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** this.#failures)
  }

  async #describe(): Promise<void> {
    const { client, target, admission, packing, log, discoverMaxRecordBytes } = this.#ports
    const { aggregation } = packing
    if (!canAsk(client)) {
      aggregation?.allow(true)
      return
    }
    try {
      const { maxRecordBytes, serviceDistributed } = await describeStream(client, target)
      if (discoverMaxRecordBytes && maxRecordBytes !== undefined) {
        admission.setMaxRecordBytes(
          Math.min(MAX_RECORD_BYTES, Math.max(DEFAULT_MAX_RECORD_BYTES, maxRecordBytes)),
        )
      }
      if (aggregation === undefined) return
      aggregation.allow(!serviceDistributed)
      if (serviceDistributed) log.aggregationRefused()
    } catch (error) {
      if (aggregation === undefined) return
      // Streams with service-managed distribution are rare, and were made so on purpose.
      aggregation.allow(true)
      log.unchecked(error)
    }
  }

  async #list(): Promise<void> {
    const { client, target, packing, log } = this.#ports
    if (this.#listing || packing.shards === undefined || !canAsk(client)) return
    this.#listing = true
    try {
      packing.shards.learn(await listOpenShards(client, target))
    } catch (error) {
      log.shardsUnknown(error)
      this.#retry.set(this.#backoff())
      this.#failures++
    } finally {
      this.#listing = false
    }
  }
}
