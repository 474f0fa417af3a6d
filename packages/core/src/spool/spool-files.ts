import { afterPolling } from '../time/after-polling.js'
import type { Alarm } from '../time/timers.js'
import { Adoption } from './adoption.js'
import { atExit } from './at-exit.js'
import { DiskHealth } from './disk-health.js'
import { codeOf } from './file-system.js'
import { handOver } from './handover.js'
import { NotesWriter } from './notes.js'
import { type Home, makeHome } from './ownership.js'
import { Renewal } from './renewal.js'
import type { Segment } from './segment.js'
import { SegmentWriter, tryTo } from './segment-writer.js'
import { Sources } from './sources.js'
import { spoolStats } from './spool-stats.js'
import type { SpoolPorts, SpoolStats } from './spool-types.js'
import { Syncer } from './syncer.js'
import { WriteWaits } from './write-waits.js'

/** Longest time that a record is in memory alone, while the event loop turns. */
const WRITE_AFTER_MS = 10
const CHECK_EVERY_MS = 1000
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024
const MIN_SEGMENT_BYTES = 256 * 1024
const SEGMENTS_OF_SPOOL = 16

const NOTHING = Buffer.alloc(0)
const DONE: Promise<void> = Promise.resolve()

/**
 * The files of a spool, from the first to the last: where they lie, when they are written and synced,
 * what happens when the disk refuses, and how the next owner gets them.
 */
export class SpoolFiles {
  readonly #ports: SpoolPorts
  readonly sources: Sources
  readonly writer: SegmentWriter
  readonly health: DiskHealth
  readonly #notes: NotesWriter
  readonly #syncer: Syncer
  readonly #waits: WriteWaits = new WriteWaits()
  readonly #writeAlarm: Alarm
  readonly #renewal: Renewal
  readonly #adoption: Adoption
  #forgetExit = (): void => {}
  #home: Home | undefined
  #writeArmed = false
  #closed = false
  /** What was ours is the next owner's. */
  #handedOver = false
  #checkedAt = 0
  #bytes = 0
  #wallOffset = 0

