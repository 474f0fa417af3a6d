import { createHash, type Hash } from 'node:crypto'
import { isPadded, paddedSize } from '../../packing/none/padding.js'
import type { ByteSink, PlainRecord } from '../../packing/outgoing.js'

/**
 * Base64 of many small byte arrays, or of large ones, straight into a buffer. One call into Node
 * costs as much as encoding 200 bytes, and a string larger than the processor's cache gets pages of
 * its own from the system, which costs ten times as much as encoding it. So small arrays are encoded
 * many at a time, and large ones piece by piece.
 */

/** A multiple of 3, so that pieces need no padding. */
const PIECE_BYTES = 24 * 1024

// Shared by all producers: a group is encoded and copied in one step.
const encoded = Buffer.allocUnsafeSlow((PIECE_BYTES / 3) * 4)

/** Where parts of a record are put together, for sinks to come. */
const scratches: Buffer[] = []
const MAX_SCRATCHES = 4

export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4

/** Base64 of a few records that lie one behind the other in memory, encoded together. */
export class Base64Group {
  readonly records: PlainRecord[] = []
  #memory: Buffer | undefined
  #from = 0
  #to = 0
  #read = 0

  /** Adds a record if it is the neighbour of the last one, and does not make it too many. */
  add(record: PlainRecord): boolean {
    const { memory, start, size } = record
    const padded = paddedSize(size)
    if (this.records.length === 0) {
      if (padded > PIECE_BYTES) return false
      this.#memory = memory
      this.#from = start
    } else if (memory !== this.#memory || start !== this.#to) return false
    else if (start + padded - this.#from > PIECE_BYTES) return false
    // Where the neighbour begins, if the padding is there; otherwise nowhere.
    this.#to = isPadded(memory, start, size) ? start + padded : -1
    this.#end = start + size
    this.records.push(record)
    return true
  }

  #end = 0

  encode(): void {
    const to = this.#to === -1 ? this.#end : this.#to
    const text = this.#memory?.toString('base64', this.#from, to) ?? ''
    encoded.write(text, 0, 'latin1')
  }

  /** Copies the next record's base64 to `target` and returns where it ends. */
  copyNext(length: number, target: Buffer, at: number): number {
    const size = base64Length(length)
    encoded.copy(target, at, this.#read, this.#read + size)
    this.#read += size
    const end = at + size
    const padding = (size / 4) * 3 - length
    if (padding > 0) target[end - 1] = EQUALS
    if (padding > 1) target[end - 2] = EQUALS
    return end
  }

  clear(): void {
    this.records.length = 0
    this.#memory = undefined
    this.#read = 0
  }
}

const EQUALS = 0x3d

/** Takes the parts of a record and writes their base64 to a buffer. */
export class Base64Sink implements ByteSink {
  readonly #target: Buffer
  /** Of its own: others may write between two steps. */
  readonly #pieces: Buffer = scratches.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES)
  /** How far the target is written. */
  at: number
  #used = 0
  #digest: Hash | undefined
  #digestFrom = 0

  constructor(target: Buffer, at: number) {
    this.#target = target
    this.at = at
  }

  byte(value: number): void {
    if (this.#used === PIECE_BYTES) this.#encode()
    this.#pieces[this.#used++] = value
  }

  bytes(data: Uint8Array): void {
    this.run(Buffer.from(data.buffer, data.byteOffset, data.byteLength), 0, data.byteLength)
  }

  run(memory: Buffer, start: number, to: number): void {
    let from = start
    while (to - from > PIECE_BYTES - this.#used) {
      // As it lies in memory, if what came before is whole groups of three bytes.
      const borrowed = (GROUP - (this.#used % GROUP)) % GROUP
      this.#copy(memory, from, from + borrowed)
      from += borrowed
      this.#encode()
      const piece = Math.min(PIECE_BYTES, to - from - ((to - from) % GROUP))
      if (piece > 0) this.#write(memory, from, from + piece)
      from += piece
    }
    this.#copy(memory, from, to)
  }

  #copy(memory: Buffer, from: number, to: number): void {
    memory.copy(this.#pieces, this.#used, from, to)
    this.#used += to - from
  }

  text(data: string): void {
    // A character takes at most 3 bytes of UTF-8.
    if (data.length * 3 <= PIECE_BYTES - this.#used)
      this.#used += this.#pieces.write(data, this.#used, 'utf8')
    else this.bytes(Buffer.from(data, 'utf8'))
  }

  beginDigest(): void {
    this.#digest = createHash('md5')
    this.#digestFrom = this.#used
  }

  writeDigest(): void {
    this.#digest?.update(this.#pieces.subarray(this.#digestFrom, this.#used))
    const digest = this.#digest?.digest()
    this.#digest = undefined
    if (digest !== undefined) this.bytes(digest)
  }

  /** Writes what is left, padded; returns where it ends. Nothing may be written afterwards. */
  end(): number {
    this.#encode()
    if (scratches.length < MAX_SCRATCHES) scratches.push(this.#pieces)
    return this.at
  }

  #encode(): void {
    this.#write(this.#pieces, 0, this.#used, this.#digestFrom)
    this.#digestFrom = 0
    this.#used = 0
  }

  #write(memory: Buffer, from: number, to: number, digestFrom = from): void {
    this.#digest?.update(memory.subarray(digestFrom, to))
    this.at += this.#target.write(memory.toString('base64', from, to), this.at, 'latin1')
  }
}

/** Bytes of a group of base64. */
const GROUP = 3
