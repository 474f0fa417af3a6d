import type { Entry } from './pending-record.js'
import { EntryList } from './record-list.js'

/** The records of a key that wait behind those under way. */
class Behind extends EntryList {
  /** Records of the key under way: one, or more if a pack carries them together. */
  out = 1
}

/** Stands for "this key has one record under way and none waits behind it". */
const NONE = new Behind()

/**
 * Order within a partition key. Each record of a request may fail alone, so only one record of a
 * key is free at a time (queued, in flight or waiting to be retried); the later ones are held here
 * until it is settled. Records that share a Kinesis record succeed or fail together: they may be
 * under way together, and go back behind the oldest of them if it comes to nothing. A key with nothing under way is not in the map, so memory follows the buffer
 * and not the number of keys ever seen.
 */
export class KeyOrder {
  readonly #keys = new Map<string, Behind>()
  held = 0
  heldBytes = 0
  /** Records under way beyond one a key. */
  #companions = 0

  /** Whether the entry is free; otherwise it is held behind an older one of its key. */
  enter(entry: Entry): boolean {
    const key = entry.partitionKey
    if (key === undefined) return true
    let behind = this.#keys.get(key)
    if (behind === undefined) {
      this.#keys.set(key, NONE)
      return true
    }
    if (behind === NONE) this.#keys.set(key, (behind = new Behind()))
    behind.push(entry)
    this.held++
    this.heldBytes += entry.bytes
    return false
  }

  /** Call when the key's free record is settled. Returns the next one, now free. */
  leave(entry: Entry): Entry | undefined {
    const key = entry.partitionKey
    if (key === undefined) return undefined
    // With many keys nothing is held at all: one look into the map instead of two.
    const behind = this.held + this.#companions === 0 ? undefined : this.#keys.get(key)
    if (behind !== undefined && behind.out > 1) {
      behind.out--
      this.#companions--
      return undefined
    }
    if (behind !== undefined && behind.length > 0) return this.#shift(behind)
    this.#keys.delete(key)
    return undefined
  }

  /** The record that comes after those of its key under way. */
  following(entry: Entry): Entry | undefined {
    if (entry.partitionKey === undefined || this.held === 0) return undefined
    return this.#keys.get(entry.partitionKey)?.head
  }

  /** Takes that record along. */
  accompany(entry: Entry): void {
    const behind = entry.partitionKey === undefined ? undefined : this.#keys.get(entry.partitionKey)
    if (behind === undefined || this.#shift(behind) === undefined) return
    behind.out++
    this.#companions++
  }

  /**
   * Takes back records that come to nothing, oldest first: the oldest of each key stays free, those
   * that accompanied it wait behind it again. Returns the free ones, in the same order.
   */
  takeBack(entries: readonly Entry[]): readonly Entry[] {
    if (this.#companions === 0) return entries
    return entries
      .toReversed()
      .filter(entry => !this.#takeBehind(entry))
      .toReversed()
  }

  /** Puts an entry back behind an older one of its key, if one is under way. */
  #takeBehind(entry: Entry): boolean {
    const behind = entry.partitionKey === undefined ? undefined : this.#keys.get(entry.partitionKey)
    if (behind === undefined || behind.out === 1) return false
    behind.unshift(entry)
    behind.out--
    this.#companions--
    this.held++
    this.heldBytes += entry.bytes
    return true
  }

  /** Takes out the first held record of the key that has waited longest in the map. */
  evict(): Entry | undefined {
    for (const behind of this.#keys.values()) {
      if (behind.length > 0) return this.#shift(behind)
    }
    return undefined
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (const behind of this.#keys.values()) yield* behind
  }

  #shift(behind: Behind): Entry | undefined {
    const entry = behind.shift()
    if (entry !== undefined) {
      this.held--
      this.heldBytes -= entry.bytes
    }
    return entry
  }
}
