import type { AdmissionQueue } from '../admission/admission.js'
import type { Attempt } from '../record/attempt.js'
import { hashKeyOf } from '../record/hash-key.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import { copyOfData, type Receipt, type RecordData } from '../record/record.js'
import { IN_FLIGHT, SETTLED, SETTLED_COUNT, type SharedSlab, UNSURE } from '../store/shared-slab.js'
import { EXCESS, SETTLED_BYTES, SETTLED_RECORDS } from './control.js'
import { HeldRecord, mayHaveArrived, recordIn, type Tries, userRecord } from './held-record.js'
import type { SlabRing } from './slab-ring.js'

/** A shard that holds its share of the buffer, by its hash keys; none: of records without a key. */
export interface FullShard {
  readonly records: number
  readonly bytes: number
  readonly low?: number
  readonly high?: number
}

export interface RemoteQueueOptions {
  readonly bufferSize: number
  readonly bufferBytes: number
  /** The worker makes room by itself, as soon as it sees that it has to: until then a little more is admitted. */
  readonly makesRoom: boolean
  readonly ring: SlabRing
  readonly control: Int32Array
  /** Looks what the worker has to say, though the event loop does not turn. */
  readonly listen: () => void
  /** Whether a worker has the records. */
  readonly isServed: () => boolean
  readonly markDue: () => void
}

/** Records beyond `bufferSize` that are admitted until the worker has made room, as a part of it. */
const OVER = 1 / 8

/** How many workers may end while a record is in flight before it is given up. */
export const MAX_DEATHS = 3

interface Awaited extends Tries {
  readonly waiter: ReceiptWaiter
}

/**
 * All admitted, unsettled records, as the thread sees them that admits: their bytes and what became of
 * them are in the shared slabs. Those whose receipt somebody awaits, and those that are dropped, are
 * settled here, when the worker's message has come; all others there. So whatever becomes of the worker,
 * no record is lost, and none is settled twice.
 */
export class RemoteQueue implements AdmissionQueue<FullShard, HeldRecord> {
  readonly #options: RemoteQueueOptions
  readonly #most: number
  readonly #mostBytes: number
  readonly #waiters = new Map<number, Awaited>()
  /** Modulo 2^32, as what was settled is counted. */
  #records = 0
  #bytes = 0
  #lastSequence = 0
  #bytesAdmitted = 0
  #bytesLeft = 0
  #full: readonly FullShard[] = []
  /** Set when all was handed back: what the worker may still say of it is too late. */
  #abandoned: { readonly records: number; readonly bytes: number } | undefined

  constructor(options: RemoteQueueOptions) {
    this.#options = options
    const { bufferSize, bufferBytes, makesRoom } = options
    this.#most = makesRoom ? bufferSize + Math.max(1, Math.floor(bufferSize * OVER)) : bufferSize
    this.#mostBytes = makesRoom ? bufferBytes * (1 + OVER) : bufferBytes
  }

