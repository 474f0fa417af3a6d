import type { RecordResult } from '../client/answer.js'
import type { SentRequest } from '../request/scheduler.js'

/**
 * Indices of the records whose aggregate landed in another shard than it was made for, where
 * consumers drop them unread. Its first record decided where it went, so that one is in its shard;
 * of the others this is not certain.
 */
export const strayRecords = (
  { carriers, shards }: Pick<SentRequest, 'carriers' | 'shards'>,
  results: readonly RecordResult[],
): ReadonlySet<number> => {
  const stray = new Set<number>()
  if (shards === undefined || carriers === undefined) return stray
  const seen = new Set<number>()
  carriers.forEach((carrier, i) => {
    const [expected, result] = [shards[carrier], results[carrier]]
    if (seen.has(carrier) && expected !== undefined && result?.kind === 'stored') {
      if (result.shardId !== expected) stray.add(i)
    }
    seen.add(carrier)
  })
  return stray
}
