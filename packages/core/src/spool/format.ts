import { crc32 } from 'node:zlib'
import { read64, write64 } from './numbers.js'

// The format of the files, as docs/spool.md has it byte by byte.

export const VERSION = 1
export const SEGMENT_HEADER_BYTES = 48
export const FRAME_HEADER_BYTES = 36
export const RECORD_HEADER_BYTES = 12
export const NOTE_BYTES = 24

/** A frame takes no further record once it is this large: a bad byte costs no more. */
export const FRAME_BYTES: number = 64 * 1024
/** No frame is larger: 10 MiB is the largest record of the service. */
export const MAX_FRAME_BYTES: number = 12 * 1024 * 1024

/** Its records were in memory when they were written: they may have been sent. */
export const IN_MEMORY = 1
/** No records follow: those of this run are settled. */
export const SETTLED_RUN = 2

const SEGMENT_MAGIC = Buffer.from('KINSPOOL', 'latin1')
export const FRAME_MAGIC: Buffer = Buffer.from('KSF1', 'latin1')
const FRAME_MAGIC_WORD = FRAME_MAGIC.readUInt32LE(0)
const NOTE_MAGIC_WORD = Buffer.from('KSN1', 'latin1').readUInt32LE(0)

const BOOT_ID_BYTES = 16

const nameOf = (sequence: number, ending: string): string =>
  String(sequence).padStart(16, '0') + ending

export const segmentName = (first: number): string => nameOf(first, '.seg')
export const notesName = (first: number): string => nameOf(first, '.ack')

/** The sequence in the name of a segment; undefined: it is no such name. */
export const sequenceInName = (name: string, ending: '.seg' | '.ack'): number | undefined => {
  if (!name.endsWith(ending) || !/^\d{16}$/.test(name.slice(0, -ending.length))) return undefined
  const sequence = Number(name.slice(0, -ending.length))
  return Number.isSafeInteger(sequence) ? sequence : undefined
}

export interface SegmentHeader {
  readonly version: number
  readonly bootId: Buffer
}

export const segmentHeader = (first: number, clock: number, bootId: Buffer): Buffer => {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  SEGMENT_MAGIC.copy(header)
  header.writeUInt32LE(VERSION, 8)
  write64(header, 16, first)
  write64(header, 24, clock)
  bootId.copy(header, 32, 0, BOOT_ID_BYTES)
  header.writeUInt32LE(crc32(header.subarray(16)), 12)
  return header
}

/** Undefined: it is damaged. */
export const readSegmentHeader = (bytes: Buffer): SegmentHeader | undefined => {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined
  const header = bytes.subarray(0, SEGMENT_HEADER_BYTES)
  if (!SEGMENT_MAGIC.equals(header.subarray(0, 8))) return undefined
  if (crc32(header.subarray(16)) !== header.readUInt32LE(12)) return undefined
  return { version: header.readUInt32LE(8), bootId: Buffer.from(header.subarray(32)) }
}

export interface FrameHeader {
  readonly length: number
  readonly count: number
  readonly first: number
  /** Wall clock of the oldest admission. */
  readonly clock: number
  readonly flags: number
}

/** Completes the frame that begins at `at` and ends at `end`, all of whose records are written. */
export const writeFrameHeader = (
  into: Buffer,
  at: number,
  end: number,
  { count, first, clock, flags }: Omit<FrameHeader, 'length'>,
): void => {
  into.writeUInt32LE(FRAME_MAGIC_WORD, at)
  into.writeUInt32LE(end - at, at + 8)
  into.writeUInt32LE(count, at + 12)
  write64(into, at + 16, first)
  write64(into, at + 24, clock)
  into.writeUInt32LE(flags, at + 32)
  into.writeUInt32LE(crc32(into.subarray(at + 8, end)), at + 4)
}

/** What a header says, if it can be one: the checksum is not looked at. */
export const readFrameHeader = (from: Buffer, at: number): FrameHeader | undefined => {
  if (from.readUInt32LE(at) !== FRAME_MAGIC_WORD) return undefined
  const length = from.readUInt32LE(at + 8)
  const count = from.readUInt32LE(at + 12)
  const flags = from.readUInt32LE(at + 32)
  if (length < FRAME_HEADER_BYTES || length > MAX_FRAME_BYTES || count === 0) return undefined
  const most = (length - FRAME_HEADER_BYTES) / RECORD_HEADER_BYTES
  if ((flags & SETTLED_RUN) === 0 && count > most) return undefined
  const [first, clock] = [read64(from, at + 16), read64(from, at + 24)]
  if (!Number.isSafeInteger(first + count) || !Number.isSafeInteger(clock)) return undefined
  return { length, count, first, clock, flags }
}

export const isFrameWhole = (from: Buffer, at: number, length: number): boolean =>
  crc32(from.subarray(at + 8, at + length)) === from.readUInt32LE(at + 4)

export const NOTE = { settled: 1, complete: 2, loaded: 3, maybeSent: 4 } as const
export type NoteKind = (typeof NOTE)[keyof typeof NOTE]

export interface Note {
  readonly kind: number
  readonly first: number
  readonly count: number
}

export const writeNote = (into: Buffer, at: number, { kind, first, count }: Note): void => {
  into.writeUInt32LE(NOTE_MAGIC_WORD, at)
  into.writeUInt32LE(kind, at + 8)
  write64(into, at + 12, first)
  into.writeUInt32LE(count, at + 20)
  into.writeUInt32LE(crc32(into.subarray(at + 8, at + NOTE_BYTES)), at + 4)
}

/** All whole notes. A damaged one costs itself only, wherever the next one begins. */
export const readNotes = (bytes: Buffer): Note[] => {
  const notes: Note[] = []
  for (let at = 0; at + NOTE_BYTES <= bytes.length; ) {
    if (
      bytes.readUInt32LE(at) !== NOTE_MAGIC_WORD ||
      crc32(bytes.subarray(at + 8, at + NOTE_BYTES)) !== bytes.readUInt32LE(at + 4)
    ) {
      at++
      continue
    }
    const [first, count] = [read64(bytes, at + 12), bytes.readUInt32LE(at + 20)]
    if (Number.isSafeInteger(first + count))
      notes.push({ kind: bytes.readUInt32LE(at + 8), first, count })
    at += NOTE_BYTES
  }
  return notes
}
