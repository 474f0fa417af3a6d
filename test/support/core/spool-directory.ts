import { cpSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Directories for spools, removed at the end. */
export class SpoolDirectories {
  readonly #root = mkdtempSync(join(tmpdir(), 'spools-'))
  #made = 0

  make(): string {
    return join(this.#root, `d${this.#made++}`)
  }

  /** What is on disk at this moment, as a process that is killed now would leave it. */
  asAfterKill(directory: string): string {
    const copy = this.make()
    // Locks are sockets, which are not copied: nobody holds them.
    cpSync(directory, copy, { recursive: true, filter: path => !lstatSync(path).isSocket() })
    return copy
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true })
  }
}

/** Names of all files below a directory that end like this. */
export const filesBelow = (directory: string, ending: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .toSorted()

/** Turns the event loop until something is so; for what the system answers in its own time. */
export const until = async (isSo: () => boolean): Promise<void> => {
  for (let turns = 0; turns < 100_000; turns++) {
    if (isSo()) return
    await new Promise<void>(resolve => setImmediate(resolve))
  }
  throw new Error(`it never came to be: ${String(isSo)}`)
}
