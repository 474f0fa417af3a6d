import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs'

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

const FILE_MODE = 0o600
const DIRECTORY_MODE = 0o700

/** What a name stands for, without following it. */
export type Kind = 'file' | 'directory' | 'other'

/**
 * Every system call of the spool, so that tests can make any of them fail. All but one are
 * synchronous: what has to be kept must be on its way before the caller goes on.
 */
export interface FileSystem {
  /** Makes a file that does not exist yet, to append to it. */
  create(path: string): number
  /** Opens a file to append to it; makes it if it does not exist. */
  append(path: string): number
  open(path: string): number
  close(fd: number): void
  /** Returns how many of the bytes were written. */
  write(fd: number, bytes: Buffer, from: number, length: number): number
  /** Returns how many bytes were read. */
  read(fd: number, into: Buffer, at: number, length: number, position: number): number
  truncate(fd: number, length: number): void
  status(fd: number): { readonly bytes: number; readonly links: number }
  /** fdatasync, on another thread. */
  sync(fd: number, done: (error: unknown) => void): void
  syncNow(fd: number): void
  /** Makes the names in a directory last. */
  syncDirectory(path: string, done: (error: unknown) => void): void
  list(path: string): readonly string[]
  /** Undefined: nothing has this name. */
  kindOf(path: string): Kind | undefined
  makeDirectory(path: string): void
  /** With all that it lies in. */
  makeDirectories(path: string): void
  rename(from: string, to: string): void
  remove(path: string): void
  removeDirectory(path: string): void
}

const kindOf = (stats: Stats): Kind => {
  if (stats.isFile()) return 'file'
  return stats.isDirectory() ? 'directory' : 'other'
}

/** The code of a system error; empty for any other. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** The disk of this system. No symbolic link is followed at the end of a path. */
export const DISK: FileSystem = {
  create: path => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE),
  append: path => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, FILE_MODE),
  open: path => openSync(path, O_RDONLY | O_NOFOLLOW),
  close: closeSync,
  write: (fd, bytes, from, length) => writeSync(fd, bytes, from, length),
  read: (fd, into, at, length, position) => readSync(fd, into, at, length, position),
  truncate: ftruncateSync,
  status: fd => {
    const { size, nlink } = fstatSync(fd)
    return { bytes: size, links: nlink }
  },
  sync: (fd, done) => fdatasync(fd, done),
  syncNow: fdatasyncSync,
  syncDirectory: (path, done) => {
    const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    fsync(fd, error => {
      closeSync(fd)
      done(error)
    })
  },
  list: path => readdirSync(path),
  kindOf: path => {
    const stats = lstatSync(path, { throwIfNoEntry: false })
    return stats === undefined ? undefined : kindOf(stats)
  },
  makeDirectory: path => {
    mkdirSync(path, { mode: DIRECTORY_MODE })
  },
  makeDirectories: path => {
    mkdirSync(path, { mode: DIRECTORY_MODE, recursive: true })
  },
  rename: renameSync,
  remove: unlinkSync,
  removeDirectory: path => rmdirSync(path),
}
