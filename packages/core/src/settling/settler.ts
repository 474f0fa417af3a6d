import type { Batcher } from '../batching/batcher.js'
import type { Departure } from '../batching/dispatcher.js'
import type { Entry } from '../buffer/entry.js'
import type { RecordBuffer } from '../buffer/record-buffer.js'
import { DeliveryError } from '../errors/errors.js'
import type { DroppedRecord, DropReason } from '../record/dropped.js'
import { classifyRecordError, classifyRequestError, type Verdict } from '../retry/classify.js'
import type { Isolation } from '../retry/isolation.js'
import { isBlind, laneOf } from '../retry/lane-of.js'
import type { RetryLanes } from '../retry/retry-lanes.js'
import type { PutRecordsResult } from '../sending/client.js'
import type { RequestGate } from '../sending/request-gate.js'
import { isStored, type Outcome } from '../sending/sender.js'
import type { Counters } from '../stats/counters.js'
import type { EventLog } from '../stats/event-log.js'
import type { Timers } from '../time/timers.js'

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
  readonly onDrop: ((dropped: DroppedRecord) => void) | undefined
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
    if (outcome.kind === 'failed') this.#requestFailed(departure, outcome.error, now)
    else this.#requestAnswered(departure, outcome.results, outcome.failed, now)
  }

  #requestAnswered(
    { batch, startedAt, generation }: Departure,
    read: () => readonly PutRecordsResult[],
    failed: number,
    now: number,
  ): void {
    const { gate, counters, lanes, log } = this.#ports
    const { entries } = batch
    if (failed < entries.length) counters.succeeded(now)
    if (failed === 0 && batch.lanes === undefined) {
      gate.succeeded(generation)
      // Receipts alone need the places.
      const results = entries.some(hasWaiter) ? read() : NO_RESULTS
      for (let i = 0; i < entries.length; i++) this.#deliver(entries[i], results[i], startedAt, now)
      log.success(entries.length)
      return
    }

    const results = read()
    const tally = new Map<string, { stored: number; failed: number }>()
    const count = (lane: string, key: 'stored' | 'failed'): void => {
      let entry = tally.get(lane)
      if (entry === undefined) tally.set(lane, (entry = { stored: 0, failed: 0 }))
      entry[key]++
    }
    let requeued = 0
    const codes = new Map<string, number>()
    for (let i = 0; i < entries.length; i++) {
      const [entry, result] = [entries[i], results[i]]
      if (entry === undefined) continue
      if (isStored(result)) {
        this.#checkMoved(entry, result?.ShardId)
        count(entry.lane ?? result?.ShardId ?? '', 'stored')
        this.#deliver(entry, result, startedAt, now)
        continue
      }
      const verdict = classifyRecordError(result?.ErrorCode ?? 'NoSequenceNumber')
      codes.set(verdict.code, (codes.get(verdict.code) ?? 0) + 1)
      const lane = laneOf(entry, verdict, result?.ErrorMessage)
      if (verdict.throttled) counters.throttled(lane)
      if (!this.#recordFailed(entry, verdict, result?.ErrorMessage, startedAt, now)) continue
      count(lane, 'failed')
      lanes.add(lane, entry)
      requeued++
    }
    // All refused, and no lane knows which new records would be: only the gate can hold them back.
    const blind =
      requeued === entries.length && batch.lanes === undefined && [...tally.keys()].every(isBlind)
    if (blind) gate.failed(generation, now, false)
    else gate.succeeded(generation)
    for (const [lane, { stored, failed: refused }] of tally)
      lanes.report(lane, stored, refused, startedAt, now)
    for (const lane of batch.lanes ?? []) lanes.answered(lane)
    for (const lane of tally.keys()) lanes.answered(lane)
    if (failed === 0) log.success(entries.length)
    else {
      log.partial(entries.length - failed, failed, codes)
      if (requeued > 0) {
        counters.retries += requeued
        log.requeued(requeued)
      }
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

    if (verdict.action === 'isolate') this.#isolate(entries)
    else if (
      this.#ports.dropBatchWhenStuck &&
      gate.consecutiveErrors >= STUCK_AFTER_ERRORS &&
      verdict.action === 'retry' &&
      buffer.nearlyFull
    ) {
      for (const entry of entries) this.drop(entry, 'bufferFull')
    } else this.#requeue(entries, batch.isolated)
  }

  #isolate(entries: readonly Entry[]): void {
    const [only] = entries
    if (entries.length === 1 && only !== undefined) this.drop(only, 'rejected')
    else this.#ports.isolation.split(entries)
  }

  /** Back to the front, in order, to go with the next request that is allowed. */
  #requeue(entries: readonly Entry[], isolated: boolean): void {
    const { buffer, batcher, counters, isolation, lanes, log } = this.#ports
    counters.retries += entries.length
    log.requeued(entries.length)
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
