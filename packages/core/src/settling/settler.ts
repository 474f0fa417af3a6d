import type { UserCallbacks } from '../callbacks/user-callbacks.js'
import type { RecordResult, Stored } from '../client/answer.js'
import type { WhenFull } from '../config/options.js'
import { STUCK_AFTER_ERRORS, THROTTLED_SHARE } from '../config/tuning.js'
import type { RecordQueue } from '../queue/record-queue.js'
import type { CircuitBreaker } from '../request/circuit-breaker.js'
import type { InFlightLimit, Throttling } from '../request/in-flight-limit.js'
import type { SentRequest } from '../request/scheduler.js'
import type { RequestOutcome } from '../request/sender.js'
import type { Counters } from '../stats/counters.js'
import type { EventLog } from '../stats/event-log.js'
import type { Timers } from '../time/timers.js'
import type { Verdict } from './classify.js'
import { type Decision, decide, dropped, ownFailure, type RetryBounds } from './decide.js'
import { failureOf, type RequestFailure } from './failure-cause.js'
import type { SettlementCalls } from './settlement.js'
import { strayRecords } from './stray-records.js'

export interface SettlerPorts extends RetryBounds {
  readonly queue: RecordQueue
  readonly breaker: CircuitBreaker
  readonly inFlightLimit: InFlightLimit
  readonly settlement: SettlementCalls
  readonly counters: Counters
  readonly log: EventLog
  readonly timers: Timers
  readonly callbacks: UserCallbacks
  readonly whenFull: WhenFull
  /** With a spool: whether the disk takes more. */
  readonly diskTakesMore?: () => boolean
  /** Records landed in another shard than predicted. */
  readonly shardsChanged: () => void
}

/**
 * Decides what becomes of the records of a request that ended: first for all of them, without
 * changing anything; then the queue moves them; then those that left it are reported. If something throws
 * all the same, the records that are not settled go back to the queue.
 */
export class Settler {
  readonly #ports: SettlerPorts

  constructor(ports: SettlerPorts) {
    this.#ports = ports
  }

  answered(request: SentRequest, outcome: RequestOutcome): void {
    const { queue, breaker, log, timers, counters } = this.#ports
    const now = timers.now()
    try {
      counters.requestEnded(now - request.startedAt)
      switch (outcome.kind) {
        case 'allStored':
          this.#allStored(request, outcome.places, now)
          break
        case 'answered':
          this.#report(request, now)
          this.#answered(request, outcome.results, now)
          break
        case 'unbuilt':
          this.#failed(request, unbuilt(outcome.error), true, now)
          break
        case 'failed':
          this.#failed(request, failureOf(outcome.error), false, now)
          break
      }
    } catch (error) {
      log.unexpected(error)
      breaker.failed(request.generation, now, false, request.batch.count)
      queue.requeue(request.batch)
    }
  }

