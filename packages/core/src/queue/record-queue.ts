import { KeyOrder } from './key-order.js'
import type { Entry } from './pending-record.js'
import { EntryList } from './record-list.js'

/**
 * All records in the producer's care. The bounds cover every unsettled record, wherever it is
 * (queued, held, waiting to be retried, in flight); the lists here are those free to be sent.
 */
export class RecordBuffer {
  /** Records that may go with the next request, oldest first. */
  readonly ready: EntryList = new EntryList()
  /** Present when `ordering` is `partitionKey`. */
  readonly order: KeyOrder | undefined
  /** Unsettled records and their bytes. */
  records = 0
  bytes = 0
  /** Sequence of the newest admitted record. */
  lastSequence = 0

  readonly #maxRecords: number
  readonly #maxBytes: number

  constructor(maxRecords: number, maxBytes: number, ordered: boolean) {
    this.#maxRecords = maxRecords
    this.#maxBytes = maxBytes
    this.order = ordered ? new KeyOrder() : undefined
  }

  fits(bytes: number): boolean {
    return this.records < this.#maxRecords && this.bytes + bytes <= this.#maxBytes
  }

  /** Takes a new record into care. */
  admit(entry: Entry): void {
    this.records++
    this.bytes += entry.bytes
    this.lastSequence = entry.sequence
    if (this.order === undefined || this.order.enter(entry)) this.ready.push(entry)
  }

  /** Lets go of a settled record; the next one of its key becomes free. */
  release(entry: Entry): void {
    this.records--
    this.bytes -= entry.bytes
    const next = this.order?.leave(entry)
    // To the front: it is older than most, and one record of a key cannot crowd out the others.
    if (next !== undefined) this.ready.unshift(next)
  }

  /** Takes back records a request carried in vain; returns those that are free to go again. */
  takeBack(entries: readonly Entry[]): readonly Entry[] {
    return this.order?.takeBack(entries) ?? entries
  }

  /** Lets go of a record that was held behind another of its key: that one still blocks the key. */
  forget(entry: Entry): void {
    this.records--
    this.bytes -= entry.bytes
  }

  /** Not in flight and not waiting for a retry lane: what makes a batch due. */
  get waiting(): number {
    return this.ready.length + (this.order?.held ?? 0)
  }

  get waitingBytes(): number {
    return this.ready.bytes + (this.order?.heldBytes ?? 0)
  }

  /** 95 % of either bound: where the seed starts to give up batches during an outage. */
  get nearlyFull(): boolean {
    return this.records >= 0.95 * this.#maxRecords || this.bytes >= 0.95 * this.#maxBytes
  }
}
