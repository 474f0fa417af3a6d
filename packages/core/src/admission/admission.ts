import type { WhenFull } from '../config/options.js'
import { AbortedError, BufferFullError } from '../errors/errors.js'
import type { QueuedRecord } from '../queue/pending-record.js'
import { countedKeyBytes } from '../record/counted-bytes.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import { copyOfData, type RecordData } from '../record/record.js'
import type { RecordInput } from '../record/record-input.js'
import type { Counters } from '../stats/counters.js'
import type { Steps } from '../steps/steps.js'
import type { Timers } from '../time/timers.js'
import { type Capacity, type CapacityWaiter, CapacityWaiters } from './capacity-waiters.js'
import type { DiskTail } from './disk-tail.js'
import { recordData } from './record-data.js'
import type { RecordLimit } from './record-limit.js'
import { validate } from './validate.js'

/** A shard that backs off, and what it holds of the buffer. */
interface HotShard {
  readonly records: number
  readonly bytes: number
}

/** The queue that records are admitted to; `Record` is what it knows a record as. */
export interface AdmissionQueue<Shard, Record> {
  readonly records: number
  readonly bytes: number
  readonly hasRetired: boolean
  hotShardOf(
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): Shard | undefined
  shardFits(shard: Shard, bytes: number): boolean
  fits(bytes: number): boolean
  markDue(): void
  evictOldest(shard: Shard | undefined): Record | undefined
  admit(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
    shard: Shard | undefined,
  ): boolean
  refuse(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ): Record
}

export interface AdmissionPorts<Shard, Record = QueuedRecord> {
  readonly queue: AdmissionQueue<Shard, Record>
  readonly counters: Counters
  readonly timers: Timers
  readonly steps: Steps
  readonly limit: RecordLimit
  /** Bytes a record gains when it is packed. */
  readonly overhead: number
  /** What the packing asks of data; undefined: it takes any. Throws `InvalidRecordError`. */
  readonly checkData: ((data: RecordData) => void) | undefined
  readonly whenFull: WhenFull
  /** The time, as far as records need it. */
  readonly clock: () => number
  /** With a spool: where records live. */
  readonly tail?: DiskTail
  /** A record was admitted; whether it begins a wait for its shard. */
  readonly admitted: (beginsWait: boolean) => void
  /** What is queued is to leave, though no record was admitted. */
  readonly becameDue: () => void
  /** Counts, logs and hands back a record that the queue no longer holds. */
  readonly drop: (record: Record) => void
}

/** Checks each record, and admits it if there is capacity, or does what `whenFull` says. */
export class Admission<Shard extends HotShard, Record = QueuedRecord> {
  readonly #ports: AdmissionPorts<Shard, Record>
  readonly #waiters: CapacityWaiters<Shard>

  constructor(ports: AdmissionPorts<Shard, Record>) {
    this.#ports = ports
    this.#waiters = new CapacityWaiters(ports.timers, ports.steps)
  }

  /** Adds that wait for capacity. */
  get waiting(): number {
    return this.#waiters.length
  }

  /** Whether records were dropped whose memory is to be made free at the end of a step. */
  get hasRetired(): boolean {
    return this.#ports.queue.hasRetired
  }

  /** Whether `add` waits for capacity. */
  get waits(): boolean {
    const { whenFull } = this.#ports
    return whenFull === 'wait' || whenFull === 'waitThenDropBatch'
  }

  /**
   * The data as it is admitted: not copied yet.
   * @throws {InvalidRecordError}
   */
  dataOf(given: RecordInput): RecordData {
    return recordData(given)
  }

  /**
   * The bytes the record counts for.
   * @throws {InvalidRecordError | RecordTooLargeError}
   */
  validate(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): number {
    const { overhead, limit, checkData } = this.#ports
    const bytes = validate(data, partitionKey, explicitHashKey, overhead, limit.bytes)
    checkData?.(data)
    return bytes
  }

  /** Most bytes of data that a record with this key may have now. */
  maxDataBytes(partitionKey: string | undefined): number {
    const { overhead, limit } = this.#ports
    return Math.max(0, limit.bytes - overhead - countedKeyBytes(partitionKey))
  }

