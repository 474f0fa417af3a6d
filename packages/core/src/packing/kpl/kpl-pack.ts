import { countedKeyBytes } from '../../record/counted-bytes.js'
import type { PackableRecord } from '../../record/packable-record.js'
import {
  type AggregateBounds,
  type AggregateBuilder,
  type AggregateFormat,
} from '../aggregate-builder.js'
import { wholeRecord } from '../none/whole-record.js'
import type { ByteSink, OutgoingRecord, PackRecord, PlainRecord } from '../outgoing.js'
import { Runs } from '../runs.js'
import type { SpreadKeys } from '../spread-keys.js'
import { hasKplMagic, KPL_DIGEST_BYTES, KPL_MAGIC, KPL_TAG } from './kpl-format.js'
import {
  fieldSize,
  kplHeaderSize,
  kplMessageSize,
  MAX_KPL_HEADER,
  writeKplHeader,
} from './kpl-framing.js'
import { writeVarint } from './varint.js'

export interface KplBounds extends AggregateBounds {
  /** Largest aggregate that may be made of a record that would otherwise travel as it is. */
  readonly maxAloneBytes: number
}

/** Shards by prediction; undefined for a record whose shard cannot be told. */
export interface ShardPrediction {
  shardOf(record: PackableRecord): string | undefined
}

/**
 * `packing: kpl`. A consumer drops the records of an aggregate whose key does not belong to the
 * shard it lies in. So an aggregate holds one partition key, unless the shards are predicted.
 */
export class KplFormat implements AggregateFormat {
  readonly finish = undefined
  readonly #bounds: KplBounds
  readonly #keys: SpreadKeys
  readonly #shards: ShardPrediction | undefined

  constructor(bounds: KplBounds, keys: SpreadKeys, shards?: ShardPrediction) {
    this.#bounds = bounds
    this.#keys = keys
    this.#shards = shards
  }

  shardOf(record: PackableRecord): string | undefined {
    return this.#shards?.shardOf(record)
  }

  open(record: PackableRecord, shard: string | undefined): AggregateBuilder {
    return new KplPack(record, this.#bounds, this.#keys, shard)
  }
}

class KplPack implements AggregateBuilder, PackRecord {
  readonly shard: string | undefined
  bytes: number
  readonly PartitionKey: string
  readonly ExplicitHashKey: string | undefined
  size = 0
  /** The first one by itself: a pack of it alone needs no wrapping. */
  readonly #first: PlainRecord
  /** The records' messages. */
  readonly #runs = new Runs()
  #count = 0
  readonly #bounds: KplBounds
  readonly #keys: SpreadKeys
  readonly #outerKeyBytes: number
  /** Stands in the table for records without a key: they never go under a user's key. */
  #generatedKey: string | undefined
  /**
   * Index of each key in its table; undefined stands for the generated key. Maps keep their order,
   * whatever the keys look like.
   */
  readonly #partitionKeys = new Map<string | undefined, number>()
  readonly #hashKeys = new Map<string, number>()
  /** The key looked up last, since mostly all records have the same: its index and its bytes. */
  #lastKey: string | undefined
  #lastIndex = 0
  #lastTextBytes: number

