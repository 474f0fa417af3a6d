import { TOLERATED_SHARE } from '../config/tuning.js'
import type { RequestBuilder } from '../packing/request-builder.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { RecordData } from '../record/record.js'
import type { SlabStore } from '../store/slab-store.js'
import type { Admitted, Batch, RecordFate } from './batch.js'
import { BufferCapacity } from './capacity.js'
import { Compaction } from './compaction.js'
import { Dueness } from './dueness.js'
import { enter, reenter } from './entering.js'
import { newRecord } from './fresh-records.js'
import { GivingUp } from './giving-up.js'
import { createHomes, type Homes } from './homes.js'
import { InFlightBatches } from './in-flight-batches.js'
import { Landing } from './landing.js'
import { Leaving } from './leaving.js'
import { MemoryUse } from './memory-use.js'
import type { PendingRecord, QueuedRecord } from './pending-record.js'
import { Returning } from './returning.js'
import type { ShardBackoff } from './shard-backoff.js'
import { type TakeOptions, Taking } from './taking.js'
import { WaitingRecords } from './waiting-records.js'

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
  /** Told of settled records that are on disk as well: so many neighbours from an id on. */
  readonly settled?: (id: number, count: number) => void
}

/** In bytes. */
export interface QueueMemory {
  readonly bytes: number
  readonly heldBytes: number
  readonly pinnedBytes: number
  readonly pooledBytes: number
}

/** Records that may be admitted before their memory is measured again. */
const MEASURED_EVERY = 256

/** Memory that may lie unused before it counts, however small the buffer is: a few slabs. */
const LEAST_TOLERATED_BYTES = 128 * 1024

/**
 * Every admitted, unsettled record, whatever it waits for. Only this class and its parts move one. The
 * bounds cover them all. A record is in exactly one list (`RecordList.home` says what it waits for)
 * or in exactly one batch, and leaves exactly once. The oldest is known wherever it is.
 */
export class RecordQueue {
  readonly #homes: Homes
  readonly #waiting: WaitingRecords
  readonly #compaction: Compaction
  readonly #taking: Taking
  readonly #returning: Returning
  readonly #dueness: Dueness
  readonly #capacity: BufferCapacity
  readonly #landing: Landing
  readonly #givingUp: GivingUp
  readonly #store: SlabStore
  /** Batches that were taken; what their tries came to is noted there. */
  readonly inFlight: InFlightBatches = new InFlightBatches()
  readonly #memory: MemoryUse
  /** Slabs that had been opened when the memory was last measured. */
  #measuredSlabs = 0
  #lastSequence = 0

