/** Hash keys learned of one shard. A shard owns one unbroken range, so all between two of them are its too. */
export class HashRange {
  #low = Number.POSITIVE_INFINITY
  #high = Number.NEGATIVE_INFINITY

  include(hashKey: number): void {
    if (hashKey < this.#low) this.#low = hashKey
    if (hashKey > this.#high) this.#high = hashKey
  }

  has(hashKey: number): boolean {
    return hashKey >= this.#low && hashKey <= this.#high
  }
}
