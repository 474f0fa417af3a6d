import { SLAB_RECORDS, Slab } from './slab.js'

/** The memory of a slab that two threads share. */
export interface SharedMemory {
  readonly id: number
  readonly memory: SharedArrayBuffer
  readonly columns: SharedArrayBuffer
}

/** Flags of a record beside those of every slab: somebody awaits its receipt; its data lies elsewhere. */
export const RECEIPT = 4
export const LARGE = 8

/** States of a record, as bits; 0: admitted, and nothing that was sent of it may have arrived. */
export const IN_FLIGHT = 1
/** The outcome of a try is unknown. */
export const UNSURE = 2
/** Nobody answers for it any more, or not here: it was moved to another slab. */
export const SETTLED = 4

/** Words of the header: records that the writer has published, whether that is all, records settled. */
export const PUBLISHED = 0
export const CLOSED = 1
export const SETTLED_COUNT = 2
const HEADER_WORDS = 4

/** Characters up to which a key is written one by one. */
const SHORT_KEY = 40

const BYTES_A_RECORD = 8 + 8 + 4 + 4 + 4 + 4 + 2 + 1 + 1 + 1 + 1

/** Memory for a slab of so many bytes. */
export const shareMemory = (id: number, bytes: number): SharedMemory => ({
  id,
  memory: new SharedArrayBuffer(bytes),
  columns: new SharedArrayBuffer(HEADER_WORDS * 4 + SLAB_RECORDS * BYTES_A_RECORD),
})

/** Takes typed arrays from a buffer, one behind the other. */
class Cutter {
  readonly #buffer: SharedArrayBuffer
  #at = 0

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer
  }

  cut<T>(
    type: new (buffer: SharedArrayBuffer, at: number, length: number) => T,
    size: number,
    length = SLAB_RECORDS,
  ): T {
    const at = this.#at
    this.#at += size * length
    return new type(this.#buffer, at, length)
  }
}

/**
 * A slab whose records one thread admits and another one delivers. Whoever dies, what is here tells
 * the other what became of each record. Data lies at the front of the memory, as in every slab, and
 * the keys at its end, so that neighbours can be sent as they lie.
 */
export class SharedSlab extends Slab {
  readonly shared: SharedMemory
  readonly header: Int32Array
  /** Sequences, where they have gaps. */
  readonly ids: Float64Array
  readonly keysAt: Uint32Array
  readonly keyLengths: Uint16Array
  readonly hashLengths: Uint8Array
  readonly states: Uint8Array
  /** How many workers ended while the record was in flight. */
  readonly deaths: Uint8Array
  /** The keys begin here. */
  keysFrom: number

  constructor(shared: SharedMemory) {
    const cutter = new Cutter(shared.columns)
    const header = cutter.cut(Int32Array, 4, HEADER_WORDS)
    const admittedAt = cutter.cut(Float64Array, 8)
    const ids = cutter.cut(Float64Array, 8)
    const starts = cutter.cut(Uint32Array, 4)
    const lengths = cutter.cut(Uint32Array, 4)
    const counted = cutter.cut(Uint32Array, 4)
    const keysAt = cutter.cut(Uint32Array, 4)
    const keyLengths = cutter.cut(Uint16Array, 2)
    const flags = cutter.cut(Uint8Array, 1)
    super(Buffer.from(shared.memory), { starts, lengths, counted, admittedAt, flags })
    this.shared = shared
    this.header = header
    this.ids = ids
    this.keysAt = keysAt
    this.keyLengths = keyLengths
    this.hashLengths = cutter.cut(Uint8Array, 1)
    this.states = cutter.cut(Uint8Array, 1)
    this.deaths = cutter.cut(Uint8Array, 1)
    this.keysFrom = shared.memory.byteLength
  }

  get id(): number {
    return this.shared.id
  }

  override hasRoom(bytes: number): boolean {
    return this.count < SLAB_RECORDS && this.used + bytes <= this.keysFrom
  }

  override keyRoom(index: number): number {
    return (this.keyLengths[index] ?? 0) + (this.hashLengths[index] ?? 0)
  }

  get published(): number {
    return Atomics.load(this.header, PUBLISHED)
  }

  /** Nobody answers for a record of it any more. */
  get isDone(): boolean {
    return (
      Atomics.load(this.header, CLOSED) === 1 &&
      Atomics.load(this.header, SETTLED_COUNT) === Atomics.load(this.header, PUBLISHED)
    )
  }

  isSettled(index: number): boolean {
    return ((this.states[index] ?? 0) & SETTLED) !== 0
  }

  sequenceOf(index: number): number {
    return this.survivors ? (this.ids[index] ?? 0) : this.firstSequence + index
  }

  /** Writes the keys of the newest record; the same key as the one before is written once. */
  writeKeys(
    index: number,
    key: string | undefined,
    hashKey: string | undefined,
    isSameKey: boolean,
  ): void {
    this.hashLengths[index] = hashKey?.length ?? 0
    if (isSameKey && index > 0) {
      this.keysAt[index] = this.keysAt[index - 1] ?? 0
      this.keyLengths[index] = this.keyLengths[index - 1] ?? 0
      return
    }
    const hashBytes = hashKey?.length ?? 0
    if (hashKey !== undefined) this.memory.write(hashKey, this.keysFrom - hashBytes, 'latin1')
    const end = this.keysFrom - hashBytes
    const keyBytes = key === undefined ? 0 : this.#writeKey(key, end)
    this.keysFrom = end - keyBytes
    this.keysAt[index] = this.keysFrom
    this.keyLengths[index] = keyBytes
  }

  /** So that it ends there; returns its bytes. Most keys are short and ASCII: calls into Node cost more. */
  #writeKey(key: string, end: number): number {
    const { memory } = this
    const { length } = key
    if (length <= SHORT_KEY) {
      const start = end - length
      let i = 0
      for (; i < length; i++) {
        const code = key.charCodeAt(i)
        if (code > 0x7f) break
        memory[start + i] = code
      }
      if (i === length) return length
    }
    const bytes = Buffer.byteLength(key, 'utf8')
    memory.write(key, end - bytes, 'utf8')
    return bytes
  }

  /** Takes the keys of a record that was moved here from another slab. */
  copyKeys(index: number, from: SharedSlab, fromIndex: number): void {
    const room = from.keyRoom(fromIndex)
    const at = from.keysAt[fromIndex] ?? 0
    this.keysFrom -= room
    from.memory.copy(this.memory, this.keysFrom, at, at + room)
    this.keysAt[index] = this.keysFrom
    this.keyLengths[index] = from.keyLengths[fromIndex] ?? 0
    this.hashLengths[index] = from.hashLengths[fromIndex] ?? 0
  }

  /** The partition key of a record. */
  readKey(index: number): string | undefined {
    const length = this.keyLengths[index] ?? 0
    if (length === 0) return undefined
    const at = this.keysAt[index] ?? 0
    return this.memory.toString('utf8', at, at + length)
  }

  readHashKey(index: number): string | undefined {
    const length = this.hashLengths[index] ?? 0
    if (length === 0) return undefined
    const at = (this.keysAt[index] ?? 0) + (this.keyLengths[index] ?? 0)
    return this.memory.toString('latin1', at, at + length)
  }

  override reset(): void {
    super.reset()
    this.keysFrom = this.memory.byteLength
  }
}
