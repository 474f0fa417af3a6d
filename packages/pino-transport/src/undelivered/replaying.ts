import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { appendWhole, locked } from './append-whole.js'
import { FileLock } from './file-lock.js'
import type { DeadLetter } from './letter.js'
import { openRegular } from './regular-file.js'

const TOUCH_MS = 5000
const STALE_MS = 60_000
const BATCH_BYTES = 1024 * 1024

/** Another process is at work on the file: try later. */
export class BusyError extends Error {}

/** Where the letters of a file are while they are sent. */
export const asideOf = (path: string): string => `${path}.replaying`
/** Where lines go that are no letters. */
export const unreadableOf = (path: string): string => `${path}.unreadable`

/**
 * Runs `work` unless another process replays this file at the moment.
 * @throws who that is
 */
export const aloneWith = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  const lock = new FileLock(`${asideOf(path)}.lock`, STALE_MS)
  if (!lock.tryTake())
    throw new BusyError(
      `${path} is being replayed by ${lock.holder()}: nothing was sent; if that has ended, remove ${lock.path}`,
    )
  const timer = setInterval(() => lock.touch(), TOUCH_MS).unref()
  try {
    return await work()
  } finally {
    clearInterval(timer)
    lock.release()
  }
}

/**
 * Takes a dead letter file out of its writers' hands: it is moved aside, and new letters begin a new
 * file. What an earlier, interrupted replay moved aside comes first.
 */
export const takeAside = (path: string): { aside: string; more: boolean } | undefined => {
  const aside = asideOf(path)
  if (existsSync(aside)) return { aside, more: existsSync(path) }
  return locked(path, () => {
    if (!existsSync(path)) return undefined
    // A link is refused as it is, and not moved.
    closeSync(openRegular(path, 'read'))
    renameSync(path, aside)
    return { aside, more: false }
  })
}

/** Whether there is anything to replay, without following links. */
export const isThere = (path: string): boolean => {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/** Letters on their way back into their file. */
export class LettersBack {
  readonly #path: string
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Why some of them could not be written; they are still where they came from. */
  failure: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  add(letter: DeadLetter): void {
    const line = Buffer.from(`${JSON.stringify(letter)}\n`)
    this.#pending.push(line)
    this.#pendingBytes += line.length
    if (this.#pendingBytes >= BATCH_BYTES) this.flush()
  }

  flush(): void {
    if (this.#pending.length === 0) return
    const { lines, why } = appendWhole(this.#path, this.#pending, Number.MAX_SAFE_INTEGER)
    if (lines < this.#pending.length) this.failure ??= why ?? this.#path
    this.#pending = []
    this.#pendingBytes = 0
  }
}

/** The file for lines that are no letters: they are kept as they are, to the byte. */
export class UnreadableFile {
  readonly path: string
  #file: number | undefined
  #before = 0
  lines = 0
  failure: string | undefined

  constructor(path: string) {
    this.path = path
  }

  write(bytes: Buffer, ends: boolean): void {
    if (ends) this.lines++
    if (this.failure !== undefined) return
    try {
      if (this.#file === undefined) {
        this.#file = openRegular(this.path, 'append')
        this.#before = fstatSync(this.#file).size
      }
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
    } catch (error) {
      this.failure = `${this.path}: ${error instanceof Error ? error.message : String(error)}`
      // All lines are still where they came from.
      if (this.#file !== undefined) ftruncateSync(this.#file, this.#before)
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

export const forget = (aside: string): void => rmSync(aside, { force: true })
