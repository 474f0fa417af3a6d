import type { ByteSink } from './outgoing.js'

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

  writeTo(sink: ByteSink): void {
    for (let i = 0; i < this.#memories.length; i++) {
      const memory = this.#memories[i]
      if (memory !== undefined) sink.run(memory, this.#from[i] ?? 0, this.#to[i] ?? 0)
    }
  }
}
