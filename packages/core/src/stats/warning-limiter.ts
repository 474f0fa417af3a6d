import { MAX_WARNING_KINDS, WARNING_INTERVAL_MS } from '../config/tuning.js'

/**
 * Lets one message of a kind pass in a while and counts the others. Kinds are bounded: what a
 * service invents as error codes must not become a line each.
 */
export class WarningLimiter {
  readonly #now: () => number
  readonly #kinds = new Map<string, { at: number; suppressed: number }>()

  /** @param now milliseconds from any fixed point */
  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Undefined: hold the message back. Otherwise say it, and how many events of its kind were held
   * back since the last one.
   * @param count how many events the message stands for
   */
  allows(kind: string, count = 1): number | undefined {
    const now = this.#now()
    const name = this.#kinds.has(kind) || this.#kinds.size < MAX_WARNING_KINDS ? kind : 'other'
    const known = this.#kinds.get(name)
    if (known !== undefined && now - known.at < WARNING_INTERVAL_MS) {
      known.suppressed += count
      return undefined
    }
    this.#kinds.set(name, { at: now, suppressed: 0 })
    return known?.suppressed ?? 0
  }
}