  #report({ batch, count, startedAt }: SentRequest, now: number, errorCode?: string): void {
    const { callbacks } = this.#ports
    if (!callbacks.wantsRequests) return
    callbacks.requestEnded({
      duration: now - startedAt,
      records: batch.count,
      kinesisRecords: count,
      ...(errorCode !== undefined && { errorCode }),
    })
  }

  #allStored(request: SentRequest, places: readonly Stored[] | undefined, now: number): void {
    const { queue, settlement, log, inFlightLimit } = this.#ports
    const { batch, carriers, shards, startedAt, generation, number } = request
    this.#report(request, now)
    if (places !== undefined && (batch.tracksShards || shards !== undefined))
      return this.#answered(request, places, now)
    this.#succeeded(generation)
    inFlightLimit.answered({ number, duration: now - startedAt, throttling: 'none', at: now })
    queue.stored(batch)
    settlement.allDelivered(batch, i => places?.[carriers?.[i] ?? i], startedAt, now)
    log.success(batch.count)
  }

  #answered(request: SentRequest, results: readonly RecordResult[], now: number): void {
    const { queue, log, counters } = this.#ports
    const { batch, carriers, startedAt } = request
    const { records } = batch
    const astray = strayRecords(request, results)
    const isShared = sharedCarriers(carriers)
    const decisions = records.map((record, i) => {
      const carrier = carriers?.[i] ?? i
      const shared = isShared.has(carrier) ? carrier : undefined
      const travelled = { shared, isStray: astray.has(i) }
      return decide(record, results[carrier] ?? MISSING, travelled, this.#ports, now)
    })
    this.#tellBreaker(request, decisions, now)
    decisions.forEach(({ verdict, message, isFault }, i) => {
      if (verdict === undefined) return
      const { code, ambiguous } = verdict
      const failed = { code, ambiguous, message, startedAt, endedAt: now }
      queue.inFlight.noteFailedRecord(batch, i, failed, isFault)
    })
    queue.answered(
      batch,
      decisions.map(({ fate }) => fate),
      startedAt,
      now,
    )
    if (astray.size > 0) this.#ports.shardsChanged()
    const pausing = decisions.filter(({ verdict }) => verdict?.action === 'pause')
    const [pause] = pausing
    if (pause?.verdict !== undefined) {
      const { code } = pause.verdict
      const alike = pausing.filter(({ verdict }) => verdict?.code === code).length
      log.recordsPaused(code, alike, pause.message)
    }
    const tally = this.#tell(request, decisions, results, now)
    if (tally.failed === 0) return log.success(tally.stored)
    log.partial(tally.stored, tally.failed, tally.codes)
    if (tally.retried > 0) {
      counters.retries += tally.retried
      log.requeued(tally.retried)
    }
  }

  /** What the answer says of the service as a whole. */
  #tellBreaker(
    { batch, generation, number, startedAt }: SentRequest,
    decisions: readonly Decision[],
    now: number,
  ): void {
    const { breaker, inFlightLimit } = this.#ports
    const pauses = decisions.some(({ verdict }) => verdict?.action === 'pause')
    // All refused, and no shard is known of which that could be said: only fewer requests help.
    const blind =
      !batch.isTurn &&
      decisions.every(({ fate, verdict }, i) => {
        if (fate.kind === 'stored' || fate.kind === 'dropped') return false
        if (fate.kind === 'suspected') return verdict?.action === 'retry'
        if (fate.kind !== 'throttled' || fate.shardId !== undefined)
          return fate.kind !== 'throttled'
        const record = batch.records[i]
        return record?.partitionKey !== undefined || record?.explicitHashKey !== undefined
      })
    if (pauses || blind) return breaker.failed(generation, now, pauses, batch.records.length)
    this.#succeeded(generation)
    const throttling = throttlingOf(batch, decisions)
    inFlightLimit.answered({ number, duration: now - startedAt, throttling, at: now })
  }

  #succeeded(generation: number): void {
    const { breaker, queue } = this.#ports
    const failed = breaker.consecutiveErrors > 0
    breaker.succeeded(generation)
    if (failed && breaker.consecutiveErrors === 0) queue.recovered()
  }

  /** Reports the records that left the queue, and counts. */
  #tell(
    { batch, carriers, startedAt }: SentRequest,
    decisions: readonly Decision[],
    results: readonly RecordResult[],
    now: number,
  ): { stored: number; failed: number; retried: number; codes: Map<string, number> } {
    const { settlement, counters } = this.#ports
    const codes = new Map<string, number>()
    let [stored, retried] = [0, 0]
    decisions.forEach(({ fate, verdict, dropped: reason }, i) => {
      const record = batch.records[i]
      const result = results[carriers?.[i] ?? i]
      if (verdict !== undefined) codes.set(verdict.code, (codes.get(verdict.code) ?? 0) + 1)
      if (fate.kind === 'stored') {
        stored++
        const place = result?.kind === 'stored' ? result : undefined
        settlement.delivered(record, place, startedAt, now)
      } else if (reason !== undefined) settlement.dropped(record, reason)
      else retried++
      if (fate.kind === 'throttled') counters.throttled(fate.shardId ?? 'unknown')
    })
    return { stored, failed: decisions.length - stored, retried, codes }
  }

  /** @param isLocal nothing left: the records could not be made into a request */
  #failed(
    request: SentRequest,
    { verdict, error, message, retryAfter }: RequestFailure,
    isLocal: boolean,
    now: number,
  ): void {
    const { queue, breaker, counters, log } = this.#ports
    const { batch, startedAt, generation } = request
    const { records } = batch
    const { code, ambiguous, action } = verdict
    this.#report(request, now, code)
    counters.requestFailed(code, message)
    queue.inFlight.noteFailedTry(batch, {
      code,
      ambiguous,
      message,
      error,
      startedAt,
      endedAt: now,
    })
    const isRefused = isLocal || action === 'isolate' || action === 'fail'
    // Who asks for less does not mean these records, and splitting them would make more requests.
    const suspect =
      !verdict.throttled && queue.inFlight.noteRequestFailure(batch, breaker.successes)
    // While others succeed, the fault is in this request: in one of its records.
    const isTelling = breaker.serviceWorks && !verdict.throttled
    const isToBlame = isRefused || (isTelling && (batch.isPart || suspect))
    if (isToBlame) breaker.refused(generation, now, retryAfter)
    else breaker.failed(generation, now, action === 'pause', records.length, retryAfter)
    log.requestError(code, action === 'pause', message, records.length, breaker.consecutiveErrors)

    if (isToBlame && records.length > 1) {
      counters.retries += records.length
      return queue.bisect(batch)
    }
    if (isToBlame) {
      const [only] = records
      if (only === undefined) return
      const decision = isRefused
        ? dropped(verdict, message, 'rejected', false)
        : ownFailure(only, verdict, message, this.#ports, now, true)
      return this.#alone(request, decision, now)
    }
    if (this.#isStuck(action)) {
      queue.answered(
        batch,
        records.map(() => ({ kind: 'dropped' })),
        startedAt,
        now,
      )
      for (const record of records) this.#ports.settlement.dropped(record, 'bufferFull')
      return
    }
    queue.requeue(batch)
    counters.retries += records.length
    log.requeued(records.length)
  }

  /** A record that failed in a request of its own, while others succeed. */
  #alone({ batch, startedAt }: SentRequest, decision: Decision, now: number): void {
    const { queue, counters, log, settlement } = this.#ports
    if (decision.isFault) queue.inFlight.noteFault(batch, now)
    queue.answered(batch, [decision.fate], startedAt, now)
    if (decision.dropped !== undefined)
      return settlement.dropped(batch.records[0], decision.dropped)
    counters.retries++
    log.requeued(1)
  }

  /** The rule of the Go package batchproducer for a full buffer. */
  #isStuck(action: string): boolean {
    const { whenFull, breaker, queue, diskTakesMore } = this.#ports
    return (
      (whenFull === 'rejectThenDropBatch' || whenFull === 'waitThenDropBatch') &&
      breaker.consecutiveErrors >= STUCK_AFTER_ERRORS &&
      action === 'retry' &&
      queue.isNearlyFull &&
      diskTakesMore?.() !== true
    )
  }
}

