import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { FileLock } from './file-lock.js'
import { openRegular } from './regular-file.js'

export interface Appended {
  /** How many of the lines are in the file, whole. */
  readonly lines: number
  /** Why not all of them are. */
  readonly why?: string
}

/** A letter takes milliseconds to write; a holder that takes longer has stopped in the middle. */
const STALE_MS = 10_000
const PATIENCE_MS = 15_000
const NEWLINE = 10

/** The lock that is held while a file is written, moved or removed. */
export const lockOf = (path: string): FileLock => new FileLock(`${path}.lock`, STALE_MS)

/** Runs `work` while nobody else writes, moves or removes the file. */
export const locked = <T>(path: string, work: () => T): T => {
  const lock = lockOf(path)
  if (!lock.takeWithin(PATIENCE_MS))
    throw new Error(`${path} is locked by ${lock.holder()}; if that is gone, remove ${lock.path}`)
  try {
    return work()
  } finally {
    lock.release()
  }
}

/**
 * Appends lines (with their newlines) to a file, as many as fit into `maxBytes`; each of them is there
 * as a whole, or not at all: what a full disk cut off is removed, and a torn line that a crash left is
 * ended before the first of them. The file is opened for each call, so that it can be moved away at any time.
 * Never throws.
 */
export const appendWhole = (path: string, lines: readonly Buffer[], maxBytes: number): Appended => {
  try {
    return locked(path, () => append(path, lines, maxBytes))
  } catch (error) {
    return { lines: 0, why: `${path}: ${messageOf(error)}` }
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

const append = (path: string, lines: readonly Buffer[], maxBytes: number): Appended => {
  const file = openRegular(path, 'append')
  let result: Appended
  try {
    result = write(path, file, lines, maxBytes)
  } catch (error) {
    closeQuietly(file)
    throw error
  }
  // A file system over the network may say only now that the quota is used up.
  closeSync(file)
  return result
}

const write = (
  path: string,
  file: number,
  lines: readonly Buffer[],
  maxBytes: number,
): Appended => {
  const { size } = fstatSync(file)
  const gap = endsTorn(file, size) ? 1 : 0
  let room = maxBytes - size - gap
  const over = lines.findIndex(({ length }) => (room -= length) < 0)
  const fitting = over < 0 ? lines : lines.slice(0, over)
  const full = fitting.length < lines.length && `${path} has reached deadLetterMaxBytes`
  if (fitting.length === 0) return { lines: 0, ...(full !== false && { why: full }) }
  const bytes = Buffer.concat(gap === 1 ? [Buffer.from('\n'), ...fitting] : fitting)
  const { written, why } = writeAll(file, bytes)
  if (why === undefined) return { lines: fitting.length, ...(full !== false && { why: full }) }
  const whole = bytes.subarray(0, written).lastIndexOf(NEWLINE) + 1
  if (written > 0 && whole < written && fstatSync(file).size === size + written)
    cutBack(file, size + whole)
  let there = -gap
  for (let at = 0; at < whole; at = bytes.indexOf(NEWLINE, at) + 1) there++
  return { lines: Math.max(0, there), why: `${path}: ${why}` }
}

/** A process that was killed, or a disk that was full, may have left half a line. */
const endsTorn = (file: number, size: number): boolean => {
  if (size === 0) return false
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return last[0] !== NEWLINE
}

/** A write may take only a part; then the next one says why. */
const writeAll = (file: number, bytes: Buffer): { written: number; why?: string } => {
  let written = 0
  try {
    while (written < bytes.length) {
      const now = writeSync(file, bytes, written)
      if (now === 0) return { written, why: 'nothing more could be written' }
      written += now
    }
    return { written }
  } catch (error) {
    return { written, why: messageOf(error) }
  }
}

const cutBack = (file: number, size: number): void => {
  try {
    ftruncateSync(file, size)
  } catch {
    // The torn line stays; whoever appends next ends it.
  }
}

const closeQuietly = (file: number): void => {
  try {
    closeSync(file)
  } catch {
    // What was thrown before says more.
  }
}
