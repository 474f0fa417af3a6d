import type { PutRecordsResult } from '../client/client-types.js'
import type { BuiltRequest } from '../packing/request-builder.js'
import type { Entry } from '../queue/pending-record.js'
import { isStored } from '../request/sender.js'
import { classifyRecordError, type Verdict } from './classify.js'

/** A record of an answered request that was not delivered. */
export interface Failure {
  readonly entry: Entry
  readonly verdict: Verdict
  readonly message: string | undefined
}

/** Stored, but where consumers drop it unread. It may be seen all the same. */
const WRONG_SHARD: Verdict = {
  action: 'retry',
  throttled: false,
  ambiguous: true,
  code: 'WrongShard',
}

export const failureOf = (entry: Entry, result: PutRecordsResult | undefined): Failure =>
  isStored(result)
    ? { entry, verdict: WRONG_SHARD, message: `landed in ${result?.ShardId}, which was resharded` }
    : {
        entry,
        verdict: classifyRecordError(result?.ErrorCode ?? 'NoSequenceNumber'),
        message: result?.ErrorMessage,
      }

/**
 * Indices of the records whose aggregate landed in another shard than it was made for. Its first
 * record decided where it went, so that one is in its place; for the others nobody knows.
 */
export const strayRecords = (
  { carriers, shards }: BuiltRequest,
  results: readonly PutRecordsResult[],
): ReadonlySet<number> => {
  const stray = new Set<number>()
  if (shards === undefined || carriers === undefined) return stray
  const seen = new Set<number>()
  carriers.forEach((carrier, i) => {
    const [expected, result] = [shards[carrier], results[carrier]]
    if (seen.has(carrier) && expected !== undefined && isStored(result)) {
      if (result?.ShardId !== expected) stray.add(i)
    }
    seen.add(carrier)
  })
  return stray
}
