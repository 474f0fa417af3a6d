import { Backlog, type BacklogPorts } from './backlog.js'
import type { Segment, Segments } from './segment.js'

/** Sequences of one owner; ids of another owner's records begin above them. */
const IDS_OF_SOURCE: number = 2 ** 40
/** So many sources have ids that are whole numbers. */
export const MAX_SOURCES = 8000

/** Where an id belongs. */
export const sourceOf = (id: number): number => Math.floor(id / IDS_OF_SOURCE)

/** What one owner wrote: this producer itself, or an earlier one. */
export class Source {
  readonly index: number
  readonly segments: Segments
  readonly backlog: Backlog
  /** Records that are not in memory. */
  unloaded = 0
  /** Whether all that it left is known; else something has to stay where it is. */
  isWhole = true
  readonly path: string

  constructor(
    index: number,
    path: string,
    segments: Segments,
    ports: (source: Source) => Omit<BacklogPorts, 'segments'>,
  ) {
    this.index = index
    this.path = path
    this.segments = segments
    this.backlog = new Backlog({ ...ports(this), segments })
  }

  get isOwn(): boolean {
    return this.index === 0
  }

  idOf(sequence: number): number {
    return this.index * IDS_OF_SOURCE + sequence
  }

  sequenceOf(id: number): number {
    return id - this.index * IDS_OF_SOURCE
  }

  get bytes(): number {
    return this.segments.list.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Calls back with each part of a run that a segment holds; returns what none holds. */
  forEachPart(
    first: number,
    count: number,
    visit: (segment: Segment, first: number, count: number) => void,
  ): number {
    let [sequence, elsewhere] = [first, 0]
    const end = first + count
    while (sequence < end) {
      const segment = this.segments.from(sequence)
      const begin = segment === undefined ? end : Math.min(end, Math.max(sequence, segment.first))
      elsewhere += begin - sequence
      if (segment === undefined || begin === end) break
      const stop = Math.min(end, segment.end)
      visit(segment, begin, stop - begin)
      sequence = stop
    }
    return elsewhere
  }
}
