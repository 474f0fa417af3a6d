import { MAX_PARTITION_KEY_CHARACTERS } from '../config/aws-limits.js'
import type { RecordData } from '../record/record.js'
import type { Framing } from '../store/framing.js'
import {
  CLOSED,
  LARGE,
  PUBLISHED,
  RECEIPT,
  SETTLED,
  SETTLED_COUNT,
  type SharedMemory,
  SharedSlab,
  shareMemory,
} from '../store/shared-slab.js'
import { SLAB_RECORDS, TAKEN, TEXT } from '../store/slab.js'
import { mostShared, slabBytesFor, writeData } from '../store/slab-store.js'
import type { SlabHandOver, ToWorker } from './protocol.js'

/** Memory that slabs may take beyond the bytes of the records in them, as a part of `bufferBytes`. */
const SLACK = 1.25
/** Slabs there may be at least. */
const MIN_SLABS = 4
/** Bytes of a character in UTF-8, at most. */
const MAX_UTF8 = 3

/** Most bytes of the keys of a record. */
const MAX_KEY_ROOM = MAX_PARTITION_KEY_CHARACTERS * MAX_UTF8 + 39

/** A record that is not settled, and where it lies. */
export interface Oldest {
  readonly slab: SharedSlab
  readonly index: number
  readonly sequence: number
  readonly admittedAt: number
}

/** Called with each record that is not settled. */
export type Visit = (slab: SharedSlab, index: number) => void

/**
 * The shared slabs, as the thread sees them that admits records: it writes each record once, and
 * takes slabs back when all of their records are settled.
 */
export class SlabRing {
  readonly slabBytes: number
  readonly #framing: Framing
  readonly #mostShared: number
  readonly #maxSlabs: number
  readonly #post: (message: ToWorker) => void
  #slabs: SharedSlab[] = []
  /** Slabs that a worker filled with records that wait for long. */
  readonly #survivors = new Set<SharedSlab>()
  readonly #byId = new Map<number, SharedSlab>()
  readonly #pool: SharedSlab[] = []
  #current: SharedSlab | undefined
  #lastKey: string | undefined
  #lastHashKey: string | undefined
  #ids = 0
  /** All records before this one of the first slab are settled. */
  #cursor = 0

  /** @param post tells the worker of memory, if there is one that should know */
  constructor(bufferBytes: number, framing: Framing, post: (message: ToWorker) => void) {
    this.slabBytes = slabBytesFor(bufferBytes)
    this.#mostShared = mostShared(this.slabBytes)
    this.#maxSlabs = Math.max(MIN_SLABS, Math.ceil((bufferBytes * SLACK) / this.slabBytes))
    this.#framing = framing
    this.#post = post
  }

  /** Whether there is memory for another record of so many bytes, keys included. */
  hasMemory(bytes: number): boolean {
    const slab = this.#current
    const most = Math.min(bytes, this.#mostShared) + this.#framing.maxBytes + MAX_KEY_ROOM
    if (slab !== undefined && slab.count < SLAB_RECORDS && slab.used + most <= slab.keysFrom)
      return true
    return this.#pool.length > 0 || this.#size < this.#maxSlabs || this.#reclaim()
  }

  get #size(): number {
    return this.#byId.size
  }

  get heldBytes(): number {
    return this.#size * this.slabBytes
  }

  get pooledBytes(): number {
    return this.#pool.length * this.slabBytes
  }

