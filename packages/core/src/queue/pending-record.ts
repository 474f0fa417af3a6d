import { BISECT_AFTER_FAILURES } from '../config/tuning.js'
import { type Attempt, remember } from '../record/attempt.js'
import type { PackableRecord } from '../record/packable-record.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { Leftover, RecordData, UserRecord } from '../record/record.js'
import { type Slab, TEXT } from '../store/slab.js'
import type { AgeEntry, AgeIndex } from './age-index.js'
import type { RecordList } from './record-list.js'
import { type FailedTry, RetryState } from './retry-state.js'
import type { ShardBackoff } from './shard-backoff.js'

/** What other modules may see of a queued record. Only the queue changes one. */
export interface QueuedRecord extends PackableRecord {
  /** Data as it was added: a text, or a copy of the bytes. */
  readonly data: RecordData
  readonly sequence: number
  readonly admittedAt: number
  readonly waiter: ReceiptWaiter | undefined
  /** Its id in the spool; 0: it is in memory alone. */
  readonly keptId: number
  /** Failures of its own so far, and when the first one was. */
  readonly faults: number
  readonly firstFaultAt: number | undefined
  readonly history: readonly Attempt[]
  /** The newest failure, made when it is asked for: a stack trace for each try would cost more than the try. */
  readonly error: Error | undefined
  /** Its message; undefined when nothing was tried. */
  readonly lastMessage: string | undefined
  attempts(startedAt: number, endedAt: number): readonly Attempt[]
  userRecord(): UserRecord
  leftover(): Leftover
}

export type Place = 'waiting' | 'inFlight' | 'settled'

/** A record as its slab has it. */
export class SlabRecord {
  slab: Slab
  index: number
  bytes: number

  constructor(slab: Slab, index: number) {
    this.slab = slab
    this.index = index
    this.bytes = slab.counted[index] ?? 0
  }

  get memory(): Buffer {
    return this.slab.memoryOf(this.index)
  }

  get start(): number {
    return this.slab.starts[this.index] ?? 0
  }

  get length(): number {
    return this.slab.lengths[this.index] ?? 0
  }

  get partitionKey(): string | undefined {
    return this.slab.keys[this.index]
  }

  get explicitHashKey(): string | undefined {
    return this.slab.extras?.get(this.index)?.explicitHashKey
  }

  get waiter(): ReceiptWaiter | undefined {
    return this.slab.extras?.get(this.index)?.waiter
  }

  get keptId(): number {
    return this.slab.keptIds?.[this.index] ?? 0
  }

  /** An earlier process may have sent it. */
  get possiblyDelivered(): boolean {
    return this.slab.extras?.get(this.index)?.possiblyDelivered ?? false
  }

  /** Whole milliseconds. */
  get admittedAt(): number {
    return this.slab.admittedAt[this.index] ?? 0
  }

  get data(): RecordData {
    const { memory, start, length } = this
    const isText = ((this.slab.flags[this.index] ?? 0) & TEXT) !== 0
    if (isText) return memory.toString('utf8', start, start + length)
    const copy = Buffer.allocUnsafeSlow(length)
    memory.copy(copy, 0, start, start + length)
    return copy
  }
}

/**
 * A record that was never tried, seen for a moment: the next one is seen through the same object.
 */
export class FreshRecord extends SlabRecord implements PackableRecord {
  readonly travelsAlone = false

  /** Order of admission. */
  get sequence(): number {
    return this.slab.firstSequence + this.index
  }

  moveTo(slab: Slab, index: number): void {
    this.slab = slab
    this.index = index
    this.bytes = slab.counted[index] ?? 0
  }
}

/**
 * An admitted record that failed, or waits for something else than its first try: until then it is
 * an entry of its slab and nothing else. It is its own list node. All fields are set in the
 * constructor and in one order, to keep one hidden class, and they are few: they are copied by the
 * collector.
 */
export class PendingRecord extends SlabRecord implements QueuedRecord {
  next: PendingRecord | undefined = undefined
  previous: PendingRecord | undefined = undefined
  /** The list it waits in; undefined while a request carries it, and when it is settled. */
  list: RecordList | undefined = undefined
  place: Place = 'waiting'
  /** Order of admission. */
  readonly sequence: number
  /** Its entry among those that wait outside the ready list. */
  #aside: AgeEntry | undefined = undefined
  #retry: RetryState | undefined = undefined

