import {
  BISECT_AFTER_FAILURES,
  MAX_EXPIRED_PER_STEP,
  NEARLY_FULL,
  SHARD_SHARE,
} from '../config/tuning.js'
import type { RequestBuilder } from '../packing/request-builder.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { RecordData } from '../record/record.js'
import { AgeIndex } from './age-index.js'
import type { Batch, RecordFate, TakenBatch } from './batch.js'
import { Bisection } from './bisection.js'
import { detach, type Homes } from './homes.js'
import { KeyOrder } from './key-order.js'
import { type FailedTry, PendingRecord, type QueuedRecord } from './pending-record.js'
import { RecordList } from './record-list.js'
import { RetryDelays } from './retry-delays.js'
import { Returning } from './returning.js'
import type { ShardBackoff } from './shard-backoff.js'
import { ShardBackoffs } from './shard-backoffs.js'
import { type TakeOptions, Taking } from './taking.js'

export interface QueueOptions {
  readonly bufferSize: number
  readonly bufferBytes: number
  readonly ordered: boolean
  /** Age at which a record expires; 0: never. */
  readonly recordTtl: number
  /** Records, or bytes, that make a request worth sending before its linger is over. */
  readonly dueRecords: number
  readonly dueBytes: number
  readonly random: () => number
}

/**
 * Every admitted, unsettled record, whatever it waits for, and the only code that moves one. The
 * bounds cover them all. A record is in exactly one list (`RecordList.home` says what it waits for)
 * or in exactly one batch, and leaves exactly once. The oldest is known wherever it is.
 */
export class RecordQueue {
  readonly #options: QueueOptions
  readonly #homes: Homes
  readonly #taking: Taking
  readonly #returning: Returning
  readonly #inFlight = new Map<Batch, TakenBatch>()
  #records = 0
  #bytes = 0
  #lastSequence = 0
  /** Records up to this one have waited long enough for others to join them. */
  #dueSequence = 0

