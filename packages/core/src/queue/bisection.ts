import type { PendingRecord } from './pending-record.js'
import { RecordList } from './record-list.js'

/**
 * Parts of requests that were split to find the record that makes them fail, each to be sent by
 * itself. One culprit among n records costs 2 log2 n requests; if all are culprits, 2n - 1.
 */
export class Bisection {
  #parts: RecordList[] = []

  /** The halves go before all else that is being bisected. */
  split(first: readonly PendingRecord[], second: readonly PendingRecord[]): void {
    this.#parts.unshift(partOf(first), partOf(second))
  }

  /** A part whose request said nothing about it goes behind the others, so that each has its turn. */
  putBack(records: readonly PendingRecord[]): void {
    this.#parts.push(partOf(records))
  }

  /** What did not fit into a request waits as a part of its own. */
  keep(part: RecordList): void {
    this.#parts.unshift(part)
  }

  next(): RecordList | undefined {
    for (;;) {
      const part = this.#parts.shift()
      // One without records says nothing: they may have expired or been dropped meanwhile, because the
      // buffer was full, or all of them fitted into a request.
      if (part === undefined || part.length > 0) return part
    }
  }
}

const partOf = (records: readonly PendingRecord[]): RecordList => {
  const part = new RecordList('part')
  for (const record of records) part.push(record)
  return part
}
