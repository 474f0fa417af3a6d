import { BroadcastChannel } from 'node:worker_threads'

/** All workers of a process; the number is the version of what they say. */
const CHANNEL = '@kinesis-producer/pino-transport, ends, 1'
/** Between the end of one logger and the beginning of the next, when Pino ends them one after another. */
const GAP_MS = 1000
/** What each has at least: its newest lines may come only when it ends itself, and have a try as well. */
const LEAST_MS = 1000

interface Word {
  /** How long this transport may take to end, in milliseconds; 0: it has ended. */
  readonly ends: number
}

const isWord = (value: unknown): value is Word =>
  typeof value === 'object' && value !== null && 'ends' in value && typeof value.ends === 'number'

/**
 * The end that the loggers of a process share. Pino ends them one after another, and the main thread stands
 * still meanwhile: `closeTimeout` is counted from when the first of them began to end.
 */
export class SharedEnd {
  readonly #channel = new BroadcastChannel(CHANNEL)
  readonly #now: () => number
  /** When the first of those began that end now, one after another. */
  #since = 0
  /** Until then the next of them may begin. */
  #until = Number.NEGATIVE_INFINITY

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#channel.unref()
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the types of this class know no other
    this.#channel.onmessage = (event: unknown) => {
      const data: unknown = Reflect.get(Object(event), 'data')
      if (isWord(data)) this.#heard(data.ends)
    }
  }

  /**
   * Says that this transport ends from now on.
   * @param timeout how long it may take by itself, in milliseconds
   * @returns how long it may take
   */
  begin(timeout: number): number {
    const now = this.#now()
    const gone = now <= this.#until ? now - this.#since : 0
    const left = Math.min(timeout, Math.max(LEAST_MS, timeout - gone))
    this.#say(left)
    return left
  }

  /** It has ended. */
  end(): void {
    this.#say(0)
    this.#channel.close()
  }

  #say(ends: number): void {
    this.#heard(ends)
    this.#channel.postMessage({ ends } satisfies Word)
  }

  #heard(ends: number): void {
    const now = this.#now()
    if (now > this.#until) this.#since = now
    this.#until = now + ends + GAP_MS
  }
}
