import type { Alarm } from '../time/timers.js'
import { adopt, type Home } from './ownership.js'
import { readDirectory } from './recovery.js'
import type { Sources } from './sources.js'
import type { SpoolPorts } from './spool-types.js'

const ADOPT_EVERY_MS = 60_000

/** Looks for what earlier owners left, at the start and from time to time. */
export class Adoption {
  readonly #ports: SpoolPorts
  readonly #sources: Sources
  readonly #failed: (error: unknown) => void
  readonly #alarm: Alarm
  #home: Home | undefined
  /** Whether it is not known yet what there is. */
  looking = false

  constructor(ports: SpoolPorts, sources: Sources, failed: (error: unknown) => void) {
    this.#ports = ports
    this.#sources = sources
    this.#failed = failed
    this.#alarm = ports.timers.alarm(() => this.#look())
  }

  /** For a directory of our own, to which orphans can be moved. */
  start(home: Home): void {
    this.#home = home
    this.looking = true
    this.#look()
  }

  stop(): void {
    this.#home = undefined
    this.looking = false
    this.#alarm.cancel()
  }

  #look(): void {
    const home = this.#home
    if (home === undefined) return
    const { fs, locks, options, changed } = this.#ports
    this.#alarm.set(ADOPT_EVERY_MS)
    void adopt(fs, locks, options.directory, home)
      .then(paths => this.#takeOver(home, paths))
      .catch(this.#failed)
      .finally(() => {
        if (this.#home !== home) return
        this.looking = false
        changed()
      })
  }

  #takeOver(home: Home, paths: readonly string[]): undefined {
    // It was closed, or removed: the next owner takes them from there.
    if (this.#home !== home) return
    const known = new Set(this.#sources.adopted.map(({ path }) => path))
    const { fs, bootId, log } = this.#ports
    for (const path of paths) {
      if (known.has(path) || !this.#sources.canAdopt) continue
      const { segments, closed, unread } = readDirectory(fs, path, bootId)
      for (const { path: left, why } of unread)
        log.warn('unread', `spool: ${left} is left alone: ${why}`)
      const records = this.#sources.adopt(path, segments, closed, unread.length === 0)
      if (records > 0)
        log.info(`spool: ${records} records of an earlier process are taken over from ${path}`)
    }
  }
}
