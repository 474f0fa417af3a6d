import type { Entry } from '../buffer/entry.js'
import type { Verdict } from './classify.js'
import { SPREAD_LANE } from './retry-lanes.js'

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
