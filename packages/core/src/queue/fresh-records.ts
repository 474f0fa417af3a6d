import { type Slab, TAKEN } from '../store/slab.js'
import { isTaken, type SlabStore } from '../store/slab-store.js'
import type { Admitted } from './batch.js'
import { FreshRecord, PendingRecord } from './pending-record.js'

/**
 * Records that were never tried and wait for nothing but a request, in the order of admission. No
 * object stands for them: they are what their slabs hold and nobody has taken. So a long queue costs
 * the collector nothing.
 */
export class FreshRecords {
  readonly #store: SlabStore
  /** Slabs with such records, from `#first` on. */
  #slabs: Slab[] = []
  #first = 0
  /** Of the first slab, the records before this one are taken. */
  #cursor = 0
  #view: FreshRecord | undefined
  length = 0
  bytes = 0

  constructor(store: SlabStore) {
    this.#store = store
  }

  /** Adds the record that the store has just written. */
  push(bytes: number): void {
    const { slab, index } = this.#store
    if (this.length === 0) {
      this.#slabs = [slab]
      this.#first = 0
      this.#cursor = index
    } else if (this.#slabs[this.#slabs.length - 1] !== slab) {
      // Leaves a slab of which all is taken: it may be used again soon.
      this.#head()
      this.#slabs.push(slab)
    }
    this.length++
    this.bytes += bytes
  }

  /** The first slab, with the cursor at a record that is not taken; undefined when there is none. */
  #head(): Slab | undefined {
    if (this.length === 0) return undefined
    for (;;) {
      const slab = this.#slabs[this.#first]
      if (slab === undefined) return undefined
      while (this.#cursor < slab.count && isTaken(slab, this.#cursor)) this.#cursor++
      if (this.#cursor < slab.count) return slab
      this.#nextSlab()
    }
  }

  #nextSlab(): void {
    this.#first++
    this.#cursor = 0
    // Now and then, so that the list does not grow for ever.
    if (this.#first < 64) return
    this.#slabs = this.#slabs.slice(this.#first)
    this.#first = 0
  }

  /** Sequence and admission of the oldest. */
  get head(): Admitted | undefined {
    const slab = this.#head()
    const admittedAt = slab?.admittedAt[this.#cursor]
    if (slab === undefined || admittedAt === undefined) return undefined
    return { sequence: slab.firstSequence + this.#cursor, admittedAt }
  }

  get headSequence(): number | undefined {
    const slab = this.#head()
    return slab === undefined ? undefined : slab.firstSequence + this.#cursor
  }

  get headAdmittedAt(): number | undefined {
    return this.#head()?.admittedAt[this.#cursor]
  }

  /** The oldest, seen until the next call. */
  peek(): FreshRecord | undefined {
    const slab = this.#head()
    if (slab === undefined) return undefined
    if (this.#view === undefined) this.#view = new FreshRecord(slab, this.#cursor)
    else this.#view.moveTo(slab, this.#cursor)
    return this.#view
  }

  /** Takes the one that was seen, of so many bytes. */
  skip(bytes: number): void {
    this.#cursor++
    this.length--
    this.bytes -= bytes
  }

  /** Takes the oldest, and makes an object of it. */
  shift(): PendingRecord | undefined {
    const slab = this.#head()
    if (slab === undefined) return undefined
    const record = new PendingRecord(slab, this.#cursor)
    this.skip(record.bytes)
    return record
  }

  /** Records up to this sequence. */
  countUpTo(sequence: number): number {
    let count = 0
    this.#forEach((slab, index) => {
      if (slab.firstSequence + index <= sequence) count++
    })
    return count
  }

  #forEach(visit: (slab: Slab, index: number) => void): void {
    if (this.length === 0) return
    for (let i = this.#first; i < this.#slabs.length; i++) {
      const slab = this.#slabs[i]
      if (slab === undefined) continue
      for (let index = i === this.#first ? this.#cursor : 0; index < slab.count; index++)
        if (!isTaken(slab, index)) visit(slab, index)
    }
  }
}

/** Makes an object of the record that the store has just written: it does not wait among the fresh ones. */
export const newRecord = ({ slab, index }: SlabStore): PendingRecord => {
  slab.flags[index] = (slab.flags[index] ?? 0) | TAKEN
  return new PendingRecord(slab, index)
}
