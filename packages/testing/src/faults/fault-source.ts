import type { Job } from './carry-out.js'
import type { Fault, FaultRecord } from './faults.js'

/** A request as the function that chooses its fault sees it. */
export interface FaultRequest {
  readonly operation: string
  readonly stream: string
  /** Counts requests of this operation from 1. */
  readonly number: number
  /** The records of a put; none for other operations. */
  readonly records: readonly FaultRecord[]
}

/** Chooses what happens to a request; undefined leaves it to the standing fault. */
export type FaultChooser = (request: FaultRequest) => Fault | undefined | Promise<Fault | undefined>

const OK: Fault = { kind: 'ok' }

/** Where the fault of the next request comes from: the script, then the function, then the standing one. */
export class FaultSource {
  readonly #script: Fault[] = []
  /** The fault of every PutRecords request that nothing else decides. */
  always: Fault | undefined
  choose: FaultChooser | undefined

  script(faults: readonly Fault[]): void {
    this.#script.push(...faults)
  }

  get scripted(): number {
    return this.#script.length
  }

  /** Answers at once unless the function is asynchronous. */
  next(operation: string, number: number, job: Job): Fault | Promise<Fault> {
    const isPut = operation === 'PutRecords'
    const scripted = isPut ? this.#script.shift() : undefined
    const standing = (isPut ? this.always : undefined) ?? OK
    if (scripted !== undefined) return scripted
    if (this.choose === undefined) return standing
    const chosen = this.choose({
      operation,
      number,
      stream: job.stream,
      get records() {
        return job.views()
      },
    })
    return chosen instanceof Promise
      ? chosen.then(fault => fault ?? standing)
      : (chosen ?? standing)
  }
}
