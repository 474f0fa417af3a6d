import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { MAX_COUNTED_NAMES } from '../config/tuning.js'
import { DROP_REASONS, type DropReason } from '../record/dropped.js'
import type { Latency } from './stats.js'

/** Names beyond the bound are counted together as `other`. */
const increment = (counts: Map<string, number>, name: string): void => {
  const isCounted = counts.has(name) || counts.size < MAX_COUNTED_NAMES
  const counted = isCounted ? name : 'other'
  counts.set(counted, (counts.get(counted) ?? 0) + 1)
}

/** Everything counted since the producer was made. Plain numbers, cheap enough to be always on. */
export class Counters {
  admitted = 0
  delivered = 0
  dropped = 0
  refused = 0
  possibleDuplicates = 0
  bytesDelivered = 0
  requests = 0
  recordsInRequests = 0
  kinesisRecords = 0
  requestErrors = 0
  lastError: string | undefined = undefined
  retries = 0
  lastSuccessAt: number | undefined = undefined
  readonly droppedByReason: Map<DropReason, number> = new Map<DropReason, number>(
    DROP_REASONS.map(reason => [reason, 0]),
  )
  readonly requestErrorsByCode: Map<string, number> = new Map<string, number>()
  readonly throttledByShard: Map<string, number> = new Map<string, number>()
  readonly #latency: RecordableHistogram = createHistogram()

  drop(reason: DropReason): void {
    this.dropped++
    this.droppedByReason.set(reason, (this.droppedByReason.get(reason) ?? 0) + 1)
  }

  requestEnded(ms: number): void {
    this.requests++
    // The histogram takes whole numbers from 1 (microseconds), and a clock may jump by any time.
    this.#latency.record(Math.min(Math.max(1, Math.round(ms * 1000)), Number.MAX_SAFE_INTEGER))
  }

  requestFailed(code: string, message = ''): void {
    this.requestErrors++
    this.lastError = message === '' ? code : `${code}: ${message}`
    increment(this.requestErrorsByCode, code)
  }

  throttled(shard: string): void {
    increment(this.throttledByShard, shard)
  }

  latency(): Latency {
    if (this.requests === 0) return { p50: 0, p90: 0, p99: 0, max: 0 }
    const at = (percentile: number): number => this.#latency.percentile(percentile) / 1000
    return { p50: at(50), p90: at(90), p99: at(99), max: this.#latency.max / 1000 }
  }
}