  constructor(
    first: PackableRecord,
    bounds: KplBounds,
    keys: SpreadKeys,
    shard: string | undefined,
  ) {
    this.#bounds = bounds
    this.#keys = keys
    this.shard = shard
    this.#first = wholeRecord(first, this.#keys)
    this.#lastKey = first.partitionKey
    this.PartitionKey = this.#textOf(first.partitionKey)
    this.#lastTextBytes = Buffer.byteLength(this.PartitionKey, 'utf8')
    this.#outerKeyBytes = this.#lastTextBytes
    this.ExplicitHashKey = first.explicitHashKey
    this.bytes = KPL_MAGIC.length + KPL_DIGEST_BYTES + this.#outerKeyBytes
    this.add(first, this.#sizeOf(first))
  }

  growth(record: PackableRecord): number | undefined {
    const { maxBytes, maxRecords } = this.#bounds
    if (this.#count >= maxRecords) return undefined
    const growth = this.#sizeOf(record)
    return this.bytes + growth > maxBytes ? undefined : growth
  }

  add(record: PackableRecord, growth: number): void {
    const { partitionKey, explicitHashKey } = record
    const index = this.#lookUp(record)
    if (index === this.#partitionKeys.size) this.#partitionKeys.set(partitionKey, index)
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      this.#hashKeys.set(explicitHashKey, this.#hashKeys.size)
    this.#addMessage(record, index)
    this.#count++
    this.bytes += growth
  }

  build(): OutgoingRecord {
    // A single record needs no aggregate, so that any consumer can read it. One that is an aggregate
    // of the user's, or looks like one, does: consumers would take it apart.
    if (this.#count === 1 && !this.#mustBeWrapped(this.#first)) return this.#first
    this.size = this.bytes - this.#outerKeyBytes
    return this
  }

  *writeTo(sink: ByteSink): Generator<void, void> {
    sink.bytes(KPL_MAGIC)
    sink.beginDigest()
    for (const key of this.#partitionKeys.keys())
      writeText(sink, KPL_TAG.partitionKey, this.#textOf(key))
    for (const key of this.#hashKeys.keys()) writeText(sink, KPL_TAG.explicitHashKey, key)
    yield* this.#runs.writeTo(sink)
    sink.writeDigest()
  }

  /** Most messages stand in memory as they are sent. */
  #addMessage({ memory, start, length, explicitHashKey }: PackableRecord, index: number): void {
    if (index === 0 && explicitHashKey === undefined) {
      this.#runs.add(memory, start - kplHeaderSize(length), start + length)
      return
    }
    const hashIndex =
      explicitHashKey === undefined ? undefined : (this.#hashKeys.get(explicitHashKey) ?? 0)
    const header = Buffer.allocUnsafe(MAX_KPL_HEADER)
    this.#runs.add(header, 0, writeKplHeader(header, 0, length, index, hashIndex))
    this.#runs.add(memory, start, start + length)
  }

  /** Text never begins with the magic: it is no UTF-8. */
  #mustBeWrapped({ memory, start, size }: PlainRecord): boolean {
    const data = memory.subarray(start, start + size)
    return hasKplMagic(data) && this.bytes <= this.#bounds.maxAloneBytes
  }

  #textOf(key: string | undefined): string {
    return key ?? (this.#generatedKey ??= this.#keys.next())
  }

  /** What the aggregate gains by a record: its message, and its keys if they are new. */
  #sizeOf(record: PackableRecord): number {
    const { explicitHashKey } = record
    const index = this.#lookUp(record)
    let size = fieldSize(this.#messageSize(record, index))
    if (index === this.#partitionKeys.size) size += fieldSize(this.#lastTextBytes)
    // A hash key is a decimal number: one byte a character.
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      size += fieldSize(explicitHashKey.length)
    return size
  }

  /** Index of the record's key in its table; the table's size if it is not there yet. */
  #lookUp(record: PackableRecord): number {
    const { partitionKey } = record
    if (partitionKey !== this.#lastKey) {
      this.#lastKey = partitionKey
      this.#lastIndex = this.#partitionKeys.get(partitionKey) ?? this.#partitionKeys.size
      // A generated key was not known when the record was counted.
      this.#lastTextBytes =
        partitionKey === undefined ? this.#textOf(undefined).length : countedKeyBytes(partitionKey)
    }
    return this.#lastIndex
  }

  #messageSize({ length, explicitHashKey }: PackableRecord, index: number): number {
    const hashIndex =
      explicitHashKey === undefined
        ? undefined
        : (this.#hashKeys.get(explicitHashKey) ?? this.#hashKeys.size)
    return kplMessageSize(length, index, hashIndex)
  }
}

const writeText = (sink: ByteSink, tag: number, text: string): void => {
  sink.byte(tag)
  writeVarint(sink, Buffer.byteLength(text, 'utf8'))
  sink.text(text)
}