  constructor(ports: SpoolPorts) {
    this.#ports = ports
    const { fs, timers, options, log, bootId, wallClock } = ports
    this.#notes = new NotesWriter(fs)
    this.sources = new Sources({
      fs,
      directory: options.directory,
      notes: this.#notes,
      log,
      forget: segment => this.#syncer.forget(segment),
      lost: ports.lost,
      unwritten: () => this.#unwritten(),
    })
    this.writer = new SegmentWriter({
      fs,
      directory: () => this.#home?.path ?? options.directory,
      segments: this.sources.own.segments,
      segmentBytes: Math.min(
        MAX_SEGMENT_BYTES,
        Math.max(MIN_SEGMENT_BYTES, Math.floor(options.maxBytes / SEGMENTS_OF_SPOOL)),
      ),
      bootId,
      wallClock,
      created: () => this.#syncer.created(),
      completed: (segment, fd) => {
        this.#syncer.completed(segment, fd)
        this.sources.completed(segment)
      },
    })
    this.#syncer = new Syncer({
      fs,
      timers,
      fsync: options.fsync,
      active: () => this.#active(),
      directory: () => this.#home?.path ?? options.directory,
      synced: end => this.#waits.synced(end),
      failed: (segment, error) => this.#syncFailed(segment, error),
    })
    this.#writeAlarm = timers.alarm(() => this.write())
    this.health = new DiskHealth(ports, () => this.#retry())
    this.#renewal = new Renewal(ports, {
      sources: this.sources,
      writer: this.writer,
      syncer: this.#syncer,
      health: this.health,
    })
    this.#adoption = new Adoption(ports, this.sources, error =>
      this.health.tell('adopt', error, 'cannot take over what others left'),
    )
  }

  /** Takes a directory, and looks for what earlier owners left. It may be called again. */
  start(): void {
    if (this.#home !== undefined || this.health.writesFail || this.#closed) return
    this.#forgetExit = atExit(() => this.write())
    this.#readClocks()
    try {
      this.#makeHome()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Whether it is not known yet what earlier owners left. */
  get isLooking(): boolean {
    return this.#adoption.looking
  }

  /** Whether the disk refuses to be written to. */
  get isFailing(): boolean {
    return this.health.writesFail || this.#home === undefined
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Size of all segments. */
  get bytes(): number {
    return this.#bytes
  }

  /** From the producer's clock to the wall clock. */
  get wallOffset(): number {
    return this.#wallOffset
  }

  /** Writes what was appended or settled, before long. */
  writeSoon(): void {
    if (this.#writeArmed) return
    this.#writeArmed = true
    this.#writeAlarm.set(WRITE_AFTER_MS)
  }

  /** Resolves when all that was appended is on disk, as far as `fsync` promises, or cannot be. */
  written(): Promise<void> {
    if (this.health.writesFail || this.writer.bufferedBytes === 0) {
      const isPending = !this.health.writesFail && this.#ports.options.fsync === 'batch'
      return isPending ? this.#waits.untilSynced(this.writer.nextSequence) : DONE
    }
    if (!this.#waits.isExpected) afterPolling(() => this.write())
    return this.#waits.untilWritten()
  }

  /** Writes what was appended or settled, if the disk takes it. */
  write(): void {
    this.#writeArmed = false
    this.#writeAlarm.cancel()
    if (this.health.writesFail || this.#home === undefined || this.#closed) return
    this.#readClocks()
    try {
      this.#checkHome(this.#home)
      this.#writeAll()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Writes all that was appended, as far as the disk lets it. */
  flush(): void {
    this.write()
    if (this.health.writesFail) this.#retry()
  }

  /** Makes room on a full disk. Returns whether that helped. */
  reclaim(): boolean {
    const before = this.#bytes
    if (!this.#renewal.reclaim()) return false
    this.count()
    return this.#bytes < before
  }

  /** Measures the segments anew. */
  count(): void {
    this.#bytes = this.sources.bytes
  }

  /**
   * Ends, and gives what is kept to the next owner.
   * @param maybeSent ids of records that may have been sent
   */
  close(maybeSent: Iterable<number>): void {
    if (this.#closed) return
    this.#closed = true
    this.#forgetExit()
    this.#writeAlarm.cancel()
    this.health.stop()
    this.#adoption.stop()
    const home = this.#home
    const isWhole = home !== undefined && this.#writeLast(maybeSent)
    this.#syncer.finish()
    try {
      if (isWhole) handOver(this.#ports, home, this.sources.own)
    } catch (error) {
      this.#closeFailed(error)
    }
    this.#handedOver = true
    const { active, fd } = this.writer
    if (active !== undefined) this.#syncer.closeFile(fd)
    this.#notes.close()
    this.sources.close()
    home?.release()
    if (home !== undefined && this.sources.segments.length === 0)
      tryTo(() => this.#ports.fs.removeDirectory(home.path))
    this.#waits.all()
  }

  stats(isFull: boolean): SpoolStats {
    const [home, health, sources, syncer] = [this.#home, this.health, this.sources, this.#syncer]
    return spoolStats({ health, isFull, home, sources, syncer })
  }

  /** Returns whether all is on disk that the next owner has to know. */
  #writeLast(maybeSent: Iterable<number>): boolean {
    try {
      this.writer.write()
      this.sources.written()
      this.sources.writeNotes()
      for (const id of maybeSent) this.sources.maybeSent(id)
      return true
    } catch (error) {
      this.#closeFailed(error)
      return false
    }
  }

  #closeFailed(error: unknown): void {
    this.health.tell('write', error, 'fails while it is closed')
  }

  #active(): { segment: Segment; fd: number; end: number } | undefined {
    const { active, fd, unwritten } = this.writer
    return active === undefined ? undefined : { segment: active, fd, end: unwritten }
  }

  #makeHome(): void {
    const { fs, locks, options } = this.#ports
    this.#home = makeHome(fs, locks, options.directory)
    this.#adoption.start(this.#home)
  }

  #writeAll(): void {
    const hadBytes = this.writer.bufferedBytes > 0
    this.writer.write()
    this.sources.written()
    this.count()
    this.#waits.written(this.writer.unwritten, this.#ports.options.fsync === 'batch')
    if (hadBytes) {
      this.health.wrote()
      this.#syncer.written()
    }
    this.sources.writeNotes()
  }

  /** Once a second: somebody may have removed what we write to. */
  #checkHome(home: Home): void {
    const now = this.#ports.timers.now()
    if (now - this.#checkedAt < CHECK_EVERY_MS) return
    this.#checkedAt = now
    const { active, fd } = this.writer
    const isGone = active !== undefined && this.#ports.fs.status(fd).links === 0
    if (!isGone && home.isThere()) return
    this.#abandonHome(home)
    throw new Error(`${home.path} was removed`)
  }

  #abandonHome(home: Home): void {
    const { own } = this.sources
    this.#home = undefined
    this.#adoption.stop()
    home.release()
    this.#notes.close()
    this.writer.retire()
    const buffered =
      this.writer.bufferedBytes === 0 ? 0 : this.writer.nextSequence - this.writer.unwritten
    this.sources.ownFilesGone(Math.min(own.unloaded, buffered))
  }

  /** The disk refuses: from here on records are in memory alone, until it does not. */
  #fail(error: unknown): void {
    if (codeOf(error) === 'EIO') this.writer.retire()
    this.health.writeFailed(error)
    this.#waits.all()
    if (!this.#closed) this.health.retryWriting()
  }

  #retry(): void {
    if (this.#closed) return
    this.health.readsAgain()
    if (this.health.writesFail) {
      try {
        if (this.#home === undefined) this.#makeHome()
        this.#readClocks()
        this.#writeAll()
        this.health.writesAgain()
      } catch (error) {
        this.#fail(error)
      }
    }
    this.#ports.changed()
  }

  /** What was written since the last call that succeeded may be gone, and nobody will say so again. */
  #syncFailed(segment: Segment, error: unknown): void {
    if (!this.sources.segments.includes(segment)) return
    const text = this.health.note(error)
    const then = this.#handedOver ? 'it was closed meanwhile' : 'it is written anew'
    this.#ports.log.warn('sync', `spool: fdatasync of ${segment.path} failed (${text}); ${then}`)
    if (this.#handedOver) return
    try {
      this.#renewal.renew(segment)
      this.count()
      if (segment === this.writer.active) this.#waits.synced(this.writer.unwritten)
    } catch (failure) {
      if (segment === this.writer.active) this.writer.retire()
      this.#fail(failure)
    }
  }

  /** Our own records that are in memory only, after a try to write them. */
  #unwritten(): Buffer {
    this.write()
    return this.writer.bufferedBytes === 0 ? NOTHING : this.writer.bufferedFrames
  }

  #readClocks(): void {
    this.#wallOffset = this.#ports.wallClock() - this.#ports.timers.now()
  }
}
