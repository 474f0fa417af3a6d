import { isUtf8 } from 'node:buffer'

const NEWLINE = 10
const RETURN = 13
/** Far more than a record may hold, so that what is cut off here would have been cut or dropped anyway. */
const MAX_LINE_BYTES = 64 * 1024 * 1024
const REPLACEMENT = '\u{fffd}'

/** Longer than most records may be, so that most of these are cut or kept, as bytes. */
const LONG_LINE_BYTES = 1024 * 1024

/** Text. Bytes if they are no UTF-8, which go on as they are, and of long lines, which nobody need decode. */
export type Line = string | Buffer

/** @param missing bytes of the line that were not kept, as it is too long */
export type TakeLine = (line: Line, missing: number) => void

/**
 * Cuts bytes into lines, without blank ones; `\r\n` ends a line as `\n` does. Each line is decoded by
 * itself: a slice of one large string would keep all of that in memory for as long as one of its lines
 * waits for delivery. Of a line over 64 MiB only that much is kept, so that no input can fill the memory.
 */
export class LineSplitter {
  readonly #end: string
  readonly #send: TakeLine
  /** The line that has no end yet, in the pieces it came in. */
  #open: Buffer[] = []
  #openBytes = 0

  /** @param end what each line is given to `send` with, instead of its own end */
  constructor(end: '' | '\n', send: TakeLine) {
    this.#end = end
    this.#send = send
  }

  write(chunk: Buffer): void {
    let start = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      if (this.#openBytes === 0) this.#emit(chunk, start, at, 0)
      else {
        this.#keep(chunk.subarray(start, at))
        this.#endWith(chunk.subarray(at, at + 1))
      }
      start = at + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  /** Sends the last line, which had no newline. */
  end(): void {
    this.#endWith(undefined)
  }

  /** With its newline, if there is one, so that a long line is copied once. */
  #endWith(newline: Buffer | undefined): void {
    const kept = Math.min(this.#openBytes, MAX_LINE_BYTES)
    const missing = this.#openBytes - kept
    const line = Buffer.concat(newline === undefined ? this.#open : [...this.#open, newline])
    this.#open = []
    this.#openBytes = 0
    this.#emit(line, 0, kept, missing)
  }

  #keep(piece: Buffer): void {
    const room = MAX_LINE_BYTES - this.#openBytes
    this.#openBytes += piece.length
    if (room > 0) this.#open.push(piece.subarray(0, room))
  }

  /** The line before `at`, where its newline is. */
  #emit(bytes: Buffer, start: number, at: number, missing: number): void {
    const last = at > start && bytes[at - 1] === RETURN ? at - 1 : at
    if (last === start) return
    const withEnd = last === at && this.#end === '\n' && at < bytes.length
    if (last - start >= LONG_LINE_BYTES) {
      this.#send(withEnd ? bytes.subarray(start, at + 1) : this.#ended(bytes, start, last), missing)
      return
    }
    const text = withEnd
      ? bytes.toString('utf8', start, at + 1)
      : bytes.toString('utf8', start, last) + this.#end
    // The mark of what could not be decoded may also stand there by itself.
    if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, last)))
      this.#send(this.#ended(bytes, start, last), missing)
    else this.#send(text, missing)
  }

  #ended(bytes: Buffer, start: number, end: number): Buffer {
    return Buffer.concat([bytes.subarray(start, end), Buffer.from(this.#end)])
  }
}
