import type { RecordData } from '../record/record.js'
import { afterPolling } from '../time/after-polling.js'
import type { Alarm } from '../time/timers.js'
import { Adoption } from './adoption.js'
import { atExit } from './at-exit.js'
import { codeOf } from './file-system.js'
import { FRAME_HEADER_BYTES, IN_MEMORY, RECORD_HEADER_BYTES } from './format.js'
import { NotesWriter } from './notes.js'
import { type Home, makeHome } from './ownership.js'
import { CLOSED, removeSegment } from './recovery.js'
import { rewriteSegment } from './rewrite.js'
import type { Segment } from './segment.js'
import { SegmentWriter, tryTo } from './segment-writer.js'
import { Sources } from './sources.js'
import type { SpooledRecord, SpoolPorts, SpoolStats } from './spool-types.js'
import { Syncer } from './syncer.js'
import { WriteWaits } from './write-waits.js'

/** Longest time that a record is in memory alone, while the event loop turns. */
const WRITE_AFTER_MS = 10
/** Bytes that are written at once, whatever the time. */
const WRITE_BYTES = 256 * 1024
const CHECK_EVERY_MS = 1000
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 30_000
/** Part of its records below which a segment is worth being written anew, and of its bytes. */
const SPARSE = 0.25
const MAX_SEGMENT_BYTES = 16 * 1024 * 1024
const MIN_SEGMENT_BYTES = 256 * 1024
const SEGMENTS_OF_SPOOL = 16

const NOTHING = Buffer.alloc(0)
const DONE: Promise<void> = Promise.resolve()

/**
 * Records on disk. It takes them in the order of admission, gives back those that are not in memory,
 * oldest first, and forgets what is settled. It never throws because of the disk: what cannot be
 * written is refused, or stays in memory until it can be.
 */
export class Spool {
  readonly #ports: SpoolPorts
  readonly #notes: NotesWriter
  readonly #sources: Sources
  readonly #writer: SegmentWriter
  readonly #syncer: Syncer
  readonly #waits: WriteWaits = new WriteWaits()
  readonly #writeAlarm: Alarm
  readonly #retryAlarm: Alarm
  readonly #adoption: Adoption
  #forgetExit = (): void => {}
  #home: Home | undefined
  #writeArmed = false
  #failing = false
  #readFails = false
  #full = false
  #closed = false
  #lastError: string | undefined
  #retryDelay = FIRST_RETRY_MS
  #checkedAt = 0
  #reclaimedAt = Number.NEGATIVE_INFINITY
  /** Size of all segments. */
  #bytes = 0
  /** From the producer's clock to the wall clock. */
  #wallOffset = 0

