import type { Alarm } from '../time/timers.js'
import type { SpoolPorts } from './spool-types.js'

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 30_000

/** Whether the disk refuses, what it said last, and when it is tried again. */
export class DiskHealth {
  readonly #ports: SpoolPorts
  readonly #alarm: Alarm
  #delay = FIRST_RETRY_MS
  #writesFail = false
  #readsFail = false
  #lastError: string | undefined

  /** @param retry to try again; it calls `readsAgain` and `writesAgain` */
  constructor(ports: SpoolPorts, retry: () => void) {
    this.#ports = ports
    this.#alarm = ports.timers.alarm(retry)
  }

  get writesFail(): boolean {
    return this.#writesFail
  }

  get readsFail(): boolean {
    return this.#readsFail
  }

  get lastError(): string | undefined {
    return this.#lastError
  }

  /** Nothing can be written. */
  writeFailed(error: unknown): void {
    if (!this.#writesFail)
      this.tell('write', error, 'cannot be written: new records are kept in memory alone')
    this.#writesFail = true
  }

  /** What is to be read next cannot be. */
  readFailed(error: unknown): void {
    this.#readsFail = true
    this.tell('read', error, 'cannot be read now, and its records wait')
    this.#alarm.set(this.#delay)
  }

  /** The longer it fails, the later. */
  retryWriting(): void {
    this.#alarm.set(this.#delay)
    this.#delay = Math.min(LAST_RETRY_MS, 2 * this.#delay)
  }

  /** Bytes were written. */
  wrote(): void {
    this.#delay = FIRST_RETRY_MS
  }

  readsAgain(): void {
    this.#readsFail = false
  }

  writesAgain(): void {
    this.#writesFail = false
    this.#ports.log.info('spool: the disk takes records again')
  }

  stop(): void {
    this.#alarm.cancel()
  }

  /** Remembers an error without a word about it. */
  note(error: unknown): string {
    this.#lastError = error instanceof Error ? error.message : String(error)
    return this.#lastError
  }

  tell(kind: string, error: unknown, what: string): void {
    const text = this.note(error)
    this.#ports.log.warn(kind, `spool: ${this.#ports.options.directory} ${what} (${text})`)
  }
}
