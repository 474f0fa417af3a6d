/** What a flush or a close achieved; counts are of all lines since the helper was made. */
export interface Delivery {
  readonly delivered: number
  /** Still waiting for delivery, or not known to be delivered; after `close`: 0. */
  readonly remaining: number
  /** Given up, lines that reached no worker included. */
  readonly dropped: number
  /** Left out for their level, or kept by a step of the pipeline. */
  readonly filtered: number
  /** Written to the fallback. */
  readonly fallback: number
}

/** What a worker says it has done with its lines. */
export interface Told {
  readonly delivered: number
  readonly dropped: number
  readonly filtered: number
}

const NOTHING_TOLD: Told = { delivered: 0, dropped: 0, filtered: 0 }

const plus = (a: Told, b: Told): Told => ({
  delivered: a.delivered + b.delivered,
  dropped: a.dropped + b.dropped,
  filtered: a.filtered + b.filtered,
})

/** What became of the lines of a helper, over all the workers it had. */
export class LineCounts {
  /** Lines and bytes given to this worker, and what it last said it had done with them. */
  #lines = 0
  #bytes = 0
  #told = NOTHING_TOLD
  /** The same of workers that are dead. */
  #past = NOTHING_TOLD
  #fellBack = 0

  /** Bytes this worker was given. */
  get bytes(): number {
    return this.#bytes
  }

  /** Lines of this worker whose fate it has not told yet. */
  get unknown(): number {
    const { delivered, dropped, filtered } = this.#told
    return Math.max(0, this.#lines - delivered - dropped - filtered)
  }

  /** Lines this worker was given. */
  get lines(): number {
    return this.#lines
  }

  /** How many of the first `lines` it has not told the fate of. */
  missing(lines: number): number {
    return Math.max(0, this.unknown - (this.#lines - lines))
  }

  given(line: string): void {
    this.#lines++
    this.#bytes += Buffer.byteLength(line)
  }

  fellBack(): void {
    this.#fellBack++
  }

  tell(told: Told): void {
    this.#told = told
  }

  /** A worker begins. */
  begin(): void {
    this.#lines = 0
    this.#bytes = 0
    this.#told = NOTHING_TOLD
  }

  /** The worker is dead; returns the lines whose fate it has not told. */
  end(): number {
    const { unknown } = this
    this.#past = plus(this.#past, this.#told)
    this.begin()
    return unknown
  }

  /** Lines that a dead worker took along. */
  lost(dropped: number): void {
    this.#past = plus(this.#past, { ...NOTHING_TOLD, dropped })
  }

  /** @param unsent lines that reached no worker and were given up */
  delivery(remaining: number, unsent: number): Delivery {
    const { delivered, dropped, filtered } = plus(this.#past, this.#told)
    return { delivered, remaining, dropped: dropped + unsent, filtered, fallback: this.#fellBack }
  }
}

/** The answers of a worker's transports, taken together. */
export const summed = (
  answers: readonly object[],
): Told & { readonly remaining: number; readonly uncounted: boolean } => {
  const sum = (name: string): number => answers.reduce((all, one) => all + numberAt(one, name), 0)
  return {
    delivered: sum('delivered'),
    remaining: sum('remaining') + sum('unknown'),
    dropped: sum('count'),
    filtered: sum('filtered') + sum('kept'),
    uncounted: answers.some(answer => Reflect.get(answer, 'uncounted') === true),
  }
}

const numberAt = (value: object, name: string): number => {
  const found: unknown = Reflect.get(value, name)
  return typeof found === 'number' ? found : 0
}
