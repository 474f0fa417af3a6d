import { closeSync, constants, openSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { basename, dirname } from 'node:path'
import { codeOf } from './file-system.js'

/** Longest path of a socket that every system takes; longer ones would be cut off. */
const MAX_PATH_BYTES = 100
/** Whoever does not refuse a connection within this time lives. */
const ANSWER_MS = 2000

/** That this process owns a directory. It ends with the process, whatever becomes of it. */
export interface Lock {
  release(): void
}

export interface Locks {
  /** @throws when the lock cannot be taken */
  take(path: string): Lock
  /** Whether somebody holds it. */
  isHeld(path: string): Promise<boolean>
}

/**
 * Locks are sockets that are listened on. Nothing is ever said on them. `exclusive` makes workers of
 * node:cluster listen by themselves: otherwise the primary does it for all of them.
 */
export const SOCKET_LOCKS: Locks = {
  take: path => {
    const short = shortPath(path)
    const server = createServer(socket => socket.destroy())
    server.on('error', () => {})
    // When it closes, it removes the path it was given: that has to mean the same then.
    server.once('close', short.close)
    server.listen({ path: short.path, exclusive: true })
    if (!server.listening) {
      short.close()
      throw new Error('the socket of its lock cannot be made')
    }
    server.unref()
    return {
      release: () => {
        server.close(() => {})
      },
    }
  },

  isHeld: path =>
    new Promise(resolve => {
      const short = shortPath(path)
      const socket = connect({ path: short.path })
      const end = (held: boolean): void => {
        socket.destroy()
        short.close()
        resolve(held)
      }
      socket.setTimeout(ANSWER_MS, () => end(true))
      socket.once('connect', () => end(true))
      // Any other error says nothing of the owner: it may live.
      socket.once('error', error => end(!['ECONNREFUSED', 'ENOENT'].includes(codeOf(error))))
    }),
}

interface ShortPath {
  readonly path: string
  readonly close: () => void
}

/** On Linux a long path can be named by an open directory. */
const shortPath = (path: string): ShortPath => {
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return { path, close: () => {} }
  if (process.platform !== 'linux')
    throw new Error(`the path of its lock has more than ${MAX_PATH_BYTES} bytes: ${path}`)
  const fd = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  let isOpen = true
  return {
    path: `/proc/self/fd/${fd}/${basename(path)}`,
    close: () => {
      if (isOpen) closeSync(fd)
      isOpen = false
    },
  }
}
