import type { RecordData } from '../record/record.js'
import {
  FRAME_BYTES,
  FRAME_HEADER_BYTES,
  RECORD_HEADER_BYTES,
  SETTLED_RUN,
  writeFrameHeader,
} from './format.js'

const FIRST_BYTES = 64 * 1024
/** Memory is kept up to this size when it is empty again. */
const KEPT_BYTES = 512 * 1024
const MAX_OFFSET = 2 ** 32 - 1

const TEXT = 1
const HAS_KEY = 2
const HAS_HASH_KEY = 4

/** Records that are not written yet, as the frames that they will be on disk. */
export class FrameBuffer {
  #memory: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0
  /** Of the frame that still takes records; -1: there is none. */
  #start = -1
  #count = 0
  #first = 0
  #clock = 0
  #flags = 0

  get bytes(): number {
    return this.#used
  }

  /** All of it, with complete frames. Valid until the next call. */
  get frames(): Buffer {
    this.seal()
    return this.#memory.subarray(0, this.#used)
  }

  /** Adds a record that was admitted at this time of the wall clock. */
  push(
    sequence: number,
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    admittedAt: number,
    flags: number,
  ): void {
    const size = typeof data === 'string' ? Buffer.byteLength(data, 'utf8') : data.byteLength
    const keyBytes = partitionKey === undefined ? 0 : Buffer.byteLength(partitionKey, 'utf8')
    const hashBytes = explicitHashKey === undefined ? 0 : explicitHashKey.length
    const need = RECORD_HEADER_BYTES + keyBytes + hashBytes + size
    const offset = admittedAt - this.#clock
    if (
      this.#start >= 0 &&
      (this.#flags !== flags ||
        this.#used - this.#start + need > FRAME_BYTES ||
        offset > MAX_OFFSET ||
        sequence !== this.#first + this.#count)
    )
      this.seal()
    this.#reserve(FRAME_HEADER_BYTES + need)
    if (this.#start < 0) this.#begin(sequence, admittedAt, flags)
    const memory = this.#memory
    let at = this.#used
    memory[at] =
      (typeof data === 'string' ? TEXT : 0) |
      (partitionKey === undefined ? 0 : HAS_KEY) |
      (explicitHashKey === undefined ? 0 : HAS_HASH_KEY)
    memory[at + 1] = hashBytes
    memory.writeUInt16LE(keyBytes, at + 2)
    memory.writeUInt32LE(size, at + 4)
    // A clock that was set back makes no record younger than its frame.
    memory.writeUInt32LE(Math.max(0, Math.floor(admittedAt - this.#clock)), at + 8)
    at += RECORD_HEADER_BYTES
    if (partitionKey !== undefined) at += writeText(memory, at, partitionKey, keyBytes)
    if (explicitHashKey !== undefined) at += memory.write(explicitHashKey, at, 'latin1')
    if (typeof data === 'string') writeText(memory, at, data, size)
    else memory.set(data, at)
    this.#used = at + size
    this.#count++
  }

  /** Adds a frame that says that these are settled. */
  pushSettled(first: number, count: number): void {
    this.seal()
    this.#reserve(FRAME_HEADER_BYTES)
    const end = this.#used + FRAME_HEADER_BYTES
    writeFrameHeader(this.#memory, this.#used, end, { first, count, clock: 0, flags: SETTLED_RUN })
    this.#used = end
  }

  /** Completes the frame that takes records: the next record begins another. */
  seal(): void {
    if (this.#start < 0) return
    writeFrameHeader(this.#memory, this.#start, this.#used, {
      count: this.#count,
      first: this.#first,
      clock: this.#clock,
      flags: this.#flags,
    })
    this.#start = -1
  }

  clear(): void {
    this.#used = 0
    this.#start = -1
    if (this.#memory.length > KEPT_BYTES) this.#memory = Buffer.allocUnsafeSlow(FIRST_BYTES)
  }

  #begin(sequence: number, admittedAt: number, flags: number): void {
    this.#start = this.#used
    this.#used += FRAME_HEADER_BYTES
    this.#count = 0
    this.#first = sequence
    this.#clock = Math.max(0, Math.floor(admittedAt))
    this.#flags = flags
  }

  #reserve(bytes: number): void {
    const wanted = this.#used + bytes
    if (wanted <= this.#memory.length) return
    const memory = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#memory.length))
    this.#memory.copy(memory, 0, 0, this.#used)
    this.#memory = memory
  }
}

const writeText = (memory: Buffer, at: number, text: string, bytes: number): number =>
  // One byte a character: all of it is ASCII.
  memory.write(text, at, text.length === bytes ? 'latin1' : 'utf8')

/** A record of a frame. Its data is a view of the frame's memory. */
export interface FrameRecord {
  readonly sequence: number
  readonly data: Buffer
  readonly isText: boolean
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  /** Wall clock. */
  readonly admittedAt: number
}

/**
 * Reads the records of a frame, one by one. Undefined: the lengths do not fit, so it is no frame of ours.
 */
export const readRecord = (
  frame: Buffer,
  at: number,
  sequence: number,
  clock: number,
): { readonly record: FrameRecord; readonly end: number } | undefined => {
  const end = recordEnd(frame, at)
  if (end === undefined) return undefined
  const flags = frame[at] ?? 0
  const hashAt = at + RECORD_HEADER_BYTES + frame.readUInt16LE(at + 2)
  const dataAt = hashAt + (frame[at + 1] ?? 0)
  const record: FrameRecord = {
    sequence,
    data: frame.subarray(dataAt, end),
    isText: (flags & TEXT) !== 0,
    partitionKey:
      (flags & HAS_KEY) === 0
        ? undefined
        : frame.toString('utf8', at + RECORD_HEADER_BYTES, hashAt),
    explicitHashKey:
      (flags & HAS_HASH_KEY) === 0 ? undefined : frame.toString('latin1', hashAt, dataAt),
    admittedAt: clock + frame.readUInt32LE(at + 8),
  }
  return { record, end }
}

/** Where a record ends; undefined: not within the frame. */
const recordEnd = (frame: Buffer, at: number): number | undefined => {
  if (at + RECORD_HEADER_BYTES > frame.length) return undefined
  const end =
    at +
    RECORD_HEADER_BYTES +
    frame.readUInt16LE(at + 2) +
    (frame[at + 1] ?? 0) +
    frame.readUInt32LE(at + 4)
  return end <= frame.length ? end : undefined
}

/** Whether the records of a frame fill it exactly. */
export const fillsFrame = (frame: Buffer, count: number): boolean => {
  let at: number | undefined = FRAME_HEADER_BYTES
  for (let i = 0; i < count && at !== undefined; i++) at = recordEnd(frame, at)
  return at === frame.length
}
