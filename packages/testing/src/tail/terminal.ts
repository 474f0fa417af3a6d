import { once } from 'node:events'
import type { TailOutput } from './settings.js'

const CLEAR = '\r\u001b[K'

/** The standard streams: lines on one, progress and sentences on the other. */
export class Terminal implements TailOutput {
  readonly isTerminal: boolean = process.stdout.isTTY
  readonly colours: boolean = process.stdout.isTTY && !process.env['NO_COLOR']
  /** Progress is drawn on a terminal alone. */
  readonly #draws: boolean
  #drawn = false
  #gone = false

  constructor(quiet: boolean) {
    this.#draws = process.stderr.isTTY && !quiet
    // `| head` closes the pipe: that is an end like any other.
    process.stdout.on('error', () => {
      this.#gone = true
    })
    process.stderr.on('error', () => {})
  }

  async write(data: string | Uint8Array): Promise<boolean> {
    this.#clear()
    if (!this.#gone && !process.stdout.write(data))
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(
        () => {},
      )
    return !this.#gone
  }

  say(text: string): void {
    this.#clear()
    process.stderr.write(`kinesis-tail: ${text}\n`)
  }

  draw(status: string): void {
    if (!this.#draws) return
    this.#clear()
    process.stderr.write(status.slice(0, (process.stderr.columns || 80) - 1))
    this.#drawn = true
  }

  #clear(): void {
    if (this.#drawn) process.stderr.write(CLEAR)
    this.#drawn = false
  }
}
