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

/** Small arrays, encoded together. */
export class Base64Group {
  #used = 0
  #read = 0

  /** Adds an array if there is room. */
  add(data: Uint8Array): boolean {
    const { length } = data
    const end = this.#used + base64Length(length) * 0.75
    if (end > PIECE_BYTES) return false
    pieces.set(data, this.#used)
    // Up to two bytes of padding: zeros, of which `copyNext` makes what base64 has for them.
    for (let i = this.#used + length; i < end; i++) pieces[i] = 0
    this.#used = end
    return true
  }

  encode(): void {
    encoded.write(pieces.toString('base64', 0, this.#used), 0, 'latin1')
  }

  /** Copies the next array's base64 to `target` and returns where it ends. */
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
    this.#used = 0
    this.#read = 0
  }
}

const EQUALS = 0x3d

/** Writes the base64 of an array of any size and returns where it ends. */
export const writeBase64 = (data: Uint8Array, target: Buffer, start: number): number => {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  let at = start
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    at += target.write(bytes.toString('base64', from, from + PIECE_BYTES), at, 'latin1')
  return at
}
