import { evenRanges, type HashRange, ShardMap } from './hash-ranges.js'
import type { Json } from './json.js'
import { MIB } from './put-input.js'
import { ServiceError } from './reply.js'

export interface StoredRecord {
  readonly data: Buffer
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly shardId: string
  readonly sequenceNumber: string
  /** The PutRecords (or PutRecord) request it came with, from 1. */
  readonly requestNumber: number
  readonly arrivedAt: number
}

export interface FakeShard extends HashRange {
  readonly parents: readonly string[]
  readonly startingSequence: string
  endingSequence: string | undefined
  readonly records: StoredRecord[]
}

export interface StreamOptions {
  readonly shards: number
  readonly maxRecordBytes?: number
  /** The service picks the shards itself, as on-demand streams may be told to. */
  readonly serviceDistributed?: boolean
}

/** 56 digits like the service's, of one width, so that they also sort as text. */
const SEQUENCE_PREFIX = '4966'.padEnd(40, '0')
const SEQUENCE_BASE = 1_000_000_000_000_000

const shardName = (index: number): string => `shardId-${String(index).padStart(12, '0')}`
const argumentError = (message: string): ServiceError =>
  new ServiceError('InvalidArgumentException', message)

/** A stream with real hash ranges: a record lands where Kinesis would put it. */
export class FakeStream {
  readonly name: string
  readonly maxRecordBytes: number
  readonly serviceDistributed: boolean
  readonly shards: FakeShard[] = []
  /** In the order of arrival. */
  readonly records: StoredRecord[] = []
  /** What was accepted, stored or only counted. */
  accepted = 0
  acceptedBytes = 0
  #byId = new Map<string, FakeShard>()
  #map = new ShardMap([])
  #sequence = 0

  constructor(name: string, options: StreamOptions) {
    this.name = name
    this.maxRecordBytes = options.maxRecordBytes ?? MIB
    this.serviceDistributed = options.serviceDistributed ?? false
    for (const { from, to } of evenRanges(options.shards)) this.#open(from, to, [])
    this.#remap()
  }

  get arn(): string {
    return `arn:aws:kinesis:us-east-1:000000000000:stream/${this.name}`
  }

  get openShards(): readonly FakeShard[] {
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
  }

  shard(id: string): FakeShard {
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

  #openShard(id: string): FakeShard {
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
      records: [],
    }
    this.shards.push(shard)
    this.#byId.set(id, shard)
  }

  #closeShard(shard: FakeShard): void {
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
}: FakeShard): Json => ({
  ShardId: id,
  ParentShardId: parents[0],
  AdjacentParentShardId: parents[1],
  HashKeyRange: { StartingHashKey: String(from), EndingHashKey: String(to) },
  SequenceNumberRange: {
    StartingSequenceNumber: startingSequence,
    EndingSequenceNumber: endingSequence,
  },
})
