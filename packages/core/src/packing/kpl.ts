import { hash } from 'node:crypto'
import type { Entry } from '../buffer/entry.js'
import type { WireRecord } from '../sending/client.js'
import { KPL_DIGEST_BYTES, KPL_MAGIC, KPL_TAG } from './kpl-format.js'
import { keyBytesOf, type Pack, type PackFormat } from './packed-load.js'
import type { SpreadKeys } from './spread-keys.js'
import { recordOf } from './unpacked.js'
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

class KplPack implements Pack {
  readonly entries: Entry[] = []
  readonly shard: string | undefined
  bytes: number
  readonly #options: KplOptions
  readonly #keys: SpreadKeys
  /** Index of each key in its table. Maps keep their order, whatever the keys look like. */
  readonly #partitionKeys = new Map<string | undefined, number>()
  readonly #hashKeys = new Map<string, number>()
  /** The key of the last record, and its bytes: mostly all records have the same. */
  #lastKey: string | undefined
  #lastKeyBytes: number

  constructor(first: Entry, options: KplOptions, keys: SpreadKeys, shard: string | undefined) {
    this.#options = options
    this.#keys = keys
    this.shard = shard
    this.#lastKey = first.partitionKey
    this.#lastKeyBytes = keyBytesOf(first)
    this.bytes = KPL_MAGIC.length + KPL_DIGEST_BYTES + this.#lastKeyBytes
    this.add(first, this.#size(first))
  }

  growth(entry: Entry): number | undefined {
    const growth = this.#size(entry)
    const { maxBytes, maxRecords } = this.#options
    return this.bytes + growth > maxBytes || this.entries.length >= maxRecords ? undefined : growth
  }

  add(entry: Entry, growth: number): void {
    const { partitionKey, explicitHashKey } = entry
    if (!this.#partitionKeys.has(partitionKey))
      this.#partitionKeys.set(partitionKey, this.#partitionKeys.size)
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      this.#hashKeys.set(explicitHashKey, this.#hashKeys.size)
    this.entries.push(entry)
    this.bytes += growth
  }

  build(): WireRecord {
    const [first, second] = this.entries
    if (first === undefined) throw new Error('a pack has at least one record')
    // A single record needs no aggregate, so that any consumer can read it.
    if (second === undefined) return recordOf(first, this.#keys)
    const record: WireRecord = {
      PartitionKey: first.partitionKey ?? this.#keys.next(),
      Data: new Uint8Array(),
    }
    record.Data = this.#aggregate(record.PartitionKey)
    if (first.explicitHashKey !== undefined) record.ExplicitHashKey = first.explicitHashKey
    return record
  }

  /** What the aggregate gains by a record: its message, and its keys if they are new. */
  #size(entry: Entry): number {
    const { partitionKey, explicitHashKey } = entry
    if (partitionKey !== this.#lastKey) {
      this.#lastKey = partitionKey
      this.#lastKeyBytes = keyBytesOf(entry)
    }
    const index = this.#partitionKeys.get(partitionKey)
    const message =
      1 +
      varintSize(index ?? this.#partitionKeys.size) +
      fieldSize(entry.bytes - this.#lastKeyBytes) +
      this.#hashKeySize(explicitHashKey)
    let size = fieldSize(message)
    if (index === undefined) size += fieldSize(this.#lastKeyBytes)
    if (explicitHashKey !== undefined && !this.#hashKeys.has(explicitHashKey))
      size += fieldSize(explicitHashKey.length)
    return size
  }

  #hashKeySize(key: string | undefined): number {
    return key === undefined ? 0 : 1 + varintSize(this.#hashKeys.get(key) ?? this.#hashKeys.size)
  }

  #aggregate(outerKey: string): Buffer {
    // The estimate of `bytes` is exact but for a generated key, which may be shorter.
    const buffer = Buffer.allocUnsafeSlow(this.bytes)
    buffer.set(KPL_MAGIC)
    const start = KPL_MAGIC.length
    let at = start
    for (const key of this.#partitionKeys.keys())
      at = writeText(buffer, KPL_TAG.partitionKey, key ?? outerKey, at)
    for (const key of this.#hashKeys.keys())
      at = writeText(buffer, KPL_TAG.explicitHashKey, key, at)
    for (const entry of this.entries) at = this.#writeRecord(buffer, entry, at)
    buffer.set(digestOf(buffer.subarray(start, at)), at)
    return buffer.subarray(0, at + KPL_DIGEST_BYTES)
  }

  #writeRecord(buffer: Buffer, entry: Entry, start: number): number {
    const { data, partitionKey, explicitHashKey } = entry
    if (partitionKey !== this.#lastKey) {
      this.#lastKey = partitionKey
      this.#lastKeyBytes = keyBytesOf(entry)
    }
    const size = entry.bytes - this.#lastKeyBytes
    const index = this.#partitionKeys.get(partitionKey) ?? 0
    const message = 1 + varintSize(index) + fieldSize(size) + this.#hashKeySize(explicitHashKey)
    let at = start
    buffer[at++] = KPL_TAG.record
    at = writeVarint(buffer, message, at)
    buffer[at++] = KPL_TAG.partitionKeyIndex
    at = writeVarint(buffer, index, at)
    if (explicitHashKey !== undefined) {
      buffer[at++] = KPL_TAG.explicitHashKeyIndex
      at = writeVarint(buffer, this.#hashKeys.get(explicitHashKey) ?? 0, at)
    }
    buffer[at++] = KPL_TAG.data
    at = writeVarint(buffer, size, at)
    if (typeof data === 'string') buffer.write(data, at, 'utf8')
    else buffer.set(data, at)
    return at + size
  }
}

/** A field of this many bytes, with its tag and length. */
const fieldSize = (bytes: number): number => 1 + varintSize(bytes) + bytes

const writeText = (buffer: Buffer, tag: number, text: string, start: number): number => {
  buffer[start] = tag
  const at = writeVarint(buffer, Buffer.byteLength(text, 'utf8'), start + 1)
  return at + buffer.write(text, at, 'utf8')
}

const digestOf = (bytes: Uint8Array): Uint8Array => hash('md5', bytes, 'buffer')
