import type { ReceiptWaiter } from '../record/receipt-waiter.js'

/** Most records of one slab. */
export const SLAB_RECORDS = 2048

/** What a record takes besides its data: its columns, and the head of the string that is its key. */
export const ENTRY_BYTES = 48

/** What few records have. */
export interface Extras {
  readonly explicitHashKey: string | undefined
  readonly waiter: ReceiptWaiter | undefined
  /** Memory of its own, of a record that is too large for the slab. */
  readonly memory: Buffer | undefined
  /** An earlier process may have sent it. */
  readonly possiblyDelivered?: boolean
}

/** The record was given as text, and is handed back as such. */
export const TEXT = 1
/** An object stands for the record: it waits elsewhere than among those that were never tried. */
export const TAKEN = 2

/** What is known of each record of a slab, by its index. */
export interface SlabColumns {
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  /** Bytes as admission counted them. */
  readonly counted: Uint32Array
  readonly admittedAt: Float64Array
  readonly flags: Uint8Array
}

const ownColumns = (): SlabColumns => ({
  starts: new Uint32Array(SLAB_RECORDS),
  lengths: new Uint32Array(SLAB_RECORDS),
  counted: new Uint32Array(SLAB_RECORDS),
  admittedAt: new Float64Array(SLAB_RECORDS),
  flags: new Uint8Array(SLAB_RECORDS),
})

/**
 * Memory for the data of many records, outside the heap of JavaScript, and what is known of each of
 * them in columns. A record here costs the collector nothing but a reference to its key.
 */
export class Slab {
  readonly memory: Buffer
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  /** Bytes as admission counted them. */
  readonly counted: Uint32Array
  readonly admittedAt: Float64Array
  readonly flags: Uint8Array
  readonly keys: (string | undefined)[] = []
  extras: Map<number, Extras> | undefined = undefined
  /** Ids of the records that are also on disk; 0 for others. Only with a spool. */
  keptIds: Float64Array | undefined = undefined
  /** Sequence of its first record; those behind it follow without a gap. */
  firstSequence = 0
  /** Bytes of the memory in use, and records that were written. */
  used = 0
  count = 0
  /** Records that are not settled, and their bytes as counted. */
  live = 0
  liveBytes = 0
  /** Nothing more is written to it. */
  closed = false
  /** It holds records that were moved: their sequences have gaps. */
  survivors = false

  constructor(memory: Buffer, columns: SlabColumns = ownColumns()) {
    this.memory = memory
    this.starts = columns.starts
    this.lengths = columns.lengths
    this.counted = columns.counted
    this.admittedAt = columns.admittedAt
    this.flags = columns.flags
  }

  /** Bytes of the slab's memory that the keys of a record take. */
  keyRoom(_index: number): number {
    return 0
  }

  /** Whether another record of so many bytes, with its framing, can be written. */
  hasRoom(bytes: number): boolean {
    return this.count < SLAB_RECORDS && this.used + bytes <= this.memory.length
  }

  /** Where the data of a record lies. */
  memoryOf(index: number): Buffer {
    return this.extras?.get(index)?.memory ?? this.memory
  }

  /** Makes it empty. Nobody may read its records any more. */
  reset(): void {
    this.keys.fill(undefined, 0, this.count)
    this.extras = undefined
    this.keptIds?.fill(0, 0, this.count)
    this.used = 0
    this.count = 0
    this.live = 0
    this.liveBytes = 0
    this.closed = false
    this.survivors = false
  }
}
