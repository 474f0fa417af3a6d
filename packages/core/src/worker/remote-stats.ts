import { droppedByReason } from '../lifecycle/snapshot.js'
import type { Counters } from '../stats/counters.js'
import type { ProducerStats } from '../stats/stats.js'
import type { State } from '../steps/state.js'

/** Figures that go on where those of the worker before ended. */
const SUMS = [
  'possibleDuplicates',
  'requests',
  'kinesisRecords',
  'requestErrors',
  'retries',
] as const
type Sums = Record<(typeof SUMS)[number], number>

type Told = Omit<
  ProducerStats,
  | 'state'
  | 'admitted'
  | 'delivered'
  | 'dropped'
  | 'droppedByReason'
  | 'remaining'
  | 'remainingBytes'
  | 'refused'
  | 'bytesDelivered'
  | 'waiting'
  | 'oldestRecordAge'
  | 'slabBytesHeld'
  | 'slabBytesPinned'
  | 'slabBytesPooled'
  | 'capacityRecords'
  | 'capacityBytes'
>

const NOTHING: Told = {
  memoryBytes: 0,
  possibleDuplicates: 0,
  requests: 0,
  requestsInFlight: 0,
  kinesisRecords: 0,
  requestLimit: 0,
  requestErrors: 0,
  requestErrorsByCode: {},
  consecutiveErrors: 0,
  paused: false,
  retries: 0,
  throttledByShard: {},
  sinceLastSuccess: undefined,
  requestLatency: { p50: 0, p90: 0, p99: 0, max: 0 },
  recordsPerRequest: 0,
}

/** What this thread knows by itself. */
export interface OwnStats {
  readonly counters: Counters
  readonly state: State
  readonly delivered: number
  readonly remaining: number
  readonly remainingBytes: number
  /** Bytes of all records that were delivered. */
  readonly bytesDelivered: number
  readonly heldBytes: number
  readonly pooledBytes: number
  readonly capacityRecords: number
  readonly capacityBytes: number
  readonly waiting: number
  readonly oldestAdmittedAt: number | undefined
  readonly now: number
}

/** The stats of a producer in a worker: what it told last, and what this thread knows better. */
export class RemoteStats {
  #told: Told = NOTHING
  #toldAt = 0
  #past: Sums = {
    possibleDuplicates: 0,
    requests: 0,
    kinesisRecords: 0,
    requestErrors: 0,
    retries: 0,
  }
  #pastRecords = 0
  #pastCodes: Readonly<Record<string, number>> = {}
  #pastShards: Readonly<Record<string, number>> = {}

  learn(told: ProducerStats, now: number): void {
    const memoryBytes = Math.max(0, told.memoryBytes - told.slabBytesHeld)
    this.#told = { ...told, memoryBytes }
    this.#toldAt = now
  }

  /** Failed requests so far. */
  get requestErrors(): number {
    return this.#past.requestErrors + this.#told.requestErrors
  }

  /** The next worker counts from 0. */
  workerDied(): void {
    const told = this.#told
    this.#pastRecords += told.recordsPerRequest * told.requests
    this.#past = this.#sums()
    this.#pastCodes = added(this.#pastCodes, told.requestErrorsByCode)
    this.#pastShards = added(this.#pastShards, told.throttledByShard)
    const { requestLatency, sinceLastSuccess } = told
    this.#told = {
      ...NOTHING,
      requestLatency,
      sinceLastSuccess,
      ...(told.lastError !== undefined && { lastError: told.lastError }),
    }
  }

  read(own: OwnStats): ProducerStats {
    const { counters, state, delivered, remaining, remainingBytes, waiting, now } = own
    const told = this.#told
    const sums = this.#sums()
    const since = told.sinceLastSuccess
    return {
      ...told,
      ...sums,
      state,
      admitted: counters.admitted,
      delivered,
      dropped: counters.dropped,
      droppedByReason: droppedByReason(counters),
      remaining,
      remainingBytes,
      // What the worker needs beside the slabs is on top of them.
      memoryBytes: own.heldBytes + told.memoryBytes,
      slabBytesHeld: own.heldBytes,
      slabBytesPinned: Math.max(0, own.heldBytes - remainingBytes),
      slabBytesPooled: own.pooledBytes,
      capacityRecords: own.capacityRecords,
      capacityBytes: own.capacityBytes,
      refused: counters.refused,
      bytesDelivered: own.bytesDelivered,
      waiting,
      requestErrorsByCode: added(this.#pastCodes, told.requestErrorsByCode),
      throttledByShard: added(this.#pastShards, told.throttledByShard),
      oldestRecordAge:
        own.oldestAdmittedAt === undefined ? 0 : Math.max(0, now - own.oldestAdmittedAt),
      sinceLastSuccess: since === undefined ? undefined : since + (now - this.#toldAt),
      recordsPerRequest:
        sums.requests === 0
          ? 0
          : (this.#pastRecords + told.recordsPerRequest * told.requests) / sums.requests,
    }
  }

  #sums(): Sums {
    const sums = { ...this.#past }
    for (const name of SUMS) sums[name] += this.#told[name]
    return sums
  }
}

const added = (
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> => {
  const sums = new Map(Object.entries(a))
  for (const [name, count] of Object.entries(b)) sums.set(name, (sums.get(name) ?? 0) + count)
  return Object.fromEntries(sums)
}
