import type { Admitted } from './batch.js'
import type { Homes } from './homes.js'
import type { PendingRecord } from './pending-record.js'

/** The records that are not in flight, whatever they wait for. */
export class WaitingRecords {
  readonly #homes: Homes

  constructor(homes: Homes) {
    this.#homes = homes
  }

  /** Sequence and admission of the oldest. */
  oldest(): Admitted | undefined {
    const { ready, fresh, aside } = this.#homes
    const first = ready.head ?? fresh.head
    const oldest = aside.oldest()
    if (first === undefined || oldest === undefined) return first ?? oldest
    return first.sequence < oldest.sequence ? first : oldest
  }

  /** The oldest itself. If it was never tried, it is taken out; otherwise it waits where it was. */
  takeOldest(): PendingRecord | undefined {
    const { ready, fresh, aside } = this.#homes
    const first = ready.head?.sequence ?? fresh.headSequence
    const oldest = aside.oldest()
    if (first === undefined || (oldest !== undefined && oldest.sequence < first)) return oldest
    return ready.head ?? fresh.shift()
  }

  /** All but the fresh ones, in no order. */
  objects(): PendingRecord[] {
    return [...this.#homes.ready, ...this.#homes.aside.records()]
  }

  /** All of them, in no order; the fresh ones are taken out. */
  takeAll(): PendingRecord[] {
    const { fresh } = this.#homes
    const all = this.objects()
    for (let record = fresh.shift(); record !== undefined; record = fresh.shift()) all.push(record)
    return all
  }

  countUpTo(sequence: number): number {
    const objects = this.objects().filter(record => record.sequence <= sequence).length
    return objects + this.#homes.fresh.countUpTo(sequence)
  }
}
