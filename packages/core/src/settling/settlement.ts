import type { UserCallbacks } from '../callbacks/user-callbacks.js'
import type { Stored } from '../client/answer.js'
import { DeliveryError } from '../errors/errors.js'
import type { Batch } from '../queue/batch.js'
import type { QueuedRecord } from '../queue/pending-record.js'
import type { DropReason } from '../record/dropped.js'
import type { Counters } from '../stats/counters.js'
import type { EventLog } from '../stats/event-log.js'

/** What is told of a record that leaves without having been delivered. */
export type LeavingRecord = Pick<
  QueuedRecord,
  'waiter' | 'possiblyDelivered' | 'error' | 'lastMessage' | 'history' | 'userRecord'
>

/** What the stages tell of records that have left the queue. */
export type SettlementCalls = Pick<
  Settlement,
  'allDelivered' | 'delivered' | 'dropped' | 'leftOver'
>

/** Reports records that have left the queue: counts them, logs drops, resolves receipts and calls `onDrop`. */
export class Settlement {
  readonly #counters: Counters
  readonly #log: EventLog
  readonly #callbacks: UserCallbacks

  constructor(counters: Counters, log: EventLog, callbacks: UserCallbacks) {
    this.#counters = counters
    this.#log = log
    this.#callbacks = callbacks
  }

  /**
   * The records of a request of which all were stored. Most have nobody to tell.
   */
  allDelivered(
    batch: Batch,
    placeOf: (index: number) => Stored | undefined,
    startedAt: number,
    now: number,
  ): void {
    const counters = this.#counters
    counters.lastSuccessAt = now
    counters.delivered += batch.count
    counters.bytesDelivered += batch.bytes
    if (batch.told.length === 0) return
    const { records, told } = batch
    for (const i of told) {
      const record = records[i]
      if (record !== undefined) this.#tell(record, placeOf(i), startedAt, now)
    }
  }

  delivered(
    record: QueuedRecord | undefined,
    place: Stored | undefined,
    startedAt: number,
    now: number,
  ): void {
    if (record === undefined) return
    this.#counters.delivered++
    this.#counters.bytesDelivered += record.bytes
    this.#counters.lastSuccessAt = now
    this.#tell(record, place, startedAt, now)
  }

  #tell(record: QueuedRecord, place: Stored | undefined, startedAt: number, now: number): void {
    const { possiblyDelivered, waiter } = record
    if (possiblyDelivered) this.#counters.possibleDuplicates++
    waiter?.resolve({
      shardId: place?.shardId ?? '',
      sequenceNumber: place?.sequenceNumber ?? '',
      attempts: record.attempts(startedAt, now),
      possibleDuplicate: possiblyDelivered,
    })
  }

  dropped(record: LeavingRecord | undefined, reason: DropReason): void {
    if (record === undefined) return
    this.#counters.drop(reason)
    const { waiter, possiblyDelivered } = record
    const error = waiter !== undefined || this.#callbacks.wantsDrops ? record.error : undefined
    this.#log.dropped(reason, record.lastMessage)
    const attempts = Object.freeze([...record.history])
    waiter?.reject(
      new DeliveryError(reason, `record dropped: ${reason}`, attempts, possiblyDelivered, error),
    )
    if (!this.#callbacks.wantsDrops) return
    this.#callbacks.dropped({
      record: record.userRecord(),
      reason,
      attempts,
      ...(error !== undefined && { error }),
      possiblyDelivered,
    })
  }

  /** It was on disk alone, and nobody can tell what was in it: there is nothing to hand back. */
  lost(records: number): void {
    for (let i = 0; i < records; i++) {
      this.#counters.drop('lost')
      this.#log.dropped('lost', undefined)
    }
  }

  /** `close()` hands the record itself back; whoever awaits its receipt is told that none will come. */
  leftOver(record: LeavingRecord): void {
    record.waiter?.reject(
      new DeliveryError(
        'closed',
        'the producer was closed before the record was delivered',
        Object.freeze([...record.history]),
        record.possiblyDelivered,
        record.error,
      ),
    )
  }
}
