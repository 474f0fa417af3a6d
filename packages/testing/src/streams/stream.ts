import { ServiceError } from '../http/reply.js'
import type { Json } from '../json.js'
import { evenRanges, type HashRange, ShardMap } from './hash-ranges.js'
import { MIB } from './put-input.js'
import { RecordLog, type StoredRecord } from './record-log.js'

export interface Shard extends HashRange {
  readonly parents: readonly string[]
  readonly startingSequence: string
  endingSequence: string | undefined
  readonly records: RecordLog
}

export interface StreamOptions {
  /** @default 1 */
  readonly shards?: number | undefined
  /**
   * Largest record, data and partition key: 1 .. 10 MiB.
   * @default 1048576 (1 MiB)
   */
  readonly maxRecordBytes?: number | undefined
  /**
   * The service picks the shards itself, as on-demand streams may be told to.
   * @default false
   */
  readonly serviceDistributed?: boolean | undefined
}

/** How much a stream keeps: the oldest records go first. */
export interface Retention {
  readonly maxRecords: number
  readonly maxBytes: number
}

/** 56 digits like the service's, of one width, so that they also sort as text. */
const SEQUENCE_PREFIX = '4966'.padEnd(40, '0')
const SEQUENCE_BASE = 1_000_000_000_000_000

const shardName = (index: number): string => `shardId-${String(index).padStart(12, '0')}`
const argumentError = (message: string): ServiceError =>
  new ServiceError('InvalidArgumentException', message)

/** A stream with real hash ranges: a record lands where Kinesis would put it. */
export class Stream {
  readonly name: string
  readonly maxRecordBytes: number
  readonly serviceDistributed: boolean
  readonly shards: Shard[] = []
  /** In the order of arrival. */
  readonly records: RecordLog = new RecordLog()
  /** What was accepted, stored or only counted. */
  accepted = 0
  acceptedBytes = 0
  readonly #retention: Retention
  #keptBytes = 0
  #byId = new Map<string, Shard>()
  #map = new ShardMap([])
  #sequence = 0

  constructor(name: string, options: StreamOptions, retention: Retention) {
    this.name = name
    this.#retention = retention
    this.maxRecordBytes = options.maxRecordBytes ?? MIB
    this.serviceDistributed = options.serviceDistributed ?? false
    for (const { from, to } of evenRanges(options.shards ?? 1)) this.#open(from, to, [])
    this.#remap()
  }

  get arn(): string {
    return `arn:aws:kinesis:us-east-1:000000000000:stream/${this.name}`
  }

  get openShards(): readonly Shard[] {
    return this.shards.filter(({ endingSequence }) => endingSequence === undefined)
  }

  shardOf(hashHex: string): string {
    return this.#map.find(hashHex)
  }

  nextSequence(): string {
    return SEQUENCE_PREFIX + String(SEQUENCE_BASE + ++this.#sequence)
  }

  store(record: StoredRecord): void {
    this.records.push(record)
    this.shard(record.shardId).records.push(record)
    this.#keptBytes += record.data.length
    const { maxRecords, maxBytes } = this.#retention
    while (this.records.length > maxRecords || this.#keptBytes > maxBytes) {
      // The oldest of the stream is the oldest of its shard as well.
      const oldest = this.records.shift()
      if (oldest === undefined) return
      this.shard(oldest.shardId).records.shift()
      this.#keptBytes -= oldest.data.length
    }
  }

  shard(id: string): Shard {
    const shard = this.#byId.get(id)
    if (shard !== undefined) return shard
    throw new ServiceError(
      'ResourceNotFoundException',
      `Could not find shard ${id} in stream ${this.name} under account 000000000000.`,
    )
  }

  /** Splits at a hash key, by default in the middle. */
  split(id: string, newStartingHashKey?: bigint): void {
    const shard = this.#openShard(id)
    const at = newStartingHashKey ?? (shard.from + shard.to + 1n) / 2n
    if (at <= shard.from || at > shard.to) {
      throw argumentError(
        `NewStartingHashKey ${at} used in SplitShard() on shard ${id} in stream ${this.name} is not within the shard.`,
      )
    }
    this.#closeShard(shard)
    this.#open(shard.from, at - 1n, [id])
    this.#open(at, shard.to, [id])
    this.#remap()
  }

  merge(id: string, adjacentId: string): void {
    const [one, other] = [this.#openShard(id), this.#openShard(adjacentId)]
    const [low, high] = one.from < other.from ? [one, other] : [other, one]
    if (low.to + 1n !== high.from) {
      throw argumentError(
        `Shards ${id} and ${adjacentId} in stream ${this.name} are not an adjacent pair of shards eligible for merging`,
      )
    }
    this.#closeShard(one)
    this.#closeShard(other)
    this.#open(low.from, high.to, [id, adjacentId])
    this.#remap()
  }

  /** Splits the widest, or merges the narrowest neighbours, until so many shards are open. */
  updateShardCount(target: number): void {
    const width = ({ from, to }: HashRange): bigint => to - from
    while (this.openShards.length < target) {
      const [widest] = this.openShards.toSorted((a, b) => (width(a) < width(b) ? 1 : -1))
      if (widest !== undefined) this.split(widest.id)
    }
    while (this.openShards.length > target) {
      const inOrder = this.openShards.toSorted((a, b) => (a.from < b.from ? -1 : 1))
      const pairs = inOrder.slice(1).flatMap((right, i) => {
        const left = inOrder[i]
        return left === undefined ? [] : [{ left, right, width: width(left) + width(right) }]
      })
      const [narrowest] = pairs.toSorted((a, b) => (a.width < b.width ? -1 : 1))
      if (narrowest !== undefined) this.merge(narrowest.left.id, narrowest.right.id)
    }
  }

  #openShard(id: string): Shard {
    const shard = this.shard(id)
    if (shard.endingSequence !== undefined)
      throw argumentError(`Shard ${id} in stream ${this.name} is closed.`)
    return shard
  }

  #open(from: bigint, to: bigint, parents: readonly string[]): void {
    const id = shardName(this.shards.length)
    const shard = {
      id,
      from,
      to,
      parents,
      startingSequence: this.nextSequence(),
      endingSequence: undefined,
      records: new RecordLog(),
    }
    this.shards.push(shard)
    this.#byId.set(id, shard)
  }

  #closeShard(shard: Shard): void {
    shard.endingSequence = this.nextSequence()
  }

  #remap(): void {
    this.#map = new ShardMap(this.openShards)
  }
}

export const describeShard = ({
  id,
  from,
  to,
  parents,
  startingSequence,
  endingSequence,
}: Shard): Json => ({
  ShardId: id,
  ParentShardId: parents[0],
  AdjacentParentShardId: parents[1],
  HashKeyRange: { StartingHashKey: String(from), EndingHashKey: String(to) },
  SequenceNumberRange: {
    StartingSequenceNumber: startingSequence,
    EndingSequenceNumber: endingSequence,
  },
})
