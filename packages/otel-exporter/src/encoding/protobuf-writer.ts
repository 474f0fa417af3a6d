import { truncated } from './truncated.js'

const INITIAL_BYTES = 4096
const TWO_32 = 2 ** 32
const TWO_63 = 2 ** 63
const NANOS = 1e9
/** Strings up to this length are written here: a call into Node costs more. */
const SHORT = 40

/** Writes protobuf into one growing buffer. Lengths are filled in once they are known. */
export class ProtobufWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #view = new DataView(this.#buffer.buffer)
  at = 0
  /** Longest text that is kept; what is longer could not be sent, and may be huge. */
  maxText: number

  constructor(maxText: number) {
    this.maxText = maxText
  }

  get capacity(): number {
    return this.#buffer.length
  }

  /** What was written from there on, valid until the next write. */
  written(from = 0): Uint8Array {
    return this.#buffer.subarray(from, this.at)
  }

  /** Begins anew, with so many bytes left free for `place`. */
  reset(free: number): void {
    this.at = 0
    this.#room(free)
    this.at = free
  }

  /** Puts bytes in front of what is at `end`; returns where they begin. */
  place(bytes: Uint8Array, end: number): number {
    const start = end - bytes.length
    this.#buffer.set(bytes, start)
    return start
  }

  /** Bytes as they are. */
  append(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.at)
    this.at += bytes.length
  }

  /** Takes the buffer back to an earlier length. */
  rewind(at: number): void {
    this.at = at
  }

  varint(field: number, value: number): void {
    this.#room(16)
    this.#tag(field, 0)
    if (value < 0 || value >= TWO_32) this.#longVarint(value)
    else this.#rawVarint(value)
  }

  /** A 64-bit number of any sign. */
  bigVarint(field: number, value: bigint): void {
    this.#room(16)
    this.#tag(field, 0)
    this.#rawBigVarint(value)
  }

  bool(field: number, value: boolean): void {
    this.varint(field, value ? 1 : 0)
  }

  double(field: number, value: number): void {
    this.#room(9)
    this.#tag(field, 1)
    this.#view.setFloat64(this.at, value, true)
    this.at += 8
  }

  fixed32(field: number, value: number): void {
    this.#room(5)
    this.#tag(field, 5)
    this.#view.setUint32(this.at, value, true)
    this.at += 4
  }

  /** Nanoseconds since 1970, exactly: they have more digits than a number does. */
  nanoTime(field: number, seconds: number, nanoseconds: number): void {
    this.#room(9)
    this.#tag(field, 1)
    const upper = Math.floor(seconds / 65_536) * NANOS
    const lower = (seconds % 65_536) * NANOS + nanoseconds
    const low = (upper % 65_536) * 65_536 + (lower % TWO_32)
    const high = Math.floor(upper / 65_536) + Math.floor(lower / TWO_32) + Math.floor(low / TWO_32)
    this.#view.setUint32(this.at, low % TWO_32, true)
    this.#view.setUint32(this.at + 4, high, true)
    this.at += 8
  }

  bytes(field: number, data: Uint8Array): void {
    this.#room(data.length + 16)
    this.#tag(field, 2)
    this.#rawVarint(data.length)
    this.#buffer.set(data, this.at)
    this.at += data.length
  }

  /** A few bytes, less than 128: a call into Node would cost more. */
  slice(field: number, data: Uint8Array, from: number, to: number): void {
    this.#room(to - from + 4)
    this.#tag(field, 2)
    this.#buffer[this.at++] = to - from
    for (let i = from; i < to; i++) this.#buffer[this.at++] = data[i] ?? 0
  }

  text(field: number, whole: string): void {
    const text = whole.length <= this.maxText ? whole : truncated(whole, this.maxText)
    // A character takes at most 3 bytes.
    this.#room(text.length * 3 + 16)
    this.#tag(field, 2)
    if (text.length <= SHORT && this.#shortAscii(text)) return
    // Right for ASCII; otherwise the text is moved by a byte or two.
    const guess = varintSize(text.length)
    const size = this.#buffer.write(text, this.at + guess, 'utf8')
    this.#length(this.at, guess, size)
  }

  /** Begins a message; hand the result to `end`. Most are shorter than 128 bytes. */
  begin(field: number): number {
    this.#room(16)
    this.#tag(field, 2)
    return ++this.at
  }

  end(start: number): void {
    const size = this.at - start
    this.#room(8)
    this.#length(start - 1, 1, size)
  }

  /** Puts the length before `size` bytes that were written `guess` bytes after `at`. */
  #length(at: number, guess: number, size: number): void {
    const needed = varintSize(size)
    if (needed !== guess) this.#buffer.copyWithin(at + needed, at + guess, at + guess + size)
    this.at = at
    this.#rawVarint(size)
    this.at += size
  }

  #shortAscii(text: string): boolean {
    const buffer = this.#buffer
    const { length } = text
    const start = this.at + 1
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      buffer[start + i] = code
    }
    buffer[this.at] = length
    this.at = start + length
    return true
  }

  #tag(field: number, type: number): void {
    this.#buffer[this.at++] = (field << 3) | type
  }

  #rawVarint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.at++] = rest
  }

  #longVarint(value: number): void {
    if (value >= 0 && value < TWO_63 / 1024) this.#rawVarint(value)
    else this.#rawBigVarint(BigInt(value))
  }

  #rawBigVarint(value: bigint): void {
    let rest = BigInt.asUintN(64, value)
    while (rest >= 0x80n) {
      this.#buffer[this.at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.at++] = Number(rest)
  }

  #room(bytes: number): void {
    if (this.at + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.at + bytes))
    grown.set(this.#buffer.subarray(0, this.at))
    this.#buffer = grown
    this.#view = new DataView(grown.buffer)
  }
}

export const varintSize = (value: number): number =>
  value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
