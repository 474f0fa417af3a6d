import type { RecordData } from '../record/record.js'
import { FRAME_HEADER_BYTES, IN_MEMORY, RECORD_HEADER_BYTES } from './format.js'
import type { SegmentWriter } from './segment-writer.js'
import type { Sources } from './sources.js'
import { SpoolFiles } from './spool-files.js'
import type { SpooledRecord, SpoolPorts, SpoolStats } from './spool-types.js'

/** Bytes that are written at once, whatever the time. */
const WRITE_BYTES = 256 * 1024

/**
 * Records on disk. It takes them in the order of admission, gives back those that are not in memory,
 * oldest first, and forgets what is settled. It never throws because of the disk: what cannot be
 * written is refused, or stays in memory until it can be.
 */
export class Spool {
  readonly #files: SpoolFiles
  readonly #sources: Sources
  readonly #writer: SegmentWriter
  readonly #maxBytes: number
  #full = false

  constructor(ports: SpoolPorts) {
    this.#files = new SpoolFiles(ports)
    this.#sources = this.#files.sources
    this.#writer = this.#files.writer
    this.#maxBytes = ports.options.maxBytes
  }

  /** Takes a directory, and looks for what earlier owners left. It may be called again. */
  start(): void {
    this.#files.start()
  }

  /** Whether new records have to go behind others that are on disk alone. */
  get isBehind(): boolean {
    return this.#files.isLooking || this.#sources.unloaded > 0
  }

  /** Records that are on disk alone. */
  get unloaded(): number {
    return this.#sources.unloaded
  }

  /** Whether it is not known yet what earlier owners left. */
  get isLooking(): boolean {
    return this.#files.isLooking
  }

  /** Records taken over from earlier owners. */
  get recovered(): number {
    return this.#sources.recovered
  }

  /** Whether the disk refuses to be written to. */
  get isFailing(): boolean {
    return this.#files.isFailing
  }

  /** Whether a record of this size would be taken now. */
  takes(bytes: number): boolean {
    if (this.#files.isFailing || this.#files.isClosed) return false
    const need = bytes + RECORD_HEADER_BYTES + FRAME_HEADER_BYTES
    this.#full = this.#files.bytes + this.#writer.bufferedBytes + need > this.#maxBytes
    if (this.#full && this.#files.reclaim()) return this.takes(bytes)
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
      this.#files.write()
      if (this.#files.health.writesFail) return 0
    }
    const sequence = writer.append(
      data,
      partitionKey,
      explicitHashKey,
      admittedAt + this.#files.wallOffset,
      inMemory ? IN_MEMORY : 0,
    )
    if (!inMemory) this.#sources.keptOnDiskOnly(sequence, writer.active)
    if (writer.bufferedBytes >= WRITE_BYTES) this.#files.write()
    else this.#files.writeSoon()
    return sequence
  }

  /** Resolves when all that was appended is on disk, as far as `fsync` promises, or cannot be. */
  written(): Promise<void> {
    return this.#files.written()
  }

  /** The next record that is not in memory; undefined: there is none now. */
  peek(): SpooledRecord | undefined {
    if (this.#files.isLooking || this.#files.health.readsFail) return undefined
    try {
      return this.#sources.peek()
    } catch (error) {
      this.#files.health.readFailed(error)
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
    if (this.#sources.own.segments.list.length !== segments || this.#full) this.#files.count()
    this.#files.writeSoon()
  }

  /** Whether the next owner would find this record. */
  has(id: number): boolean {
    return id !== 0 && this.#sources.has(id)
  }

  /** Writes all that was appended, as far as the disk lets it. */
  flush(): void {
    this.#files.flush()
  }

  /**
   * Ends, and gives what is kept to the next owner.
   * @param maybeSent ids of records that may have been sent
   */
  close(maybeSent: Iterable<number>): void {
    this.#files.close(maybeSent)
  }

  stats(): SpoolStats {
    return this.#files.stats(this.#full)
  }
}
