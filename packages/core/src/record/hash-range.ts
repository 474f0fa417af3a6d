/** Hash keys known to belong to one shard. Its range is contiguous, so all between two of them belong to it too. */
export class HashRange {
  #low = Number.POSITIVE_INFINITY
  #high = Number.NEGATIVE_INFINITY

  include(hashKey: number): void {
    if (hashKey < this.#low) this.#low = hashKey
    if (hashKey > this.#high) this.#high = hashKey
  }

  get low(): number {
    return this.#low
  }

  get high(): number {
    return this.#high
  }

  has(hashKey: number): boolean {
    return hashKey >= this.#low && hashKey <= this.#high
  }
}
