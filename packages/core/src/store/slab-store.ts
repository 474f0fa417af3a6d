import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { RecordData } from '../record/record.js'
import type { Framing } from './framing.js'
import { ENTRY_BYTES, type Extras, SLAB_RECORDS, Slab, TAKEN, TEXT } from './slab.js'

const MAX_SLAB_BYTES = 256 * 1024
const MIN_SLAB_BYTES = 16 * 1024
/** Slabs a full buffer takes at least, so that one that is hardly used is a small part of it. */
const SLABS_OF_BUFFER = 32
/** Data larger than this part of a slab has memory of its own. */
const SHARING_PART = 8
/** Empty slabs that are kept for the next records, and part of the buffer that they may take. */
const MAX_POOLED = 64
const POOLED_SHARE = 1 / 4
/** Part of a slab below which its last records are moved out of it. */
const SPARSE = 0.5

/** The size of slabs for a buffer. */
export const slabBytesFor = (bufferBytes: number): number =>
  Math.max(MIN_SLAB_BYTES, Math.min(MAX_SLAB_BYTES, Math.floor(bufferBytes / SLABS_OF_BUFFER)))

/** Data larger than this has memory of its own. */
export const mostShared = (slabBytes: number): number => slabBytes / SHARING_PART

/** Where slabs come from. */
export interface SlabSource {
  open(bytes: number): Slab
  /** Whether its slabs may be used again by the store. */
  readonly pools: boolean
  /** A record was moved from one slab to another, whose last one it is now. */
  readonly moved?: (from: Slab, fromIndex: number, to: Slab) => void
  /** Nothing more is moved into the slab. */
  readonly closed?: (slab: Slab) => void
}

const OWN_SLABS: SlabSource = {
  open: bytes => new Slab(Buffer.allocUnsafeSlow(bytes)),
  pools: true,
}

/**
 * Where the bytes of queued records live. They are written once, at admission, so the caller may
 * reuse, change or transfer its buffer afterwards. Records are written in the order of admission,
 * and neighbours of that order are neighbours in memory.
 */
export class SlabStore {
  /** Where the record that was written last is: told here, since an object for it would be one a record. */
  slab: Slab
  index = 0
  readonly slabBytes: number
  readonly #maxSharing: number
  readonly #framing: Framing
  readonly #source: SlabSource
  readonly #pool: Slab[] = []
  readonly #maxPooled: number
  /** Where records are moved to from slabs that hold little else. */
  #survivors: Slab | undefined
  /** All of their records are settled, but somebody may still report them in this step. */
  #retired: Slab[] = []
  /** The same for records with memory of their own. */
  readonly #retiredLarge: { readonly slab: Slab; readonly index: number }[] = []
  /** Memory that is neither pooled nor given back. */
  heldBytes = 0
  /** Records of slabs that are closed and not empty, settled or not. */
  #entries = 0
  /** Grows with each slab, and each memory of its own, that is taken into use. */
  opened = 0
  /** Bytes of unsettled records, as counted. */
  liveBytes = 0