/**
 * When a shard that backs off has its turn, that it is throttled is no news: its backoff grows. Anything
 * else that failed is no reason for more in flight either.
 */
const throttlingOf = (
  { isTurn }: SentRequest['batch'],
  decisions: readonly Decision[],
): Throttling => {
  const failed = decisions.filter(({ verdict }) => verdict !== undefined).length
  if (failed === 0) return 'none'
  const throttled = decisions.filter(({ fate }) => fate.kind === 'throttled').length
  return !isTurn && throttled > THROTTLED_SHARE * decisions.length ? 'much' : 'some'
}

/** Kinesis records that carry more than one user record. */
const sharedCarriers = (carriers: SentRequest['carriers']): ReadonlySet<number> => {
  const shared = new Set<number>()
  const seen = new Set<number>()
  for (const carrier of carriers ?? []) {
    if (seen.has(carrier)) shared.add(carrier)
    seen.add(carrier)
  }
  return shared
}

/** One of the records is to blame, and nothing was sent. */
const unbuilt = (error: unknown): RequestFailure => {
  const { error: cause, message } = failureOf(error)
  const verdict: Verdict = {
    action: 'isolate',
    throttled: false,
    ambiguous: false,
    code: 'RequestNotBuilt',
  }
  return { verdict, error: cause, message, retryAfter: 0 }
}

/** Never needed: `readAnswer` gives a result for each record. */
const MISSING: RecordResult = {
  kind: 'failed',
  code: 'NoSequenceNumber',
  message: 'the answer says nothing of this record',
}
