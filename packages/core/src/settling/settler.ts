import type { PutRecordsResult } from '../client/client-types.js'
import type { RequestReport } from '../config/options.js'
import { DeliveryError } from '../errors/errors.js'
import type { Isolation } from '../queue/bisection.js'
import { isBlind, laneOf } from '../queue/lane-of.js'
import type { Entry } from '../queue/pending-record.js'
import type { RecordBuffer } from '../queue/record-queue.js'
import { type RetryLanes, SPREAD_LANE } from '../queue/shard-backoff.js'
import type { DroppedRecord, DropReason } from '../record/dropped.js'
import type { Batcher } from '../request/batcher.js'
import type { RequestGate } from '../request/circuit-breaker.js'
import type { Departure } from '../request/scheduler.js'
import { isStored, type Outcome } from '../request/sender.js'
import type { Counters } from '../stats/counters.js'
import type { EventLog } from '../stats/event-log.js'
import type { Timers } from '../time/timers.js'
import { classifyRequestError, type Verdict } from './classify.js'
import { type Failure, failureOf, strayRecords } from './failure.js'

/** Failed requests in a row after which the seed's full-buffer rule gives up a batch. */
const STUCK_AFTER_ERRORS = 5

export interface SettlerPorts {
  readonly buffer: RecordBuffer
  readonly lanes: RetryLanes
  readonly isolation: Isolation
  readonly batcher: Batcher
  readonly gate: RequestGate
  readonly counters: Counters
  readonly log: EventLog
  readonly timers: Timers
  readonly maxAttemptsPerRecord: number
  readonly dropBatchWhenStuck: boolean
  /** Records landed in another shard than predicted. */
  readonly shardsChanged: () => void
  readonly onDrop: ((dropped: DroppedRecord) => void) | undefined
  readonly onRequest: ((request: RequestReport) => void) | undefined
  /** A record left the producer's care. */
  readonly settled: (entry: Entry) => void
}

const NO_RESULTS: readonly PutRecordsResult[] = []
const hasWaiter = ({ waiter }: Entry): boolean => waiter !== undefined

/** Tells each record of an answered request what became of it. Every record settles here, once. */
export class Settler {
  readonly #ports: SettlerPorts

  constructor(ports: SettlerPorts) {
    this.#ports = ports
  }

  answered(departure: Departure, outcome: Outcome): void {
    const { counters, timers } = this.#ports
    const now = timers.now()
    counters.requestEnded(now - departure.startedAt)
    this.#report(departure, outcome, now)
    if (outcome.kind === 'failed') this.#requestFailed(departure, outcome.error, now)
    else this.#requestAnswered(departure, outcome.results, outcome.failed, now)
  }