  /**
   * Admits at once if it can; under the drop policies it always can. False: no capacity, and the
   * policy is to reject or to wait.
   */
  admit(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter?: ReceiptWaiter,
  ): boolean {
    const { queue, tail } = this.#ports
    if (tail !== undefined)
      return this.#admitKept(tail, data, partitionKey, explicitHashKey, bytes, waiter)
    const shard = queue.hotShardOf(partitionKey, explicitHashKey)
    const capacity = this.#capacity(bytes, shard)
    if (capacity === 'fits' && !this.#waiters.isBehind(shard, partitionKey)) {
      this.#enter(data, partitionKey, explicitHashKey, bytes, waiter, shard)
      return true
    }
    // A batch that cannot fill, because nothing more is admitted, has waited long enough.
    if (capacity === 'bufferFull') {
      queue.markDue()
      this.#ports.becameDue()
    }
    switch (this.#ports.whenFull) {
      case 'reject':
      case 'rejectThenDropBatch':
      case 'wait':
      case 'waitThenDropBatch':
        return false
      case 'dropOldest':
        this.#makeCapacity(bytes, shard)
        break
      case 'dropNewest':
        break
    }
    if (this.#capacity(bytes, shard) === 'fits')
      this.#enter(data, partitionKey, explicitHashKey, bytes, waiter, shard)
    else this.#admitAndDrop(data, partitionKey, explicitHashKey, bytes, waiter)
    return true
  }

  /** The same with a spool: there is no capacity only when the disk has none. */
  #admitKept(
    tail: DiskTail,
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter: ReceiptWaiter | undefined,
  ): boolean {
    const { queue, whenFull, becameDue, drop } = this.#ports
    const admit = (): boolean => tail.admit(data, partitionKey, explicitHashKey, bytes, waiter)
    if (this.#waiters.length === 0 && admit()) return true
    queue.markDue()
    becameDue()
    if (whenFull !== 'dropOldest' && whenFull !== 'dropNewest') return false
    if (whenFull === 'dropOldest') {
      while (!tail.fits(bytes)) {
        const oldest = queue.evictOldest(undefined)
        if (oldest === undefined) break
        drop(oldest)
      }
    }
    if (!admit()) this.#admitAndDrop(data, partitionKey, explicitHashKey, bytes, waiter)
    return true
  }

  /** Resolves when all that was admitted is where `add` promises it to be; undefined: it is. */
  get written(): Promise<void> | undefined {
    return this.#ports.tail?.written()
  }

  /** Waits for capacity; resolves when admitted, rejects when stopped or aborted. */
  waitForCapacity(
    call: string,
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    signal: AbortSignal | undefined,
    waiter?: ReceiptWaiter,
  ): Promise<void> {
    const { queue, tail } = this.#ports
    // Nobody is told when a `put` is admitted: its buffer is the caller's again after the call.
    const kept = copyOfData(data)
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        if (tail?.admit(kept, partitionKey, explicitHashKey, bytes, waiter) === true)
          return resolve(this.written)
        const shard = queue.hotShardOf(partitionKey, explicitHashKey)
        this.#enter(kept, partitionKey, explicitHashKey, bytes, waiter, shard)
        resolve()
      }
      this.#waiters.push(
        { bytes, partitionKey, explicitHashKey, admit, refuse: reject },
        signal,
        reason => new AbortedError(call, reason),
      )
    })
  }

  /** The error for a record for which there is no capacity. */
  bufferFull(
    bytes: number,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): BufferFullError {
    const { queue, tail } = this.#ports
    if (tail !== undefined) return tail.fullError(bytes)
    const shard = queue.hotShardOf(partitionKey, explicitHashKey)
    if (shard !== undefined && !queue.shardFits(shard, bytes)) {
      return new BufferFullError(
        `no capacity for a record of ${bytes} bytes: its shard backs off and holds half of the buffer (${shard.records} records ` +
          `of ${shard.bytes} bytes); try again later, spread the partition keys, add shards, or choose another whenFull`,
      )
    }
    return new BufferFullError(
      `no capacity for a record of ${bytes} bytes: ${queue.records} records of ${queue.bytes} bytes are not yet settled; ` +
        'try again later, raise bufferSize or bufferBytes, or choose another whenFull',
    )
  }

  /** Stage at the end of a step: admits those who waited and fit now. */
  admitWaiting(): void {
    this.#waiters.admit(waiter => this.#judge(waiter))
  }

  /** Turns everyone away who waits for capacity. */
  refuseWaiting(error: () => Error): void {
    this.#waiters.refuseAll(error)
  }

  #judge({ bytes, partitionKey, explicitHashKey }: CapacityWaiter): Capacity<Shard> {
    const { tail } = this.#ports
    if (tail !== undefined) return tail.fits(bytes) ? 'fits' : 'bufferFull'
    return this.#capacity(bytes, this.#ports.queue.hotShardOf(partitionKey, explicitHashKey))
  }

  #capacity(bytes: number, shard: Shard | undefined): Capacity<Shard> {
    const { queue } = this.#ports
    if (shard !== undefined && !queue.shardFits(shard, bytes)) return shard
    return queue.fits(bytes) ? 'fits' : 'bufferFull'
  }

  /** Drops the oldest records that are not in flight; of its shard only, if that has its share. */
  #makeCapacity(bytes: number, shard: Shard | undefined): void {
    const { queue, drop } = this.#ports
    for (;;) {
      const capacity = this.#capacity(bytes, shard)
      if (capacity === 'fits') return
      const oldest = queue.evictOldest(capacity === 'bufferFull' ? undefined : capacity)
      if (oldest === undefined) return
      drop(oldest)
    }
  }

  #enter(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter: ReceiptWaiter | undefined,
    shard: Shard | undefined,
  ): void {
    const { queue, counters, clock, admitted } = this.#ports
    const now = clock()
    counters.admitted++
    admitted(queue.admit(data, partitionKey, explicitHashKey, bytes, now, waiter, shard))
  }

  /** In one go, so that it is counted and handed back like any other drop. */
  #admitAndDrop(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter: ReceiptWaiter | undefined,
  ): void {
    const { queue, counters, clock, drop } = this.#ports
    counters.admitted++
    drop(queue.refuse(data, partitionKey, explicitHashKey, bytes, clock(), waiter))
  }
}
