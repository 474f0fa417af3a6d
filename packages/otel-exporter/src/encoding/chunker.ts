import type { ReadableLogRecordLike } from '../log-record.js'
import type { LogChunk, LogEncoder } from './encoder.js'
import { type AnyResource, type AnyScope, LogFields } from './log-fields.js'
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
  readonly resource: AnyResource
  readonly scope: AnyScope
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
  /** A log was too large, and was shortened. */
  readonly shortened?: () => void
  /** A log was too large and could not be shortened, or was not to be; of its bytes, what was read. */
  readonly tooLarge: (bytes: number) => void
}

/** Collects logs in chunks by resource, scope and partition key. */
export class Chunker {
  readonly #options: ChunkerOptions
  readonly #open: Open[] = []
  /** The log that is being added. */
  readonly #log = new LogFields()
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
    this.#log.read(log)
    this.#add(key)
  }

  #add(key: string | undefined): void {
    const open = this.#find(key)
    const { chunk } = open
    chunk.add(this.#log)
    if (chunk.bytes <= this.#options.maxBytes) {
      if (chunk.bytes >= FULL_BYTES) this.#close(open)
      return
    }
    if (chunk.logs > 1) {
      chunk.undo()
      this.#close(open)
      return this.#add(key)
    }
    this.#large(open)
  }

  /** Hands on all there is. */
  flush(): void {
    while (this.#open[0] !== undefined) this.#close(this.#open[0])
  }

  /** The chunk is the log alone, and too large. */
  #large(open: Open): void {
    const { maxBytes, oversize, tooLarge, shortened, encoder } = this.#options
    const { chunk } = open
    const bytes = chunk.bytes
    if (oversize === 'truncate' && shorten(chunk, this.#log, encoder.costs, maxBytes)) {
      this.#close(open)
      shortened?.()
      return
    }
    chunk.undo()
    this.#close(open)
    tooLarge(bytes)
  }

  #find(key: string | undefined): Open {
    const { resource, scope } = this.#log
    const last = this.#last
    if (last?.scope === scope && last.resource === resource && last.key === key) return last
    let open = this.#open.find(
      one => one.scope === scope && one.resource === resource && one.key === key,
    )
    if (open === undefined) {
      if (this.#open.length >= MAX_OPEN && this.#open[0] !== undefined) this.#close(this.#open[0])
      open = { resource, scope, key, chunk: this.#options.encoder.open(resource, scope) }
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
