import type { Stored } from '../client/answer.js'
import type { Batch } from '../queue/batch.js'
import { PendingRecord, type QueuedRecord } from '../queue/pending-record.js'
import type { DropReason } from '../record/dropped.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { Receipt } from '../record/record.js'
import type { LeavingRecord, Settlement, SettlementCalls } from '../settling/settlement.js'
import { SharedSlab } from '../store/shared-slab.js'
import type { Slab } from '../store/slab.js'
import type { WorkerEvent } from './protocol.js'
import type { SettledMarks } from './settled-marks.js'
import { toldError } from './told-error.js'

type Emit = (event: WorkerEvent) => void

const whereIs = (slab: Slab, index: number): { readonly slab: number; readonly index: number } => ({
  slab: slab instanceof SharedSlab ? slab.id : 0,
  index,
})

/** Stands in the worker for who awaits a receipt in the other thread. */
export class RemoteWaiter implements ReceiptWaiter {
  slab: Slab
  index: number
  readonly #emit: Emit

  constructor(slab: Slab, index: number, emit: Emit) {
    this.slab = slab
    this.index = index
    this.#emit = emit
  }

  readonly resolve = (receipt: Receipt): void =>
    this.#emit({ kind: 'delivered', receipt, ...whereIs(this.slab, this.index) })

  /** Of drops the main thread is told otherwise. */
  readonly reject = (): void => {}
}

/** The failed tries of a record, for the other thread. */
export const triesOf = ({
  history,
  error,
}: QueuedRecord): Pick<Extract<WorkerEvent, { kind: 'tried' }>, 'attempts' | 'error'> => ({
  attempts: [...history],
  ...(error !== undefined && { error: toldError(error) }),
})

/**
 * Tells the main thread of records that have left. What was delivered and nobody awaits is settled
 * here, by a mark in the shared memory; receipts and drops are settled there, when they have arrived.
 */
export class RemoteSettlement implements SettlementCalls {
  readonly #counted: Settlement
  readonly #marks: SettledMarks
  readonly #emit: Emit

  constructor(counted: Settlement, marks: SettledMarks, emit: Emit) {
    this.#counted = counted
    this.#marks = marks
    this.#emit = emit
  }

  allDelivered(
    batch: Batch,
    placeOf: (index: number) => Stored | undefined,
    startedAt: number,
    now: number,
  ): void {
    this.#counted.allDelivered(batch, placeOf, startedAt, now)
    if (batch.told.length > 0 || batch.parts === undefined)
      for (const record of batch.records) this.#markUnlessAwaited(record)
    else
      for (const part of batch.parts)
        if ('to' in part) this.#marks.add(part.slab, part.from, part.to)
        else this.#marks.add(part.slab, part.index, part.index + 1)
  }

  delivered(
    record: QueuedRecord | undefined,
    place: Stored | undefined,
    startedAt: number,
    now: number,
  ): void {
    this.#counted.delivered(record, place, startedAt, now)
    if (record !== undefined) this.#markUnlessAwaited(record)
  }

  dropped(record: LeavingRecord | undefined, reason: DropReason): void {
    if (!(record instanceof PendingRecord)) return
    const { possiblyDelivered } = record
    this.#emit({
      kind: 'dropped',
      reason,
      possiblyDelivered,
      ...triesOf(record),
      ...whereIs(record.slab, record.index),
    })
  }

  /** At the end, the main thread hands back what is left. */
  leftOver(): void {}

  #markUnlessAwaited(record: QueuedRecord): void {
    if (record instanceof PendingRecord && record.waiter === undefined)
      this.#marks.add(record.slab, record.index, record.index + 1)
  }
}
