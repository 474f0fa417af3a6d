import type { BacklogPorts, BacklogRecord } from './backlog.js'
import { codeOf, type FileSystem } from './file-system.js'
import { NOTE } from './format.js'
import { framesIn } from './frames-in.js'
import type { NotesWriter } from './notes.js'
import { CLOSED, removeSegment } from './recovery.js'
import { Runs } from './runs.js'
import { type Segment, Segments } from './segment.js'
import { tryTo } from './segment-writer.js'
import { setAside } from './set-aside.js'
import { MAX_SOURCES, Source, sourceOf } from './source.js'
import type { SpooledRecord, SpoolLog } from './spool-types.js'

export interface SourcesPorts {
  readonly fs: FileSystem
  /** What all owners share. */
  readonly directory: string
  readonly notes: NotesWriter
  readonly log: SpoolLog
  /** The files of a segment are about to be removed. */
  readonly forget: (segment: Segment) => void
  readonly lost: (count: number) => void
  /** Our own records that are not written yet, as frames; empty if all are. */
  readonly unwritten: () => Buffer
}

/** All records on disk: which of them are settled, which are in memory, and what comes next. */
export class Sources {
  readonly #ports: SourcesPorts
  readonly own: Source
  #adopted: readonly Source[] = []
  #byIndex = new Map<number, Source>()
  #made = 0
  #head: { readonly source: Source; readonly record: BacklogRecord } | undefined
  /** Own records that are read from memory, since the disk refuses them. */
  #refused: BacklogRecord[] = []
  /** Of records that are not written yet: what was settled, and what is in memory all the same. */
  readonly #settledEarly: Runs = new Runs()
  readonly #loadedEarly: Runs = new Runs()
  /** Segments with notes to be written. */
  readonly #unnoted = new Set<Segment>()
  unloaded = 0
  recovered = 0
  lost = 0
  badFrames = 0
  tornTails = 0

  constructor(ports: SourcesPorts) {
    this.#ports = ports
    this.own = this.#source('', new Segments(), false)
  }

  get adopted(): readonly Source[] {
    return this.#adopted
  }

  get canAdopt(): boolean {
    return this.#made < MAX_SOURCES
  }

  get bytes(): number {
    return this.#adopted.reduce((sum, source) => sum + source.bytes, this.own.bytes)
  }

