import { notesName, segmentName } from './format.js'
import { Runs } from './runs.js'

/** A file of records, and what is known of them. */
export class Segment {
  readonly directory: string
  /** Sequence of its first record. */
  readonly first: number
  /** Sequence after its last record. */
  end: number
  /** Size of the file. */
  bytes: number
  /** No more is written to it. */
  complete = false
  /** Every record in it may have been sent before. */
  allMaybeSent = false
  readonly settled: Runs = new Runs()
  /** What is settled and not noted on disk yet. */
  readonly unnoted: Runs = new Runs()
  /** What was read into memory, of which the disk has refused to take note. */
  readonly unnotedLoads: Runs = new Runs()
  /** Of an earlier owner: records that may have been sent before. */
  readonly maybeSent: Runs = new Runs()

  constructor(directory: string, first: number, end: number, bytes: number) {
    this.directory = directory
    this.first = first
    this.end = end
    this.bytes = bytes
  }

  get path(): string {
    return `${this.directory}/${segmentName(this.first)}`
  }

  get notesPath(): string {
    return `${this.directory}/${notesName(this.first)}`
  }

  /** Records that are not settled. */
  get unsettled(): number {
    return this.end - this.first - this.settled.total
  }
}

/** The segments of one owner, in their order. */
export class Segments {
  #list: Segment[] = []

  get list(): readonly Segment[] {
    return this.#list
  }

  get last(): Segment | undefined {
    return this.#list.at(-1)
  }

  push(segment: Segment): void {
    this.#list.push(segment)
  }

  remove(segment: Segment): void {
    this.#list = this.#list.filter(other => other !== segment)
  }

  clear(): void {
    this.#list = []
  }

  /** The one that holds this sequence, or the next after it. */
  from(sequence: number): Segment | undefined {
    let [low, high] = [0, this.#list.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#list[middle]?.end ?? 0) <= sequence) low = middle + 1
      else high = middle
    }
    return this.#list[low]
  }

  /** Whether one of them holds it. */
  has(sequence: number): boolean {
    const segment = this.from(sequence)
    return segment !== undefined && segment.first <= sequence
  }
}
