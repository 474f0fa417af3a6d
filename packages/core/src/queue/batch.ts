import type { Slab } from '../store/slab.js'
import {
  type FreshRecord,
  PendingRecord,
  type QueuedRecord,
  type SlabRecord,
} from './pending-record.js'
import type { ShardBackoff } from './shard-backoff.js'

/** The records of one request, from the moment they leave the queue until it is answered. */
export interface Batch {
  /** How many, and their bytes as counted. */
  readonly count: number
  readonly bytes: number
  /** All of them, in the order in which they were taken: made when they are asked for. */
  readonly records: readonly QueuedRecord[]
  /** The same without making objects of neighbours that were never tried; undefined: all are objects. */
  readonly parts: readonly (SlabRecord | FreshRun)[] | undefined
  /** Indices of those of which somebody wants to hear that they were delivered. */
  readonly told: readonly number[]
  /** A part of a bisected request: nothing else is in it, so that its outcome tells of it alone. */
  readonly isPart: boolean
  /** Whether it matters where the records are stored: somebody awaits a receipt, or a shard backs off. */
  readonly wantsPlaces: boolean
  /**
   * Whether the queue learns from where they are stored: some of them belong to a shard that backs
   * off, or backed off, or such a shard may be the only one.
   */
  readonly tracksShards: boolean
  /** Whether it is the turn of such a shard. */
  readonly isTurn: boolean
}

/** Neighbours of a slab that were never tried. */
export interface FreshRun {
  readonly slab: Slab
  readonly from: number
  to: number
}

/** A batch as the queue knows it. Records that were never tried are runs of their slabs at first. */
export class TakenBatch implements Batch {
  readonly isPart: boolean
  readonly turns: Set<ShardBackoff> = new Set()
  readonly told: number[] = []
  count = 0
  bytes = 0
  wantsPlaces: boolean
  tracksShards: boolean
  isTurn = false
  oldest: Admitted | undefined = undefined
  /** Records that objects stand for. */
  objects = 0
  /** Undefined once all of them are objects. */
  parts: (PendingRecord | FreshRun)[] | undefined = []
  #records: PendingRecord[] | undefined

  constructor(isPart: boolean, seeksOthers: boolean) {
    this.isPart = isPart
    this.wantsPlaces = seeksOthers
    this.tracksShards = seeksOthers
  }

  get records(): readonly PendingRecord[] {
    if (this.#records === undefined) {
      this.#records = (this.parts ?? []).flatMap(part =>
        part instanceof PendingRecord ? part : objectsOf(part),
      )
      this.parts = undefined
      this.objects = this.count
    }
    return this.#records
  }

  add(record: PendingRecord): void {
    record.place = 'inFlight'
    this.parts?.push(record)
    this.objects++
    if (record.waiter !== undefined || record.possiblyDelivered) this.told.push(this.count)
    if (record.waiter !== undefined) this.wantsPlaces = true
    if (record.shard !== undefined) this.wantsPlaces = this.tracksShards = true
    this.#count(record)
  }

  addFresh(record: FreshRecord): void {
    const { slab, index } = record
    const last = this.parts?.at(-1)
    if (
      last !== undefined &&
      !(last instanceof PendingRecord) &&
      last.slab === slab &&
      last.to === index
    )
      last.to++
    else this.parts?.push({ slab, from: index, to: index + 1 })
    if (slab.extras !== undefined) {
      const { waiter } = record
      if (waiter !== undefined || record.possiblyDelivered) this.told.push(this.count)
      if (waiter !== undefined) this.wantsPlaces = true
    }
    this.#count(record)
  }

  #count(record: PendingRecord | FreshRecord): void {
    this.count++
    this.bytes += record.bytes
    if (this.oldest !== undefined && this.oldest.sequence <= record.sequence) return
    const { sequence, admittedAt } = record
    this.oldest = { sequence, admittedAt }
  }
}

const objectsOf = ({ slab, from, to }: FreshRun): PendingRecord[] => {
  const records: PendingRecord[] = []
  for (let index = from; index < to; index++) {
    const record = new PendingRecord(slab, index)
    record.place = 'inFlight'
    records.push(record)
  }
  return records
}

/** Order and time of admission of a record. */
export interface Admitted {
  readonly sequence: number
  readonly admittedAt: number
}

/** What became of a record of an answered request. */
export type RecordFate =
  | { readonly kind: 'stored'; readonly shardId: string }
  /** Given up. */
  | { readonly kind: 'dropped' }
  /** Its shard is to get less; the service may have named it. */
  | { readonly kind: 'throttled'; readonly shardId: string | undefined }
  /** Failed by itself, in a request that succeeded or in one of its own: goes again after a backoff. */
  | { readonly kind: 'failed'; readonly isAlone: boolean }
  /**
   * Its Kinesis record is refused, and it is not alone in it: one of those that share it is to blame.
   */
  | { readonly kind: 'suspected'; readonly carrier: number }
  /** Not its fault: goes with the next request. */
  | { readonly kind: 'requeued' }
