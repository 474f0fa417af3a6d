import type { PendingRecord } from './pending-record.js'

/** What the records of a list wait for. */
export type Home =
  /** Their first request: in the order of admission. */
  | 'ready'
  /** The next request, having been held or tried before: ahead of the others, in the order they came back. */
  | 'again'
  /** An older record of their partition key. */
  | 'held'
  /** The backoff of their shard. */
  | 'shard'
  /** A backoff of their own. */
  | 'delay'
  /** Their part of a bisected request. */
  | 'part'

/** A queue of records linked through themselves: every step is O(1) and allocates nothing. */
export class RecordList {
  readonly home: Home
  head: PendingRecord | undefined = undefined
  tail: PendingRecord | undefined = undefined
  length = 0
  bytes = 0
  /** Records that failed before. */
  tried = 0

  constructor(home: Home) {
    this.home = home
  }

  push(record: PendingRecord): void {
    record.list = this
    record.previous = this.tail
    record.next = undefined
    if (this.tail === undefined) this.head = record
    else this.tail.next = record
    this.tail = record
    this.#count(record, 1)
  }

  /** Puts a record among those admitted before and after it; most of the list is younger. */
  insertNearHead(record: PendingRecord): void {
    let at = this.head
    while (at !== undefined && at.sequence < record.sequence) at = at.next
    this.#insertBefore(at, record)
  }

  /** The same, for a list that is mostly older. */
  insertNearTail(record: PendingRecord): void {
    let after: PendingRecord | undefined
    for (let at = this.tail; at !== undefined && at.sequence > record.sequence; at = at.previous)
      after = at
    this.#insertBefore(after, record)
  }

  #insertBefore(at: PendingRecord | undefined, record: PendingRecord): void {
    if (at === undefined) return this.push(record)
    record.list = this
    record.previous = at.previous
    record.next = at
    if (at.previous === undefined) this.head = record
    else at.previous.next = record
    at.previous = record
    this.#count(record, 1)
  }

  remove(record: PendingRecord): void {
    const { previous, next } = record
    if (previous === undefined) this.head = next
    else previous.next = next
    if (next === undefined) this.tail = previous
    else next.previous = previous
    record.list = undefined
    record.previous = undefined
    record.next = undefined
    this.#count(record, -1)
  }

  #count(record: PendingRecord, sign: 1 | -1): void {
    this.length += sign
    this.bytes += sign * record.bytes
    if (record.wasTried) this.tried += sign
  }

  *[Symbol.iterator](): Generator<PendingRecord, void, undefined> {
    for (let record = this.head; record !== undefined; record = record.next) yield record
  }
}