  constructor(options: QueueOptions, store: SlabStore) {
    this.#store = store
    this.#homes = createHomes(store, options.ordered, options.random)
    this.#waiting = new WaitingRecords(this.#homes)
    this.#taking = new Taking(this.#homes)
    this.#dueness = new Dueness(this.#homes, options.dueRecords, options.dueBytes)
    this.#returning = new Returning(this.#homes, this.#dueness)
    this.#memory = new MemoryUse(store, this.#homes, this.inFlight)
    const { bufferSize, bufferBytes, recordTtl, settled } = options
    this.#capacity = new BufferCapacity(
      bufferSize,
      bufferBytes,
      LEAST_TOLERATED_BYTES,
      this.#homes.shards,
    )
    const leaving = new Leaving(
      this.#homes,
      store,
      this.#capacity,
      this.inFlight,
      this.#returning,
      settled,
    )
    this.#landing = new Landing(this.#homes, this.inFlight, this.#returning, leaving)
    this.#givingUp = new GivingUp(this.#waiting, this.inFlight, leaving, recordTtl)
    this.#compaction = new Compaction(
      store,
      Math.max(LEAST_TOLERATED_BYTES, TOLERATED_SHARE * bufferBytes),
      () => this.#waiting.objects(),
    )
  }

  /** Unsettled records. */
  get records(): number {
    return this.#capacity.records
  }

  get bytes(): number {
    return this.#capacity.bytes
  }

  get capacityRecords(): number {
    return this.#capacity.maxRecords
  }

  get capacityBytes(): number {
    return this.#capacity.maxBytes
  }

  /** Sequence of the newest admitted record. */
  get lastSequence(): number {
    return this.#lastSequence
  }

  /** 95 % of either bound. */
  get isNearlyFull(): boolean {
    return this.#capacity.isNearlyFull
  }

  fits(bytes: number): boolean {
    return this.#capacity.fits(bytes)
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
    return this.#capacity.shardFits(shard, bytes)
  }

  /**
   * From here the record is counted until it is settled. Returns whether it is the only one that
   * waits for its shard: then nothing was arranged yet for the end of that wait.
   */
  admit(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
    shard: ShardBackoff | undefined,
  ): boolean {
    const sequence = ++this.#lastSequence
    this.#store.write(data, partitionKey, explicitHashKey, bytes, admittedAt, waiter, sequence)
    this.#count(sequence, bytes)
    return enter(this.#homes, this.#store, partitionKey, bytes, shard)
  }

  /** The same for the record that the store has adopted. */
  admitAdopted(
    sequence: number,
    partitionKey: string | undefined,
    bytes: number,
    shard: ShardBackoff | undefined,
  ): boolean {
    this.#lastSequence = sequence
    this.#count(sequence, bytes)
    return enter(this.#homes, this.#store, partitionKey, bytes, shard)
  }

  /**
   * The same for one that was in another queue before, whose state is lost. All of them come before
   * the first new one, the oldest first.
   */
  readmit(record: PendingRecord, possiblyDelivered: boolean): void {
    this.#lastSequence = Math.max(this.#lastSequence, record.sequence)
    this.#count(record.sequence, record.bytes)
    if (possiblyDelivered) record.markPossiblyDelivered()
    reenter(this.#homes, record)
  }

  /** Shards that back off and hold their share of the buffer: no more is admitted for them. */
  fullShards(): readonly ShardBackoff[] {
    const { shards } = this.#homes
    return shards.anyHot ? [...shards.all].filter(shard => !this.#capacity.shardFits(shard, 1)) : []
  }

  /** The record that was admitted last is on disk as well; an earlier process may have sent it. */
  keptOnDisk(id: number, possiblyDelivered: boolean): void {
    this.#store.keptOnDisk(id, possiblyDelivered)
  }

  /** A record for which there is no capacity, to be reported as dropped: it is settled at once. */
  refuse(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ): QueuedRecord {
    const sequence = ++this.#lastSequence
    this.#store.write(data, partitionKey, explicitHashKey, bytes, admittedAt, waiter, sequence)
    const record = newRecord(this.#store)
    record.place = 'settled'
    this.#store.release(record.slab, record.index)
    return record
  }

  /** Whether the memory of settled records is to be made free. */
  get hasRetired(): boolean {
    return this.#store.hasRetired
  }

  /** Stage at the end of a step: the memory of settled records is free. */
  stepEnded(): void {
    this.#store.recycle()
    this.#compaction.runIfNeeded()
    this.#measure()
  }

  #count(sequence: number, bytes: number): void {
    this.#capacity.add(bytes)
    if (this.#store.opened !== this.#measuredSlabs || sequence % MEASURED_EVERY === 0)
      this.#measure()
  }

  /** What the records take beyond their own bytes and a tolerated part. */
  get excessBytes(): number {
    return this.#capacity.excess
  }

  #measure(): void {
    this.#measuredSlabs = this.#store.opened
    this.#capacity.measured(this.#memory.bytes)
  }

  /** The memory of the records: what `bufferBytes` bounds, and what of it is slabs. */
  get memory(): QueueMemory {
    const { heldBytes, pinnedBytes, pooledBytes } = this.#store
    return { bytes: this.#memory.bytes, heldBytes, pinnedBytes, pooledBytes }
  }

  /** All records there are may go with the next requests, whether they fill them or not. */
  markDue(): void {
    this.#dueness.markUpTo(this.#lastSequence)
  }

  /** Whether records wait for nothing but a request. */
  get hasReady(): boolean {
    return this.#dueness.hasReady
  }

  /** Whether ready records fill a request. */
  get isFullReady(): boolean {
    return this.#dueness.isFull
  }

  /** Whether those make a request due now. */
  isReadyDue(): boolean {
    return this.#dueness.isDue
  }

  /** Since when ready records wait for others to join them. */
  get lingersSince(): number | undefined {
    return this.#dueness.lingersSince
  }

  /** Milliseconds until a backoff ends; undefined when none waits for time. */
  backoffWait(now: number): number | undefined {
    return this.#dueness.backoffWait(now)
  }

  /**
   * The next request's records, moved into its builder; undefined when nothing is due.
   * @param all ready records go although they do not fill a request
   */
  take(builder: RequestBuilder, all: boolean, options: TakeOptions): Batch | undefined {
    this.#returning.releaseDelayed(options.now)
    const batch = this.#taking.take(builder, options, all || this.isReadyDue())
    if (batch !== undefined) this.inFlight.add(batch)
    return batch
  }

  /** Settles and returns those that expire by now, as many as one step may take. */
  expire(now: number): readonly QueuedRecord[] {
    return this.#givingUp.expire(now)
  }

  /** Settles and returns the oldest record that is not in flight, of all or of one shard. */
  evictOldest(shard: ShardBackoff | undefined): QueuedRecord | undefined {
    return this.#givingUp.evictOldest(shard)
  }

  /** All records of the request are stored. */
  stored(batch: Batch): void {
    this.#landing.stored(batch)
  }

  /** The request was answered; `fates` tells what became of each record, in the order of the batch. */
  answered(batch: Batch, fates: readonly RecordFate[], startedAt: number, now: number): void {
    this.#landing.answered(batch, fates, startedAt, now)
  }

  /** Nothing is known of its records: they go again, where they came from. */
  requeue(batch: Batch): void {
    this.#landing.requeue(batch)
  }

  /**
   * The service works again: what waited meanwhile has waited long enough, and what the failures have
   * put out of order goes in the order of admission.
   */
  recovered(): void {
    this.markDue()
    this.#returning.sortAgain()
  }

  /** One of its records is to blame: each half is to be sent by itself. */
  bisect(batch: Batch): void {
    this.#landing.bisect(batch)
  }

  /** Sequence and admission of the oldest unsettled record, in flight or not. */
  oldest(): Admitted | undefined {
    return this.inFlight.oldest(this.#waiting.oldest())
  }

  /** Admission of the oldest record that is not in flight. */
  get oldestWaitingSince(): number | undefined {
    return this.#waiting.oldest()?.admittedAt
  }

  /** Unsettled records up to this one. */
  countUpTo(sequence: number): number {
    const inFlight = this.inFlight.records().filter(record => record.sequence <= sequence).length
    return inFlight + this.#waiting.countUpTo(sequence)
  }

  /**
   * Gives up counting: returns all unsettled records, oldest first. What is in flight may have been
   * delivered, and its answer moves nothing any more.
   */
  abandon(mayHaveLeft: (batch: Batch) => boolean): readonly QueuedRecord[] {
    return this.#givingUp.abandon(mayHaveLeft)
  }

  /** The abandoned records have been handed to someone, but for so many. */
  forgetAbandoned(others = 0): void {
    this.#capacity.clear(others)
  }

  /** They hold copies of their data now: nothing reads the slabs any more. */
  freeMemory(): void {
    this.#store.clear()
  }
}
