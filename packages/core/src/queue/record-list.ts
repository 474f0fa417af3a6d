import type { Entry } from './pending-record.js'

/** A queue of entries linked through themselves: every step is O(1) and allocates nothing. */
export class EntryList {
  head: Entry | undefined = undefined
  tail: Entry | undefined = undefined
  length = 0
  bytes = 0

  push(entry: Entry): void {
    entry.list = this
    entry.previous = this.tail
    entry.next = undefined
    if (this.tail === undefined) this.head = entry
    else this.tail.next = entry
    this.tail = entry
    this.length++
    this.bytes += entry.bytes
  }

  unshift(entry: Entry): void {
    entry.list = this
    entry.next = this.head
    entry.previous = undefined
    if (this.head === undefined) this.tail = entry
    else this.head.previous = entry
    this.head = entry
    this.length++
    this.bytes += entry.bytes
  }

  /**
   * Puts records, oldest first, back among those that are older than all later ones: the walk
   * passes only records that came back the same way.
   */
  putBack(entries: Iterable<Entry>): void {
    let at = this.head
    for (const entry of entries) {
      while (at !== undefined && at.sequence < entry.sequence) at = at.next
      if (at === undefined) this.push(entry)
      else this.#insertBefore(at, entry)
    }
  }

  #insertBefore(at: Entry, entry: Entry): void {
    if (at.previous === undefined) return this.unshift(entry)
    entry.list = this
    entry.previous = at.previous
    entry.next = at
    at.previous.next = entry
    at.previous = entry
    this.length++
    this.bytes += entry.bytes
  }

  shift(): Entry | undefined {
    const entry = this.head
    if (entry !== undefined) this.remove(entry)
    return entry
  }

  remove(entry: Entry): void {
    const { previous, next } = entry
    if (previous === undefined) this.head = next
    else previous.next = next
    if (next === undefined) this.tail = previous
    else next.previous = previous
    entry.list = undefined
    entry.previous = undefined
    entry.next = undefined
    this.length--
    this.bytes -= entry.bytes
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (let entry = this.head; entry !== undefined; entry = entry.next) yield entry
  }
}
