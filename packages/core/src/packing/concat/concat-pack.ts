import { countedKeyBytes } from '../../record/counted-bytes.js'
import type { PackableRecord } from '../../record/packable-record.js'
import {
  type AggregateBounds,
  type AggregateBuilder,
  type AggregateFormat,
} from '../aggregate-builder.js'
import type { ByteSink, OutgoingRecord, PackRecord } from '../outgoing.js'
import { Runs } from '../runs.js'
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
  /** Data and terminators. */
  readonly #runs = new Runs()
  #count = 0
  readonly #keyBytes: number
  readonly #options: ConcatOptions

  constructor(first: PackableRecord, options: ConcatOptions, keys: SpreadKeys) {
    this.#options = options
    // A record's bytes hold its key, which all records here share and the pack carries once, and
    // its terminator.
    this.#keyBytes = countedKeyBytes(first.partitionKey)
    this.bytes = this.#keyBytes
    this.PartitionKey = first.partitionKey ?? keys.next()
    this.ExplicitHashKey = first.explicitHashKey
    this.add(first, first.bytes - this.#keyBytes)
  }

  get size(): number {
    return this.#runs.bytes
  }

  growth({ bytes }: PackableRecord): number | undefined {
    const growth = bytes - this.#keyBytes
    const { maxBytes, maxRecords } = this.#options
    return this.bytes + growth > maxBytes || this.#count >= maxRecords ? undefined : growth
  }

  add({ memory, start, length }: PackableRecord, growth: number): void {
    const { terminator } = this.#options
    const own = isTerminated(memory, start, length, terminator) ? 0 : terminator.length
    this.#runs.add(memory, start, start + length + own)
    this.#count++
    this.bytes += growth
  }

  build(): OutgoingRecord {
    return this
  }

  writeTo(sink: ByteSink): Generator<void, void> {
    return this.#runs.writeTo(sink)
  }
}
