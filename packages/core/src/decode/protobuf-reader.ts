import { CorruptRecordError } from '../errors/errors.js'

const MAX_VARINT_BYTES = 10
const MAX_GROUP_DEPTH = 32
const scratch = new DataView(new ArrayBuffer(8))

/**
 * Reads the fields of a protobuf message one by one, and never beyond its end. Every method throws
 * a `CorruptRecordError` for what is no such field.
 */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #end: number
  #at: number

  /** The message lies from `start` to before `end`. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#at = start
  }

  /** Whether the message is at its end. */
  get done(): boolean {
    return this.#at >= this.#end
  }

  /** Goes back to the first field: fields that belong together may come in any order. */
  rewind(): void {
    this.#at = this.#start
  }

  /** A tag, a length or another number up to 2^53 - 1. */
  varint(): number {
    let value = 0
    for (let i = 0; i < MAX_VARINT_BYTES && this.#at < this.#end; i++) {
      const byte = this.#bytes[this.#at++] ?? 0
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) {
        if (Number.isSafeInteger(value)) return value
        break
      }
    }
    throw new CorruptRecordError('a number is cut short or too large')
  }

  /** A number of 64 bits, without a sign. */
  varint64(): bigint {
    let value = 0n
    let shift = 0n
    // In parts of 28 bits, as plain numbers: far fewer big ones are made.
    for (let left = MAX_VARINT_BYTES; left > 0; left -= 4) {
      let part = 0
      for (let i = 0; i < Math.min(left, 4) && this.#at < this.#end; i++) {
        const byte = this.#bytes[this.#at++] ?? 0
        part += (byte & 0x7f) * 2 ** (7 * i)
        if (byte < 0x80) return BigInt.asUintN(64, value | (BigInt(part) << shift))
      }
      value |= BigInt(part) << shift
      shift += 28n
    }
    throw new CorruptRecordError('a number is cut short or too large')
  }

  fixed32(): number {
    this.#copy(4)
    return scratch.getUint32(0, true)
  }

  fixed64(): bigint {
    this.#copy(8)
    return scratch.getBigUint64(0, true)
  }

  double(): number {
    this.#copy(8)
    return scratch.getFloat64(0, true)
  }

  /** A window on the record, not a copy. */
  bytes(): Uint8Array {
    const start = this.#field()
    return this.#bytes.subarray(start, this.#at)
  }

  /** A message within this one. */
  message(): ProtobufReader {
    const start = this.#field()
    return new ProtobufReader(this.#bytes, start, this.#at)
  }

  text(): string {
    const start = this.#field()
    if (start === this.#at) return ''
    const { buffer, byteOffset } = this.#bytes
    return Buffer.from(buffer, byteOffset + start, this.#at - start).toString('utf8')
  }

  /** Passes over the value of a field that a later version of the format may have. */
  skip(tag: number, depth = 0): void {
    switch (tag % 8) {
      case 0:
        // Ten bytes, if it is negative.
        this.varint64()
        return
      case 1:
        return this.#advance(8)
      case 2:
        this.#field()
        return
      case 3:
        return this.#skipGroup(Math.floor(tag / 8), depth)
      case 5:
        return this.#advance(4)
    }
    throw new CorruptRecordError(`a field is of unknown type ${tag % 8}`)
  }

  #skipGroup(field: number, depth: number): void {
    if (depth < MAX_GROUP_DEPTH) {
      for (let tag = this.varint(); tag !== field * 8 + 4; tag = this.varint())
        this.skip(tag, depth + 1)
      return
    }
    throw new CorruptRecordError('the message is nested too deeply')
  }

  /** Goes to the end of a field of a length; returns where it starts. */
  #field(): number {
    const length = this.varint()
    const start = this.#at
    this.#advance(length)
    return start
  }

  #copy(length: number): void {
    const start = this.#at
    this.#advance(length)
    for (let i = 0; i < length; i++) scratch.setUint8(i, this.#bytes[start + i] ?? 0)
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at)
      throw new CorruptRecordError('a field is longer than its message')
    this.#at += length
  }
}
