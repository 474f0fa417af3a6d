import { basename, dirname } from 'node:path'
import type { FileSystem } from './file-system.js'
import type { Segment } from './segment.js'
import { tryTo, writeAll } from './segment-writer.js'

const BAD = 'bad'
/** Files there; what is found beyond them is counted only. */
const MAX_FILES = 100
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Copies bytes that no reader understands to a place where nobody deletes them. Returns the path;
 * undefined if that is not possible.
 */
export const setAside = (
  fs: FileSystem,
  directory: string,
  segment: Segment,
  start: number,
  end: number,
): string | undefined => {
  const [from, to] = [{ fd: -1 }, { fd: -1 }]
  try {
    const folder = `${directory}/${BAD}`
    if (fs.kindOf(folder) === undefined) fs.makeDirectory(folder)
    if (fs.list(folder).length >= MAX_FILES) return undefined
    const owner = basename(dirname(segment.path))
    const path = `${folder}/${owner}-${basename(segment.path)}-${start}.bad`
    if (fs.kindOf(path) !== undefined) return path
    from.fd = fs.open(segment.path)
    to.fd = fs.create(path)
    const bytes = Buffer.alloc(Math.min(end - start, MAX_BYTES))
    const count = fs.read(from.fd, bytes, 0, bytes.length, start)
    writeAll(fs, to.fd, bytes.subarray(0, count))
    return path
  } catch {
    return undefined
  } finally {
    for (const { fd } of [from, to]) if (fd >= 0) tryTo(() => fs.close(fd))
  }
}
