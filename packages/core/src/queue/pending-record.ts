import { BISECT_AFTER_FAILURES } from '../config/tuning.js'
import { type Attempt, remember } from '../record/attempt.js'
import type { PackableRecord } from '../record/packable-record.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { Leftover, RecordData, UserRecord } from '../record/record.js'
import type { AgeEntry, AgeIndex } from './age-index.js'
import type { RecordList } from './record-list.js'
import { copyOf, copyOfData, RECORD_STORE } from './record-store.js'
import type { ShardBackoff } from './shard-backoff.js'

/** A try that did not deliver. */
export interface FailedTry {
  readonly code: string
  /** The answer was lost or unclear. */
  readonly ambiguous: boolean
  readonly message: string
  /** What was thrown; absent if the service answered for this very record. */
  readonly error?: Error | undefined
  readonly startedAt: number
  readonly endedAt: number
}

/** What other modules may see of a queued record. Only the queue changes one. */
export interface QueuedRecord extends PackableRecord {
  readonly sequence: number
  readonly admittedAt: number
  readonly waiter: ReceiptWaiter | undefined
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

/** What went wrong with a record so far. Most records have none. */
class RetryState {
  faults = 0
  firstFaultAt: number | undefined = undefined
  history: Attempt[] | undefined = undefined
  /** End of the newest try. */
  triedAt: number
  possiblyDelivered = false
  error: Error | undefined = undefined
  message = ''
  /** Requests that failed as a whole with this record in them. */
  requestFailures = 0
  /** Successful requests there had been at the newest of those failures. */
  successes = -1
  /** Whether requests succeeded between two of its failures. */
  suspect = false
  /** The shard whose backoff it counts for. */
  shard: ShardBackoff | undefined = undefined
  /** Its entry among those of that shard that wait. */
  waiting: AgeEntry | undefined = undefined

  constructor(admittedAt: number) {
    this.triedAt = admittedAt
  }
}

/**
 * An admitted record. It is its own list node, so that admission allocates this object and nothing
 * else. All fields are set in the constructor and in one order, to keep one hidden class, and they
 * are few: thousands of records live in the buffer, where each field is copied by the collector.
 */
export class PendingRecord implements QueuedRecord {
  next: PendingRecord | undefined = undefined
  previous: PendingRecord | undefined = undefined
  /** The list it waits in; undefined while a request carries it, and when it is settled. */
  list: RecordList | undefined = undefined
  place: Place = 'waiting'
  /** Its entry among those that wait outside the ready list. */
  #aside: AgeEntry | undefined = undefined

  /** Text, or the memory that holds the bytes. */
  #memory: Buffer | string
  #offset = 0
  #length = 0
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  readonly bytes: number
  /** Order of admission. */
  readonly sequence: number
  /** Whole milliseconds: a fraction would be an object of its own. */
  readonly admittedAt: number
  readonly waiter: ReceiptWaiter | undefined
  #retry: RetryState | undefined = undefined

  constructor(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    sequence: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ) {
    if (typeof data === 'string') this.#memory = data
    else {
      RECORD_STORE.keep(data)
      this.#memory = RECORD_STORE.memory
      this.#offset = RECORD_STORE.offset
      this.#length = data.byteLength
    }
    this.partitionKey = partitionKey
    this.explicitHashKey = explicitHashKey
    this.bytes = bytes
    this.sequence = sequence
    this.admittedAt = admittedAt
    this.waiter = waiter
  }

  /** Bytes come as a new view each time: ask once. */
  get data(): RecordData {
    const memory = this.#memory
    return typeof memory === 'string'
      ? memory
      : memory.subarray(this.#offset, this.#offset + this.#length)
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

  get possiblyDelivered(): boolean {
    return this.#retry?.possiblyDelivered ?? false
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

  addFailedTry({ code, ambiguous, message, error, startedAt, endedAt }: FailedTry): void {
    const retry = this.#stateOfRetries()
    const attempt: Attempt = {
      delay: startedAt - retry.triedAt,
      duration: endedAt - startedAt,
      code,
      message,
      ambiguous,
    }
    retry.history = remember(retry.history, attempt)
    retry.triedAt = endedAt
    retry.error = error
    retry.message = message
    if (ambiguous) retry.possiblyDelivered = true
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
    return {
      data: copyOfData(this.data),
      ...(this.partitionKey !== undefined && { partitionKey: this.partitionKey }),
      ...(this.explicitHashKey !== undefined && { explicitHashKey: this.explicitHashKey }),
    }
  }

  leftover(): Leftover {
    return { ...this.userRecord(), possiblyDelivered: this.possiblyDelivered }
  }

  #stateOfRetries(): RetryState {
    if (this.#retry === undefined) {
      this.#retry = new RetryState(this.admittedAt)
      // It will stay longer than those that were admitted with it.
      this.#leaveSlab()
    }
    return this.#retry
  }

  /** So that it does not keep the memory of all its neighbours. */
  #leaveSlab(): void {
    const memory = this.#memory
    if (typeof memory === 'string' || memory.byteLength === this.#length) return
    this.#memory = copyOf(memory.subarray(this.#offset, this.#offset + this.#length))
    this.#offset = 0
  }
}
