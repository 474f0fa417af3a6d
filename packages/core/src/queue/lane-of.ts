import type { Verdict } from '../settling/classify.js'
import type { Entry } from './pending-record.js'
import { SPREAD_LANE } from './shard-backoff.js'

/** The service names the shard in the message of a throttled record. */
const SHARD_ID = /\bshardId-\d+/

/** Whether the lane says nothing about which new records would fail too. */
export const isBlind = (lane: string): boolean => lane.startsWith('*') && lane !== SPREAD_LANE

/** The lane in which a failed record waits. */
export const laneOf = (entry: Entry, verdict: Verdict, message: string | undefined): string => {
  if (!verdict.throttled) return `*${verdict.code}`
  if (entry.partitionKey === undefined && entry.explicitHashKey === undefined) return SPREAD_LANE
  return SHARD_ID.exec(message ?? '')?.[0] ?? `*${verdict.code}`
}
