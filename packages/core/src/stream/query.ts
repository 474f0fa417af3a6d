import type { Alarm, Timers } from '../time/timers.js'

/** Longest wait for an answer. */
const DEADLINE_MS = 10_000
/** First and longest wait before the question is asked again. */
const RETRY_BASE_MS = 1000
const RETRY_CAP_MS = 60_000

export interface QueryPorts<T> {
  readonly timers: Timers
  readonly ask: (signal: AbortSignal) => Promise<T>
  readonly answered: (answer: T) => void
  readonly failed: (error: unknown) => void
  /** Whether to ask again, later and later, until there is an answer. */
  readonly retries: boolean
}

/** A question to the service that nobody waits for: asked one at a time, each with a deadline. */
export class Query<T> {
  readonly #ports: QueryPorts<T>
  readonly #retry: Alarm
  /** Of the question that is being asked. */
  #controller: AbortController | undefined
  #started = false
  #failures = 0

  constructor(ports: QueryPorts<T>) {
    this.#ports = ports
    this.#retry = ports.timers.alarm(() => void this.#ask())
  }

  /** Whether it is started, and neither asking nor about to. */
  get idle(): boolean {
    return this.#started && this.#controller === undefined && !this.#retry.armed
  }

  start(): void {
    this.#started = true
    if (this.#controller !== undefined) return
    this.#retry.cancel()
    void this.#ask()
  }

  /** Gives up the question that is being asked; nothing of it is heard any more. */
  stop(): void {
    this.#started = false
    this.#retry.cancel()
    this.#controller?.abort()
    this.#controller = undefined
  }

  /** Asks anew: at once if `delays` is 0, otherwise after a wait that doubles with it. */
  again(delays: number): void {
    if (!this.idle) return
    if (delays === 0) void this.#ask()
    else this.#retry.set(backoff(delays))
  }

  /** Never rejects: `answered` and `failed` report, and what they throw has nowhere to go. */
  async #ask(): Promise<void> {
    const { ask, answered, failed, retries } = this.#ports
    const controller = new AbortController()
    this.#controller = controller
    try {
      const answer = await this.#withDeadline(ask, controller)
      if (this.#controller !== controller) return
      this.#controller = undefined
      this.#failures = 0
      answered(answer)
    } catch (error) {
      // Stopped meanwhile, or stopped and started: then another question is being asked.
      if (this.#controller !== controller) return
      this.#controller = undefined
      if (retries) this.#retry.set(backoff(this.#failures++))
      failed(error)
    }
  }

  /** Rejects at the deadline whether or not the client heeds the signal. */
  async #withDeadline(
    ask: (signal: AbortSignal) => Promise<T>,
    controller: AbortController,
  ): Promise<T> {
    let cancel = (): void => {}
    const late = new Promise<never>((_resolve, reject) => {
      cancel = this.#ports.timers.after(DEADLINE_MS, () => {
        reject(new Error(`no answer within ${DEADLINE_MS} ms`))
        controller.abort()
      })
      controller.signal.addEventListener('abort', () => reject(new Error('stopped')), {
        once: true,
      })
    })
    try {
      return await Promise.race([ask(controller.signal), late])
    } finally {
      cancel()
    }
  }
}

const backoff = (failures: number): number =>
  Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(failures, 16))
