import type { Admission } from '../admission/admission.js'
import type { State } from '../lifecycle/state.js'
import type { RecordBuffer } from '../queue/record-queue.js'
import type { RetryLanes } from '../queue/shard-backoff.js'
import { DROP_REASONS } from '../record/dropped.js'
import type { RequestGate } from '../request/circuit-breaker.js'
import type { Dispatcher } from '../request/scheduler.js'
import type { Counters } from './counters.js'
import type { ProducerStats } from './stats.js'

export interface StatSources {
  readonly counters: Counters
  readonly buffer: RecordBuffer
  readonly lanes: RetryLanes
  readonly gate: RequestGate
  readonly dispatcher: Dispatcher
  readonly admission: Admission
}

/** Reads all rooms at one moment. */
export const snapshot = (sources: StatSources, state: State, now: number): ProducerStats => {
  const { counters, buffer, lanes, gate, dispatcher, admission } = sources
  let oldest = buffer.ready.head?.admittedAt ?? now
  for (const head of lanes.heads()) oldest = Math.min(oldest, head.admittedAt)
  return {
    state,
    admitted: counters.admitted,
    delivered: counters.delivered,
    dropped: counters.dropped,
    droppedByReason: droppedByReason(counters),
    remaining: buffer.records,
    remainingBytes: buffer.bytes,
    refused: counters.refused,
    possibleDuplicates: counters.possibleDuplicates,
    bytesDelivered: counters.bytesDelivered,
    waiting: admission.waiting,
    requests: counters.requests,
    kinesisRecords: counters.kinesisRecords,
    requestsInFlight: dispatcher.inFlight,
    requestLimit: gate.limit,
    requestErrors: counters.requestErrors,
    requestErrorsByCode: Object.fromEntries(counters.requestErrorsByCode),
    consecutiveErrors: gate.consecutiveErrors,
    paused: gate.paused,
    retries: counters.retries,
    throttledByShard: Object.fromEntries(counters.throttledByShard),
    oldestRecordAge: now - oldest,
    sinceLastSuccess:
      counters.lastSuccessAt === undefined ? undefined : now - counters.lastSuccessAt,
    requestLatency: counters.latency(),
    recordsPerRequest: counters.requests === 0 ? 0 : counters.recordsInRequests / counters.requests,
  }
}

const droppedByReason = ({
  droppedByReason: counts,
}: Counters): ProducerStats['droppedByReason'] => {
  const result = { maxAttempts: 0, expired: 0, rejected: 0, bufferFull: 0, closed: 0 }
  for (const reason of DROP_REASONS) result[reason] = counts.get(reason) ?? 0
  return result
}
