import type { AgeIndex } from './age-index.js'
import type { Bisection } from './bisection.js'
import type { KeyOrder } from './key-order.js'
import type { PendingRecord } from './pending-record.js'
import type { RecordList } from './record-list.js'
import type { RetryDelays } from './retry-delays.js'
import type { ShardBackoff } from './shard-backoff.js'
import type { ShardBackoffs } from './shard-backoffs.js'

/** Where the records of a queue wait. Nobody outside this folder sees them. */
export interface Homes {
  readonly ready: RecordList
  readonly again: RecordList
  readonly order: KeyOrder | undefined
  readonly shards: ShardBackoffs
  readonly delays: RetryDelays
  readonly bisection: Bisection
  /** All but the ready ones, by age: held, backing off, bisected. */
  readonly aside: AgeIndex
}

/** A record, and with ordering all that is held behind it, belongs to the shard. */
export const assignShard = ({ order }: Homes, record: PendingRecord, shard: ShardBackoff): void => {
  if (order === undefined) record.assign(shard)
  else order.assign(record, shard)
}

/** Takes a waiting record out of its list, to be settled or sent. Returns whether it was held. */
export const detach = ({ order, aside }: Homes, record: PendingRecord): boolean => {
  const { list } = record
  if (list === undefined) return false
  if (list.home !== 'ready') record.leaveAside(aside)
  if (list.home !== 'held' || order === undefined) {
    list.remove(record)
    return false
  }
  order.removeHeld(record, list)
  return true
}
