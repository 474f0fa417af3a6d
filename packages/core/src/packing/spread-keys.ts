/**
 * Keys for records that have none, of at most `SPREAD_KEY_BYTES`. The service hashes them, so any distinct strings spread evenly;
 * the random prefix keeps producers apart. A new key each try lets a retry land on another shard.
 */
export class SpreadKeys {
  readonly #prefix: string
  #count = 0

  constructor(random: () => number) {
    this.#prefix = (Math.floor(random() * 36 ** 6) % 36 ** 6).toString(36)
  }

  next(): string {
    this.#count = (this.#count + 1) % 36 ** 7
    return `${this.#prefix}-${this.#count.toString(36)}`
  }
}
