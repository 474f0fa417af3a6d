import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { ConfigError } from '@kinesis-producer/core/adapter/rules'

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants
/** Windows has neither. */
const PLAIN = ((O_NOFOLLOW as number | undefined) ?? 0) | ((O_NONBLOCK as number | undefined) ?? 0)

/**
 * Opens a file that is to hold log lines: a new one is its owner's alone. A link might lead them
 * anywhere, and a pipe or a device might never take them.
 * @throws {ConfigError} it is no regular file
 */
export const openRegular = (path: string, how: 'append' | 'read'): number => {
  const flags = how === 'append' ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY
  let file: number
  try {
    file = openSync(path, flags | PLAIN, 0o600)
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
    if (code === 'ELOOP') throw noRegular(path, 'a symbolic link')
    if (code === 'ENXIO') throw noRegular(path, 'a special file')
    throw error
  }
  const stat = fstatSync(file)
  if (stat.isFile()) return file
  closeSync(file)
  throw noRegular(path, stat.isDirectory() ? 'a directory' : 'a special file')
}

const noRegular = (path: string, what: string): ConfigError =>
  new ConfigError(`dead letters are kept in a regular file; ${path} is ${what}`)
