import type { FileSystem } from './file-system.js'
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, SETTLED_RUN, segmentHeader } from './format.js'
import { FrameBuffer, readRecord } from './frame-buffer.js'
import { FrameReader, type Piece } from './frame-reader.js'
import type { Segment } from './segment.js'
import { tryTo, writeAll } from './segment-writer.js'

/** Written at once. */
const WRITE_BYTES = 256 * 1024

/**
 * Writes a segment anew, with what is not settled, and puts the new file in the place of the old one.
 * Its sequences stay what they are. Returns the size of the new file.
 * @param mostBytes more than that is not worth it: undefined is returned, and nothing has changed
 * @throws what the system says; then nothing has changed
 */
export const rewriteSegment = (
  fs: FileSystem,
  segment: Segment,
  clock: number,
  bootId: Buffer,
  mostBytes: number,
): number | undefined => {
  const path = `${segment.path}.tmp`
  if (fs.kindOf(path) !== undefined) fs.remove(path)
  const from = fs.open(segment.path)
  let to = -1
  let isDone = false
  try {
    to = fs.create(path)
    const bytes = copy(fs, segment, from, to, clock, bootId, mostBytes)
    if (bytes === undefined) return undefined
    fs.syncNow(to)
    fs.rename(path, segment.path)
    isDone = true
    return bytes
  } finally {
    tryTo(() => fs.close(from))
    if (to >= 0) tryTo(() => fs.close(to))
    if (!isDone) tryTo(() => fs.remove(path))
  }
}

const copy = (
  fs: FileSystem,
  segment: Segment,
  from: number,
  to: number,
  clock: number,
  bootId: Buffer,
  mostBytes: number,
): number | undefined => {
  const read = (into: Buffer, at: number, length: number, position: number): number =>
    fs.read(from, into, at, length, position)
  const reader = new FrameReader(read, SEGMENT_HEADER_BYTES, segment.bytes)
  const header = segmentHeader(segment.first, clock, bootId)
  writeAll(fs, to, header)
  let written = header.length
  const buffer = new FrameBuffer()
  const settled = new SettledRun(buffer)
  const flush = (): void => {
    const { frames } = buffer
    writeAll(fs, to, frames)
    written += frames.length
    buffer.clear()
  }
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) {
    if (piece.kind !== 'frame') continue
    copyFrame(segment, piece, buffer, settled)
    if (buffer.bytes >= WRITE_BYTES) flush()
    if (written > mostBytes) return undefined
  }
  settled.end()
  flush()
  return written
}

const copyFrame = (
  segment: Segment,
  { header, bytes }: Extract<Piece, { kind: 'frame' }>,
  buffer: FrameBuffer,
  settled: SettledRun,
): void => {
  const { first, count, clock, flags } = header
  if ((flags & SETTLED_RUN) !== 0) return settled.add(first, count)
  let at = FRAME_HEADER_BYTES
  for (let sequence = first; sequence < first + count; sequence++) {
    const found = readRecord(bytes, at, sequence, clock)
    if (found === undefined) return
    at = found.end
    if (segment.settled.has(sequence)) {
      settled.add(sequence, 1)
      continue
    }
    settled.end()
    const { data, isText, partitionKey, explicitHashKey, admittedAt } = found.record
    const given = isText ? data.toString('utf8') : data
    buffer.push(sequence, given, partitionKey, explicitHashKey, admittedAt, flags)
  }
}

/** Puts neighbours that are settled together. */
class SettledRun {
  readonly #buffer: FrameBuffer
  #first = 0
  #count = 0

  constructor(buffer: FrameBuffer) {
    this.#buffer = buffer
  }

  add(first: number, count: number): void {
    if (this.#count > 0 && this.#first + this.#count === first) {
      this.#count += count
      return
    }
    this.end()
    this.#first = first
    this.#count = count
  }

  end(): void {
    if (this.#count > 0) this.#buffer.pushSettled(this.#first, this.#count)
    this.#count = 0
  }
}
