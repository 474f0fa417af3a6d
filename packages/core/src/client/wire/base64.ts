import { createHash, type Hash } from 'node:crypto'
import type { ByteSink } from '../../packing/outgoing.js'
import type { WireRecord } from '../../record/wire-record.js'

/**
 * Base64 of many small byte arrays, or of large ones, straight into a buffer. One call into Node
 * costs as much as encoding 200 bytes, and a string larger than the processor's cache gets pages of
 * its own from the system, which costs ten times as much as encoding it. So small arrays are encoded
 * many at a time, and large ones piece by piece.
 */

/** A multiple of 3, so that pieces need no padding. */
const PIECE_BYTES = 24 * 1024

// Shared by all producers: nothing here waits, so nobody else can look inside meanwhile.
const pieces = Buffer.allocUnsafeSlow(PIECE_BYTES)
const encoded = Buffer.allocUnsafeSlow((PIECE_BYTES / 3) * 4)

export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4

/** Records with small data, encoded together. */
export class Base64Group {
  readonly records: WireRecord[] = []
  #used = 0
  #read = 0

  /** Adds a record if it fits. */
  add(record: WireRecord): boolean {
    const { length } = record.Data
    const end = this.#used + base64Length(length) * 0.75
    if (end > PIECE_BYTES) return false
    pieces.set(record.Data, this.#used)
    // Up to two bytes of padding: zeros, of which `copyNext` makes what base64 has for them.
    for (let i = this.#used + length; i < end; i++) pieces[i] = 0
    this.#used = end
    this.records.push(record)
    return true
  }

  encode(): void {
    encoded.write(pieces.toString('base64', 0, this.#used), 0, 'latin1')
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
    this.#used = 0
    this.#read = 0
  }
}

const EQUALS = 0x3d

/** Takes the parts of a record and writes their base64 to a buffer. */
export class Base64Sink implements ByteSink {
  readonly #target: Buffer
  #at: number
  #used = 0
  #digest: Hash | undefined
  #digestFrom = 0

  constructor(target: Buffer, at: number) {
    this.#target = target
    this.#at = at
  }

  byte(value: number): void {
    if (this.#used === PIECE_BYTES) this.#encode()
    pieces[this.#used++] = value
  }

  bytes(data: Uint8Array): void {
    let from = 0
    while (data.length - from > PIECE_BYTES - this.#used) {
      const to = from + PIECE_BYTES - this.#used
      pieces.set(data.subarray(from, to), this.#used)
      this.#used = PIECE_BYTES
      this.#encode()
      from = to
    }
    pieces.set(from === 0 ? data : data.subarray(from), this.#used)
    this.#used += data.length - from
  }

  text(data: string): void {
    // A character takes at most 3 bytes of UTF-8.
    if (data.length * 3 <= PIECE_BYTES - this.#used)
      this.#used += pieces.write(data, this.#used, 'utf8')
    else this.bytes(Buffer.from(data, 'utf8'))
  }

  beginDigest(): void {
    this.#digest = createHash('md5')
    this.#digestFrom = this.#used
  }

  writeDigest(): void {
    this.#digest?.update(pieces.subarray(this.#digestFrom, this.#used))
    const digest = this.#digest?.digest()
    this.#digest = undefined
    if (digest !== undefined) this.bytes(digest)
  }

  /** Writes what is left, padded; returns where it ends. */
  end(): number {
    this.#encode()
    return this.#at
  }

  #encode(): void {
    this.#digest?.update(pieces.subarray(this.#digestFrom, this.#used))
    this.#digestFrom = 0
    this.#at += this.#target.write(pieces.toString('base64', 0, this.#used), this.#at, 'latin1')
    this.#used = 0
  }
}
