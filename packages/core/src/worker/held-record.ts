import type { LeftRecord } from '../lifecycle/lifecycle.js'
import { SlabRecord } from '../queue/pending-record.js'
import type { Attempt } from '../record/attempt.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { Leftover, RecordData, UserRecord } from '../record/record.js'
import { IN_FLIGHT, type SharedSlab, UNSURE } from '../store/shared-slab.js'

/** What the worker told of the tries of a record. */
export interface Tries {
  readonly attempts: readonly Attempt[]
  readonly error: Error | undefined
}

const UNTRIED: Tries = { attempts: [], error: undefined }

/** A record that leaves without having been delivered. */
export class HeldRecord implements LeftRecord {
  readonly sequence: number
  readonly waiter: ReceiptWaiter | undefined
  readonly history: readonly Attempt[]
  readonly error: Error | undefined
  readonly possiblyDelivered: boolean
  readonly #record: UserRecord

  constructor(
    record: UserRecord,
    sequence: number,
    possiblyDelivered: boolean,
    waiter: ReceiptWaiter | undefined,
    { attempts, error }: Tries = UNTRIED,
  ) {
    this.#record = record
    this.sequence = sequence
    this.possiblyDelivered = possiblyDelivered
    this.waiter = waiter
    this.history = attempts
    this.error = error
  }

  get lastMessage(): string | undefined {
    return this.error?.message
  }

  userRecord(): UserRecord {
    return this.#record
  }

  leftover(): Leftover {
    return { ...this.#record, possiblyDelivered: this.possiblyDelivered }
  }
}

/** A record as it was added. */
export const userRecord = (
  data: RecordData,
  partitionKey: string | undefined,
  explicitHashKey: string | undefined,
): UserRecord => ({
  data,
  ...(partitionKey !== undefined && { partitionKey }),
  ...(explicitHashKey !== undefined && { explicitHashKey }),
})

/** A copy of a record in shared memory. */
export const recordIn = (slab: SharedSlab, index: number): UserRecord => {
  const { data } = new SlabRecord(slab, index)
  return userRecord(data, slab.readKey(index), slab.readHashKey(index))
}

/** Whether the record may be in the stream. */
export const mayHaveArrived = (slab: SharedSlab, index: number): boolean =>
  ((slab.states[index] ?? 0) & (IN_FLIGHT | UNSURE)) !== 0
