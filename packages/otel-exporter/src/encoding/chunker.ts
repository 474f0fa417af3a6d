import type { ReadableLogRecordLike, ResourceLike, ScopeLike } from '../log-record.js'
import type { LogChunk, LogEncoder } from './encoder.js'
import { shorten } from './shorten.js'

/** Logs of a chunk share resource and scope; beyond this their weight hardly matters. */
const FULL_BYTES = 64 * 1024
/** Chunks filled at once; more come only from keys such as trace ids. */
const MAX_OPEN = 64

/** Encoded logs that are sent as one record of the producer. */
export interface Encoded {
  readonly data: Buffer
  readonly logs: number
  readonly partitionKey: string | undefined
}

interface Open {
  readonly resource: ResourceLike
  readonly scope: ScopeLike
  readonly key: string | undefined
  readonly chunk: LogChunk
}

export interface ChunkerOptions {
  readonly encoder: LogEncoder
  /** Most bytes of a chunk without its key. */
  readonly maxBytes: number
  /** What to do with a log that is larger by itself. */
  readonly oversize: 'truncate' | 'drop'
  readonly full: (encoded: Encoded) => void
  /** A log was too large and could not be shortened, or was not to be. */
  readonly tooLarge: (bytes: number) => void
}

/** Collects logs in chunks by resource, scope and partition key. */
export class Chunker {
  readonly #options: ChunkerOptions
  readonly #open: Open[] = []
  /** Encoded bytes not yet handed on. */
  #last: Open | undefined

  constructor(options: ChunkerOptions) {
    this.#options = options
  }

  /** Logs not yet handed on. */
  get logs(): number {
    return this.#open.reduce((sum, { chunk }) => sum + chunk.logs, 0)
  }

  add(log: ReadableLogRecordLike, key: string | undefined): void {
    const open = this.#find(log, key)
    const { chunk } = open
    chunk.add(log)
    if (chunk.bytes <= this.#options.maxBytes) {
      if (chunk.bytes >= FULL_BYTES) this.#close(open)
      return
    }
    if (chunk.logs > 1) {
      chunk.undo()
      this.#close(open)
      return this.add(log, key)
    }
    this.#large(open, log)
  }

  /** Hands on all there is. */
  flush(): void {
    while (this.#open[0] !== undefined) this.#close(this.#open[0])
  }

  /** The chunk is the log alone, and too large. */
  #large(open: Open, log: ReadableLogRecordLike): void {
    const { maxBytes, oversize, tooLarge } = this.#options
    const { chunk } = open
    const bytes = chunk.bytes
    if (oversize === 'truncate') shorten(chunk, log, maxBytes)
    if (chunk.bytes <= maxBytes) return this.#close(open)
    chunk.undo()
    this.#close(open)
    tooLarge(bytes)
  }

  #find({ resource, instrumentationScope: scope }: ReadableLogRecordLike, key?: string): Open {
    const fits = (open: Open): boolean =>
      open.scope === scope && open.resource === resource && open.key === key
    if (this.#last !== undefined && fits(this.#last)) return this.#last
    let open = this.#open.find(fits)
    if (open === undefined) {
      if (this.#open.length >= MAX_OPEN && this.#open[0] !== undefined) this.#close(this.#open[0])
      const chunk = this.#options.encoder.open({ resource, instrumentationScope: scope })
      open = { resource, scope, key, chunk }
      this.#open.push(open)
    }
    this.#last = open
    return open
  }

  #close(open: Open): void {
    this.#open.splice(this.#open.indexOf(open), 1)
    if (this.#last === open) this.#last = undefined
    const { logs } = open.chunk
    const data = open.chunk.finish()
    if (logs > 0) this.#options.full({ data, logs, partitionKey: open.key })
  }
}
