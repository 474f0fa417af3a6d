/** A point of time; `Infinity` is never. */
export class Deadline {
  readonly #until: number

  /** @param timeout milliseconds from now, up to infinity */
  constructor(timeout: number) {
    this.#until = performance.now() + timeout
  }

  /** Milliseconds, whole unless infinite, and at least 1: 0 would mean no limit. */
  get left(): number {
    return Math.max(1, Math.ceil(this.#until - performance.now()))
  }

  get over(): boolean {
    return performance.now() >= this.#until
  }
}
