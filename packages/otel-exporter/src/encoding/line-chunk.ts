import type { LogChunk } from './encoder.js'
import { wellFormed } from './json-text.js'
import type { LogFields } from './log-fields.js'

/** Logs in a text format: something before, something between, something after them. */
export class LineChunk implements LogChunk {
  readonly #before: string
  readonly #between: string
  readonly #after: string
  readonly #encode: (log: LogFields) => string
  #parts: string[] = []
  #bytes = 0
  readonly #around: number

  constructor(before: string, between: string, after: string, encode: (log: LogFields) => string) {
    this.#before = before
    this.#between = between
    this.#after = after
    this.#encode = encode
    this.#around = Buffer.byteLength(before, 'utf8') + Buffer.byteLength(after, 'utf8')
  }

  get logs(): number {
    return this.#parts.length
  }

  get bytes(): number {
    return this.#around + this.#bytes + Math.max(0, this.#parts.length - 1) * this.#between.length
  }

  add(log: LogFields): void {
    let part: string
    try {
      part = wellFormed(this.#encode(log))
    } catch (error) {
      // Longer than a string can be, say.
      log.withoutContents(error)
      part = wellFormed(this.#encode(log))
    }
    this.#parts.push(part)
    this.#bytes += Buffer.byteLength(part, 'utf8')
  }

  undo(): void {
    const part = this.#parts.pop()
    if (part !== undefined) this.#bytes -= Buffer.byteLength(part, 'utf8')
  }

  finish(): string {
    const text = this.#before + this.#parts.join(this.#between) + this.#after
    this.#parts = []
    this.#bytes = 0
    return text
  }
}