  constructor(bufferBytes: number, framing: Framing, source: SlabSource = OWN_SLABS) {
    this.#source = source
    this.slabBytes = slabBytesFor(bufferBytes)
    this.#maxSharing = mostShared(this.slabBytes)
    this.#maxPooled = Math.min(
      MAX_POOLED,
      Math.max(1, Math.floor((POOLED_SHARE * bufferBytes) / this.slabBytes)),
    )
    this.#framing = framing
    this.slab = NO_SLAB
  }

  /** All memory in use for records, settled or not. */
  get bytes(): number {
    return this.heldBytes + this.#entries * ENTRY_BYTES
  }

  /** Memory of settled records that cannot be used again, since others share their slabs. */
  get pinnedBytes(): number {
    return Math.max(0, this.heldBytes - this.liveBytes)
  }

  /** Whether the memory of settled records is to be made free. */
  get hasRetired(): boolean {
    return this.#retired.length + this.#retiredLarge.length > 0
  }

  /** Whether moving a record frees more than it takes: little else lives in its slab. */
  isSparse(slab: Slab): boolean {
    return slab.closed && slab.liveBytes < SPARSE * this.slabBytes
  }

  /** Moves the bytes of a waiting record out of a sparse slab; `slab` and `index` of the result say where. */
  move(from: Slab, index: number): { readonly slab: Slab; readonly index: number } | undefined {
    const extras = from.extras?.get(index)
    if (extras?.memory !== undefined) return undefined
    const bytes = from.counted[index] ?? 0
    const start = from.starts[index] ?? 0
    const size = from.lengths[index] ?? 0
    const slab = this.#survivorSlab(size + this.#framing.maxBytes + from.keyRoom(index))
    const at = slab.count++
    const to = this.#framing.begin(slab.memory, slab.used, size)
    from.memory.copy(slab.memory, to, start, start + size)
    slab.used = this.#framing.end(slab.memory, to, to + size)
    slab.starts[at] = to
    slab.lengths[at] = size
    slab.counted[at] = bytes
    slab.admittedAt[at] = from.admittedAt[index] ?? 0
    slab.flags[at] = from.flags[index] ?? 0
    slab.keys[at] = from.keys[index]
    if (extras !== undefined) addExtras(slab, at, extras)
    const keptId = from.keptIds?.[index] ?? 0
    if (keptId !== 0) keepId(slab, at, keptId)
    slab.live++
    slab.liveBytes += bytes
    this.liveBytes += bytes
    this.#source.moved?.(from, index, slab)
    this.release(from, index)
    return { slab, index: at }
  }

  #survivorSlab(most: number): Slab {
    const slab = this.#survivors
    if (slab?.hasRoom(most) === true) return slab
    if (slab !== undefined) this.#close(slab)
    this.#survivors = this.#open()
    this.#survivors.survivors = true
    return this.#survivors
  }

  get pooledBytes(): number {
    return this.#pool.length * this.slabBytes
  }

  /** Writes a record; `slab` and `index` say where. */
  write(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    waiter: ReceiptWaiter | undefined,
    sequence: number,
  ): void {
    const size = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.byteLength
    const isLarge = size > this.#maxSharing
    const most = size + this.#framing.maxBytes
    let { slab } = this
    if (!slab.hasRoom(isLarge ? 0 : most)) slab = this.#next()
    const index = slab.count++
    if (index === 0) slab.firstSequence = sequence
    this.index = index
    let memory: Buffer | undefined
    if (isLarge) {
      memory = Buffer.allocUnsafeSlow(most)
      this.heldBytes += most
      this.opened++
      writeData(memory, 0, data, size, this.#framing, slab, index)
    } else slab.used = writeData(slab.memory, slab.used, data, size, this.#framing, slab, index)
    slab.counted[index] = bytes
    slab.admittedAt[index] = admittedAt
    slab.flags[index] = typeof data === 'string' ? TEXT : 0
    slab.keys[index] = partitionKey
    if (explicitHashKey !== undefined || waiter !== undefined || memory !== undefined)
      addExtras(slab, index, { explicitHashKey, waiter, memory })
    slab.live++
    if (!isLarge) slab.liveBytes += bytes
    this.liveBytes += bytes
  }

  /** Takes over a slab that somebody else has written, and writes. Its records are adopted one by one. */
  begin(slab: Slab): void {
    this.finish()
    this.slab = slab
    this.opened++
    this.heldBytes += slab.memory.length
  }

  /** Nothing more comes of the slab that was begun. */
  finish(): void {
    if (this.slab !== NO_SLAB && !this.slab.closed) this.#close(this.slab)
  }

  /** Adopts the next record of that slab; `slab` and `index` say where it is. */
  adopt(partitionKey: string | undefined, extras: Extras | undefined): void {
    const { slab } = this
    const index = slab.count++
    const bytes = slab.counted[index] ?? 0
    this.index = index
    slab.keys[index] = partitionKey
    if (extras !== undefined) addExtras(slab, index, extras)
    const memory = extras?.memory
    if (memory !== undefined) {
      this.heldBytes += memory.length
      this.opened++
    } else slab.liveBytes += bytes
    slab.live++
    this.liveBytes += bytes
  }

  /** Passes over a record of it that is settled already. */
  skip(): void {
    this.slab.keys[this.slab.count++] = undefined
  }

  /** The record that was written last is on disk as well; an earlier process may have sent it. */
  keptOnDisk(id: number, possiblyDelivered: boolean): void {
    const { slab, index } = this
    keepId(slab, index, id)
    if (!possiblyDelivered) return
    const { explicitHashKey, waiter, memory } = slab.extras?.get(index) ?? NO_EXTRAS
    addExtras(slab, index, { explicitHashKey, waiter, memory, possiblyDelivered })
  }

  /** The record is settled. It may be read until the step ends. */
  release(slab: Slab, index: number): void {
    this.releaseRun(slab, index, index + 1)
  }

  /** The same for neighbours; returns their bytes. */
  releaseRun(slab: Slab, from: number, to: number): number {
    let bytes = 0
    for (let index = from; index < to; index++) {
      const counted = slab.counted[index] ?? 0
      bytes += counted
      if ((slab.lengths[index] ?? 0) > this.#maxSharing) this.#retiredLarge.push({ slab, index })
      else slab.liveBytes -= counted
    }
    slab.live -= to - from
    this.liveBytes -= bytes
    if (slab.live === 0 && slab.closed) this.#retired.push(slab)
    return bytes
  }

  /** Stage at the end of a step: what was settled has been reported, and its memory is free. */
  recycle(): void {
    if (!this.hasRetired) return
    for (const { slab, index } of this.#retiredLarge) {
      this.heldBytes -= slab.extras?.get(index)?.memory?.byteLength ?? 0
      slab.extras?.delete(index)
    }
    this.#retiredLarge.length = 0
    const retired = this.#retired
    this.#retired = []
    for (const slab of retired) {
      this.heldBytes -= slab.memory.length
      this.#entries -= slab.count
      slab.reset()
      if (this.#source.pools && this.#pool.length < this.#maxPooled) this.#pool.push(slab)
    }
  }

  /** Closes the slab, and begins another. */
  #next(): Slab {
    if (this.slab !== NO_SLAB) this.#close(this.slab)
    this.slab = this.#open()
    return this.slab
  }

  /** Gives up all memory: nobody reads the records any more. */
  clear(): void {
    this.slab = NO_SLAB
    this.#survivors = undefined
    this.#pool.length = 0
    this.#retired = []
    this.#retiredLarge.length = 0
    this.heldBytes = 0
    this.liveBytes = 0
    this.#entries = 0
  }

  #close(slab: Slab): void {
    slab.closed = true
    this.#entries += slab.count
    this.#source.closed?.(slab)
    if (slab.live === 0) this.#retired.push(slab)
  }

  #open(): Slab {
    const slab = this.#pool.pop() ?? this.#source.open(this.slabBytes)
    this.opened++
    this.heldBytes += this.slabBytes
    return slab
  }
}