  #report({ batch, packed, startedAt }: Departure, outcome: Outcome, now: number): void {
    const { onRequest, log } = this.#ports
    if (onRequest === undefined) return
    try {
      onRequest({
        duration: now - startedAt,
        records: batch.entries.length,
        kinesisRecords: packed.count,
        ...(outcome.kind === 'failed' && { errorCode: classifyRequestError(outcome.error).code }),
      })
    } catch (error) {
      log.callbackThrew('onRequest', error)
    }
  }

  #requestAnswered(
    { batch, packed, startedAt, generation }: Departure,
    read: () => readonly PutRecordsResult[],
    failed: number,
    now: number,
  ): void {
    const { gate, counters, lanes, log } = this.#ports
    const { entries } = batch
    const { carriers, shards } = packed
    if (failed === 0 && batch.lanes === undefined && shards === undefined) {
      counters.succeeded(now)
      gate.succeeded(generation)
      // Receipts alone need the places.
      const results = entries.some(hasWaiter) ? read() : NO_RESULTS
      for (let i = 0; i < entries.length; i++)
        this.#deliver(entries[i], results[carriers?.[i] ?? i], startedAt, now)
      log.success(entries.length)
      return
    }

    const results = read()
    const astray = strayRecords(packed, results)
    if (astray.size > 0) this.#ports.shardsChanged()
    const tally = new Map<string, { stored: number; failed: number }>()
    const count = (lane: string, key: 'stored' | 'failed'): void => {
      let entry = tally.get(lane)
      if (entry === undefined) tally.set(lane, (entry = { stored: 0, failed: 0 }))
      entry[key]++
    }
    // Deliveries first: then the order of a key knows which of its failed records is the oldest.
    const failures: Failure[] = []
    for (let i = 0; i < entries.length; i++) {
      const [entry, result] = [entries[i], results[carriers?.[i] ?? i]]
      if (entry === undefined) continue
      if (isStored(result) && !astray.has(i)) {
        this.#checkMoved(entry, result?.ShardId)
        count(entry.lane ?? result?.ShardId ?? '', 'stored')
        this.#deliver(entry, result, startedAt, now)
      } else failures.push(failureOf(entry, result))
    }
    const stored = entries.length - failures.length
    if (stored > 0) counters.succeeded(now)

    const codes = new Map<string, number>()
    const laneOfEntry = new Map<Entry, string>()
    for (const { entry, verdict, message } of failures) {
      codes.set(verdict.code, (codes.get(verdict.code) ?? 0) + 1)
      const lane = laneOf(entry, verdict, message)
      if (verdict.throttled) counters.throttled(lane)
      if (!this.#recordFailed(entry, verdict, message, startedAt, now)) continue
      count(lane, 'failed')
      laneOfEntry.set(entry, lane)
    }
    const requeued = laneOfEntry.size
    for (const entry of this.#ports.buffer.takeBack([...laneOfEntry.keys()]))
      lanes.add(laneOfEntry.get(entry) ?? SPREAD_LANE, entry)
    // All refused, and no lane knows which new records would be: only the gate can hold them back.
    const blind =
      requeued === entries.length && batch.lanes === undefined && [...tally.keys()].every(isBlind)
    if (blind) gate.failed(generation, now, false)
    else gate.succeeded(generation)
    for (const [lane, counts] of tally)
      lanes.report(lane, counts.stored, counts.failed, startedAt, now)
    for (const lane of batch.lanes ?? []) lanes.answered(lane)
    for (const lane of tally.keys()) lanes.answered(lane)
    if (failures.length === 0) return log.success(stored)
    log.partial(stored, failures.length, codes)
    if (requeued > 0) {
      counters.retries += requeued
      log.requeued(requeued)
    }
  }

  #requestFailed({ batch, startedAt, generation }: Departure, error: unknown, now: number): void {
    const { gate, counters, log, lanes, buffer } = this.#ports
    const verdict = classifyRequestError(error)
    const { entries } = batch
    counters.requestFailed(verdict.code)
    if (verdict.action === 'isolate') gate.refused(generation, now)
    else gate.failed(generation, now, verdict.action === 'pause')
    log.requestError(verdict, error, entries.length, gate.consecutiveErrors)

    const message = error instanceof Error ? error.message : String(error)
    for (const entry of entries) {
      entry.failed(verdict.code, verdict.ambiguous, error, message, startedAt, now)
    }
    for (const lane of batch.lanes ?? []) lanes.answered(lane)

    if (verdict.action === 'isolate') this.#isolate(buffer.takeBack(entries))
    else if (
      this.#ports.dropBatchWhenStuck &&
      gate.consecutiveErrors >= STUCK_AFTER_ERRORS &&
      verdict.action === 'retry' &&
      buffer.nearlyFull
    ) {
      for (const entry of entries) this.drop(entry, 'bufferFull')
    } else {
      counters.retries += entries.length
      log.requeued(entries.length)
      this.#requeue(buffer.takeBack(entries), batch.isolated)
    }
  }

  #isolate(entries: readonly Entry[]): void {
    const [only] = entries
    if (entries.length === 1 && only !== undefined) this.drop(only, 'rejected')
    else this.#ports.isolation.split(entries)
  }

  /** Back to the front, in order, to go with the next request that is allowed. */
  #requeue(entries: readonly Entry[], isolated: boolean): void {
    const { buffer, batcher, isolation, lanes } = this.#ports
    if (isolated) return isolation.putBack(entries)
    const ready = entries.filter(entry => entry.lane === undefined)
    buffer.ready.putBack(ready)
    for (const entry of ready) batcher.due(entry.sequence)
    for (const entry of entries.toReversed()) if (entry.lane !== undefined) lanes.putBack(entry)
  }

  /** Notes the failure; false if it was the record's last. */
  #recordFailed(
    entry: Entry,
    verdict: Verdict,
    message: string | undefined,
    startedAt: number,
    now: number,
  ): boolean {
    const words = message ?? verdict.code
    entry.failed(verdict.code, verdict.ambiguous, words, words, startedAt, now)
    if (verdict.action === 'fail') {
      this.drop(entry, 'rejected')
      return false
    }
    // A throttled shard is not the record's fault; recordTtl bounds the wait.
    if (!verdict.throttled && entry.addFault() >= this.#ports.maxAttemptsPerRecord) {
      this.drop(entry, 'maxAttempts')
      return false
    }
    return true
  }

  #checkMoved(entry: Entry, shardId: string | undefined): void {
    const { lane } = entry
    if (lane === undefined || lane.startsWith('*') || lane === shardId) return
    const { buffer, batcher, lanes } = this.#ports
    const waiting = lanes.moved(lane)
    buffer.ready.putBack(waiting)
    for (const { sequence } of waiting) batcher.due(sequence)
  }

  #deliver(
    entry: Entry | undefined,
    result: PutRecordsResult | undefined,
    startedAt: number,
    now: number,
  ): void {
    if (entry === undefined) return
    const { buffer, counters } = this.#ports
    buffer.release(entry)
    counters.delivered++
    counters.bytesDelivered += entry.bytes
    if (entry.possiblyDelivered) counters.possibleDuplicates++
    if (entry.waiter !== undefined) {
      entry.waiter.resolve({
        shardId: result?.ShardId ?? '',
        sequenceNumber: result?.SequenceNumber ?? '',
        attempts: entry.attempts(startedAt, now),
        possibleDuplicate: entry.possiblyDelivered,
      })
    }
    this.#ports.settled(entry)
  }

  /** Gives up a record that is in no list any more. */
  drop(entry: Entry, reason: DropReason): void {
    this.#ports.buffer.release(entry)
    this.giveUp(entry, reason)
  }

  /** Gives up a record that the buffer no longer holds: counted, logged, handed back. */
  giveUp(entry: Entry, reason: DropReason): void {
    const { counters, log, onDrop } = this.#ports
    counters.drop(reason)
    const attempts = Object.freeze(entry.history)
    // Made only here: a stack trace for each failed try would cost more than the try.
    const error = typeof entry.error === 'string' ? new Error(entry.error) : entry.error
    log.dropped(reason, error)
    entry.waiter?.reject(
      new DeliveryError(
        reason,
        `record dropped: ${reason}`,
        attempts,
        entry.possiblyDelivered,
        error,
      ),
    )
    if (onDrop !== undefined) {
      try {
        onDrop({
          record: entry.record(),
          reason,
          attempts,
          ...(error !== undefined && { error }),
          possiblyDelivered: entry.possiblyDelivered,
        })
      } catch (thrown) {
        log.callbackThrew('onDrop', thrown)
      }
    }
    this.#ports.settled(entry)
  }
}
