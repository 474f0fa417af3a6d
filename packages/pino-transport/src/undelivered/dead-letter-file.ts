import { closeSync } from 'node:fs'
import { appendWhole, locked } from './append-whole.js'
import { letterOf, type Undeliverable } from './letter.js'
import { openRegular } from './regular-file.js'

const BATCH_BYTES = 1024 * 1024

/**
 * Appends dead letters to a file, at most 1 MiB or one turn of the event loop after they came. Several
 * processes may write to one file.
 */
export class DeadLetterFile {
  readonly path: string
  readonly #maxBytes: number
  readonly #failed: (letters: number, why: string) => void
  #pending: Buffer[] = []
  #pendingBytes = 0
  #scheduled: NodeJS.Immediate | undefined
  written = 0

  /**
   * @param failed how many letters could not be written, and why
   * @throws what is in the way of the file: news for the start, not for the outage
   */
  constructor(path: string, maxBytes: number, failed: (letters: number, why: string) => void) {
    this.path = path
    this.#maxBytes = maxBytes
    this.#failed = failed
    locked(path, () => closeSync(openRegular(path, 'append')))
  }

  add(lost: Undeliverable): void {
    const line = Buffer.from(`${JSON.stringify(letterOf(lost))}\n`)
    this.#pending.push(line)
    this.#pendingBytes += line.length
    if (this.#pendingBytes >= BATCH_BYTES) this.flush()
    else this.#scheduled ??= setImmediate(() => this.flush())
  }

  /** Writes what waits, now. Never throws: what cannot be written is told to `failed`. */
  flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    const letters = this.#pending
    if (letters.length === 0) return
    this.#pending = []
    this.#pendingBytes = 0
    const { lines, why = '' } = appendWhole(this.path, letters, this.#maxBytes)
    this.written += lines
    if (lines < letters.length) this.#failed(letters.length - lines, why)
  }
}
