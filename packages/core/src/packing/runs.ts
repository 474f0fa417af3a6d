import { type ByteSink, STEP_BYTES } from './outgoing.js'

/** Parts of memory, one after the other; neighbours become one. */
export class Runs {
  readonly #memories: Buffer[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []
  bytes = 0

  add(memory: Buffer, from: number, to: number): void {
    this.bytes += to - from
    const last = this.#memories.length - 1
    if (last >= 0 && this.#to[last] === from && this.#memories[last] === memory) {
      this.#to[last] = to
      return
    }
    this.#memories.push(memory)
    this.#from.push(from)
    this.#to.push(to)
  }

  /** In steps of about `STEP_BYTES`. */
  *writeTo(sink: ByteSink): Generator<void, void> {
    let left = STEP_BYTES
    for (let i = 0; i < this.#memories.length; i++) {
      const memory = this.#memories[i]
      const to = this.#to[i] ?? 0
      if (memory === undefined) continue
      for (let from = this.#from[i] ?? 0; from < to; ) {
        if (left === 0) {
          yield
          left = STEP_BYTES
        }
        const end = Math.min(to, from + left)
        sink.run(memory, from, end)
        left -= end - from
        from = end
      }
    }
  }
}