  write(
    data: RecordData,
    key: string | undefined,
    hashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    wantsReceipt: boolean,
    sequence: number,
  ): void {
    const size = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.byteLength
    const isLarge = size > this.#mostShared
    const room = isLarge ? 0 : size + this.#framing.maxBytes
    const isSameKey = key === this.#lastKey && hashKey === this.#lastHashKey
    const keyRoom = isSameKey ? 0 : (key?.length ?? 0) * MAX_UTF8 + (hashKey?.length ?? 0)
    let slab = this.#current
    if (
      slab === undefined ||
      slab.count === SLAB_RECORDS ||
      slab.used + room + keyRoom > slab.keysFrom
    )
      slab = this.#next(sequence)
    const index = slab.count++
    if (isLarge) this.#writeLarge(slab, index, data, size)
    else slab.used = writeData(slab.memory, slab.used, data, size, this.#framing, slab, index)
    slab.writeKeys(index, key, hashKey, isSameKey)
    this.#lastKey = key
    this.#lastHashKey = hashKey
    slab.counted[index] = bytes
    slab.admittedAt[index] = admittedAt
    slab.flags[index] =
      (typeof data === 'string' ? TEXT : 0) | (wantsReceipt ? RECEIPT : 0) | (isLarge ? LARGE : 0)
    slab.states[index] = 0
    slab.deaths[index] = 0
  }

  #writeLarge(slab: SharedSlab, index: number, data: RecordData, size: number): void {
    const memory = new SharedArrayBuffer(size + this.#framing.maxBytes)
    const bytes = Buffer.from(memory)
    writeData(bytes, 0, data, size, this.#framing, slab, index)
    slab.extras ??= new Map()
    slab.extras.set(index, { explicitHashKey: undefined, waiter: undefined, memory: bytes })
    this.#post({ kind: 'large', slab: slab.id, index, memory })
  }

  /** From here the worker sees what was written. */
  publish(): void {
    const slab = this.#current
    if (slab !== undefined) Atomics.store(slab.header, PUBLISHED, slab.count)
  }

  #next(sequence: number): SharedSlab {
    this.#closeCurrent()
    // Memory that was in use already: fresh pages cost more than all else here.
    if (this.#pool.length === 0) this.#reclaim()
    const slab = this.#pool.pop() ?? this.#make()
    slab.firstSequence = sequence
    this.#current = slab
    // Not as in the slab before: keys are told from those of the neighbour.
    this.#lastKey = undefined
    this.#lastHashKey = undefined
    this.#slabs.push(slab)
    this.#byId.set(slab.id, slab)
    this.#post({ kind: 'slab', slab: handOver(slab, 0) })
    return slab
  }

  #make(): SharedSlab {
    return new SharedSlab(shareMemory(this.#ids++, this.slabBytes))
  }

  #closeCurrent(): void {
    const slab = this.#current
    if (slab === undefined) return
    Atomics.store(slab.header, PUBLISHED, slab.count)
    Atomics.store(slab.header, CLOSED, 1)
    this.#current = undefined
  }

  /** The worker made a slab, and moves records to it. */
  adopt(shared: SharedMemory): void {
    if (this.#byId.has(shared.id)) return
    const slab = new SharedSlab(shared)
    slab.survivors = true
    this.#survivors.add(slab)
    this.#byId.set(slab.id, slab)
  }

  slabOf(id: number): SharedSlab | undefined {
    return this.#byId.get(id)
  }

  /** Takes back the slabs whose records are all settled; whether there were any. */
  #reclaim(): boolean {
    let found = false
    for (const slab of this.#survivors) {
      if (!slab.isDone) continue
      this.#survivors.delete(slab)
      this.#byId.delete(slab.id)
      found = true
    }
    const kept: SharedSlab[] = []
    for (const slab of this.#slabs) {
      if (slab.isDone) {
        found = true
        this.#free(slab)
      } else kept.push(slab)
    }
    if (kept[0] !== this.#slabs[0]) this.#cursor = 0
    this.#slabs = kept
    return found
  }

  #free(slab: SharedSlab): void {
    this.#byId.delete(slab.id)
    slab.reset()
    slab.header.fill(0)
    this.#pool.push(slab)
  }

  /** Visits the records that are not settled: in the order of admission, but for those that were moved. */
  visit(visit: Visit): void {
    for (const slab of [...this.#survivors, ...this.#slabs]) {
      const end = this.#end(slab)
      for (let index = 0; index < end; index++) if (!slab.isSettled(index)) visit(slab, index)
    }
  }

  #end(slab: SharedSlab): number {
    return slab.survivors ? slab.published : slab.count
  }

  /** The oldest record that is not settled. */
  oldest(): Oldest | undefined {
    let found = this.#oldestInOrder()
    for (const slab of this.#survivors) {
      const end = slab.published
      for (let index = 0; index < end; index++)
        if (!slab.isSettled(index) && (slab.ids[index] ?? 0) < (found?.sequence ?? Infinity))
          found = placeOf(slab, index)
    }
    return found
  }

  #oldestInOrder(): Oldest | undefined {
    if (this.#slabs[0]?.isDone === true) this.#reclaim()
    let from = this.#cursor
    for (const slab of this.#slabs) {
      for (let index = from; index < slab.count; index++) {
        if (slab === this.#slabs[0]) this.#cursor = index
        if (!slab.isSettled(index)) return placeOf(slab, index)
      }
      from = 0
    }
    return undefined
  }

  /**
   * The worker that had the records is gone. What it was moving when it ended stands in two slabs; the
   * other one is as good as settled.
   */
  forgetCopies(): void {
    const moved = new Set<number>()
    for (const slab of this.#survivors) {
      for (let index = 0; index < slab.published; index++)
        if (!slab.isSettled(index)) moved.add(slab.ids[index] ?? 0)
      Atomics.store(slab.header, CLOSED, 1)
    }
    if (moved.size > 0)
      for (const slab of this.#slabs)
        for (let index = 0; index < slab.count; index++)
          if (!slab.isSettled(index) && moved.has(slab.firstSequence + index))
            slab.states[index] = SETTLED
    for (const slab of this.#byId.values()) {
      let settled = 0
      const end = this.#end(slab)
      for (let index = 0; index < end; index++) {
        if (slab.isSettled(index)) settled++
        slab.flags[index] = (slab.flags[index] ?? 0) | TAKEN
      }
      Atomics.store(slab.header, SETTLED_COUNT, settled)
    }
  }

  /**
   * All there is, for a worker that begins.
   * @param known whether a worker had it before
   */
  handOver(known: boolean): readonly SlabHandOver[] {
    this.#reclaim()
    this.publish()
    const slabs = [...this.#survivors, ...this.#slabs]
    return slabs.map(slab => handOver(slab, known ? this.#end(slab) : 0))
  }
}

const placeOf = (slab: SharedSlab, index: number): Oldest => ({
  slab,
  index,
  sequence: slab.sequenceOf(index),
  admittedAt: slab.admittedAt[index] ?? 0,
})

const handOver = (slab: SharedSlab, known: number): SlabHandOver => ({
  shared: slab.shared,
  firstSequence: slab.firstSequence,
  survivors: slab.survivors,
  known,
  large: [...(slab.extras ?? [])].flatMap(([index, { memory }]) =>
    memory?.buffer instanceof SharedArrayBuffer ? [[index, memory.buffer] as const] : [],
  ),
})
