import {
  evenRanges,
  HASH_END,
  hashOf,
  ShardMap,
} from '@kinesis-producer/testing/internal/streams/hash-ranges'

interface Shard {
  readonly id: string
  readonly from: bigint
  readonly to: bigint
}

const MAX_SHARDS = 8
const PAGE = 3

/** The shards of a stream that is resharded while it is written to. */
export class StreamShards {
  #open: Shard[] = []
  readonly #closed: Shard[] = []
  #made = 0
  #map = new ShardMap([])

  constructor(count: number) {
    this.#replace(
      [],
      evenRanges(count).map(({ from, to }) => this.#shard(from, to)),
    )
  }

  get ids(): readonly string[] {
    return this.#open.map(({ id }) => id)
  }

  find(partitionKey: string, explicitHashKey: string | undefined): string {
    return this.#map.find(hashOf(partitionKey, explicitHashKey))
  }

  /** @param at which of the shards, counted round and round */
  split(at: number): void {
    const shard = this.#open[at % this.#open.length]
    if (shard === undefined || this.#open.length >= MAX_SHARDS) return
    const middle = (shard.from + shard.to) / 2n
    this.#replace([shard], [this.#shard(shard.from, middle), this.#shard(middle + 1n, shard.to)])
  }

  /** Merges a shard with its neighbour. */
  merge(at: number): void {
    const [first, second] = this.#open.slice(at % this.#open.length)
    if (first === undefined || second === undefined) return
    this.#replace([first, second], [this.#shard(first.from, second.to)])
  }

  /** The answer to ListShards, page by page. */
  list(token: string | undefined): object {
    const all = [...this.#closed, ...this.#open]
    const from = Number(token ?? 0)
    const page = all.slice(from, from + PAGE).map(({ id, from: first, to }) => ({
      ShardId: id,
      HashKeyRange: { StartingHashKey: String(first), EndingHashKey: String(to) },
      SequenceNumberRange: {
        StartingSequenceNumber: '1',
        ...(!this.ids.includes(id) && { EndingSequenceNumber: '2' }),
      },
    }))
    return { Shards: page, ...(from + PAGE < all.length && { NextToken: String(from + PAGE) }) }
  }

  #replace(old: readonly Shard[], made: readonly Shard[]): void {
    this.#closed.push(...old)
    this.#open = [...this.#open.filter(shard => !old.includes(shard)), ...made].toSorted((a, b) =>
      a.from < b.from ? -1 : 1,
    )
    this.#map = new ShardMap(this.#open)
  }

  #shard(from: bigint, to: bigint): Shard {
    return { id: `shardId-${String(this.#made++).padStart(12, '0')}`, from, to }
  }
}

/** A hash key in the middle of one of eight parts of the whole range. */
export const hashKeyAt = (part: number): string =>
  String((HASH_END / 8n) * BigInt(part % 8) + 12_345_678_901_234_567_890n)
