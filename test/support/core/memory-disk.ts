import type { FileSystem, Kind } from '@kinesis-producer/core/internal/spool/file-system'
import type { Locks } from '@kinesis-producer/core/internal/spool/lock'

interface Node {
  bytes: Buffer
  size: number
  /** As much of it survives a loss of power. */
  synced: number
  links: number
  held: boolean
  kind: Kind
}

/** A system call that is about to be made. Throwing makes it fail. */
export type BeforeCall = (call: keyof FileSystem, path: string) => void

export const systemError = (code: string): Error =>
  Object.assign(new Error(`${code}: told to fail`), { code })

/** A disk in memory: every call can fail, the power can fail, and bytes can rot. */
export class MemoryDisk {
  readonly #nodes = new Map<string, Node>()
  readonly #fds = new Map<number, { node: Node; path: string }>()
  #nextFd = 100
  #syncs: (() => void)[] = []
  /** Whether `sync` answers by itself. */
  syncsByItself = true
  before: BeforeCall = () => {}
  /** Bytes it has room for. */
  room = Number.POSITIVE_INFINITY
  calls = 0

  readonly fs: FileSystem = {
    create: path =>
      this.#opened('create', path, () => {
        if (this.#nodes.has(path)) throw systemError('EEXIST')
        return this.#make(path, 'file')
      }),
    append: path =>
      this.#opened('append', path, () => this.#nodes.get(path) ?? this.#make(path, 'file')),
    open: path => this.#opened('open', path, () => this.#get(path)),
    close: fd => {
      const { path } = this.#file(fd)
      // Also where it fails, the file is closed.
      this.#fds.delete(fd)
      this.#call('close', path)
    },
    write: (fd, bytes, from, length) => {
      const { node, path } = this.#file(fd)
      this.#call('write', path)
      const count = Math.min(length, Math.max(0, this.room - this.used))
      if (count === 0 && length > 0) throw systemError('ENOSPC')
      this.#put(node, bytes.subarray(from, from + count))
      return count
    },
    read: (fd, into, at, length, position) => {
      const { node, path } = this.#file(fd)
      this.#call('read', path)
      return node.bytes.copy(into, at, position, Math.min(node.size, position + length))
    },
    truncate: (fd, length) => {
      const { node, path } = this.#file(fd)
      this.#call('truncate', path)
      node.size = Math.min(node.size, length)
      node.synced = Math.min(node.synced, length)
    },
    status: fd => {
      const { node, path } = this.#file(fd)
      this.#call('status', path)
      return { bytes: node.size, links: node.links }
    },
    sync: (fd, done) => {
      const { node, path } = this.#file(fd)
      this.#call('sync', path)
      const { size } = node
      const finish = (): void => {
        node.synced = Math.max(node.synced, Math.min(size, node.size))
        done(null)
      }
      if (this.syncsByItself) setImmediate(finish)
      else this.#syncs.push(finish)
    },
    syncNow: fd => {
      const { node, path } = this.#file(fd)
      this.#call('syncNow', path)
      node.synced = node.size
    },
    syncDirectory: (path, done) => {
      this.#call('syncDirectory', path)
      setImmediate(() => done(null))
    },
    list: path => {
      this.#call('list', path)
      if (this.#get(path).kind !== 'directory') throw systemError('ENOTDIR')
      return this.names(path)
    },
    kindOf: path => {
      this.#call('kindOf', path)
      return this.#nodes.get(path)?.kind
    },
    makeDirectory: path => {
      this.#call('makeDirectory', path)
      if (this.#nodes.has(path)) throw systemError('EEXIST')
      this.#make(path, 'directory')
    },
    makeDirectories: path => {
      this.#call('makeDirectories', path)
      const parts = path.split('/')
      for (let i = 2; i <= parts.length; i++) {
        const part = parts.slice(0, i).join('/')
        if (!this.#nodes.has(part)) this.#add(part, 'directory')
      }
    },
    rename: (from, to) => {
      this.#call('rename', from)
      const node = this.#get(from)
      this.#parentOf(to)
      const replaced = this.#nodes.get(to)
      if (replaced !== undefined) replaced.links--
      this.#nodes.delete(from)
      this.#nodes.set(to, node)
      for (const [path, inner] of this.#nodes) {
        if (!path.startsWith(`${from}/`)) continue
        this.#nodes.delete(path)
        this.#nodes.set(to + path.slice(from.length), inner)
      }
    },
    remove: path => {
      this.#call('remove', path)
      const node = this.#get(path)
      if (node.kind === 'directory') throw systemError('EISDIR')
      node.links--
      this.#nodes.delete(path)
    },
    removeDirectory: path => {
      this.#call('removeDirectory', path)
      this.#get(path)
      if (this.names(path).length > 0) throw systemError('ENOTEMPTY')
      this.#nodes.delete(path)
    },
  }

  readonly locks: Locks = {
    take: path => {
      const node = this.#make(path, 'other')
      node.held = true
      return {
        release: () => {
          node.held = false
        },
      }
    },
    isHeld: path => Promise.resolve(this.#nodes.get(path)?.held ?? false),
  }

  get used(): number {
    let used = 0
    for (const { kind, size } of this.#nodes.values()) if (kind === 'file') used += size
    return used
  }

  get openFiles(): number {
    return this.#fds.size
  }

  names(path: string): string[] {
    const names: string[] = []
    for (const name of this.#nodes.keys())
      if (name.startsWith(`${path}/`) && !name.slice(path.length + 1).includes('/'))
        names.push(name.slice(path.length + 1))
    return names
  }

  /** Paths of all files with this ending. */
  files(ending: string): string[] {
    return [...this.#nodes.keys()].filter(path => path.endsWith(ending)).toSorted()
  }

  contentOf(path: string): Buffer {
    const { bytes, size } = this.#get(path)
    return Buffer.from(bytes.subarray(0, size))
  }

  setContent(path: string, bytes: Buffer): void {
    const node = this.#nodes.get(path) ?? this.#make(path, 'file')
    node.bytes = Buffer.from(bytes)
    node.size = bytes.length
    node.synced = bytes.length
  }

  delete(path: string): void {
    for (const [name, node] of this.#nodes)
      if (name === path || name.startsWith(`${path}/`)) {
        node.links--
        this.#nodes.delete(name)
      }
  }

  /** Answers the calls of `sync` that wait. */
  finishSyncs(): void {
    for (const finish of this.#syncs.splice(0)) finish()
  }

  /** The process dies: its files are closed and its locks are free. */
  kill(): void {
    this.#fds.clear()
    this.#syncs = []
    this.before = () => {}
    for (const node of this.#nodes.values()) node.held = false
  }

  /** The power fails: what was not synced is gone. */
  loseUnsynced(): void {
    this.kill()
    for (const node of this.#nodes.values()) if (node.kind === 'file') node.size = node.synced
  }

  #call(call: keyof FileSystem, path: string): void {
    this.calls++
    this.before(call, path)
  }

  #opened(call: keyof FileSystem, path: string, node: () => Node): number {
    this.#call(call, path)
    const opened = node()
    if (opened.kind !== 'file') throw systemError('ELOOP')
    const fd = this.#nextFd++
    this.#fds.set(fd, { node: opened, path })
    return fd
  }

  #file(fd: number): { node: Node; path: string } {
    const file = this.#fds.get(fd)
    if (file === undefined) throw systemError('EBADF')
    return file
  }

  #get(path: string): Node {
    const node = this.#nodes.get(path)
    if (node === undefined) throw systemError('ENOENT')
    return node
  }

  #parentOf(path: string): void {
    if (this.#nodes.get(path.slice(0, path.lastIndexOf('/')))?.kind !== 'directory')
      throw systemError('ENOENT')
  }

  #make(path: string, kind: Kind): Node {
    this.#parentOf(path)
    return this.#add(path, kind)
  }

  #add(path: string, kind: Kind): Node {
    const node = { bytes: Buffer.alloc(0), size: 0, synced: 0, links: 1, held: false, kind }
    this.#nodes.set(path, node)
    return node
  }

  #put(node: Node, bytes: Buffer): void {
    const end = node.size + bytes.length
    if (end > node.bytes.length) {
      const grown = Buffer.alloc(Math.max(end, 2 * node.bytes.length))
      node.bytes.copy(grown, 0, 0, node.size)
      node.bytes = grown
    }
    bytes.copy(node.bytes, node.size)
    node.size = end
  }
}
