import type { DiskTail } from '../admission/disk-tail.js'
import type { RecordQueue } from '../queue/record-queue.js'
import { DROP_REASONS, type DropReason } from '../record/dropped.js'
import type { CircuitBreaker } from '../request/circuit-breaker.js'
import type { InFlightLimit } from '../request/in-flight-limit.js'
import type { Scheduler } from '../request/scheduler.js'
import type { Counters } from '../stats/counters.js'
import type { ProducerStats } from '../stats/stats.js'
import type { State } from '../steps/state.js'

export interface StatSources {
  readonly counters: Counters
  readonly queue: RecordQueue
  readonly breaker: CircuitBreaker
  readonly inFlightLimit: InFlightLimit
  readonly scheduler: Scheduler
  readonly admission: { readonly waiting: number }
  readonly tail?: DiskTail | undefined
}

/** Reads all stages at one moment. */
export const snapshot = (sources: StatSources, state: State, now: number): ProducerStats => {
  const { counters, queue, breaker, inFlightLimit, scheduler, admission, tail } = sources
  const oldest = queue.oldest()?.admittedAt
  const { memory } = queue
  return {
    state,
    ...(tail !== undefined && { spool: tail.stats() }),
    admitted: counters.admitted,
    delivered: counters.delivered,
    dropped: counters.dropped,
    droppedByReason: droppedByReason(counters),
    remaining: queue.records + (tail?.unloaded ?? 0),
    remainingBytes: queue.bytes,
    capacityRecords: queue.capacityRecords,
    capacityBytes: queue.capacityBytes,
    memoryBytes: memory.bytes,
    slabBytesHeld: memory.heldBytes,
    slabBytesPinned: memory.pinnedBytes,
    slabBytesPooled: memory.pooledBytes,
    refused: counters.refused,
    possibleDuplicates: counters.possibleDuplicates,
    bytesDelivered: counters.bytesDelivered,
    waiting: admission.waiting,
    requests: counters.requests,
    kinesisRecords: counters.kinesisRecords,
    requestsInFlight: scheduler.inFlight,
    requestLimit: inFlightLimit.current,
    requestErrors: counters.requestErrors,
    requestErrorsByCode: Object.fromEntries(counters.requestErrorsByCode),
    ...(counters.lastError !== undefined && { lastError: counters.lastError }),
    consecutiveErrors: breaker.consecutiveErrors,
    paused: breaker.paused,
    retries: counters.retries,
    throttledByShard: Object.fromEntries(counters.throttledByShard),
    oldestRecordAge: oldest === undefined ? 0 : Math.max(0, now - oldest),
    sinceLastSuccess:
      counters.lastSuccessAt === undefined ? undefined : now - counters.lastSuccessAt,
    requestLatency: counters.latency(),
    recordsPerRequest: counters.requests === 0 ? 0 : counters.recordsInRequests / counters.requests,
  }
}

export const droppedByReason = ({
  droppedByReason: counts,
}: Counters): Record<DropReason, number> => {
  const result: Record<DropReason, number> = {
    maxAttempts: 0,
    retryTimeout: 0,
    expired: 0,
    rejected: 0,
    bufferFull: 0,
    workerDied: 0,
    lost: 0,
    closed: 0,
  }
  for (const reason of DROP_REASONS) result[reason] = counts.get(reason) ?? 0
  return result
}
