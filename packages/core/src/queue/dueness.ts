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
    const { ready, again } = this.#homes
    return ready.head !== undefined || again.head !== undefined
  }

  /** Whether those make a request due now. */
  get isDue(): boolean {
    const { ready, again, order } = this.#homes
    if (!this.hasReady) return false
    return (
      (ready.head !== undefined && ready.head.sequence <= this.#sequence) ||
      (again.head !== undefined && again.head.sequence <= this.#sequence) ||
      ready.length + again.length + (order?.held ?? 0) >= this.#records ||
      ready.bytes + again.bytes + (order?.heldBytes ?? 0) >= this.#bytes
    )
  }

  /** Since when ready records wait for others to join them, if none is due. */
  get lingersSince(): number | undefined {
    const { ready, again } = this.#homes
    const [first, second] = [ready.head?.admittedAt, again.head?.admittedAt]
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
