import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, RECORD_BACKOFF_CAP_MS } from '../config/tuning.js'
import { fullJitter } from '../time/backoff.js'
import { MinHeap } from './min-heap.js'
import type { PendingRecord } from './pending-record.js'
import { RecordList } from './record-list.js'

/** Records that failed in one answer, equally often: they go again together. */
interface DelayGroup {
  readonly list: RecordList
  readonly notBefore: number
}

/**
 * Records that failed by themselves, each backing off by its own count of failures: one that fails
 * again and again never delays one that fails for the first time.
 */
export class RetryDelays {
  readonly #groups = new MinHeap<DelayGroup>((a, b) => a.notBefore < b.notBefore)
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  /**
   * Records in the order of their admission.
   * @param isAlone whether a request of its own failed, which tells little of the service
   */
  add(records: readonly PendingRecord[], now: number, isAlone: boolean): void {
    const cap = isAlone ? BACKOFF_CAP_MS : RECORD_BACKOFF_CAP_MS
    const byFaults = new Map<number, RecordList>()
    for (const record of records) {
      let list = byFaults.get(record.faults)
      if (list === undefined) byFaults.set(record.faults, (list = new RecordList('delay')))
      list.push(record)
    }
    for (const [faults, list] of byFaults) {
      const delay = fullJitter(faults, BACKOFF_BASE_MS, cap, this.#random)
      this.#groups.push({ list, notBefore: now + delay })
    }
  }

  /** Takes out the lists whose time has come. */
  due(now: number): RecordList[] {
    const lists: RecordList[] = []
    for (let group = this.#next(); group !== undefined && group.notBefore <= now; ) {
      lists.push(group.list)
      this.#groups.pop()
      group = this.#next()
    }
    return lists
  }

  /** Milliseconds until the next time; undefined when nothing waits. */
  wait(now: number): number | undefined {
    const group = this.#next()
    return group === undefined ? undefined : Math.max(0, group.notBefore - now)
  }

  /** The records of a group may have expired, or been dropped for newer ones. */
  #next(): DelayGroup | undefined {
    for (;;) {
      const group = this.#groups.peek()
      if (group === undefined || group.list.length > 0) return group
      this.#groups.pop()
    }
  }
}
