import { randomUUID } from 'node:crypto'
import {
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { threadId } from 'node:worker_threads'

const POLL_MS = 5
const NO_SPACE: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EIO'])

/**
 * A lock between processes: a file that exists while somebody holds it. Its content says who that is.
 * Nobody holds it any more if that process of this machine is gone, or if the file is older than
 * `staleMs`; who holds it for longer has to `touch` it.
 *
 * Node has no flock. The libraries for it keep timers and listen to exits, or need native code; a
 * letter is written within milliseconds, synchronously, also while the process ends.
 */
export class FileLock {
  readonly path: string
  readonly #staleMs: number
  /** Each holder has a text of its own, so that only it removes its file. */
  readonly #mine: string = `${process.pid} ${hostname()} ${threadId} ${randomUUID()}`

  constructor(path: string, staleMs: number) {
    this.path = path
    this.#staleMs = staleMs
  }

  /**
   * True: held from now on.
   * @throws what the file system says, other than that the file exists
   */
  tryTake(): boolean {
    for (let tries = 0; tries < 2; tries++) {
      try {
        writeFileSync(this.path, this.#mine, { flag: 'wx', mode: 0o600 })
        return true
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') {
          // It was made and could not be filled, or not to the end.
          if (NO_SPACE.has(codeOf(error)) && this.#mine.startsWith(this.#holder() ?? '-'))
            rmSync(this.path, { force: true })
          throw error
        }
      }
      if (!this.#removeStale()) return false
    }
    return false
  }

  /** Waits for it, blocking the thread. */
  takeWithin(milliseconds: number): boolean {
    const until = performance.now() + milliseconds
    while (!this.tryTake()) {
      if (performance.now() > until) return false
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
    }
    return true
  }

  touch(): void {
    try {
      if (this.#holder() === this.#mine) utimesSync(this.path, new Date(), new Date())
    } catch {
      // Taken away meanwhile: release will not remove what is another's.
    }
  }

  release(): void {
    try {
      if (this.#holder() === this.#mine) rmSync(this.path)
    } catch {
      // It goes stale.
    }
  }

  /** Who holds it, for messages. */
  holder(): string {
    const [pid, host] = this.#holder()?.split(' ') ?? []
    return `process ${pid ?? '?'} on ${host ?? '?'}`
  }

  #holder(): string | undefined {
    try {
      return readFileSync(this.path, 'utf8')
    } catch {
      return undefined
    }
  }

  /** True: it is gone, so that the next try may succeed. */
  #removeStale(): boolean {
    const holder = this.#holder()
    if (holder === undefined) return true
    try {
      const tooOld = Date.now() - statSync(this.path).mtimeMs > this.#staleMs
      if (!tooOld && !isGone(holder)) return false
      // Others may do the same: whoever moves it away looks at what was moved.
      const aside = `${this.path}.${randomUUID()}`
      renameSync(this.path, aside)
      if (readFileSync(aside, 'utf8') !== holder) linkSync(aside, this.path)
      rmSync(aside)
    } catch {
      // Another was faster.
    }
    return true
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error ? Reflect.get(error, 'code') : undefined

/** Whether the holder was a process of this machine that has ended. */
const isGone = (holder: string): boolean => {
  const [pid, host] = holder.split(' ')
  if (host !== hostname() || !/^\d+$/.test(pid ?? '')) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
}
