const MINUTE_MS = 60_000

/** How often something that dies may be started again: so many times a minute. */
export class Restarts {
  readonly #most: number
  #deaths: number[] = []

  constructor(most: number) {
    this.#most = most
  }

  /** It died; whether it may be started again at once. */
  mayFollow(now: number): boolean {
    this.#deaths = this.#deaths.filter(death => death >= now - MINUTE_MS)
    this.#deaths.push(now)
    return this.#deaths.length <= this.#most
  }
}
