import { BISECT_AFTER_FAILURES } from '../config/tuning.js'
import type { Admitted, Batch, TakenBatch } from './batch.js'
import type { PendingRecord } from './pending-record.js'
import type { FailedTry } from './retry-state.js'

/** The batches that were taken and not yet answered. */
export class InFlightBatches {
  readonly #batches = new Map<Batch, TakenBatch>()
  /** Bytes of the records in flight. */
  bytes = 0
  /** What the failed tries of unsettled records take, in flight or not. */
  historyBytes = 0

  add(batch: TakenBatch): void {
    this.#batches.set(batch, batch)
    this.bytes += batch.bytes
  }

  /** Records in flight that objects stand for. */
  get objects(): number {
    let count = 0
    for (const { objects } of this.#batches.values()) count += objects
    return count
  }

  /** It was answered; undefined if that is known already, or if it was given up. */
  land(batch: Batch): TakenBatch | undefined {
    const taken = this.#batches.get(batch)
    if (this.#batches.delete(batch)) this.bytes -= batch.bytes
    return taken
  }

  /** The record is settled: nothing of it is kept. */
  forgetHistory({ historyBytes }: PendingRecord): void {
    this.historyBytes -= historyBytes
  }

  get all(): Iterable<TakenBatch> {
    return this.#batches.values()
  }

  /** Late answers move nothing any more. */
  clear(): void {
    this.#batches.clear()
    this.bytes = 0
    this.historyBytes = 0
  }

  records(): PendingRecord[] {
    return [...this.#batches.values()].flatMap(({ records }) => records)
  }

  /** The oldest of them and of those that wait. */
  oldest(waiting: Admitted | undefined): Admitted | undefined {
    let oldest = waiting
    for (const { oldest: first } of this.#batches.values())
      if (first !== undefined && (oldest === undefined || first.sequence < oldest.sequence))
        oldest = first
    return oldest
  }

  /** A try of all records of the batch came to nothing. */
  noteFailedTry(batch: Batch, failed: FailedTry): void {
    for (const record of this.#recordsOf(batch)) this.historyBytes += record.addFailedTry(failed)
  }

  /** A try of one of its records failed; a fault is a failure of the record's own. */
  noteFailedRecord(batch: Batch, index: number, failed: FailedTry, isFault: boolean): void {
    const record = this.#recordsOf(batch)[index]
    // The service wrote the message for this record alone.
    this.historyBytes += record?.addFailedTry(failed, failed.message.length) ?? 0
    if (isFault) record?.addFault(failed.endedAt)
  }

  /** The only record of the batch is to blame for its failure. */
  noteFault(batch: Batch, now: number): void {
    this.#recordsOf(batch)[0]?.addFault(now)
  }

  /**
   * The request failed as a whole, when `successes` had succeeded. Returns whether one of its
   * records may be to blame, since it failed often while others succeeded.
   */
  noteRequestFailure(batch: Batch, successes: number): boolean {
    let suspect = false
    for (const record of this.#recordsOf(batch))
      if (record.addRequestFailure(successes, BISECT_AFTER_FAILURES)) suspect = true
    return suspect
  }

  #recordsOf(batch: Batch): readonly PendingRecord[] {
    return this.#batches.get(batch)?.records ?? []
  }
}
