import { codeOf } from './file-system.js'
import {
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  type FrameHeader,
  isFrameWhole,
  readFrameHeader,
  SETTLED_RUN,
} from './format.js'
import { fillsFrame } from './frame-buffer.js'

const WINDOW_BYTES = 256 * 1024
/** What a disk cannot read is skipped in such steps. */
const BLOCK_BYTES = 4096
/** Large frames whose checksum is computed while one place is searched: each costs milliseconds. */
const MAX_LARGE_CANDIDATES = 64

/** Reads bytes of a file; returns how many, 0 at its end. */
export type ReadBytes = (into: Buffer, at: number, length: number, position: number) => number

export type Piece =
  | {
      readonly kind: 'frame'
      readonly header: FrameHeader
      /** The whole frame, valid until the next one is read. */
      readonly bytes: Buffer
      readonly end: number
    }
  /** These bytes are no frame. */
  | { readonly kind: 'bad'; readonly start: number; readonly end: number }
  /** The last frame is not complete: its writing was cut short. */
  | { readonly kind: 'torn'; readonly start: number; readonly end: number }

/**
 * The frames of a file, one after the other, whatever lies between them. It holds a window of the
 * file in memory, or one frame where that is larger.
 */
export class FrameReader {
  readonly #read: ReadBytes
  #end: number
  #position: number
  #window: Buffer
  #base = 0
  #filled = 0

  constructor(read: ReadBytes, start: number, end: number) {
    this.#read = read
    this.#position = start
    this.#end = end
    this.#window = Buffer.allocUnsafeSlow(
      Math.max(BLOCK_BYTES, Math.min(WINDOW_BYTES, end - start)),
    )
  }

  /** Where the file ends, as far as is known. */
  get end(): number {
    return this.#end
  }

  /** The file has grown. */
  extend(end: number): void {
    this.#end = end
  }

  /** Undefined at the end. */
  next(): Piece | undefined {
    const start = this.#position
    if (start >= this.#end) return undefined
    const frame = this.#frameAt(start, true)
    if (frame !== undefined) return this.#advance(frame)
    const next = this.#findFrame(start + 1)
    this.#position = next
    const isTorn = next === this.#end && this.#looksTorn(start)
    return { kind: isTorn ? 'torn' : 'bad', start, end: next }
  }

  #advance(frame: Extract<Piece, { kind: 'frame' }>): Piece {
    this.#position = frame.end
    return frame
  }

  #frameAt(position: number, large: boolean): Extract<Piece, { kind: 'frame' }> | undefined {
    if (!this.#load(position, FRAME_HEADER_BYTES)) return undefined
    const header = readFrameHeader(this.#window, position - this.#base)
    if (header === undefined || (!large && header.length > FRAME_BYTES)) return undefined
    if (!this.#load(position, header.length)) return undefined
    const at = position - this.#base
    const bytes = this.#window.subarray(at, at + header.length)
    const isRun = (header.flags & SETTLED_RUN) !== 0
    if (isRun ? header.length !== FRAME_HEADER_BYTES : !fillsFrame(bytes, header.count))
      return undefined
    if (!isFrameWhole(this.#window, at, header.length)) return undefined
    return { kind: 'frame', header, bytes, end: position + header.length }
  }

  /** Where the next frame begins; the end of the file if there is none. */
  #findFrame(from: number): number {
    let position = from
    let large = 0
    while (this.#load(position, FRAME_MAGIC.length)) {
      const found = this.#window
        .subarray(0, this.#filled)
        .indexOf(FRAME_MAGIC, position - this.#base)
      if (found < 0) {
        position = this.#base + this.#filled - FRAME_MAGIC.length + 1
        continue
      }
      position = this.#base + found
      if (this.#frameAt(position, large < MAX_LARGE_CANDIDATES) !== undefined) return position
      if (this.#load(position, FRAME_HEADER_BYTES)) {
        const header = readFrameHeader(this.#window, position - this.#base)
        if (header !== undefined && header.length > FRAME_BYTES) large++
      }
      position++
    }
    return this.#end
  }

  /** Whether the rest of the file may be a frame of which the end is missing, or space that was never written. */
  #looksTorn(start: number): boolean {
    const rest = this.#end - start
    if (!this.#load(start, Math.min(rest, FRAME_HEADER_BYTES))) return false
    const at = start - this.#base
    if (rest < FRAME_HEADER_BYTES) {
      const known = Math.min(rest, FRAME_MAGIC.length)
      return FRAME_MAGIC.subarray(0, known).equals(this.#window.subarray(at, at + known))
    }
    const header = readFrameHeader(this.#window, at)
    return header === undefined ? this.#window.readUInt32LE(at) === 0 : header.length > rest
  }

  /** Whether so many bytes from a position on are in the window now. */
  #load(position: number, length: number): boolean {
    if (position + length > this.#end) return false
    if (position >= this.#base && position + length <= this.#base + this.#filled) return true
    if (length > this.#window.length) this.#window = Buffer.allocUnsafeSlow(length)
    this.#base = position
    this.#filled = 0
    const wanted = Math.min(this.#window.length, this.#end - position)
    while (this.#filled < wanted) {
      const count = this.#readSome(position + this.#filled, wanted - this.#filled)
      if (count === 0) break
      this.#filled += count
    }
    return this.#filled >= length
  }

  /** What cannot be read counts as zeros, which are no frame. */
  #readSome(position: number, length: number): number {
    try {
      return this.#read(this.#window, this.#filled, length, position)
    } catch (error) {
      if (codeOf(error) !== 'EIO') throw error
    }
    const block = Math.min(length, BLOCK_BYTES - (position % BLOCK_BYTES))
    try {
      return this.#read(this.#window, this.#filled, block, position)
    } catch (error) {
      if (codeOf(error) !== 'EIO') throw error
      this.#window.fill(0, this.#filled, this.#filled + block)
      return block
    }
  }
}
