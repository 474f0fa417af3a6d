import type { ReadableLogRecordLike } from '../log-record.js'
import type { LogChunk, LogEncoder } from './encoder.js'
import { type AnyResource, type AnyScope, LogFields } from './log-fields.js'
import { shorten } from './shorten.js'

/**
 * Logs of a chunk share resource and scope; beyond this their weight hardly matters. Most chunks are
 * below 32 KB then, so that the producer keeps them in memory that it uses again and again.
 */
const FULL_BYTES = 28 * 1024
/** Chunks filled at once; more come only from keys such as trace ids. */
const MAX_OPEN = 64
/** Logs emitted while a log is read, by its `toJSON` say, and while one of those is read, and so on. */
export const MAX_NESTED = 4

/** Encoded logs that are sent as one record of the producer. */
export interface Encoded {
  /** Bytes are there until the next chunk begins: whoever keeps them, copies them. */
  readonly data: Uint8Array | string
  readonly logs: number
  readonly partitionKey: string | undefined
}

interface Open {
  readonly resource: AnyResource
  readonly scope: AnyScope
  readonly key: string | undefined
  readonly maxBytes: number
  readonly chunk: LogChunk
}

export interface ChunkerOptions {
  readonly encoder: LogEncoder
  /** Most bytes of a chunk with this key, now. */
  readonly maxBytes: (key: string | undefined) => number
  /** What to do with a log that is larger by itself. */
  readonly oversize: 'truncate' | 'drop'
  readonly full: (encoded: Encoded) => void
  /** A log was too large, and was shortened. */
  readonly shortened?: () => void
  /** A log was too large and could not be shortened, or was not to be; of its bytes, what was read. */
  readonly tooLarge: (bytes: number) => void
  /** A log was emitted by reading a log that was emitted by reading one, without an end. */
  readonly endless?: () => void
}

/** A log that was emitted while another was read. */
interface Nested {
  readonly log: ReadableLogRecordLike
  readonly key: string | undefined
  readonly depth: number
}

/** Collects logs in chunks by resource, scope and partition key. */
export class Chunker {
  readonly #options: ChunkerOptions
  readonly #open: Open[] = []
  /** The log that is being added. */
  readonly #log = new LogFields()
  /** Reading a log may run code of the application, and that may log. */
  #isReading = false
  #depth = 0
  readonly #nested: Nested[] = []
  #flushIsDue = false
  /** The chunk that was added to last. */
  #last: Open | undefined

  constructor(options: ChunkerOptions) {
    this.#options = options
  }

  /** Logs not yet handed on. */
  get logs(): number {
    return this.#open.reduce((sum, { chunk }) => sum + chunk.logs, 0)
  }

  add(log: ReadableLogRecordLike, key: string | undefined): void {
    if (this.#isReading) {
      if (this.#depth < MAX_NESTED) this.#nested.push({ log, key, depth: this.#depth + 1 })
      else this.#options.endless?.()
      return
    }
    this.#isReading = true
    try {
      this.#log.read(log)
      this.#add(key)
      for (let one = this.#nested.shift(); one !== undefined; one = this.#nested.shift()) {
        this.#depth = one.depth
        this.#log.read(one.log)
        this.#add(one.key)
      }
    } finally {
      this.#depth = 0
      this.#isReading = false
    }
    if (this.#flushIsDue) this.flush()
  }

  #add(key: string | undefined): void {
    const open = this.#find(key)
    const { chunk, maxBytes } = open
    chunk.add(this.#log)
    const { bytes } = chunk
    if (bytes <= maxBytes) {
      if (bytes >= FULL_BYTES) this.#close(open)
      return
    }
    if (chunk.logs > 1) {
      chunk.undo()
      this.#close(open)
      return this.#add(key)
    }
    this.#large(open, bytes)
  }

  /** Hands on all there is. */
  flush(): void {
    this.#flushIsDue = this.#isReading
    if (this.#isReading) return
    while (this.#open[0] !== undefined) this.#close(this.#open[0])
  }

  /** The chunk is the log alone, and too large. */
  #large(open: Open, bytes: number): void {
    const { oversize, tooLarge, shortened, encoder } = this.#options
    const { chunk, maxBytes } = open
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
      const maxBytes = this.#options.maxBytes(key)
      const chunk = this.#options.encoder.open(resource, scope, maxBytes)
      open = { resource, scope, key, maxBytes, chunk }
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
