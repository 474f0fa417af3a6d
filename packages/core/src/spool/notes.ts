import type { FileSystem } from './file-system.js'
import { NOTE, NOTE_BYTES, type Note, type NoteKind, readNotes, writeNote } from './format.js'
import type { Segment } from './segment.js'
import { tryTo, writeAll } from './segment-writer.js'

/** Notes read at once. */
const READ_BYTES = 1024 * 1024

/** Appends notes to the files beside the segments. */
export class NotesWriter {
  readonly #fs: FileSystem
  /** The file that was written to last stays open: it is most often the next one, too. */
  #path = ''
  #fd = -1

  constructor(fs: FileSystem) {
    this.#fs = fs
  }

  /** @throws what the system says; then none of them count as written */
  append(segment: Segment, notes: readonly Note[]): void {
    const bytes = Buffer.alloc(notes.length * NOTE_BYTES)
    notes.forEach((note, i) => writeNote(bytes, i * NOTE_BYTES, note))
    const { notesPath } = segment
    if (this.#path !== notesPath) {
      this.close()
      this.#fd = this.#fs.append(notesPath)
      this.#path = notesPath
    }
    try {
      writeAll(this.#fs, this.#fd, bytes)
    } catch (error) {
      // A note that is cut short is skipped by readers.
      this.close()
      throw error
    }
  }

  /** Notes all that is to be noted of a segment. */
  write(segment: Segment, loadedKind: NoteKind): void {
    const { unnoted, unnotedLoads } = segment
    if (unnoted.isEmpty && unnotedLoads.isEmpty) return
    this.append(segment, [
      ...unnotedLoads.list.map(run => ({ kind: loadedKind, ...run })),
      ...unnoted.list.map(run => ({ kind: NOTE.settled, ...run })),
    ])
    unnoted.clear()
    unnotedLoads.clear()
  }

  close(): void {
    if (this.#fd >= 0) tryTo(() => this.#fs.close(this.#fd))
    this.#fd = -1
    this.#path = ''
  }
}

/** All whole notes about a segment; none, if they cannot be read. */
export const notesOf = (fs: FileSystem, path: string): readonly Note[] => {
  if (fs.kindOf(path) !== 'file') return []
  let fd = -1
  try {
    fd = fs.open(path)
    const notes: Note[] = []
    const memory = Buffer.allocUnsafe(READ_BYTES)
    let [position, kept] = [0, 0]
    for (;;) {
      const count = fs.read(fd, memory, kept, memory.length - kept, position)
      position += count
      const filled = kept + count
      for (const note of readNotes(memory.subarray(0, filled))) notes.push(note)
      if (count === 0) return notes
      // One may lie across the border; read twice, it changes nothing.
      kept = Math.min(filled, NOTE_BYTES - 1)
      memory.copy(memory, 0, filled - kept, filled)
    }
  } catch {
    return []
  } finally {
    if (fd >= 0) tryTo(() => fs.close(fd))
  }
}
