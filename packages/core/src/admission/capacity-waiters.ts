import type { Timers } from '../time/timers.js'

interface Waiter {
  readonly bytes: number
  readonly admit: () => void
  readonly refuse: (error: Error) => void
}

/** Adds that wait for room (`whenFull: 'wait'`), first come first served. */
export class RoomQueue {
  readonly #timers: Timers
  readonly #waiters = new Set<Waiter>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get length(): number {
    return this.#waiters.size
  }

  /** Queues an add; the returned function takes it out again. */
  push(waiter: Waiter): () => void {
    this.#waiters.add(waiter)
    this.#timers.hold()
    return () => this.#remove(waiter)
  }

  /** Admits from the front as long as there is room; a large record does not let smaller ones pass. */
  roomFreed(fits: (bytes: number) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!fits(waiter.bytes)) return
      this.#remove(waiter)
      waiter.admit()
    }
  }

  refuseAll(error: () => Error): void {
    for (const waiter of this.#waiters) {
      this.#remove(waiter)
      waiter.refuse(error())
    }
  }

  #remove(waiter: Waiter): void {
    if (this.#waiters.delete(waiter)) this.#timers.release()
  }
}
