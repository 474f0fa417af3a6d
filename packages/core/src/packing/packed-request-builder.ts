import type { PackableRecord } from '../record/packable-record.js'
import type { AggregateBuilder, AggregateFormat } from './aggregate-builder.js'
import type { BuiltRequest, RequestBuilder } from './request-builder.js'

/** An aggregate of the request, and what its records have in common. */
interface Aggregate {
  readonly builder: AggregateBuilder
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  /** Its only record is suspected: no other may share its fate. */
  readonly isAlone: boolean
  records: number
}

/**
 * A request of aggregates. Records of one key and hash key (or, where the format predicts it, of
 * one shard) share an aggregate; records without a key share any.
 */
export class PackedRequestBuilder implements RequestBuilder {
  readonly #limit: number
  readonly #maxBytes: number
  readonly #format: AggregateFormat
  readonly #aggregates: Aggregate[] = []
  readonly #carriers: number[] = []
  /** Index of the aggregate that grows now, for each partition key; '' stands for no key. */
  readonly #byKey = new Map<string, number>()
  /** The same by hash key and partition key: `<number> <key>`. */
  readonly #byHashKey = new Map<string, number>()
  /** The same by shard, where that is predicted. */
  readonly #byShard = new Map<string, number>()
  #bytes = 0
  /** No aggregate may be added; those there are may still grow. */
  #closed = false

  constructor(limit: number, maxBytes: number, format: AggregateFormat) {
    this.#limit = limit
    this.#maxBytes = maxBytes
    this.#format = format
  }

  get count(): number {
    return this.#carriers.length
  }

  get hasRoom(): boolean {
    return this.#byKey.size + this.#byHashKey.size + this.#byShard.size > 0
  }

  take(record: PackableRecord): number {
    if (record.travelsAlone) return this.#closed ? -1 : this.#open(record, undefined)
    const shard = this.#format.shardOf(record)
    const { partitionKey, explicitHashKey } = record
    let growing = this.#byKey
    let name = partitionKey ?? ''
    if (shard !== undefined) {
      growing = this.#byShard
      name = shard
    } else if (explicitHashKey !== undefined) {
      growing = this.#byHashKey
      name = `${explicitHashKey} ${name}`
    }

    const index = growing.get(name)
    if (index !== undefined && this.#join(index, record)) return index
    const opened = this.#closed ? -1 : this.#open(record, shard)
    if (opened >= 0) growing.set(name, opened)
    // Its aggregate is full, and there will be no other.
    else growing.delete(name)
    return opened
  }

  takeInto(index: number, record: PackableRecord): boolean {
    const aggregate = this.#aggregates[index]
    return aggregate !== undefined && this.#belongs(aggregate, record) && this.#join(index, record)
  }

  /** Each aggregate holds its own records, in the order they were taken: it needs no others. */
  build(): BuiltRequest {
    const records = this.#aggregates.map(({ builder }) => builder.build())
    const { finish } = this.#format
    return {
      records: finish === undefined ? records : finish(records),
      count: records.length,
      carriers: this.#carriers,
      shards: this.#shards(),
    }
  }

  #shards(): (string | undefined)[] | undefined {
    if (!this.#aggregates.some(isForShard)) return undefined
    return this.#aggregates.map(one => (isForShard(one) ? one.builder.shard : undefined))
  }

  /** Begins an aggregate; returns its index, or -1 if the request cannot take another. */
  #open(record: PackableRecord, shard: string | undefined): number {
    const index = this.#aggregates.length
    if (index < this.#limit) {
      const builder = this.#format.open(record, shard)
      const bytes = this.#bytes + builder.bytes
      if (index === 0 || bytes <= this.#maxBytes) {
        const { partitionKey, explicitHashKey, travelsAlone: isAlone } = record
        this.#aggregates.push({ builder, partitionKey, explicitHashKey, isAlone, records: 1 })
        this.#carriers.push(index)
        this.#bytes = bytes
        return index
      }
    }
    this.#closed = true
    return -1
  }

  /** Whether the aggregate is one for such records: a consumer could not read others there. */
  #belongs(aggregate: Aggregate, record: PackableRecord): boolean {
    const { shard } = aggregate.builder
    if (aggregate.isAlone) return false
    if (shard !== undefined) return shard === this.#format.shardOf(record)
    return (
      aggregate.partitionKey === record.partitionKey &&
      aggregate.explicitHashKey === record.explicitHashKey
    )
  }

  #join(index: number, record: PackableRecord): boolean {
    const aggregate = this.#aggregates[index]
    const growth = aggregate?.builder.growth(record)
    if (aggregate === undefined || growth === undefined) return false
    if (this.#bytes + growth > this.#maxBytes) return false
    aggregate.builder.add(record, growth)
    aggregate.records++
    this.#bytes += growth
    this.#carriers.push(index)
    return true
  }
}

/** A record alone goes as it is, readable anywhere. */
const isForShard = ({ builder, records }: Aggregate): boolean =>
  builder.shard !== undefined && records > 1