  constructor(ports: SpoolPorts) {
    this.#ports = ports
    const { fs, timers, options, log, bootId, wallClock } = ports
    this.#notes = new NotesWriter(fs)
    this.#sources = new Sources({
      fs,
      directory: options.directory,
      notes: this.#notes,
      log,
      forget: segment => this.#syncer.forget(segment),
      lost: ports.lost,
      unwritten: () => this.#unwritten(),
    })
    this.#writer = new SegmentWriter({
      fs,
      directory: () => this.#home?.path ?? options.directory,
      segments: this.#sources.own.segments,
      segmentBytes: Math.min(
        MAX_SEGMENT_BYTES,
        Math.max(MIN_SEGMENT_BYTES, Math.floor(options.maxBytes / SEGMENTS_OF_SPOOL)),
      ),
      bootId,
      wallClock,
      created: () => this.#syncer.created(),
      completed: (segment, fd) => {
        this.#syncer.completed(segment, fd)
        this.#sources.completed(segment)
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
    this.#writeAlarm = timers.alarm(() => this.#write())
    this.#retryAlarm = timers.alarm(() => this.#retry())
    this.#adoption = new Adoption(ports, this.#sources, error =>
      this.#tell('adopt', error, 'cannot take over what others left'),
    )
  }

  /** Takes a directory, and looks for what earlier owners left. It may be called again. */
  start(): void {
    if (this.#home !== undefined || this.#failing || this.#closed) return
    this.#forgetExit = atExit(() => this.#write())
    this.#readClocks()
    try {
      this.#makeHome()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Whether new records have to go behind others that are on disk alone. */
  get isBehind(): boolean {
    return this.#adoption.looking || this.#sources.unloaded > 0
  }

  /** Records that are on disk alone. */
  get unloaded(): number {
    return this.#sources.unloaded
  }

  /** Whether it is not known yet what earlier owners left. */
  get isLooking(): boolean {
    return this.#adoption.looking
  }

  /** Records taken over from earlier owners. */
  get recovered(): number {
    return this.#sources.recovered
  }

  /** Whether the disk refuses to be written to. */
  get isFailing(): boolean {
    return this.#failing || this.#home === undefined
  }

  /** Whether a record of this size would be taken now. */
  takes(bytes: number): boolean {
    if (this.#failing || this.#closed || this.#home === undefined) return false
    const need = bytes + RECORD_HEADER_BYTES + FRAME_HEADER_BYTES
    this.#full = this.#bytes + this.#writer.bufferedBytes + need > this.#ports.options.maxBytes
    if (this.#full && this.#reclaim()) return this.takes(bytes)
    return !this.#full
  }

  /**
   * Keeps a record. Returns its id; 0: it was not taken.
   * @param bytes at least those of the data and the keys
   * @param admittedAt in the time of the producer's clock
   * @param inMemory whether it is in memory as well; otherwise it will be read back
   */
  append(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    admittedAt: number,
    inMemory: boolean,
  ): number {
    if (!this.takes(bytes)) return 0
    const writer = this.#writer
    // What is on disk alone begins at a place that can be found again.
    if (!inMemory && this.#sources.own.unloaded === 0) {
      this.#write()
      if (this.#failing) return 0
    }
    const sequence = writer.append(
      data,
      partitionKey,
      explicitHashKey,
      admittedAt + this.#wallOffset,
      inMemory ? IN_MEMORY : 0,
    )
    if (!inMemory) this.#sources.keptOnDiskOnly(sequence, writer.active)
    if (writer.bufferedBytes >= WRITE_BYTES) this.#write()
    else if (!this.#writeArmed) {
      this.#writeArmed = true
      this.#writeAlarm.set(WRITE_AFTER_MS)
    }
    return sequence
  }

  /** Resolves when all that was appended is on disk, as far as `fsync` promises, or cannot be. */
  written(): Promise<void> {
    if (this.#failing || this.#writer.bufferedBytes === 0) {
      const isPending = !this.#failing && this.#ports.options.fsync === 'batch'
      return isPending ? this.#waits.untilSynced(this.#writer.nextSequence) : DONE
    }
    if (!this.#waits.isExpected) afterPolling(() => this.#write())
    return this.#waits.untilWritten()
  }

  /** The next record that is not in memory; undefined: there is none now. */
  peek(): SpooledRecord | undefined {
    if (this.#adoption.looking || this.#readFails) return undefined
    try {
      return this.#sources.peek()
    } catch (error) {
      this.#readFails = true
      this.#tell('read', error, 'cannot be read now, and its records wait')
      this.#retryAlarm.set(this.#retryDelay)
      return undefined
    }
  }

  /** That record is in memory now. */
  shift(): void {
    this.#sources.shift()
  }

  /** These are settled; an id of 0 was never kept. */
  settled(id: number, count: number): void {
    if (id === 0) return
    const segments = this.#sources.own.segments.list.length
    this.#sources.settled(id, count)
    if (this.#sources.own.segments.list.length !== segments || this.#full) this.#count()
    if (this.#writeArmed) return
    this.#writeArmed = true
    this.#writeAlarm.set(WRITE_AFTER_MS)
  }

  /** Whether the next owner would find this record. */
  has(id: number): boolean {
    return id !== 0 && this.#sources.has(id)
  }

  /** Writes all that was appended, as far as the disk lets it. */
  flush(): void {
    this.#write()
    if (this.#failing) this.#retry()
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
    this.#retryAlarm.cancel()
    this.#adoption.stop()
    const home = this.#home
    if (home === undefined) return this.#waits.all()
    try {
      this.#writer.write()
      this.#sources.written()
      this.#sources.writeNotes()
      for (const id of maybeSent) this.#sources.maybeSent(id)
      this.#syncer.finish()
      this.#leave(home)
    } catch (error) {
      this.#tell('write', error, 'fails while it is closed')
    }
    const active = this.#active()
    if (active !== undefined) this.#syncer.closeFile(active.fd)
    this.#notes.close()
    this.#sources.close()
    home.release()
    if (this.#sources.segments.length === 0) tryTo(() => this.#ports.fs.removeDirectory(home.path))
    this.#waits.all()
  }

  stats(): SpoolStats {
    const { segments, unloaded, recovered, lost, badFrames, tornTails } = this.#sources
    return {
      state: this.#failing || this.#readFails ? 'failing' : this.#full ? 'full' : 'open',
      ...(this.#home !== undefined && { directory: this.#home.path }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
      records: segments.reduce((sum, segment) => sum + segment.unsettled, 0),
      recordsOnDiskOnly: unloaded,
      bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
      segments: segments.length,
      recovered,
      lost,
      badFrames,
      tornTails,
      fsyncLatency: this.#syncer.latency,
    }
  }

  #active(): { segment: Segment; fd: number; end: number } | undefined {
    const { active, fd, unwritten } = this.#writer
    return active === undefined ? undefined : { segment: active, fd, end: unwritten }
  }

  #makeHome(): void {
    const { fs, locks, options } = this.#ports
    this.#home = makeHome(fs, locks, options.directory)
    this.#adoption.start(this.#home)
  }

  #write(): void {
    this.#writeArmed = false
    this.#writeAlarm.cancel()
    if (this.#failing || this.#home === undefined || this.#closed) return
    this.#readClocks()
    try {
      this.#checkHome(this.#home)
      this.#writeAll()
    } catch (error) {
      this.#fail(error)
    }
  }

  #writeAll(): void {
    const hadBytes = this.#writer.bufferedBytes > 0
    this.#writer.write()
    this.#sources.written()
    this.#count()
    this.#waits.written(this.#writer.unwritten, this.#ports.options.fsync === 'batch')
    if (hadBytes) {
      this.#retryDelay = FIRST_RETRY_MS
      this.#syncer.written()
    }
    this.#sources.writeNotes()
  }

  /** Once a second: somebody may have removed what we write to. */
  #checkHome(home: Home): void {
    const now = this.#ports.timers.now()
    if (now - this.#checkedAt < CHECK_EVERY_MS) return
    this.#checkedAt = now
    const { active, fd } = this.#writer
    const isGone = active !== undefined && this.#ports.fs.status(fd).links === 0
    if (!isGone && home.isThere()) return
    this.#abandonHome(home)
    throw new Error(`${home.path} was removed`)
  }

  #abandonHome(home: Home): void {
    const { own } = this.#sources
    this.#home = undefined
    this.#adoption.stop()
    home.release()
    this.#notes.close()
    this.#writer.retire()
    const buffered =
      this.#writer.bufferedBytes === 0 ? 0 : this.#writer.nextSequence - this.#writer.unwritten
    this.#sources.ownFilesGone(Math.min(own.unloaded, buffered))
  }

  /** The disk refuses: from here on records are in memory alone, until it does not. */
  #fail(error: unknown): void {
    if (codeOf(error) === 'EIO') this.#writer.retire()
    if (!this.#failing)
      this.#tell('write', error, 'cannot be written: new records are kept in memory alone')
    this.#failing = true
    this.#waits.all()
    if (this.#closed) return
    this.#retryAlarm.set(this.#retryDelay)
    this.#retryDelay = Math.min(LAST_RETRY_MS, 2 * this.#retryDelay)
  }

  #retry(): void {
    if (this.#closed) return
    this.#readFails = false
    if (this.#failing) {
      try {
        if (this.#home === undefined) this.#makeHome()
        this.#readClocks()
        this.#writeAll()
        this.#failing = false
        this.#ports.log.info('spool: the disk takes records again')
      } catch (error) {
        this.#fail(error)
      }
    }
    this.#ports.changed()
  }

  /** What was written since the last call that succeeded may be gone, and nobody will say so again. */
  #syncFailed(segment: Segment, error: unknown): void {
    const { fs, wallClock, bootId, log } = this.#ports
    if (!this.#sources.segments.includes(segment)) return
    this.#lastError = textOf(error)
    log.warn(
      'sync',
      `spool: fdatasync of ${segment.path} failed (${textOf(error)}); it is written anew`,
    )
    try {
      rewriteSegment(fs, segment, wallClock(), bootId, Number.POSITIVE_INFINITY)
      this.#replaced(segment)
      if (segment === this.#writer.active) this.#waits.synced(this.#writer.unwritten)
    } catch (failure) {
      if (segment === this.#writer.active) this.#writer.retire()
      this.#fail(failure)
    }
  }

  #replaced(segment: Segment): void {
    const { fs } = this.#ports
    const fd = fs.append(segment.path)
    segment.bytes = fs.status(fd).bytes
    if (segment === this.#writer.active) this.#writer.replaced(fd)
    else fs.close(fd)
    this.#sources.replaced(segment)
    this.#count()
  }

  /** Writes segments anew that hold little else than settled records. Returns whether that helped. */
  #reclaim(): boolean {
    const { fs, timers, wallClock, bootId } = this.#ports
    const now = timers.now()
    if (now - this.#reclaimedAt < CHECK_EVERY_MS) return false
    this.#reclaimedAt = now
    const before = this.#bytes
    for (const segment of this.#sources.segments) {
      const isSparse = segment.unsettled < SPARSE * (segment.end - segment.first)
      if (!segment.complete || !isSparse) continue
      try {
        const most = 2 * SPARSE * segment.bytes
        const done = rewriteSegment(fs, segment, wallClock(), bootId, most)
        if (done !== undefined) this.#replaced(segment)
      } catch (error) {
        this.#lastError = textOf(error)
      }
    }
    this.#count()
    return this.#bytes < before
  }

  /** Our own records that are in memory only, after a try to write them. */
  #unwritten(): Buffer {
    this.#write()
    return this.#writer.bufferedBytes === 0 ? NOTHING : this.#writer.bufferedFrames
  }

  /** What is kept is there for the next owner. */
  #leave(home: Home): void {
    const { fs, options } = this.#ports
    const { own } = this.#sources
    for (const segment of own.segments.list)
      if (segment.unsettled === 0) {
        own.segments.remove(segment)
        removeSegment(fs, segment)
      }
    if (own.segments.list.length === 0) return
    const fd = fs.append(`${home.path}/${CLOSED}`)
    if (options.fsync !== false) tryTo(() => fs.syncNow(fd))
    fs.close(fd)
  }

  #count(): void {
    this.#bytes = this.#sources.bytes
  }

  #readClocks(): void {
    this.#wallOffset = this.#ports.wallClock() - this.#ports.timers.now()
  }

  #tell(kind: string, error: unknown, what: string): void {
    this.#lastError = textOf(error)
    this.#ports.log.warn(kind, `spool: ${this.#ports.options.directory} ${what} (${textOf(error)})`)
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
