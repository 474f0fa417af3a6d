import type { PackableRecord } from '../../record/packable-record.js'
import {
  type AggregateBounds,
  type AggregateBuilder,
  type AggregateFormat,
  countedKeyBytes,
} from '../aggregate-builder.js'
import type { ByteSink, OutgoingRecord, PackRecord } from '../outgoing.js'
import type { SpreadKeys } from '../spread-keys.js'
import { isTerminated } from './terminator.js'

export interface ConcatOptions extends AggregateBounds {
  /** Ends each record; empty: nothing does. */
  readonly terminator: Uint8Array
}

/** `packing: concat`: records one after the other, each with its terminator. */
export class ConcatFormat implements AggregateFormat {
  readonly finish: AggregateFormat['finish']
  readonly #options: ConcatOptions
  readonly #keys: SpreadKeys

  constructor(options: ConcatOptions, keys: SpreadKeys, finish: AggregateFormat['finish']) {
    this.#options = options
    this.#keys = keys
    this.finish = finish
  }

  shardOf(): undefined {
    return undefined
  }

  open(record: PackableRecord): AggregateBuilder {
    return new ConcatPack(record, this.#options, this.#keys)
  }
}

class ConcatPack implements AggregateBuilder, PackRecord {
  readonly shard = undefined
  bytes: number
  readonly PartitionKey: string
  readonly ExplicitHashKey: string | undefined
  /** Data and terminators, without those that records brought along. */
  size = 0
  readonly #records: PackableRecord[]
  readonly #keyBytes: number
  readonly #options: ConcatOptions

  constructor(first: PackableRecord, options: ConcatOptions, keys: SpreadKeys) {
    this.#records = [first]
    // A record's bytes hold its key, which all records here share and the pack carries once, and
    // its terminator.
    this.bytes = first.bytes
    this.#keyBytes = countedKeyBytes(first)
    this.#options = options
    this.PartitionKey = first.partitionKey ?? keys.next()
    this.ExplicitHashKey = first.explicitHashKey
  }

  growth({ bytes }: PackableRecord): number | undefined {
    const growth = bytes - this.#keyBytes
    const { maxBytes, maxRecords } = this.#options
    return this.bytes + growth > maxBytes || this.#records.length >= maxRecords ? undefined : growth
  }

  add(record: PackableRecord, growth: number): void {
    this.#records.push(record)
    this.bytes += growth
  }

  build(): OutgoingRecord {
    const { terminator } = this.#options
    this.size = this.bytes - this.#keyBytes
    for (const { data } of this.#records)
      if (isTerminated(data, terminator)) this.size -= terminator.length
    return this
  }

  writeTo(sink: ByteSink): void {
    const { terminator } = this.#options
    const [only] = terminator.length === 1 ? terminator : []
    for (const { data } of this.#records) {
      if (typeof data === 'string') sink.text(data)
      else sink.bytes(data)
      if (isTerminated(data, terminator)) continue
      if (only === undefined) sink.bytes(terminator)
      else sink.byte(only)
    }
  }
}
