import type { PackableRecord } from '../../record/packable-record.js'
import {
  type AggregateBounds,
  type AggregateBuilder,
  type AggregateFormat,
  countedKeyBytes,
} from '../aggregate-builder.js'
import { wholeRecord } from '../none/whole-record.js'
import type { ByteSink, OutgoingRecord, PackRecord } from '../outgoing.js'
import type { SpreadKeys } from '../spread-keys.js'
import { hasKplMagic, KPL_DIGEST_BYTES, KPL_MAGIC, KPL_TAG } from './kpl-format.js'
import { varintSize, writeVarint } from './varint.js'

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
  readonly #records: PackableRecord[] = []
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
  /** As admission counted them; a generated key was not known then. */
  #lastCountedBytes: number
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
    this.#lastKey = first.partitionKey
    this.#lastCountedBytes = countedKeyBytes(first)
    this.PartitionKey = this.#textOf(first.partitionKey)
    this.#lastTextBytes = Buffer.byteLength(this.PartitionKey, 'utf8')
    this.#outerKeyBytes = this.#lastTextBytes
    this.ExplicitHashKey = first.explicitHashKey
    this.bytes = KPL_MAGIC.length + KPL_DIGEST_BYTES + this.#outerKeyBytes
    this.add(first, this.#sizeOf(first))
  }

  growth(record: PackableRecord): number | undefined {
    const { maxBytes, maxRecords } = this.#bounds
    if (this.#records.length >= maxRecords) return undefined
    const growth = this.#sizeOf(record)
    return this.bytes + growth > maxBytes ? undefined : growth
  }

  add(record: PackableRecord, growth: number): void {
    const { partitionKey, explicitHashKey } = record
    if (this.#lookUp(record) === this.#partitionKeys.size)
      this.#partitionKeys.set(partitionKey, this.#lastIndex)
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      this.#hashKeys.set(explicitHashKey, this.#hashKeys.size)
    this.#records.push(record)
    this.bytes += growth
  }

  build(): OutgoingRecord {
    const [first, second] = this.#records
    // A single record needs no aggregate, so that any consumer can read it. One that is an aggregate
    // of the user's, or looks like one, does: consumers would take it apart.
    if (first !== undefined && second === undefined && !this.#mustBeWrapped(first))
      return wholeRecord(first, this.#keys)
    this.size = this.bytes - this.#outerKeyBytes
    return this
  }

  writeTo(sink: ByteSink): void {
    sink.bytes(KPL_MAGIC)
    sink.beginDigest()
    for (const key of this.#partitionKeys.keys())
      writeText(sink, KPL_TAG.partitionKey, this.#textOf(key))
    for (const key of this.#hashKeys.keys()) writeText(sink, KPL_TAG.explicitHashKey, key)
    for (const record of this.#records) this.#writeRecord(sink, record)
    sink.writeDigest()
  }

  /** Text never begins with the magic: it is no UTF-8. */
  #mustBeWrapped({ data }: PackableRecord): boolean {
    return typeof data !== 'string' && hasKplMagic(data) && this.bytes <= this.#bounds.maxAloneBytes
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
      this.#lastCountedBytes = countedKeyBytes(record)
      this.#lastTextBytes =
        partitionKey === undefined ? this.#textOf(undefined).length : this.#lastCountedBytes
    }
    return this.#lastIndex
  }

  /** Bytes of the message of a record whose key was just looked up. */
  #messageSize({ bytes, explicitHashKey }: PackableRecord, index: number): number {
    const size = 1 + varintSize(index) + fieldSize(bytes - this.#lastCountedBytes)
    if (explicitHashKey === undefined) return size
    return size + 1 + varintSize(this.#hashKeys.get(explicitHashKey) ?? this.#hashKeys.size)
  }

  #writeRecord(sink: ByteSink, record: PackableRecord): void {
    const { data, explicitHashKey } = record
    const index = this.#lookUp(record)
    sink.byte(KPL_TAG.record)
    writeVarint(sink, this.#messageSize(record, index))
    sink.byte(KPL_TAG.partitionKeyIndex)
    writeVarint(sink, index)
    if (explicitHashKey !== undefined) {
      sink.byte(KPL_TAG.explicitHashKeyIndex)
      writeVarint(sink, this.#hashKeys.get(explicitHashKey) ?? 0)
    }
    sink.byte(KPL_TAG.data)
    writeVarint(sink, record.bytes - this.#lastCountedBytes)
    if (typeof data === 'string') sink.text(data)
    else sink.bytes(data)
  }
}

/** A field of this many bytes, with its tag and length. */
const fieldSize = (bytes: number): number => 1 + varintSize(bytes) + bytes

const writeText = (sink: ByteSink, tag: number, text: string): void => {
  sink.byte(tag)
  writeVarint(sink, Buffer.byteLength(text, 'utf8'))
  sink.text(text)
}
