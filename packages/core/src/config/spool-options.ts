import { resolve } from 'node:path'
import { ConfigError } from '../errors/errors.js'
import { checkInteger, checkKeys, checkText, MAX_TIMEOUT_MS, show } from './check.js'

/** When what was written is made to survive a loss of power; see `SpoolConfig.fsync`. */
export type SpoolFsync = number | 'batch' | false

/** Options of the spool: admitted records on disk. docs/spool.md tells what it promises. */
export interface SpoolConfig {
  /**
   * Where, on a local file system. Made if it does not exist. Several producers and processes may
   * share it: each has a sub-directory of its own, and takes over those that have no owner any more.
   */
  readonly directory: string
  /**
   * Most bytes of this producer on disk, at least 4 MiB and twice `maxRecordBytes`.
   * @default 1073741824 (1 GiB)
   */
  readonly maxBytes?: number | undefined
  /**
   * Milliseconds from a write to the next fdatasync, at least 1; `'batch'`: after every write, and `add`
   * waits for it; `false`: never, so a loss of power takes what the system has not written by itself.
   * @default 1000
   */
  readonly fsync?: SpoolFsync | undefined
}

export interface ResolvedSpool {
  readonly directory: string
  readonly maxBytes: number
  readonly fsync: SpoolFsync
}

const SPOOL_OPTION_NAMES = ['directory', 'maxBytes', 'fsync']
const MIN_SPOOL_BYTES = 4 * 1024 * 1024
const DEFAULT_SPOOL_BYTES = 1024 * 1024 * 1024
const DEFAULT_FSYNC_MS = 1000
const MAX_PATH = 4096

/** @throws {ConfigError} naming the option, the value and what is allowed */
export const resolveSpool = (
  config: unknown,
  maxRecordBytes: number,
): ResolvedSpool | undefined => {
  if (config === undefined || config === null) return undefined
  checkKeys('spool', config, SPOOL_OPTION_NAMES)
  const given: Partial<Record<keyof SpoolConfig, unknown>> = { ...config }
  const directory = checkText('spool.directory', given.directory, MAX_PATH)
  if (directory === undefined)
    throw new ConfigError('spool.directory is missing: give the directory that keeps the records')
  if (process.platform === 'win32')
    throw new ConfigError('spool is not supported on Windows: leave it out there')
  const least = Math.max(MIN_SPOOL_BYTES, 2 * maxRecordBytes)
  return {
    // What the process does with its working directory later changes nothing.
    directory: resolve(directory),
    maxBytes: checkInteger(
      'spool.maxBytes',
      given.maxBytes ?? DEFAULT_SPOOL_BYTES,
      least,
      Number.MAX_SAFE_INTEGER,
    ),
    fsync: resolveFsync(given.fsync ?? DEFAULT_FSYNC_MS),
  }
}

const resolveFsync = (value: unknown): SpoolFsync => {
  if (value === false || value === 'batch') return value
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_TIMEOUT_MS)
    return value
  throw new ConfigError(
    `spool.fsync must be a whole number of milliseconds from 1, 'batch' or false, not ${show(value)}`,
  )
}
