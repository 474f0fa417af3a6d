import type { PendingRecord } from './pending-record.js'
import { RecordList } from './record-list.js'
import type { ShardBackoff } from './shard-backoff.js'

/** The records of a key that wait behind those that are free or in flight. */
class Behind extends RecordList {
  /** Records of the key that are not held: one, or more if a Kinesis record carries them together. */
  out = 1
  /** The shard that all of them are known to belong to, if there is one. */
  shard: ShardBackoff | undefined = undefined

  constructor() {
    super('held')
  }

  /** Call before a record joins. */
  noteShardOf({ shard }: PendingRecord): void {
    if (this.length === 0) this.shard = shard
    else if (this.shard !== shard) this.shard = undefined
  }
}

/** Stands for "this key has one record that is not held, and none waits behind it". */
const NONE = new Behind()

/**
 * Order within a partition key. Each Kinesis record of a request may fail alone, so only one record
 * of a key is free at a time (ready, in flight or waiting to be retried); the later ones are held
 * here until it is settled. Records that share a Kinesis record succeed or fail together: they may
 * be in flight together, and all but the oldest are held again if that fails. A key of which nothing
 * is unsettled is not in the map, so memory follows the buffer and not the number of keys ever seen.
 */
export class KeyOrder {
  readonly #keys = new Map<string, Behind>()
  held = 0
  heldBytes = 0
  /** Records in flight beyond one a key. */
  #companions = 0

  /** Whether a new record of this key is free; otherwise it has to be held. */
  enter(key: string | undefined): boolean {
    if (key === undefined) return true
    if (this.#keys.has(key)) return false
    this.#keys.set(key, NONE)
    return true
  }

  /** Holds a new record behind the older ones of its key. */
  hold(record: PendingRecord): void {
    const key = record.partitionKey
    if (key === undefined) return
    let behind = this.#keys.get(key)
    if (behind === undefined || behind === NONE) this.#keys.set(key, (behind = new Behind()))
    behind.noteShardOf(record)
    behind.push(record)
    this.#count(record, 1)
  }

  /** A record of this key that was not held is settled. Returns the next one of its key, if it is free now. */
  leave(key: string | undefined): PendingRecord | undefined {
    if (key === undefined) return undefined
    // With many keys nothing is held at all: one look into the map instead of two.
    const behind = this.held + this.#companions === 0 ? undefined : this.#keys.get(key)
    if (behind !== undefined && behind.out > 1) {
      behind.out--
      this.#companions--
      return undefined
    }
    const next = behind?.head
    if (behind !== undefined && next !== undefined) {
      this.removeHeld(next, behind)
      return next
    }
    this.#keys.delete(key)
    return undefined
  }

  /** The record that comes after those of its key that are not held. */
  following(record: PendingRecord): PendingRecord | undefined {
    return this.#behind(record)?.head
  }

  /** Assigns a record to its shard, and all that is held behind it: they fill its share as well. */
  assign(record: PendingRecord, shard: ShardBackoff): void {
    record.assign(shard)
    const behind = this.#behind(record)
    if (behind === undefined || behind.length === 0 || behind.shard === shard) return
    for (const follower of behind) follower.assign(shard)
    behind.shard = shard
  }

  #behind(record: PendingRecord): Behind | undefined {
    if (record.partitionKey === undefined || this.held === 0) return undefined
    return this.#keys.get(record.partitionKey)
  }

  /** Lets the following record go along with those before it. */
  accompany(record: PendingRecord): void {
    const behind =
      record.partitionKey === undefined ? undefined : this.#keys.get(record.partitionKey)
    if (behind === undefined || record.list !== behind) return
    this.removeHeld(record, behind)
    behind.out++
    this.#companions++
  }

  /** Whether the record has to be held again, since an older one of its key goes again first. */
  holdAgain(record: PendingRecord): boolean {
    const behind =
      record.partitionKey === undefined ? undefined : this.#keys.get(record.partitionKey)
    if (behind === undefined || behind.out === 1) return false
    behind.noteShardOf(record)
    behind.insertNearHead(record)
    behind.out--
    this.#companions--
    this.#count(record, 1)
    return true
  }

  get hasCompanions(): boolean {
    return this.#companions > 0
  }

  /** Takes out a record that is held; the older ones of its key are as they were. */
  removeHeld(record: PendingRecord, list: RecordList): void {
    list.remove(record)
    this.#count(record, -1)
  }

  #count({ bytes }: PendingRecord, sign: 1 | -1): void {
    this.held += sign
    this.heldBytes += sign * bytes
  }
}
