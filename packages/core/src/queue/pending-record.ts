import { type Attempt, remember } from '../record/attempt.js'
import type { Leftover, Receipt, RecordData, UserRecord } from '../record/record.js'
import type { EntryList } from './record-list.js'

/** Who awaits this one record: `put()`. */
export interface ReceiptWaiter {
  readonly resolve: (receipt: Receipt) => void
  readonly reject: (error: unknown) => void
}

/** What went wrong with a record so far. Most records have none. */
class Trouble {
  faults = 0
  history: Attempt[] | undefined = undefined
  /** End of the newest attempt. */
  triedAt: number
  possiblyDelivered = false
  error: unknown = undefined

  constructor(admittedAt: number) {
    this.triedAt = admittedAt
  }
}

/**
 * An admitted record. It is its own list node, so that admission allocates this object and nothing
 * else. All fields are set in the constructor and in one order, to keep one hidden class, and they
 * are few: thousands of entries live in the buffer, where each field is copied by the collector.
 */
export class Entry {
  next: Entry | undefined = undefined
  previous: Entry | undefined = undefined
  /** The list it waits in; undefined while a request carries it. */
  list: EntryList | undefined = undefined

  readonly data: RecordData
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  /** Data + partition key, as the service counts them. */
  readonly bytes: number
  /** Order of admission. */
  readonly sequence: number
  /** Whole milliseconds: a fraction would be an object of its own. */
  readonly admittedAt: number
  /** Cleared when it has been told the outcome. */
  waiter: ReceiptWaiter | undefined

  #trouble: Trouble | undefined = undefined
  /** The retry lane whose turn this attempt is, to tell the lane how it went. */
  lane: string | undefined = undefined

  constructor(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    sequence: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
  ) {
    this.data = data
    this.partitionKey = partitionKey
    this.explicitHashKey = explicitHashKey
    this.bytes = bytes
    this.sequence = sequence
    this.admittedAt = admittedAt
    this.waiter = waiter
  }

  get history(): readonly Attempt[] {
    return this.#trouble?.history ?? []
  }

  /** The newest failure: an error that was thrown, or the words of the service. */
  get error(): unknown {
    return this.#trouble?.error
  }

  get possiblyDelivered(): boolean {
    return this.#trouble?.possiblyDelivered ?? false
  }

  /** Its request was given up: whether it was carried out will never be known. */
  markPossiblyDelivered(): void {
    this.#inTrouble().possiblyDelivered = true
  }

  /** Counts a failure against `maxAttemptsPerRecord`; returns how many there were. */
  addFault(): number {
    return ++this.#inTrouble().faults
  }

  /** Records a try that did not deliver. */
  failed(
    code: string,
    ambiguous: boolean,
    error: unknown,
    message: string,
    startedAt: number,
    endedAt: number,
  ): void {
    const trouble = this.#inTrouble()
    const attempt: Attempt = {
      delay: startedAt - trouble.triedAt,
      duration: endedAt - startedAt,
      code,
      message,
      ambiguous,
    }
    trouble.history = remember(trouble.history, attempt)
    trouble.triedAt = endedAt
    trouble.error = error
    if (ambiguous) trouble.possiblyDelivered = true
  }

  /** All tries of a record that was just delivered. */
  attempts(startedAt: number, endedAt: number): readonly Attempt[] {
    const last: Attempt = {
      delay: startedAt - (this.#trouble?.triedAt ?? this.admittedAt),
      duration: endedAt - startedAt,
      code: 'ok',
      ambiguous: false,
    }
    return remember(this.#trouble?.history, last)
  }

  #inTrouble(): Trouble {
    this.#trouble ??= new Trouble(this.admittedAt)
    return this.#trouble
  }

  record(): UserRecord {
    return {
      data: this.data,
      ...(this.partitionKey !== undefined && { partitionKey: this.partitionKey }),
      ...(this.explicitHashKey !== undefined && { explicitHashKey: this.explicitHashKey }),
    }
  }

  leftover(): Leftover {
    return { ...this.record(), possiblyDelivered: this.possiblyDelivered }
  }
}
