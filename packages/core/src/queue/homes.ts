import type { SlabStore } from '../store/slab-store.js'
import { AgeIndex } from './age-index.js'
import { Bisection } from './bisection.js'
import { FreshRecords } from './fresh-records.js'
import { KeyOrder } from './key-order.js'
import type { PendingRecord } from './pending-record.js'
import { RecordList } from './record-list.js'
import { RetryDelays } from './retry-delays.js'
import type { ShardBackoff } from './shard-backoff.js'
import { ShardBackoffs } from './shard-backoffs.js'

/** Where the records of a queue wait. Nobody outside this folder sees them. */
export interface Homes {
  /** Never tried, and older than the fresh ones: a request had no room for them. */
  readonly ready: RecordList
  readonly fresh: FreshRecords
  readonly again: RecordList
  readonly order: KeyOrder | undefined
  readonly shards: ShardBackoffs
  readonly delays: RetryDelays
  readonly bisection: Bisection
  /** All but the ready ones, by age: held, backing off, bisected. */
  readonly aside: AgeIndex
}

export const createHomes = (store: SlabStore, ordered: boolean, random: () => number): Homes => ({
  ready: new RecordList('ready'),
  fresh: new FreshRecords(store),
  again: new RecordList('again'),
  order: ordered ? new KeyOrder() : undefined,
  shards: new ShardBackoffs(random),
  delays: new RetryDelays(random),
  bisection: new Bisection(),
  aside: new AgeIndex(),
})

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
