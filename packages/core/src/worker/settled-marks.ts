import { SETTLED, SETTLED_COUNT, SharedSlab } from '../store/shared-slab.js'
import type { Slab } from '../store/slab.js'
import { SETTLED_BYTES, SETTLED_RECORDS } from './control.js'

interface Run {
  readonly slab: SharedSlab
  readonly from: number
  to: number
}

/**
 * Records that were delivered and that nobody awaits. The main thread may use their memory again as
 * soon as it sees them settled: so that is told when the step is over, and nobody here reads them.
 */
export class SettledMarks {
  readonly #control: Int32Array
  #runs: Run[] = []

  constructor(control: Int32Array) {
    this.#control = control
  }

  add(slab: Slab, from: number, to: number): void {
    const last = this.#runs.at(-1)
    if (last !== undefined && last.slab === slab && last.to === from) last.to = to
    else if (slab instanceof SharedSlab) this.#runs.push({ slab, from, to })
  }

  /** Tells all; whether there were any. */
  tell(): boolean {
    if (this.#runs.length === 0) return false
    const runs = this.#runs
    this.#runs = []
    let [records, bytes] = [0, 0]
    for (const { slab, from, to } of runs) {
      for (let index = from; index < to; index++) bytes += slab.counted[index] ?? 0
      records += to - from
      slab.states.fill(SETTLED, from, to)
      Atomics.add(slab.header, SETTLED_COUNT, to - from)
    }
    Atomics.add(this.#control, SETTLED_RECORDS, records)
    Atomics.add(this.#control, SETTLED_BYTES, bytes | 0)
    return true
  }
}
