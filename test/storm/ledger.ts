import { parseText } from './messages.js'

/** The fate of every record of one producer, kept by the endpoint and not by the producer. */
export class Ledger {
  /** How often each record was stored. */
  readonly #stored: Uint8Array
  /** 1: handed back; 2: handed back as possibly delivered. */
  readonly #back: Uint8Array
  readonly #newest = new Map<string, number>()
  outOfOrder = 0
  /** Handed back more than once. */
  settledTwice = 0

  constructor(records: number) {
    this.#stored = new Uint8Array(records)
    this.#back = new Uint8Array(records)
  }

  stored(key: string, number: number): void {
    const before = this.#stored[number] ?? 0
    this.#stored[number] = Math.min(255, before + 1)
    // A second copy says nothing about order: it is a duplicate, and counted as such.
    if (before > 0) return
    if (number < (this.#newest.get(key) ?? -1)) this.outOfOrder++
    else this.#newest.set(key, number)
  }

  handedBack(code: number): void {
    const number = code < 0 ? -code - 1 : code
    if (this.#back[number] !== 0) this.settledTwice++
    this.#back[number] = code < 0 ? 2 : 1
  }

  /** What became of the first `admitted` records. */
  sum(admitted: number): Sums {
    const sums = { stored: 0, copies: 0, delivered: 0, doubled: 0, back: 0, lost: 0, lies: 0 }
    for (let i = 0; i < admitted; i++) {
      const stored = this.#stored[i] ?? 0
      const back = this.#back[i] ?? 0
      if (stored > 0) sums.stored++
      if (stored > 1) sums.copies += stored - 1
      if (back > 0) sums.back++
      else if (stored > 0) {
        sums.delivered++
        if (stored > 1) sums.doubled++
      } else sums.lost++
      if (back === 1 && stored > 0) sums.lies++
    }
    return sums
  }
}

export interface Sums {
  /** Records in the stream at least once. */
  readonly stored: number
  /** Copies beyond the first. */
  readonly copies: number
  /** In the stream and not handed back. */
  readonly delivered: number
  /** Delivered and there more than once. */
  readonly doubled: number
  readonly back: number
  /** Neither in the stream nor handed back: what must never be. */
  readonly lost: number
  /** Handed back as surely undelivered, yet in the stream. */
  readonly lies: number
}

export const record = (ledgers: readonly Ledger[], data: Buffer, key: string): void => {
  const { id, number } = parseText(data.toString('latin1', 0, 24))
  ledgers[id]?.stored(key, number)
}
