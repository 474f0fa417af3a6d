import type { RecordData } from '../record/record.js'
import type { FileSystem } from './file-system.js'
import { FRAME_BYTES, segmentHeader, segmentName } from './format.js'
import { FrameBuffer } from './frame-buffer.js'
import { Segment, type Segments } from './segment.js'

export interface WriterPorts {
  readonly fs: FileSystem
  /** Where new segments go. */
  readonly directory: () => string
  readonly segments: Segments
  readonly segmentBytes: number
  readonly bootId: Buffer
  readonly wallClock: () => number
  /** A file was made. */
  readonly created: () => void
  /** Nothing more is written to the segment; its file is the receiver's to close. */
  readonly completed: (segment: Segment, fd: number) => void
}

/**
 * Puts records together and appends them to the newest segment. What could not be written stays in
 * memory, in its order, and goes first the next time.
 */
export class SegmentWriter {
  readonly #ports: WriterPorts
  readonly #buffer: FrameBuffer = new FrameBuffer()
  #active: Segment | undefined
  #fd = -1
  #nextSequence = 1
  /** First sequence that is in memory only. */
  #unwritten = 1

  constructor(ports: WriterPorts) {
    this.#ports = ports
  }

  get nextSequence(): number {
    return this.#nextSequence
  }

  /** Sequences from here on are not on disk. */
  get unwritten(): number {
    return this.#unwritten
  }

  get bufferedBytes(): number {
    return this.#buffer.bytes
  }

  /** What is not written yet, as frames. Valid until the next call. */
  get bufferedFrames(): Buffer {
    return this.#buffer.frames
  }

  get active(): Segment | undefined {
    return this.#active
  }

  get fd(): number {
    return this.#fd
  }

  /** Takes a record; returns its sequence. */
  append(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    admittedAt: number,
    flags: number,
  ): number {
    const sequence = this.#nextSequence++
    this.#buffer.push(sequence, data, partitionKey, explicitHashKey, admittedAt, flags)
    return sequence
  }

  /**
   * Writes all there is.
   * @throws what the system says; then nothing of it counts as written
   */
  write(): void {
    if (this.#buffer.bytes === 0) return
    const { fs, segmentBytes } = this.#ports
    if (this.#active !== undefined && this.#active.bytes >= segmentBytes) this.retire()
    const segment = this.#active ?? this.#create()
    const frames = this.#buffer.frames
    try {
      writeAll(fs, this.#fd, frames)
    } catch (error) {
      this.#cutBack(segment)
      throw error
    }
    segment.bytes += frames.length
    segment.end = this.#nextSequence
    this.#unwritten = this.#nextSequence
    this.#buffer.clear()
  }

  /** The active segment is complete, or given up: what follows goes to another one. */
  retire(): void {
    const segment = this.#active
    if (segment === undefined) return
    const fd = this.#fd
    this.#active = undefined
    this.#fd = -1
    segment.complete = true
    this.#ports.completed(segment, fd)
  }

  /** The file of the active segment was replaced by this one. Returns the old one, to be closed. */
  replaced(fd: number): number {
    const old = this.#fd
    this.#fd = fd
    return old
  }

  #create(): Segment {
    const { fs, directory, segments, bootId, wallClock, created } = this.#ports
    const first = this.#unwritten
    const path = `${directory()}/${segmentName(first)}`
    // Ours, from a try that failed half-way.
    if (fs.kindOf(path) !== undefined) fs.remove(path)
    const fd = fs.create(path)
    const header = segmentHeader(first, wallClock(), bootId)
    try {
      writeAll(fs, fd, header)
    } catch (error) {
      tryTo(() => fs.close(fd))
      tryTo(() => fs.remove(path))
      throw error
    }
    const segment = new Segment(directory(), first, first, header.length)
    this.#active = segment
    this.#fd = fd
    segments.push(segment)
    created()
    return segment
  }

  /** Takes back what was written of frames that are not whole. */
  #cutBack(segment: Segment): void {
    try {
      this.#ports.fs.truncate(this.#fd, segment.bytes)
    } catch {
      this.retire()
    }
  }
}

/** How much of a buffer is written in one call at most: one frame more or less does not matter. */
const WRITE_BYTES = 64 * FRAME_BYTES

export const writeAll = (fs: FileSystem, fd: number, bytes: Buffer): void => {
  for (let at = 0; at < bytes.length; )
    at += fs.write(fd, bytes, at, Math.min(bytes.length - at, WRITE_BYTES))
}

/** For what may fail because something else has failed already. */
export const tryTo = (action: () => void): void => {
  try {
    action()
  } catch {}
}
