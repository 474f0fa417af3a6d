import type { Homes } from './homes.js'

/** When ready records are worth a request: enough of them, or some that have waited long enough. */
export class Dueness {
  readonly #homes: Homes
  readonly #records: number
  readonly #bytes: number
  /** Records up to this one have waited long enough for others to join them. */
  #sequence = 0

  /**
   * @param records how many make a request worth sending before its linger is over
   * @param bytes or how many bytes
   */
  constructor(homes: Homes, records: number, bytes: number) {
    this.#homes = homes
    this.#records = records
    this.#bytes = bytes
  }

  /** Records up to this one may go, whether they fill a request or not. */
  markUpTo(sequence: number): void {
    if (sequence > this.#sequence) this.#sequence = sequence
  }

  /** Whether records wait for nothing but a request. */
  get hasReady(): boolean {
    const { ready, fresh, again } = this.#homes
    return fresh.length > 0 || ready.head !== undefined || again.head !== undefined
  }

  /** Whether those make a request due now. */
  get isDue(): boolean {
    const { ready, fresh, again, order } = this.#homes
    if (!this.hasReady) return false
    return (
      ready.length + fresh.length + again.length + (order?.held ?? 0) >= this.#records ||
      ready.bytes + fresh.bytes + again.bytes + (order?.heldBytes ?? 0) >= this.#bytes ||
      this.#isMarked(ready.head?.sequence ?? fresh.headSequence) ||
      this.#isMarked(again.head?.sequence)
    )
  }

  /** Whether they fill a request. */
  get isFull(): boolean {
    const { ready, fresh, again } = this.#homes
    return (
      ready.length + fresh.length + again.length >= this.#records ||
      ready.bytes + fresh.bytes + again.bytes >= this.#bytes
    )
  }

  #isMarked(sequence: number | undefined): boolean {
    return sequence !== undefined && sequence <= this.#sequence
  }

  /** Since when ready records wait for others to join them, if none is due. */
  get lingersSince(): number | undefined {
    const { ready, fresh, again } = this.#homes
    const first = ready.head?.admittedAt ?? fresh.headAdmittedAt
    const second = again.head?.admittedAt
    if (first === undefined || second === undefined) return first ?? second
    return Math.min(first, second)
  }

  /** Milliseconds until a backoff ends; undefined when none waits for time. */
  backoffWait(now: number): number | undefined {
    const { shards, delays } = this.#homes
    const shardWait = shards.active ? shards.wait(now) : undefined
    const delayWait = delays.wait(now)
    if (shardWait === undefined || delayWait === undefined) return shardWait ?? delayWait
    return Math.min(shardWait, delayWait)
  }
}
