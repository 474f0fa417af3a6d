import { CorruptRecordError } from '../errors/errors.js'

const MAX_VARINT_BYTES = 10
const MAX_GROUP_DEPTH = 32

/** Reads the fields of a protobuf message, and never beyond its end. */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): number {
    let value = 0
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) {
        if (Number.isSafeInteger(value)) return value
        break
      }
    }
    throw new CorruptRecordError('a number of the aggregate is cut short or too large')
  }

  /** A window on the record, not a copy. */
  bytes(): Uint8Array {
    const length = this.varint()
    const start = this.#at
    if (length > this.#bytes.length - start)
      throw new CorruptRecordError('a field of the aggregate is longer than the aggregate')
    this.#at = start + length
    return this.#bytes.subarray(start, this.#at)
  }

  text(): string {
    const bytes = this.bytes()
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  }

  /** Passes over a field that a later version of the format may have. */
  skip(tag: number, depth = 0): void {
    switch (tag % 8) {
      case 0:
        this.varint()
        return
      case 1:
        return this.#advance(8)
      case 2:
        this.bytes()
        return
      case 3:
        return this.#skipGroup(Math.floor(tag / 8), depth)
      case 5:
        return this.#advance(4)
    }
    throw new CorruptRecordError(`the aggregate has a field of unknown type ${tag % 8}`)
  }

  #skipGroup(field: number, depth: number): void {
    if (depth < MAX_GROUP_DEPTH) {
      for (let tag = this.varint(); tag !== field * 8 + 4; tag = this.varint())
        this.skip(tag, depth + 1)
      return
    }
    throw new CorruptRecordError('the aggregate is nested too deeply')
  }

  #advance(length: number): void {
    if (length > this.#bytes.length - this.#at)
      throw new CorruptRecordError('a field of the aggregate is longer than the aggregate')
    this.#at += length
  }
}