  constructor(options: QueueOptions) {
    this.#options = options
    this.#homes = {
      ready: new RecordList('ready'),
      again: new RecordList('again'),
      order: options.ordered ? new KeyOrder() : undefined,
      shards: new ShardBackoffs(options.random),
      delays: new RetryDelays(options.random),
      bisection: new Bisection(),
      aside: new AgeIndex(),
    }
    this.#taking = new Taking(this.#homes)
    this.#returning = new Returning(this.#homes)
  }

  /** Unsettled records. */
  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Sequence of the newest admitted record. */
  get lastSequence(): number {
    return this.#lastSequence
  }

  get isNearlyFull(): boolean {
    const { bufferSize, bufferBytes } = this.#options
    return this.#records >= NEARLY_FULL * bufferSize || this.#bytes >= NEARLY_FULL * bufferBytes
  }

  fits(bytes: number): boolean {
    const { bufferSize, bufferBytes } = this.#options
    return this.#records < bufferSize && this.#bytes + bytes <= bufferBytes
  }

  /** The shard a new record is known to belong to, if most records of that shard fail now. */
  hotShardOf(
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): ShardBackoff | undefined {
    const { shards } = this.#homes
    return shards.anyHot ? shards.hotShardOf(partitionKey, explicitHashKey) : undefined
  }

  /** Whether that shard may hold another record: half of the buffer is kept for the others. */
  shardFits(shard: ShardBackoff, bytes: number): boolean {
    const { bufferSize, bufferBytes } = this.#options
    if (!shard.hot || !this.#homes.shards.othersKnown(shard)) return true
    return (
      shard.records < SHARD_SHARE * bufferSize && shard.bytes + bytes <= SHARD_SHARE * bufferBytes
    )
  }

  /** Makes a record of its own of what was added, and nothing else. */
  newRecord(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ): PendingRecord {
    this.#lastSequence++
    return new PendingRecord(
      data,
      partitionKey,
      explicitHashKey,
      bytes,
      this.#lastSequence,
      admittedAt,
      waiter,
    )
  }

  /** From here the record is counted until it is settled. */
  admit(record: PendingRecord, shard: ShardBackoff | undefined): void {
    const { order, aside, ready } = this.#homes
    this.#records++
    this.#bytes += record.bytes
    if (shard !== undefined) record.assign(shard)
    if (order !== undefined && !order.enter(record)) aside.add(record)
    else if (shard === undefined) ready.push(record)
    else {
      aside.add(record)
      shard.list.insertNearTail(record)
    }
  }

  /** All records there are may go with the next requests, whether they fill them or not. */
  markDue(): void {
    this.#dueSequence = this.#lastSequence
  }

  /** Whether records wait for nothing but a request. */
  get hasReady(): boolean {
    const { ready, again } = this.#homes
    return ready.head !== undefined || again.head !== undefined
  }

  /** Whether those make a request due now. */
  isReadyDue(): boolean {
    const { ready, again, order } = this.#homes
    const { dueRecords, dueBytes } = this.#options
    if (!this.hasReady) return false
    return (
      (ready.head !== undefined && ready.head.sequence <= this.#dueSequence) ||
      // What was tried does not wait for others, even behind one that was only held.
      again.tried > 0 ||
      (again.head !== undefined && again.head.sequence <= this.#dueSequence) ||
      ready.length + again.length + (order?.held ?? 0) >= dueRecords ||
      ready.bytes + again.bytes + (order?.heldBytes ?? 0) >= dueBytes
    )
  }

  /** Whether a part of a bisected request waits. */
  get hasParts(): boolean {
    return this.#homes.bisection.pending
  }

  /** Since when ready records wait for others to join them. */
  get lingersSince(): number | undefined {
    const { ready, again } = this.#homes
    const [first, second] = [ready.head?.admittedAt, again.head?.admittedAt]
    if (first === undefined || second === undefined) return first ?? second
    return Math.min(first, second)
  }

  /** Milliseconds until a backoff ends; undefined when none waits for time. */
  backoffWait(now: number): number | undefined {
    const { shards, delays } = this.#homes
    const shardWait = shards.active ? shards.wait(now) : undefined
    const delayWait = delays.wait(now)
    if (shardWait === undefined || delayWait === undefined) return shardWait ?? delayWait
    return Math.min(shardWait, delayWait)
  }

  /**
   * The next request's records, moved into its builder; undefined when nothing is due.
   * @param all ready records go although they do not fill a request
   */
  take(builder: RequestBuilder, all: boolean, options: TakeOptions): Batch | undefined {
    this.#releaseDelayed(options.now)
    const batch = this.#taking.take(builder, options, all || this.isReadyDue())
    if (batch !== undefined) this.#inFlight.set(batch, batch)
    return batch
  }

  /** Records whose own backoff is over go with the next request. */
  #releaseDelayed(now: number): void {
    for (const list of this.#homes.delays.due(now)) {
      for (let record = list.head; record !== undefined; record = list.head) {
        list.remove(record)
        this.#pushAgain(record)
      }
    }
  }

  /** Settles and returns those that expire by now, as many as one step may take. */
  expire(now: number): readonly QueuedRecord[] {
    const { recordTtl } = this.#options
    const expired: PendingRecord[] = []
    while (recordTtl > 0 && expired.length < MAX_EXPIRED_PER_STEP) {
      const oldest = this.#oldestWaiting()
      if (oldest === undefined || now - oldest.admittedAt < recordTtl) break
      this.#settleWaiting(oldest)
      expired.push(oldest)
    }
    return expired
  }

  /** Settles and returns the oldest record that is not in flight, of all or of one shard. */
  evictOldest(shard: ShardBackoff | undefined): QueuedRecord | undefined {
    const oldest = shard === undefined ? this.#oldestWaiting() : shard.list.head
    if (oldest !== undefined) this.#settleWaiting(oldest)
    return oldest
  }

  /** All records of the request are stored. */
  stored(batch: Batch): void {
    const taken = this.#land(batch)
    if (taken === undefined) return
    for (const record of taken.records) this.#settle(record)
    for (const shard of taken.turns) this.#homes.shards.answered(shard)
  }

  /** The request was answered; `fates` tells what became of each record, in the order of the batch. */
  answered(batch: Batch, fates: readonly RecordFate[], startedAt: number, now: number): void {
    const taken = this.#land(batch)
    if (taken === undefined) return
    const tallies = this.#returning.tally(taken, fates)
    const failed: PendingRecord[] = []
    const fateOf = new Map<PendingRecord, RecordFate>()
    // Those that leave go first: then the order of a key knows which of its others is the oldest.
    taken.records.forEach((record, i) => {
      const fate = fates[i] ?? { kind: 'requeued' }
      if (fate.kind === 'stored' || fate.kind === 'dropped') this.#settle(record)
      else {
        failed.push(record)
        fateOf.set(record, fate)
      }
    })
    const free = this.#returning.holdFollowers(failed)
    const delayed = free.filter(record => fateOf.get(record)?.kind === 'failed')
    const throttled = free.filter(record => fateOf.get(record)?.kind === 'throttled')
    const others = free.filter(record => fateOf.get(record)?.kind === 'requeued')
    this.#return(throttled, others, delayed)
    if (delayed.length > 0) this.#homes.delays.add(delayed, now)
    this.#homes.shards.learn(tallies, taken.turns, startedAt, now)
  }

  /** A try of all records of the batch came to nothing. */
  noteFailedTry(batch: Batch, failed: FailedTry): void {
    for (const record of this.#inFlight.get(batch)?.records ?? []) record.addFailedTry(failed)
  }

  /** A try of one of its records failed; a fault is a failure of the record's own. */
  noteFailedRecord(batch: Batch, index: number, failed: FailedTry, isFault: boolean): void {
    const record = this.#inFlight.get(batch)?.records[index]
    record?.addFailedTry(failed)
    if (isFault) record?.addFault(failed.endedAt)
  }

  /** The only record of the batch is to blame for its failure. */
  noteFault(batch: Batch, now: number): void {
    this.#inFlight.get(batch)?.records[0]?.addFault(now)
  }

  /**
   * The request failed as a whole, when `successes` had succeeded. Returns whether one of its
   * records may be to blame, since it failed often while others succeeded.
   */
  noteRequestFailure(batch: Batch, successes: number): boolean {
    let suspect = false
    for (const record of this.#inFlight.get(batch)?.records ?? [])
      if (record.addRequestFailure(successes, BISECT_AFTER_FAILURES)) suspect = true
    return suspect
  }

  /** Nothing is known of its records: they go again, where they came from. */
  requeue(batch: Batch): void {
    const taken = this.#land(batch)
    if (taken === undefined) return
    const { bisection, shards } = this.#homes
    if (taken.isPart) {
      this.#return([], [], taken.records)
      bisection.putBack(taken.records)
    } else {
      const isTurn = ({ shard }: PendingRecord): boolean =>
        shard !== undefined && taken.turns.has(shard)
      const free = this.#returning.holdFollowers(taken.records)
      this.#return(
        free.filter(isTurn),
        free.filter(record => !isTurn(record)),
        [],
      )
    }
    for (const shard of taken.turns) shards.answered(shard)
  }

  /**
   * The service works again: what waited meanwhile has waited long enough, and what the failures have
   * put out of order goes in the order of admission.
   */
  recovered(): void {
    this.markDue()
    const { again } = this.#homes
    const records = [...again].toSorted((a, b) => a.sequence - b.sequence)
    for (const record of records) {
      again.remove(record)
      again.push(record)
    }
  }

  /** One of its records is to blame: each half is to be sent by itself. */
  bisect(batch: Batch): void {
    const taken = this.#land(batch)
    if (taken === undefined) return
    const { bisection, shards } = this.#homes
    const middle = Math.ceil(taken.records.length / 2)
    const first = taken.records.slice(0, middle)
    // With ordering a key stays in one half: its later records are held behind the earlier ones.
    const second = this.#returning.holdFollowers(taken.records.slice(middle), first)
    this.#return([], [], [...first, ...second])
    bisection.split(first, second)
    for (const shard of taken.turns) shards.answered(shard)
  }

  /** The oldest unsettled record, in flight or not. */
  oldest(): QueuedRecord | undefined {
    let oldest = this.#oldestWaiting()
    for (const { oldest: first } of this.#inFlight.values())
      if (first !== undefined && (oldest === undefined || first.sequence < oldest.sequence))
        oldest = first
    return oldest
  }

  /** Admission of the oldest record that is not in flight. */
  get oldestWaitingSince(): number | undefined {
    return this.#oldestWaiting()?.admittedAt
  }

  /** Unsettled records up to this one. */
  countUpTo(sequence: number): number {
    return this.#unsettled().filter(record => record.sequence <= sequence).length
  }

  /**
   * Gives up counting: returns all unsettled records, oldest first. What is in flight may have been
   * delivered, and its answer moves nothing any more.
   */
  abandon(): readonly QueuedRecord[] {
    const all = this.#unsettled()
    for (const record of all) {
      if (record.place === 'inFlight') record.markPossiblyDelivered()
      record.place = 'settled'
    }
    this.#inFlight.clear()
    return all
  }

  /** The abandoned records have been handed to someone. */
  forgetAbandoned(): void {
    this.#records = 0
    this.#bytes = 0
  }

  #unsettled(): PendingRecord[] {
    const inFlight = [...this.#inFlight.values()].flatMap(({ records }) => records)
    const all = [...this.#homes.ready, ...this.#homes.aside.records(), ...inFlight]
    return all.sort((a, b) => a.sequence - b.sequence)
  }

  #land(batch: Batch): TakenBatch | undefined {
    const taken = this.#inFlight.get(batch)
    this.#inFlight.delete(batch)
    return taken
  }

  #oldestWaiting(): PendingRecord | undefined {
    const { head } = this.#homes.ready
    const oldest = this.#homes.aside.oldest()
    if (head === undefined || oldest === undefined) return head ?? oldest
    return head.sequence < oldest.sequence ? head : oldest
  }

  #settleWaiting(record: PendingRecord): void {
    const wasHeld = detach(this.#homes, record)
    if (wasHeld) this.#uncount(record)
    else this.#settle(record)
  }

  /** The record leaves; the next one of its key, if it was waiting for this one, is free. */
  #settle(record: PendingRecord): void {
    this.#uncount(record)
    const next = this.#homes.order?.leave(record)
    if (next === undefined) return
    const { shard } = next
    if (shard?.hot === true && !shard.dissolved) shard.list.insertNearTail(next)
    else this.#homes.again.push(next)
  }

  #uncount(record: PendingRecord): void {
    record.place = 'settled'
    this.#records--
    this.#bytes -= record.bytes
    const { shard } = record
    if (shard === undefined) return
    record.assign(undefined)
    this.#homes.shards.closeIfDone(shard)
  }

  /**
   * Records of a request wait again: for their shard, for the next request, or for what the caller
   * puts them to.
   */
  #return(
    toShard: readonly PendingRecord[],
    toNext: readonly PendingRecord[],
    elsewhere: readonly PendingRecord[],
  ): void {
    for (const record of [...toShard, ...toNext, ...elsewhere]) {
      record.place = 'waiting'
      this.#homes.aside.add(record)
    }
    for (const record of toNext) this.#pushAgain(record)
    // The youngest first: then each finds its place at the head of the list.
    for (const record of toShard.toReversed()) {
      const { shard } = record
      if (shard === undefined || shard.dissolved) this.#pushAgain(record)
      else shard.list.insertNearHead(record)
    }
  }

  /** It has waited before, so it does not wait for others to join it. */
  #pushAgain(record: PendingRecord): void {
    this.#homes.again.push(record)
    if (record.sequence > this.#dueSequence) this.#dueSequence = record.sequence
  }
}
