/** Until when prepared requests want to be answered, by id. */
export class Deadlines {
  readonly #until = new Map<number, number>()

  start(id: number, timeout: number): void {
    this.#until.set(id, performance.now() + timeout)
  }

  /** Ends the request; what is left of its time, at least a millisecond (0 would mean no limit). */
  take(id: number, timeout: number): number {
    const until = this.#until.get(id)
    this.#until.delete(id)
    return until === undefined ? timeout : left(until)
  }

  /** A time that ends with the first request to end. */
  within(timeout: number): number {
    return Math.min(timeout, ...[...this.#until.values()].map(left))
  }
}

const left = (until: number): number => Math.max(1, Math.ceil(until - performance.now()))