/** Before the first record: an idle producer has no memory for them. */
const NO_SLAB: Slab = new Slab(Buffer.alloc(0))
NO_SLAB.count = SLAB_RECORDS

/** Returns where the record ends, with its framing. */
export const writeData = (
  memory: Buffer,
  at: number,
  data: RecordData,
  size: number,
  framing: Framing,
  slab: Slab,
  index: number,
): number => {
  const start = framing.begin(memory, at, size)
  const end = start + size
  if (typeof data !== 'string') memory.set(data, start)
  // One byte a character: all of it is ASCII.
  else if (data.length === size) memory.write(data, start, 'latin1')
  else memory.write(data, start, 'utf8')
  slab.starts[index] = start
  slab.lengths[index] = size
  return framing.end(memory, start, end)
}

const NO_EXTRAS: Extras = {
  explicitHashKey: undefined,
  waiter: undefined,
  memory: undefined,
}

const keepId = (slab: Slab, index: number, id: number): void => {
  slab.keptIds ??= new Float64Array(SLAB_RECORDS)
  slab.keptIds[index] = id
}

const addExtras = (slab: Slab, index: number, extras: Extras): void => {
  slab.extras ??= new Map()
  slab.extras.set(index, extras)
}

export const isTaken = (slab: Slab, index: number): boolean =>
  ((slab.flags[index] ?? 0) & TAKEN) !== 0
