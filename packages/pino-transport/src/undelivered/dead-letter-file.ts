import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import type { RecordData } from '@kinesis-producer/core'

/** One line of a dead letter file. */
export interface DeadLetter {
  /** When it was given up, ISO 8601. */
  readonly time: string
  readonly reason: string
  readonly attempts: number
  readonly error?: string
  readonly partitionKey?: string
  readonly explicitHashKey?: string
  /** Its last request got no answer: sent again, it may be there twice. */
  readonly possiblyDelivered?: true
  /** The line as it was sent. */
  readonly data: string
}

/** A line that becomes a letter. */
export interface Undeliverable {
  readonly data: RecordData
  readonly partitionKey?: string | undefined
  readonly explicitHashKey?: string | undefined
  readonly reason: string
  readonly attempts: number
  readonly error?: unknown
  readonly possiblyDelivered?: boolean
}

const BATCH_BYTES = 1024 * 1024

/**
 * Appends dead letters to a file, at most 1 MiB or one turn of the event loop after they came. The
 * file is opened for each write, so that it can be moved away at any time.
 */
export class DeadLetterFile {
  readonly path: string
  readonly #maxBytes: number
  readonly #failed: (letters: number, why: string) => void
  #pending: string[] = []
  #pendingBytes = 0
  #scheduled: NodeJS.Immediate | undefined
  written = 0

  constructor(path: string, maxBytes: number, failed: (letters: number, why: string) => void) {
    this.path = path
    this.#maxBytes = maxBytes
    this.#failed = failed
    // A file that cannot be written is news for the start, not for the outage.
    closeSync(openSync(path, 'a'))
  }

  add(lost: Undeliverable): void {
    const line = `${JSON.stringify(letterOf(lost))}\n`
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
    let done = 0
    let why = `${this.path} has reached deadLetterMaxBytes`
    try {
      done = this.#append(letters)
    } catch (error) {
      why = `${this.path}: ${error instanceof Error ? error.message : String(error)}`
    }
    this.written += done
    if (done < letters.length) this.#failed(letters.length - done, why)
  }

  /** Appends as many whole letters as the size cap allows; returns how many. */
  #append(letters: readonly string[]): number {
    const file = openSync(this.path, 'a')
    try {
      let room = this.#maxBytes - fstatSync(file).size
      const fitting: string[] = []
      for (const letter of letters) {
        room -= Buffer.byteLength(letter)
        if (room < 0) break
        fitting.push(letter)
      }
      const bytes = Buffer.from(fitting.join(''))
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
      return fitting.length
    } finally {
      closeSync(file)
    }
  }
}

const letterOf = (lost: Undeliverable): DeadLetter => ({
  time: new Date().toISOString(),
  reason: lost.reason,
  attempts: lost.attempts,
  ...(lost.possiblyDelivered === true && { possiblyDelivered: true as const }),
  ...(lost.error instanceof Error && { error: lost.error.message }),
  ...(lost.partitionKey !== undefined && { partitionKey: lost.partitionKey }),
  ...(lost.explicitHashKey !== undefined && { explicitHashKey: lost.explicitHashKey }),
  data: typeof lost.data === 'string' ? lost.data : Buffer.from(lost.data).toString('utf8'),
})