  /** @param sequence by default that of a record that lies where it was written first */
  constructor(slab: Slab, index: number, sequence: number = slab.firstSequence + index) {
    super(slab, index)
    this.sequence = sequence
  }

  /** Its bytes were moved. */
  movedTo(slab: Slab, index: number): void {
    this.slab = slab
    this.index = index
  }

  get faults(): number {
    return this.#retry?.faults ?? 0
  }

  get firstFaultAt(): number | undefined {
    return this.#retry?.firstFaultAt
  }

  get history(): readonly Attempt[] {
    return this.#retry?.history ?? []
  }

  get error(): Error | undefined {
    const retry = this.#retry
    if (retry?.history === undefined) return undefined
    return retry.error ?? new Error(retry.message)
  }

  get lastMessage(): string | undefined {
    return this.#retry?.history === undefined ? undefined : this.#retry.message
  }

  override get possiblyDelivered(): boolean {
    return this.#retry?.possiblyDelivered === true || super.possiblyDelivered
  }

  get travelsAlone(): boolean {
    return this.faults >= BISECT_AFTER_FAILURES
  }

  get shard(): ShardBackoff | undefined {
    return this.#retry?.shard
  }

  /** The shard counts what it is answerable for, so a record counts for one at most. */
  assign(shard: ShardBackoff | undefined): void {
    if (this.#retry?.shard === shard) return
    const retry = this.#stateOfRetries()
    retry.shard?.release(this.bytes)
    if (retry.waiting !== undefined) retry.shard?.waiting.remove(retry.waiting)
    retry.shard = shard
    shard?.charge(this.bytes)
    retry.waiting = this.#aside === undefined ? undefined : shard?.waiting.add(this)
  }

  /** It begins to wait outside the ready list. */
  setAside(all: AgeIndex): void {
    this.#aside = all.add(this)
    const retry = this.#retry
    if (retry?.shard !== undefined) retry.waiting = retry.shard.waiting.add(this)
  }

  /** It leaves for a request, or for good. */
  leaveAside(all: AgeIndex): void {
    if (this.#aside !== undefined) all.remove(this.#aside)
    this.#aside = undefined
    const retry = this.#retry
    if (retry?.waiting === undefined) return
    retry.shard?.waiting.remove(retry.waiting)
    retry.waiting = undefined
  }

  /** Its request was given up: its outcome stays unknown. */
  markPossiblyDelivered(): void {
    this.#stateOfRetries().possiblyDelivered = true
  }

  /** A failure of its own. */
  addFault(now: number): void {
    const retry = this.#stateOfRetries()
    retry.faults++
    retry.firstFaultAt ??= now
  }

  /** Returns the bytes that the memory of it takes. */
  addFailedTry(failed: FailedTry, ownBytes = 0): number {
    return this.#stateOfRetries().remember(failed, ownBytes)
  }

  /** Bytes that its failed tries take. */
  get historyBytes(): number {
    return this.#retry?.historyBytes ?? 0
  }

  /**
   * Its request failed as a whole, when `successes` requests had succeeded. Returns whether that has
   * happened to it so often, while others succeeded, that it may be to blame.
   */
  addRequestFailure(successes: number, suspectAfter: number): boolean {
    const retry = this.#stateOfRetries()
    if (retry.requestFailures > 0 && successes > retry.successes) retry.suspect = true
    retry.requestFailures++
    retry.successes = successes
    return retry.suspect && retry.requestFailures >= suspectAfter
  }

  /** All tries of a record that was just delivered. */
  attempts(startedAt: number, endedAt: number): readonly Attempt[] {
    const last: Attempt = {
      delay: startedAt - (this.#retry?.triedAt ?? this.admittedAt),
      duration: endedAt - startedAt,
      code: 'ok',
      ambiguous: false,
    }
    return remember(this.#retry?.history, last)
  }

  userRecord(): UserRecord {
    const { data, partitionKey, explicitHashKey } = this
    return {
      data,
      ...(partitionKey !== undefined && { partitionKey }),
      ...(explicitHashKey !== undefined && { explicitHashKey }),
    }
  }

  leftover(): Leftover {
    return { ...this.userRecord(), possiblyDelivered: this.possiblyDelivered }
  }

  #stateOfRetries(): RetryState {
    this.#retry ??= new RetryState(this.admittedAt)
    return this.#retry
  }
}
