const NEWLINE = 10
const RETURN = 13
/** Far more than a record may hold, so that what is cut off here would have been cut or dropped anyway. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/**
 * Cuts bytes into lines, without blank ones; `\r\n` ends a line as `\n` does. Each line is decoded by
 * itself: a slice of one large string would keep all of that in memory for as long as one of its lines
 * waits for delivery. Of a line over 64 MiB only that much is kept, so that no input can fill the memory.
 */
export class LineSplitter {
  readonly #end: string
  readonly #send: (line: string) => void
  /** The line that has no end yet, in the pieces it came in. */
  #open: Buffer[] = []
  #openBytes = 0

  /** @param end what each line is given to `send` with, instead of its own end */
  constructor(end: '' | '\n', send: (line: string) => void) {
    this.#end = end
    this.#send = send
  }

  write(chunk: Buffer): void {
    let start = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      if (this.#openBytes === 0) this.#emit(chunk, start, at)
      else {
        this.#keep(chunk.subarray(start, at))
        this.end()
      }
      start = at + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  /** Sends the last line, which had no newline. */
  end(): void {
    const line = Buffer.concat(this.#open)
    this.#open = []
    this.#openBytes = 0
    this.#emit(line, 0, line.length)
  }

  #keep(piece: Buffer): void {
    const room = MAX_LINE_BYTES - this.#openBytes
    if (room <= 0) return
    this.#open.push(piece.subarray(0, room))
    this.#openBytes += piece.length
  }

  /** The line before `at`, where its newline is. */
  #emit(bytes: Buffer, start: number, at: number): void {
    const last = at > start && bytes[at - 1] === RETURN ? at - 1 : at
    if (last === start) return
    if (last === at && this.#end === '\n' && at < bytes.length)
      this.#send(bytes.toString('utf8', start, at + 1))
    else this.#send(bytes.toString('utf8', start, last) + this.#end)
  }
}
