import type { FileSystem } from './file-system.js'
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  IN_MEMORY,
  SEGMENT_HEADER_BYTES,
  SETTLED_RUN,
} from './format.js'
import { type FrameRecord, readRecord } from './frame-buffer.js'
import { FrameReader } from './frame-reader.js'
import type { Segment, Segments } from './segment.js'
import { tryTo } from './segment-writer.js'

export interface BacklogRecord extends FrameRecord {
  /** An earlier owner may have sent it. */
  readonly maybeSent: boolean
}

export interface BacklogPorts {
  readonly fs: FileSystem
  readonly segments: Segments
  /** Whether the flags of frames tell that an earlier owner may have sent them. */
  readonly trustsFlags: boolean
  /** Called before records are handed out: these are in memory now. */
  readonly loaded: (segment: Segment, first: number, count: number) => void
  /** They cannot be read, and are settled by this. */
  readonly lost: (segment: Segment, first: number, count: number) => void
  readonly bad: (segment: Segment, start: number, end: number) => void
  readonly torn: (segment: Segment, bytes: number) => void
}

interface Position {
  readonly segment: Segment
  readonly fd: number
  readonly reader: FrameReader
  /** Sequence that comes next if nothing is missing. */
  expected: number
}

interface OpenFrame {
  readonly header: FrameHeader
  readonly bytes: Buffer
  readonly segment: Segment
  at: number
  index: number
}

/** Reads the records of segments that are not in memory, oldest first. */
export class Backlog {
  readonly #ports: BacklogPorts
  /** Records before this sequence are in memory, or settled. */
  #cursor: number
  #position: Position | undefined
  #frame: OpenFrame | undefined
  /** Where in a segment the cursor is. */
  #hint: { readonly segment: Segment; readonly start: number } | undefined

  constructor(ports: BacklogPorts, cursor = 0) {
    this.#ports = ports
    this.#cursor = cursor
  }

  /** Sequence of the next record, or one before it. */
  get cursor(): number {
    return this.#cursor
  }

  /**
   * The next record; undefined: nothing more is on disk now.
   * @throws what the system says when the file cannot be opened or read; it may be tried again
   */
  next(): BacklogRecord | undefined {
    for (;;) {
      const record = this.#nextOfFrame()
      if (record !== undefined) return record
      if (!this.#nextFrame()) return undefined
    }
  }

  /** Begins at this sequence, at the next call; it is to be found behind what a segment holds now. */
  seek(sequence: number, behind?: Segment): void {
    this.close()
    this.#cursor = sequence
    this.#hint = behind === undefined ? undefined : { segment: behind, start: behind.bytes }
  }

  close(): void {
    const { fs } = this.#ports
    const position = this.#position
    if (position !== undefined) tryTo(() => fs.close(position.fd))
    this.#position = undefined
    this.#frame = undefined
  }

  #nextOfFrame(): BacklogRecord | undefined {
    const frame = this.#frame
    if (frame === undefined) return undefined
    const { header, bytes, segment } = frame
    while (frame.index < header.count) {
      const sequence = header.first + frame.index
      const read = readRecord(bytes, frame.at, sequence, header.clock)
      if (read === undefined) break
      frame.at = read.end
      frame.index++
      if (sequence < this.#cursor || segment.settled.has(sequence)) continue
      this.#cursor = sequence + 1
      const byFlag = this.#ports.trustsFlags && (header.flags & IN_MEMORY) !== 0
      const maybeSent = byFlag || segment.allMaybeSent || segment.maybeSent.has(sequence)
      return { ...read.record, maybeSent }
    }
    this.#frame = undefined
    return undefined
  }

  /** Goes on to the next frame; false: there is none. */
  #nextFrame(): boolean {
    const position = this.#position ?? this.#open()
    if (position === undefined) return false
    const { segment, reader } = position
    const { bad, torn, loaded } = this.#ports
    const piece = reader.next()
    if (piece === undefined) return this.#ended(position)
    if (piece.kind === 'bad') bad(segment, piece.start, piece.end)
    else if (piece.kind === 'torn') torn(segment, piece.end - piece.start)
    else if (piece.header.first >= position.expected) {
      const { header, bytes } = piece
      this.#missing(position, header.first)
      position.expected = header.first + header.count
      if ((header.flags & SETTLED_RUN) !== 0) segment.settled.add(header.first, header.count)
      else if (position.expected > this.#cursor) {
        loaded(segment, header.first, header.count)
        this.#frame = { header, bytes, segment, at: FRAME_HEADER_BYTES, index: 0 }
      }
    }
    return true
  }

  #open(): Position | undefined {
    const { fs, segments } = this.#ports
    const segment = segments.from(this.#cursor)
    if (segment === undefined) return undefined
    const fd = fs.open(segment.path)
    const read = (into: Buffer, at: number, length: number, position: number): number =>
      fs.read(fd, into, at, length, position)
    const start = this.#hint?.segment === segment ? this.#hint.start : SEGMENT_HEADER_BYTES
    const reader = new FrameReader(read, start, segment.bytes)
    const expected = start === SEGMENT_HEADER_BYTES ? segment.first : this.#cursor
    this.#position = { segment, fd, reader, expected }
    return this.#position
  }

  /** All frames that the segment had when it was opened are read. */
  #ended(position: Position): boolean {
    const { segment, reader } = position
    if (segment.bytes > reader.end) {
      reader.extend(segment.bytes)
      return true
    }
    if (!segment.complete) return false
    this.#missing(position, segment.end)
    this.#cursor = Math.max(this.#cursor, segment.end)
    this.close()
    return true
  }

  /** Sequences that should have come, and did not. */
  #missing({ expected, segment }: Position, next: number): void {
    const from = Math.max(expected, this.#cursor)
    if (next > from) this.#ports.lost(segment, from, next - from)
  }
}