  get records(): number {
    if (this.#abandoned !== undefined) return this.#abandoned.records
    return (this.#records - Atomics.load(this.#options.control, SETTLED_RECORDS)) | 0
  }

  get bytes(): number {
    if (this.#abandoned !== undefined) return this.#abandoned.bytes
    return (this.#bytes - Atomics.load(this.#options.control, SETTLED_BYTES)) >>> 0
  }

  /** Bytes of all records that were delivered. */
  get bytesDelivered(): number {
    return this.#bytesAdmitted - this.#bytesLeft - (this.#abandoned?.bytes ?? this.bytes)
  }

  get lastSequence(): number {
    return this.#lastSequence
  }

  readonly hasRetired = false

  hotShardOf(
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): FullShard | undefined {
    if (this.#full.length === 0 || this.#options.makesRoom) return undefined
    if (partitionKey === undefined && explicitHashKey === undefined)
      return this.#full.find(({ low }) => low === undefined)
    const hashKey = hashKeyOf(partitionKey, explicitHashKey)
    if (hashKey === undefined) return undefined
    return this.#full.find(
      ({ low = Infinity, high = -Infinity }) => hashKey >= low && hashKey <= high,
    )
  }

  /** As long as it is told to be full. */
  shardFits(shard: FullShard): boolean {
    return !this.#full.includes(shard)
  }

  /** The worker told which shards hold their share. */
  learnFull(full: readonly FullShard[]): void {
    this.#full = full
  }

  fits(bytes: number): boolean {
    if (this.#hasCapacity(bytes)) return true
    this.#options.listen()
    return this.#hasCapacity(bytes)
  }

  #hasCapacity(bytes: number): boolean {
    const { control, ring } = this.#options
    const { records } = this
    // An empty buffer takes any record that is not larger than its bounds.
    const excess = records === 0 ? 0 : Atomics.load(control, EXCESS)
    return (
      records < this.#most &&
      this.bytes + bytes + excess <= this.#mostBytes &&
      ring.hasMemory(bytes)
    )
  }

  markDue(): void {
    this.#options.markDue()
  }

  /** Only while no worker has the records: it knows what is in flight. */
  evictOldest(): HeldRecord | undefined {
    const { isServed, ring } = this.#options
    const oldest = isServed() ? undefined : ring.oldest()
    return oldest === undefined ? undefined : this.#take(oldest.slab, oldest.index)
  }

  admit(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ): boolean {
    const sequence = ++this.#lastSequence
    const { ring } = this.#options
    ring.write(
      data,
      partitionKey,
      explicitHashKey,
      bytes,
      admittedAt,
      waiter !== undefined,
      sequence,
    )
    this.#records = (this.#records + 1) | 0
    this.#bytes = (this.#bytes + bytes) | 0
    this.#bytesAdmitted += bytes
    if (waiter !== undefined)
      this.#waiters.set(sequence, { waiter, attempts: [], error: undefined })
    return false
  }

  refuse(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    _bytes: number,
    _admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ): HeldRecord {
    const record = userRecord(copyOfData(data), partitionKey, explicitHashKey)
    return new HeldRecord(record, 0, false, waiter)
  }

  oldest(): { readonly sequence: number; readonly admittedAt: number } | undefined {
    return this.#abandoned === undefined ? this.#options.ring.oldest() : undefined
  }

  countUpTo(sequence: number): number {
    if (this.#abandoned !== undefined) return 0
    let count = 0
    this.#options.ring.visit((slab, index) => {
      if (slab.sequenceOf(index) <= sequence) count++
    })
    return count
  }

  /** A receipt came; false: it is settled already. */
  delivered(slab: SharedSlab, index: number, receipt: Receipt): boolean {
    if (this.#abandoned !== undefined || slab.isSettled(index)) return false
    const awaited = this.#forget(slab.sequenceOf(index))
    this.#settle(slab, index)
    awaited?.waiter.resolve(receipt)
    return true
  }

  /** The worker gave a record up; undefined: it is settled already. */
  dropped(
    slab: SharedSlab,
    index: number,
    tries: Tries,
    possiblyDelivered: boolean,
  ): HeldRecord | undefined {
    if (this.#abandoned !== undefined || slab.isSettled(index)) return undefined
    slab.states[index] = possiblyDelivered ? UNSURE : 0
    return this.#take(slab, index, tries)
  }

  /** A try of a record that somebody awaits came to nothing. */
  tried(
    slab: SharedSlab,
    index: number,
    attempts: readonly Attempt[],
    error: Error | undefined,
  ): void {
    const sequence = slab.sequenceOf(index)
    const awaited = this.#waiters.get(sequence)
    if (awaited !== undefined) this.#waiters.set(sequence, { ...awaited, attempts, error })
  }

  /**
   * The worker is gone, and all it said was heard. What was in flight may have been delivered; what
   * was so when several workers ended is given up, and returned.
   */
  workerDied(): readonly HeldRecord[] {
    const { ring, control } = this.#options
    const killers: HeldRecord[] = []
    ring.forgetCopies()
    let [records, bytes] = [0, 0]
    ring.visit((slab, index) => {
      const state = slab.states[index] ?? 0
      if ((state & IN_FLIGHT) !== 0) {
        slab.states[index] = UNSURE
        const deaths = (slab.deaths[index] ?? 0) + 1
        slab.deaths[index] = deaths
        if (deaths >= MAX_DEATHS) {
          killers.push(this.#take(slab, index))
          return
        }
      }
      records++
      bytes += slab.counted[index] ?? 0
    })
    // It may have ended between two words that belong together.
    Atomics.store(control, SETTLED_RECORDS, 0)
    Atomics.store(control, SETTLED_BYTES, 0)
    this.#records = records
    this.#bytes = bytes | 0
    this.#full = []
    return killers
  }

  /** Everything that is not settled, the oldest first. Whatever the worker says later is too late. */
  abandon(): readonly HeldRecord[] {
    const left: HeldRecord[] = []
    let bytes = 0
    this.#options.ring.visit((slab, index) => {
      left.push(this.#held(slab, index))
      bytes += slab.counted[index] ?? 0
    })
    this.#abandoned = { records: left.length, bytes }
    return left.toSorted((a, b) => a.sequence - b.sequence)
  }

  forgetAbandoned(): void {
    this.#bytesLeft += this.#abandoned?.bytes ?? 0
    this.#abandoned = { records: 0, bytes: 0 }
  }

  /** The ring is shared with the worker, and goes with it. */
  freeMemory(): void {}

  #take(slab: SharedSlab, index: number, tries?: Tries): HeldRecord {
    const record = this.#held(slab, index, tries)
    this.#bytesLeft += slab.counted[index] ?? 0
    this.#settle(slab, index)
    return record
  }

  #held(slab: SharedSlab, index: number, tries?: Tries): HeldRecord {
    const awaited = this.#forget(slab.sequenceOf(index))
    return new HeldRecord(
      recordIn(slab, index),
      slab.sequenceOf(index),
      mayHaveArrived(slab, index),
      awaited?.waiter,
      tries ?? awaited,
    )
  }

  #forget(sequence: number): Awaited | undefined {
    const awaited = this.#waiters.get(sequence)
    if (awaited !== undefined) this.#waiters.delete(sequence)
    return awaited
  }

  #settle(slab: SharedSlab, index: number): void {
    const { control } = this.#options
    slab.states[index] = SETTLED
    Atomics.add(slab.header, SETTLED_COUNT, 1)
    Atomics.add(control, SETTLED_RECORDS, 1)
    Atomics.add(control, SETTLED_BYTES, slab.counted[index] ?? 0)
  }
}
