import type { SlabStore } from '../store/slab-store.js'
import { newRecord } from './fresh-records.js'
import type { Homes } from './homes.js'
import type { PendingRecord } from './pending-record.js'
import type { ShardBackoff } from './shard-backoff.js'

/**
 * Gives the record that the store has just written or adopted its place. Returns whether it is the only
 * one that waits for its shard: then nothing was arranged yet for the end of that wait.
 */
export const enter = (
  { order, aside, fresh }: Homes,
  store: SlabStore,
  partitionKey: string | undefined,
  bytes: number,
  shard: ShardBackoff | undefined,
): boolean => {
  const isFree = order === undefined || order.enter(partitionKey)
  if (isFree && shard === undefined) {
    fresh.push(bytes)
    return false
  }
  const record = newRecord(store)
  if (shard !== undefined) record.assign(shard)
  if (!isFree) order?.hold(record)
  record.setAside(aside)
  if (!isFree || shard === undefined) return false
  shard.list.insertNearTail(record)
  return shard.list.length === 1
}

/** The same for one that was in another queue before, and is older than all that are fresh. */
export const reenter = ({ order, aside, ready }: Homes, record: PendingRecord): void => {
  if (order === undefined || order.enter(record.partitionKey)) return ready.push(record)
  order.hold(record)
  record.setAside(aside)
}
