import type { FileSystem } from './file-system.js'
import { NOTE, readSegmentHeader, SEGMENT_HEADER_BYTES, sequenceInName, VERSION } from './format.js'
import { FrameReader } from './frame-reader.js'
import { notesOf } from './notes.js'
import { Segment, Segments } from './segment.js'
import { tryTo } from './segment-writer.js'

/** An owner made this file when it closed in good order. */
export const CLOSED = 'closed'

/** What an earlier owner left. */
export interface Found {
  readonly segments: Segments
  /** It closed in good order. */
  readonly closed: boolean
  /** Segments that were left alone, and why. */
  readonly unread: readonly { readonly path: string; readonly why: string }[]
}

/**
 * Reads what a directory without an owner holds: the names, the notes, and of segments that were not
 * completed also the frames. It changes nothing but what is of no use to anybody any more.
 */
export const readDirectory = (fs: FileSystem, directory: string, bootId: Buffer): Found => {
  const names = fs.list(directory)
  const closed = names.includes(CLOSED)
  const segments = new Segments()
  const unread: { path: string; why: string }[] = []
  const known = new Set<number>()
  for (const name of names.toSorted()) {
    const first = sequenceInName(name, '.seg')
    if (first === undefined) continue
    known.add(first)
    const segment = new Segment(directory, first, first, 0)
    try {
      const why = readSegment(fs, segment, closed, bootId)
      if (why !== undefined) unread.push({ path: segment.path, why })
      else if (segment.unsettled > 0) segments.push(segment)
      else removeSegment(fs, segment)
    } catch (error) {
      // It is there, and may be readable later, by another owner.
      unread.push({
        path: segment.path,
        why: error instanceof Error ? error.message : 'unreadable',
      })
    }
  }
  for (const name of names) {
    const first = sequenceInName(name, '.ack')
    const isUseless = (first !== undefined && !known.has(first)) || name.endsWith('.tmp')
    if (isUseless) tryTo(() => fs.remove(`${directory}/${name}`))
  }
  return { segments, closed, unread }
}

/** The segment first: notes without a segment do no harm, but records without their notes are sent again. */
export const removeSegment = (fs: FileSystem, segment: Segment): void => {
  fs.remove(segment.path)
  if (fs.kindOf(segment.notesPath) !== undefined) fs.remove(segment.notesPath)
}

/** Returns why it is left alone, if it is. */
const readSegment = (
  fs: FileSystem,
  segment: Segment,
  closed: boolean,
  bootId: Buffer,
): string | undefined => {
  if (fs.kindOf(segment.path) !== 'file') return 'not a file'
  const fd = fs.open(segment.path)
  try {
    segment.bytes = fs.status(fd).bytes
    segment.complete = true
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const header =
      fs.read(fd, bytes, 0, bytes.length, 0) === bytes.length ? readSegmentHeader(bytes) : undefined
    if (header !== undefined && header.version > VERSION)
      return `it has version ${header.version}; this program reads ${VERSION}`
    // Before the system was started, nothing is known of what had not been synced.
    const sameBoot = header !== undefined && header.bootId.equals(bootId) && !isZero(bootId)
    segment.allMaybeSent = !closed && !sameBoot
    const notes = notesOf(fs, segment.notesPath)
    const complete = notes.find(note => note.kind === NOTE.complete && note.first === segment.first)
    segment.end =
      complete === undefined ? endOfFrames(fs, fd, segment) : segment.first + complete.count
    for (const { kind, first, count } of notes) {
      if (first < segment.first || first + count > segment.end) continue
      if (kind === NOTE.settled) segment.settled.add(first, count)
      else if (kind === NOTE.maybeSent || (kind === NOTE.loaded && !closed))
        segment.maybeSent.add(first, count)
    }
    return undefined
  } finally {
    tryTo(() => fs.close(fd))
  }
}

const isZero = (bytes: Buffer): boolean => bytes.every(byte => byte === 0)

const endOfFrames = (fs: FileSystem, fd: number, segment: Segment): number => {
  const read = (into: Buffer, at: number, length: number, position: number): number =>
    fs.read(fd, into, at, length, position)
  const reader = new FrameReader(read, SEGMENT_HEADER_BYTES, segment.bytes)
  let end = segment.first
  for (let piece = reader.next(); piece !== undefined; piece = reader.next())
    if (piece.kind === 'frame' && piece.header.first >= end)
      end = piece.header.first + piece.header.count
  return end
}
