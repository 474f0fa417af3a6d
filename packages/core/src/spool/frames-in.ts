import type { BacklogRecord } from './backlog.js'
import { FRAME_HEADER_BYTES } from './format.js'
import { readRecord } from './frame-buffer.js'
import { FrameReader } from './frame-reader.js'

/** The records of frames in memory, from a sequence on. */
export const framesIn = (frames: Buffer, from: number): BacklogRecord[] => {
  const records: BacklogRecord[] = []
  const read = (into: Buffer, at: number, length: number, position: number): number =>
    frames.copy(into, at, position, position + length)
  const reader = new FrameReader(read, 0, frames.length)
  for (let piece = reader.next(); piece?.kind === 'frame'; piece = reader.next()) {
    // The reader's memory is used again for what follows.
    const bytes = Buffer.from(piece.bytes)
    const { first, count, clock } = piece.header
    let at = FRAME_HEADER_BYTES
    for (let sequence = first; sequence < first + count; sequence++) {
      const found = readRecord(bytes, at, sequence, clock)
      if (found === undefined) break
      at = found.end
      if (sequence >= from) records.push({ ...found.record, maybeSent: false })
    }
  }
  return records
}
