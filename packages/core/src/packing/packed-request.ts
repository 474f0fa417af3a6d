import type { WireRecord } from '../client/client-types.js'
import type { Entry } from '../queue/pending-record.js'
import type { OutgoingRecord } from './outgoing.js'
import type { Load, Packed } from './packer.js'
import { SPREAD_KEY_BYTES } from './spread-keys.js'

/** One Kinesis record being filled. */
export interface Pack {
  /** What it weighs now, partition key included. */
  readonly bytes: number
  /** The shard it is made for, where it matters. */
  readonly shard: string | undefined
  /** What it would gain by this record; undefined: it does not fit any more. */
  growth(entry: Entry): number | undefined
  add(entry: Entry, growth: number): void
  build(): OutgoingRecord
}

/** What tells packings apart. */
export interface PackFormat {
  /** Begins a pack with its first record, which fits whatever it weighs. */
  open(entry: Entry): Pack
  /** Where a record belongs, if not with those of its partition key. */
  groupOf(entry: Entry): string | undefined
  /** A step after building, such as compression. */
  readonly finish: ((records: readonly OutgoingRecord[]) => Promise<WireRecord[]>) | undefined
}

/** A request of packs. Records of one key (or group) share a pack; those without one share any. */
export class PackedLoad implements Load {
  readonly entries: Entry[] = []
  readonly #limit: number
  readonly #maxBytes: number
  readonly #format: PackFormat
  readonly #packs: Pack[] = []
  readonly #carriers: number[] = []
  /** Index of the pack that each partition key fills now; '' stands for no key. */
  readonly #byKey = new Map<string, number>()
  /** The same for records that belong together for another reason than their key. */
  readonly #byGroup = new Map<string, number>()
  #bytes = 0
  /** No pack may be added; those there are may still grow. */
  #closed = false

  constructor(limit: number, maxBytes: number, format: PackFormat) {
    this.#limit = limit
    this.#maxBytes = maxBytes
    this.#format = format
  }

  take(entry: Entry): boolean {
    const group = this.#groupOf(entry)
    const filling = group === undefined ? this.#byKey : this.#byGroup
    const name = group ?? entry.partitionKey ?? ''
    if (this.#join(filling.get(name), entry)) return true
    // Its pack is full, and there will be no other.
    if (this.#closed) return this.#refuse(filling, name)
    const pack = this.#format.open(entry)
    if (
      this.#packs.length >= this.#limit ||
      (this.#packs.length > 0 && this.#bytes + pack.bytes > this.#maxBytes)
    ) {
      this.#closed = true
      return this.#refuse(filling, name)
    }
    this.#bytes += pack.bytes
    filling.set(name, this.#packs.length)
    this.#carriers.push(this.#packs.length)
    this.#packs.push(pack)
    this.entries.push(entry)
    return true
  }

  takeAlong(entry: Entry): boolean {
    const group = this.#groupOf(entry)
    const index =
      group === undefined ? this.#byKey.get(entry.partitionKey ?? '') : this.#byGroup.get(group)
    return this.#join(index, entry)
  }

  get hasRoom(): boolean {
    return this.#byKey.size + this.#byGroup.size > 0
  }

  pack(): Packed {
    const records = this.#packs.map(pack => pack.build())
    const shards = this.#packs.some(({ shard }) => shard !== undefined)
      ? this.#packs.map(({ shard }) => shard)
      : undefined
    const { finish } = this.#format
    return {
      records: finish === undefined ? records : finish(records),
      count: records.length,
      carriers: this.#carriers,
      shards,
    }
  }

  #refuse(filling: Map<string, number>, name: string): false {
    filling.delete(name)
    return false
  }

  #groupOf(entry: Entry): string | undefined {
    const group = this.#format.groupOf(entry)
    if (group !== undefined) return group
    const { explicitHashKey, partitionKey } = entry
    return explicitHashKey === undefined ? undefined : `${explicitHashKey} ${partitionKey ?? ''}`
  }

  #join(index: number | undefined, entry: Entry): boolean {
    const pack = index === undefined ? undefined : this.#packs[index]
    const growth = pack?.growth(entry)
    if (
      index === undefined ||
      pack === undefined ||
      growth === undefined ||
      this.#bytes + growth > this.#maxBytes
    )
      return false
    pack.add(entry, growth)
    this.#bytes += growth
    this.#carriers.push(index)
    this.entries.push(entry)
    return true
  }
}

/** Bytes of the key as it counts in an entry. */
export const keyBytesOf = ({ partitionKey }: Entry): number =>
  partitionKey === undefined ? SPREAD_KEY_BYTES : Buffer.byteLength(partitionKey, 'utf8')
