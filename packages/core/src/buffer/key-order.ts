import type { Entry } from './entry.js'
import { EntryList } from './entry-list.js'

/** Stands for "this key has a record under way and none waits behind it". */
const NONE = new EntryList()

/**
 * Order within a partition key. Each record of a request may fail alone, so only one record of a
 * key is free at a time (queued, in flight or waiting to be retried); the later ones are held here
 * until it is settled. A key with nothing under way is not in the map, so memory follows the buffer
 * and not the number of keys ever seen.
 */
export class KeyOrder {
  readonly #keys = new Map<string, EntryList>()
  held = 0
  heldBytes = 0

  /** Whether the entry is free; otherwise it is held behind an older one of its key. */
  enter(entry: Entry): boolean {
    const key = entry.partitionKey
    if (key === undefined) return true
    let behind = this.#keys.get(key)
    if (behind === undefined) {
      this.#keys.set(key, NONE)
      return true
    }
    if (behind === NONE) this.#keys.set(key, (behind = new EntryList()))
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
    const behind = this.held === 0 ? undefined : this.#keys.get(key)
    if (behind !== undefined && behind.length > 0) return this.#shift(behind)
    this.#keys.delete(key)
    return undefined
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

  #shift(behind: EntryList): Entry | undefined {
    const entry = behind.shift()
    if (entry !== undefined) {
      this.held--
      this.heldBytes -= entry.bytes
    }
    return entry
  }
}
