/** Upper ends of the buckets, in milliseconds; one more holds what is above. */
export const BUCKETS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000,
]

/** How long requests took. */
export class Latencies {
  readonly counts: number[] = Array.from({ length: BUCKETS.length + 1 }, () => 0)
  total = 0
  max = 0

  add(ms: number): void {
    const found = BUCKETS.findIndex(end => ms <= end)
    const index = found === -1 ? BUCKETS.length : found
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.total++
    this.max = Math.max(this.max, ms)
  }

  /** The end of the bucket in which this share of all requests is reached. */
  quantile(share: number): number {
    let seen = 0
    for (const [i, count] of this.counts.entries()) {
      seen += count
      if (seen >= share * this.total) return Math.min(BUCKETS[i] ?? this.max, this.max)
    }
    return this.max
  }
}
