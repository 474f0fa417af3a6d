import type { Entry } from '../../queue/pending-record.js'
import { recordOf } from '../none/unpacked.js'
import type { ByteSink, OutgoingRecord, PackRecord } from '../outgoing.js'
import { keyBytesOf, type Pack, type PackFormat } from '../packed-request.js'
import { SPREAD_KEY_BYTES, type SpreadKeys } from '../spread-keys.js'
import { KPL_DIGEST_BYTES, KPL_MAGIC, KPL_TAG } from './kpl-format.js'
import { varintSize, writeVarint } from './varint.js'

export interface KplOptions {
  readonly maxBytes: number
  readonly maxRecords: number
}

/** Shards by prediction; undefined for a record whose shard cannot be told. */
export interface ShardPrediction {
  shardOf(entry: Entry): string | undefined
}

/**
 * `packing: kpl`. A consumer drops the records of an aggregate whose key does not belong to the
 * shard it lies in. So an aggregate holds one partition key, unless the shards are predicted.
 */
export class KplFormat implements PackFormat {
  readonly #options: KplOptions
  readonly #keys: SpreadKeys
  readonly #shards: ShardPrediction | undefined
  readonly finish = undefined

  constructor(options: KplOptions, keys: SpreadKeys, shards?: ShardPrediction) {
    this.#options = options
    this.#keys = keys
    this.#shards = shards
  }

  groupOf(entry: Entry): string | undefined {
    return this.#shards?.shardOf(entry)
  }

  open(entry: Entry): Pack {
    return new KplPack(entry, this.#options, this.#keys, this.groupOf(entry))
  }
}

class KplPack implements Pack, PackRecord {
  readonly #entries: Entry[] = []
  readonly shard: string | undefined
  bytes: number
  readonly PartitionKey: string
  readonly ExplicitHashKey: string | undefined
  size = 0
  readonly #options: KplOptions
  readonly #keys: SpreadKeys
  readonly #outerKeyBytes: number
  /** Index of each key in its table. Maps keep their order, whatever the keys look like. */
  readonly #partitionKeys = new Map<string | undefined, number>()
  readonly #hashKeys = new Map<string, number>()
  /** The key of the last record, its bytes and its index: mostly all records have the same. */
  #lastKey: string | undefined
  #lastKeyBytes: number
  #lastIndex = 0

  constructor(first: Entry, options: KplOptions, keys: SpreadKeys, shard: string | undefined) {
    this.#options = options
    this.#keys = keys
    this.shard = shard
    this.#lastKey = first.partitionKey
    this.#lastKeyBytes = keyBytesOf(first)
    this.#outerKeyBytes = this.#lastKeyBytes
    this.PartitionKey = first.partitionKey ?? keys.next()
    this.ExplicitHashKey = first.explicitHashKey
    this.bytes = KPL_MAGIC.length + KPL_DIGEST_BYTES + this.#lastKeyBytes
    this.add(first, this.#size(first))
  }

  growth(entry: Entry): number | undefined {
    const growth = this.#size(entry)
    const { maxBytes, maxRecords } = this.#options
    return this.bytes + growth > maxBytes || this.#entries.length >= maxRecords ? undefined : growth
  }

  add(entry: Entry, growth: number): void {
    const { partitionKey, explicitHashKey } = entry
    if (this.#lookUp(entry) === this.#partitionKeys.size)
      this.#partitionKeys.set(partitionKey, this.#lastIndex)
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      this.#hashKeys.set(explicitHashKey, this.#hashKeys.size)
    this.#entries.push(entry)
    this.bytes += growth
  }

  build(): OutgoingRecord {
    const [first, second] = this.#entries
    // A single record needs no aggregate, so that any consumer can read it.
    if (first !== undefined && second === undefined) return recordOf(first, this.#keys)
    this.size = this.bytes - this.#outerKeyBytes
    // A generated key may be shorter than it was taken for; in the table it stands once.
    if (this.#partitionKeys.has(undefined))
      this.size += fieldSize(this.PartitionKey.length) - fieldSize(SPREAD_KEY_BYTES)
    return this
  }

  writeTo(sink: ByteSink): void {
    sink.bytes(KPL_MAGIC)
    sink.beginDigest()
    for (const key of this.#partitionKeys.keys())
      writeText(sink, KPL_TAG.partitionKey, key ?? this.PartitionKey)
    for (const key of this.#hashKeys.keys()) writeText(sink, KPL_TAG.explicitHashKey, key)
    for (const entry of this.#entries) this.#writeRecord(sink, entry)
    sink.writeDigest()
  }

  /** What the aggregate gains by a record: its message, and its keys if they are new. */
  #size(entry: Entry): number {
    const { explicitHashKey } = entry
    const index = this.#lookUp(entry)
    const message =
      1 +
      varintSize(index) +
      fieldSize(entry.bytes - this.#lastKeyBytes) +
      this.#hashKeySize(explicitHashKey)
    let size = fieldSize(message)
    if (index === this.#partitionKeys.size) size += fieldSize(this.#lastKeyBytes)
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      size += fieldSize(explicitHashKey.length)
    return size
  }

  /** Index of the record's key in its table; the table's size if it is not there yet. */
  #lookUp(entry: Entry): number {
    if (entry.partitionKey !== this.#lastKey) {
      this.#lastKey = entry.partitionKey
      this.#lastKeyBytes = keyBytesOf(entry)
      this.#lastIndex = this.#partitionKeys.get(entry.partitionKey) ?? this.#partitionKeys.size
    }
    return this.#lastIndex
  }

  #hashKeySize(key: string | undefined): number {
    return key === undefined ? 0 : 1 + varintSize(this.#hashKeys.get(key) ?? this.#hashKeys.size)
  }

  #writeRecord(sink: ByteSink, entry: Entry): void {
    const { data, explicitHashKey } = entry
    const index = this.#lookUp(entry)
    const size = entry.bytes - this.#lastKeyBytes
    sink.byte(KPL_TAG.record)
    writeVarint(sink, 1 + varintSize(index) + fieldSize(size) + this.#hashKeySize(explicitHashKey))
    sink.byte(KPL_TAG.partitionKeyIndex)
    writeVarint(sink, index)
    if (explicitHashKey !== undefined) {
      sink.byte(KPL_TAG.explicitHashKeyIndex)
      writeVarint(sink, this.#hashKeys.get(explicitHashKey) ?? 0)
    }
    sink.byte(KPL_TAG.data)
    writeVarint(sink, size)
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
