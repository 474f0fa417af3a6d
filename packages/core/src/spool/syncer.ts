import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { SpoolFsync } from '../config/spool-options.js'
import type { Alarm, Timers } from '../time/timers.js'
import type { FileSystem } from './file-system.js'
import type { Segment } from './segment.js'
import { tryTo } from './segment-writer.js'

export interface SegmentFile {
  readonly segment: Segment
  readonly fd: number
}

export interface SyncerPorts {
  readonly fs: FileSystem
  readonly timers: Timers
  readonly fsync: SpoolFsync
  /** The file that is written to now, and the sequence after the last one in it. */
  readonly active: () => (SegmentFile & { readonly end: number }) | undefined
  readonly directory: () => string
  /** All before this sequence is on disk for good. */
  readonly synced: (end: number) => void
  readonly failed: (segment: Segment, error: unknown) => void
}

/** Has the system put files on disk, one after the other. A call that failed is never repeated. */
export class Syncer {
  readonly #ports: SyncerPorts
  readonly #alarm: Alarm
  readonly #latency: RecordableHistogram = createHistogram()
  /** Complete files that are not synced yet. */
  readonly #complete: SegmentFile[] = []
  /** The file that is being synced. It must not be closed before the call has returned. */
  #inFlight: SegmentFile | undefined
  #closesInFlight = false
  #ended = false
  #newNames = false
  #dirty = false
  #busy = false

  constructor(ports: SyncerPorts) {
    this.#ports = ports
    this.#alarm = ports.timers.alarm(() => this.#start())
  }

  get latency(): { readonly p50: number; readonly p99: number; readonly max: number } {
    if (this.#latency.count === 0) return { p50: 0, p99: 0, max: 0 }
    const at = (percentile: number): number => this.#latency.percentile(percentile) / 1000
    return { p50: at(50), p99: at(99), max: this.#latency.max / 1000 }
  }

  /** A file was made. */
  created(): void {
    this.#newNames = true
  }

  /** Something was written. */
  written(): void {
    const { fsync } = this.#ports
    if (fsync === false) return
    this.#dirty = true
    if (fsync === 'batch') this.#start()
    else if (!this.#alarm.armed && !this.#busy) this.#alarm.set(fsync)
  }

  /** Nothing more is written to this file: it is closed when it is synced. */
  completed(segment: Segment, fd: number): void {
    if (this.#ports.fsync === false) tryTo(() => this.#ports.fs.close(fd))
    else this.#complete.push({ segment, fd })
  }

  /** The file is no longer wanted. */
  forget(segment: Segment): void {
    const index = this.#complete.findIndex(file => file.segment === segment)
    const [file] = index < 0 ? [] : this.#complete.splice(index, 1)
    if (file !== undefined) this.closeFile(file.fd)
  }

  /** Closes a file, but not while it is being synced. */
  closeFile(fd: number): void {
    if (this.#inFlight?.fd === fd) this.#closesInFlight = true
    else tryTo(() => this.#ports.fs.close(fd))
  }

  /**
   * Syncs everything before it returns, and nothing after it: the files are the next owner's then. The
   * active file stays open; all others are closed, at the latest when a call that is on its way returns.
   */
  finish(): void {
    const { fs, fsync, active } = this.#ports
    this.#alarm.cancel()
    this.#ended = true
    // A call on its way may return after the end.
    const inFlight = this.#inFlight
    if (inFlight !== undefined && inFlight.segment !== active()?.segment) this.#syncNow(inFlight)
    for (let file = this.#complete.shift(); file !== undefined; file = this.#complete.shift()) {
      this.#syncNow(file)
      this.closeFile(file.fd)
    }
    const last = active()
    if (last !== undefined && fsync !== false) this.#syncNow(last)
    // The active file, if it was given up just now.
    for (const { fd } of this.#complete.splice(0)) this.closeFile(fd)
    if (fsync !== false) tryTo(() => fs.syncDirectory(this.#ports.directory(), () => {}))
  }

  #syncNow({ segment, fd }: SegmentFile): void {
    try {
      this.#ports.fs.syncNow(fd)
    } catch (error) {
      this.#ports.failed(segment, error)
    }
  }

  #start(): void {
    if (this.#busy || this.#ended || !this.#dirty) return
    const { fs, directory, active, synced } = this.#ports
    if (this.#newNames) {
      this.#newNames = false
      return this.#run(
        undefined,
        done => fs.syncDirectory(directory(), done),
        () => this.#start(),
      )
    }
    const file = this.#complete.shift()
    if (file !== undefined) {
      const { segment, fd } = file
      this.#run(
        file,
        done => fs.sync(fd, done),
        error => {
          this.#tell(segment, error)
          this.#start()
        },
      )
      return this.closeFile(fd)
    }
    this.#dirty = false
    const last = active()
    if (last === undefined) return
    this.#run(
      last,
      done => fs.sync(last.fd, done),
      error => {
        if (isError(error)) this.#tell(last.segment, error)
        else synced(last.end)
        this.#again()
      },
    )
  }

  #tell(segment: Segment, error: unknown): void {
    if (isError(error)) this.#ports.failed(segment, error)
  }

  /** For what was written meanwhile. */
  #again(): void {
    const { fsync } = this.#ports
    if (!this.#dirty || this.#ended) return
    if (fsync === 'batch') this.#start()
    else if (fsync !== false && !this.#alarm.armed) this.#alarm.set(fsync)
  }

  #run(
    file: SegmentFile | undefined,
    sync: (done: (error: unknown) => void) => void,
    then: (error: unknown) => void,
  ): void {
    const { timers, fs } = this.#ports
    const began = timers.now()
    this.#busy = true
    this.#inFlight = file
    const done = (error: unknown): void => {
      this.#busy = false
      this.#inFlight = undefined
      this.#latency.record(Math.max(1, Math.round((timers.now() - began) * 1000)))
      if (this.#closesInFlight && file !== undefined) tryTo(() => fs.close(file.fd))
      this.#closesInFlight = false
      then(error)
    }
    try {
      sync(done)
    } catch (error) {
      done(error)
    }
  }
}

const isError = (error: unknown): boolean => error !== null && error !== undefined
