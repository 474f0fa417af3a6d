import { type Attempt, remember } from '../record/attempt.js'
import type { Leftover, Receipt, RecordData, UserRecord } from '../record/record.js'
import type { EntryList } from './entry-list.js'

/** Who awaits this one record: `put()`. */
export interface ReceiptWaiter {
  resolve(receipt: Receipt): void
  reject(error: Error): void
}

/**
 * An admitted record. It is its own list node, so that admission allocates this object and nothing
 * else. All fields are set in the constructor and in one order, to keep one hidden class.
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
  readonly admittedAt: number
  /** Cleared when it has been told the outcome. */
  waiter: ReceiptWaiter | undefined

  /** Failures that count against `maxAttemptsPerRecord`. */
  faults = 0
  history: Attempt[] | undefined = undefined
  /** End of the newest attempt. */
  triedAt: number
  possiblyDelivered = false
  /** The newest failure: an error that was thrown, or the words of the service. */
  error: unknown = undefined
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
    this.triedAt = admittedAt
    this.waiter = waiter
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
    const attempt: Attempt = {
      delay: startedAt - this.triedAt,
      duration: endedAt - startedAt,
      code,
      message,
      ambiguous,
    }
    this.history = remember(this.history, attempt)
    this.triedAt = endedAt
    this.error = error
    if (ambiguous) this.possiblyDelivered = true
  }

  /** All tries of a record that was just delivered. */
  attempts(startedAt: number, endedAt: number): readonly Attempt[] {
    const last: Attempt = {
      delay: startedAt - this.triedAt,
      duration: endedAt - startedAt,
      code: 'ok',
      ambiguous: false,
    }
    return remember(this.history, last)
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
