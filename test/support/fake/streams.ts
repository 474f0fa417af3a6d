import { createHash } from 'node:crypto'
import { badArgument, Refusal } from './refusal.js'

export interface StoredRecord {
  readonly data: Buffer
  readonly partitionKey: string
  readonly explicitHashKey?: string
  readonly shardId: string
  readonly sequenceNumber: string
  /** Index into `putRequests`. */
  readonly requestNumber: number
}

export interface Shard {
  readonly id: string
  readonly from: bigint
  /** Exclusive. */
  readonly to: bigint
  readonly parents: readonly string[]
  readonly startingSequenceNumber: string
  /** Set when the shard was closed. */
  endingSequenceNumber?: string
}

export const HASH_END: bigint = 1n << 128n

const ACCOUNT = 'under account 000000000000'

/** A stream with real hash ranges, so that a record goes where Kinesis would put it. */
export class FakeStream {
  readonly name: string
  readonly records: StoredRecord[] = []
  readonly shards: Shard[] = []
  maxRecordBytes: number
  /** Counted even when records are not kept. */
  stored = 0
  #open: readonly Shard[] = []
  #sequence = 0

  constructor(name: string, shards: number, maxRecordBytes: number = 1024 * 1024) {
    this.name = name
    this.maxRecordBytes = maxRecordBytes
    const step = HASH_END / BigInt(shards)
    for (let i = 0n; i < shards; i++) this.#add(step * i, i + 1n === BigInt(shards) ? HASH_END : step * (i + 1n), [])
  }

  get arn(): string {
    return `arn:aws:kinesis:us-east-1:000000000000:stream/${this.name}`
  }

  get openShards(): readonly Shard[] {
    return this.#open
  }

  shardOf(partitionKey: string, explicitHashKey?: string): string {
    const hash =
      explicitHashKey === undefined
        ? BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
        : BigInt(explicitHashKey)
    const shard = this.#open.find(({ from, to }) => hash >= from && hash < to)
    if (shard === undefined) throw badArgument(`no shard for hash key ${hash}`)
    return shard.id
  }

  nextSequenceNumber(): string {
    return `4959${String(++this.#sequence).padStart(52, '0')}`
  }

  /** At the middle of its range, unless told where the second child starts. */
  split(id: string, newStart?: bigint): void {
    const shard = this.#openShard(id)
    const at = newStart ?? shard.from + (shard.to - shard.from) / 2n
    if (at <= shard.from || at >= shard.to) throw badArgument(`NewStartingHashKey ${at} is not within ${id}`)
    this.#close(shard)
    this.#add(shard.from, at, [id])
    this.#add(at, shard.to, [id])
  }

  merge(a: string, b: string): void {
    const [first, second] = [this.#openShard(a), this.#openShard(b)]
    const [low, high] = first.from < second.from ? [first, second] : [second, first]
    if (low.to !== high.from) {
      throw badArgument(`Shards ${a} and ${b} in stream ${this.name} ${ACCOUNT} are not an adjacent pair of shards`)
    }
    this.#close(low)
    this.#close(high)
    this.#add(low.from, high.to, [a, b])
  }

  #add(from: bigint, to: bigint, parents: readonly string[]): void {
    const id = `shardId-${String(this.shards.length).padStart(12, '0')}`
    this.shards.push({ id, from, to, parents, startingSequenceNumber: this.nextSequenceNumber() })
    this.#open = this.shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined)
  }

  #openShard(id: string): Shard {
    const shard = this.#open.find(candidate => candidate.id === id)
    if (shard !== undefined) return shard
    throw new Refusal('ResourceNotFoundException', `Could not find open shard ${id} in stream ${this.name} ${ACCOUNT}.`)
  }

  #close(shard: Shard): void {
    shard.endingSequenceNumber = this.nextSequenceNumber()
  }
}