  /** Every segment, oldest first. */
  get segments(): readonly Segment[] {
    return [...this.#adopted.flatMap(source => source.segments.list), ...this.own.segments.list]
  }

  /** Takes over what another owner left; it goes before our own records. */
  adopt(path: string, segments: Segments, closed: boolean, isWhole: boolean): number {
    const source = this.#source(path, segments, !closed)
    source.isWhole = isWhole
    source.unloaded = segments.list.reduce((sum, { unsettled }) => sum + unsettled, 0)
    this.unloaded += source.unloaded
    this.recovered += source.unloaded
    this.#adopted = [...this.#adopted, source]
    this.#removeIfEmpty(source)
    return source.unloaded
  }

  /** A record of our own is on disk alone; `segment` will have it from this position on. */
  keptOnDiskOnly(sequence: number, segment: Segment | undefined): void {
    const { own } = this
    if (own.unloaded === 0) own.backlog.seek(sequence, segment)
    own.unloaded++
    this.unloaded++
  }

  /**
   * The next record that is not in memory; undefined: there is none.
   * @throws what the system says when a file cannot be opened or read
   */
  peek(): SpooledRecord | undefined {
    this.#head ??= this.#next()
    if (this.#head === undefined) return undefined
    const { source, record } = this.#head
    const { sequence, data, isText, partitionKey, explicitHashKey, admittedAt, maybeSent } = record
    return {
      id: source.idOf(sequence),
      data: isText ? data.toString('utf8') : data,
      partitionKey,
      explicitHashKey,
      admittedAt,
      maybeSent,
    }
  }

  /** That record is in memory now. */
  shift(): void {
    if (this.#head === undefined) return
    this.#head.source.unloaded--
    this.unloaded--
    this.#head = undefined
  }

  /** Whether a record is on disk. */
  has(id: number): boolean {
    const source = this.#byIndex.get(sourceOf(id))
    return source?.segments.has(source.sequenceOf(id)) ?? false
  }

  settled(id: number, count: number): void {
    const source = this.#byIndex.get(sourceOf(id))
    if (source === undefined) return
    const first = source.sequenceOf(id)
    const elsewhere = source.forEachPart(first, count, (segment, start, length) =>
      this.#settle(source, segment, start, length),
    )
    // Written later, or never: what is settled already is noted behind it.
    if (elsewhere > 0 && source.isOwn) this.#settledEarly.add(first, count)
  }

  /** May have been sent, though its owner closes in good order. */
  maybeSent(id: number): void {
    const source = this.#byIndex.get(sourceOf(id))
    if (source === undefined) return
    source.forEachPart(source.sequenceOf(id), 1, (segment, first, count) =>
      this.#ports.notes.append(segment, [{ kind: NOTE.maybeSent, first, count }]),
    )
  }

  /** Our own records were written: what happened to them before holds for the file. */
  written(): void {
    if (!this.#loadedEarly.isEmpty) {
      for (const { first, count } of this.#loadedEarly.list)
        this.own.forEachPart(first, count, (segment, start, length) =>
          this.#noteLoaded(this.own, segment, start, length),
        )
      this.#loadedEarly.clear()
    }
    if (this.#settledEarly.isEmpty) return
    const early = this.#settledEarly.list
    this.#settledEarly.clear()
    for (const { first, count } of early) this.settled(first, count)
  }

  /** @throws what the system says; what is not noted is noted the next time */
  writeNotes(): void {
    for (const segment of this.#unnoted) {
      const isOwn = segment.directory === this.own.segments.last?.directory
      this.#ports.notes.write(segment, isOwn ? NOTE.loaded : NOTE.maybeSent)
      this.#unnoted.delete(segment)
    }
  }

  /** The segment is complete: nothing but notes is written for it any more. */
  completed(segment: Segment): void {
    if (segment.unsettled === 0) return this.#release(this.own, segment)
    const count = segment.end - segment.first
    // Left out, it is counted by reading it.
    tryTo(() =>
      this.#ports.notes.append(segment, [{ kind: NOTE.complete, first: segment.first, count }]),
    )
  }

  /** The file of a segment was replaced: positions in it mean nothing any more. */
  replaced(segment: Segment): void {
    const source = this.#sourceWith(segment)
    source?.backlog.seek(source.backlog.cursor)
  }

  /** All files of our own are gone; `kept` of the records that were on disk alone are in memory. */
  ownFilesGone(kept: number): void {
    const { own } = this
    const gone = Math.max(0, own.unloaded - kept)
    own.backlog.seek(own.backlog.cursor)
    for (const segment of own.segments.list) this.#unnoted.delete(segment)
    own.segments.clear()
    if (this.#head?.source === own) this.#head = undefined
    this.#countLost(own, gone)
  }

  close(): void {
    for (const source of [...this.#adopted, this.own]) source.backlog.close()
  }

  #source(path: string, segments: Segments, trustsFlags: boolean): Source {
    const source = new Source(this.#made++, path, segments, made =>
      this.#backlogPorts(made, trustsFlags),
    )
    this.#byIndex.set(source.index, source)
    return source
  }

  #backlogPorts(source: Source, trustsFlags: boolean): Omit<BacklogPorts, 'segments'> {
    const { fs, directory, log } = this.#ports
    return {
      fs,
      trustsFlags,
      loaded: (segment, first, count) => this.#noteLoaded(source, segment, first, count),
      lost: (segment, first, count) => {
        const lost = segment.settled.add(first, count)
        this.#countLost(source, lost)
        if (segment.complete && segment.unsettled === 0) this.#release(source, segment)
      },
      bad: (segment, start, end) => {
        this.badFrames++
        const path = setAside(fs, directory, segment, start, end)
        const where =
          path === undefined ? 'they could not be set aside' : `they are set aside in ${path}`
        log.warn(
          'bad',
          `spool: ${end - start} bytes of ${segment.path} at ${start} are damaged; ${where}`,
        )
      },
      torn: () => {
        this.tornTails++
      },
    }
  }

  #next(): { source: Source; record: BacklogRecord } | undefined {
    for (const source of this.#adopted) {
      if (source.unloaded === 0) continue
      const record = this.#read(source)
      if (record !== undefined) return { source, record }
      // What the names and notes promised was not there.
      this.#countLost(source, source.unloaded)
    }
    const { own } = this
    if (own.unloaded === 0) return undefined
    const refused = this.#refused.shift()
    if (refused !== undefined) return { source: own, record: refused }
    const frames = this.#ports.unwritten()
    const record = this.#read(own) ?? this.#fromMemory(frames)
    if (record !== undefined) return { source: own, record }
    this.#countLost(own, own.unloaded)
    return undefined
  }

  #read(source: Source): BacklogRecord | undefined {
    for (;;) {
      try {
        return source.backlog.next()
      } catch (error) {
        // A file that is gone is lost; one that cannot be opened now may be later.
        const segment = source.segments.from(source.backlog.cursor)
        if (codeOf(error) !== 'ENOENT' || segment === undefined) throw error
        source.backlog.close()
        this.#countLost(source, segment.settled.add(segment.first, segment.end - segment.first))
        if (segment.complete) this.#release(source, segment)
        else return undefined
      }
    }
  }

  /** Records that the disk refuses are in memory only, as frames. */
  #fromMemory(frames: Buffer): BacklogRecord | undefined {
    const { own } = this
    for (const record of framesIn(Buffer.from(frames), own.backlog.cursor)) {
      this.#refused.push(record)
      this.#loadedEarly.add(record.sequence, 1)
      own.backlog.seek(record.sequence + 1)
    }
    return this.#refused.shift()
  }

  #noteLoaded(source: Source, segment: Segment, first: number, count: number): void {
    segment.unnotedLoads.add(first, count)
    try {
      this.#ports.notes.write(segment, source.isOwn ? NOTE.loaded : NOTE.maybeSent)
    } catch {
      // Until the disk takes it, a crash leaves records unmarked that may have been sent.
      this.#unnoted.add(segment)
    }
  }

  #settle(source: Source, segment: Segment, first: number, count: number): void {
    if (segment.settled.add(first, count) === 0) return
    if (segment.complete && segment.unsettled === 0) return this.#release(source, segment)
    segment.unnoted.add(first, count)
    this.#unnoted.add(segment)
  }

  /** All of its records are settled: the files go. */
  #release(source: Source, segment: Segment): void {
    const { fs, notes, forget } = this.#ports
    forget(segment)
    notes.close()
    this.#unnoted.delete(segment)
    source.segments.remove(segment)
    // A file that cannot be removed is sent again by the next owner.
    tryTo(() => removeSegment(fs, segment))
    this.#removeIfEmpty(source)
  }

  #removeIfEmpty(source: Source): void {
    if (source.isOwn || source.segments.list.length > 0) return
    const { fs } = this.#ports
    source.backlog.close()
    this.#adopted = this.#adopted.filter(other => other !== source)
    this.#byIndex.delete(source.index)
    this.#countLost(source, source.unloaded)
    if (!source.isWhole) return
    tryTo(() => fs.remove(`${source.path}/${CLOSED}`))
    tryTo(() => fs.removeDirectory(source.path))
  }

  #countLost(source: Source, count: number): void {
    if (count === 0) return
    source.unloaded -= count
    this.unloaded -= count
    this.lost += count
    this.#ports.lost(count)
  }

  #sourceWith(segment: Segment): Source | undefined {
    return [this.own, ...this.#adopted].find(({ segments }) => segments.list.includes(segment))
  }
}
