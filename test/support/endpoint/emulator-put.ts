import type { IncomingHttpHeaders } from 'node:http'
import { type Failure, throttleFailure } from '@kinesis-producer/testing/internal/faults/carry-out'
import { jsonReply, type Reply } from '@kinesis-producer/testing/internal/http/reply'
import { type Json, listOf, parseJson } from '@kinesis-producer/testing/internal/json'
import { ShardMap } from '@kinesis-producer/testing/internal/streams/hash-ranges'
import {
  entryHash,
  MIB,
  type PutEntry,
  parseEntries,
} from '@kinesis-producer/testing/internal/streams/put-input'
import type { ShardLimiter } from '@kinesis-producer/testing/internal/streams/shard-limiter'
import type { KinesaliteBackend } from './kinesalite-backend.js'

/** kinesalite refuses bodies over 7 MiB of JSON; this leaves room for the rest of the body. */
const INNER_BODY = 6.5 * MIB
const ENTRY_OVERHEAD = 128

export interface EmulatorMeans {
  readonly backend: KinesaliteBackend
  readonly limiter: ShardLimiter
  readonly counts: { records: number; throttled: number }
  throttle: boolean
}

interface Indexed {
  readonly entry: PutEntry
  readonly index: number
}

/** Runs of entries that fit into one call of kinesalite's each, in order. */
const inCalls = (entries: readonly Indexed[]): Indexed[][] => {
  const calls: Indexed[][] = []
  let size = INNER_BODY
  for (const indexed of entries) {
    // A key may need escapes of six bytes a character.
    const bytes =
      indexed.entry.base64.length + indexed.entry.partitionKey.length * 6 + ENTRY_OVERHEAD
    if (size + bytes > INNER_BODY) {
      calls.push([])
      size = 0
    }
    size += bytes
    calls.at(-1)?.push(indexed)
  }
  return calls
}

/** A PutRecords request through kinesalite, with the limits it lacks. Throws the service's refusals. */
export const emulatorPut = async (
  stream: string,
  body: Json,
  headers: IncomingHttpHeaders,
  means: EmulatorMeans,
): Promise<Reply> => {
  const { backend, counts, limiter } = means
  const entries = parseEntries(body, MIB)
  const shards = new ShardMap(await backend.openShards(stream, headers))
  const failureOf = (entry: PutEntry): Failure | undefined => {
    const shardId = shards.find(entryHash(entry))
    if (!means.throttle || shardId === '' || limiter.take(stream, shardId, entry.bytes))
      return undefined
    counts.throttled++
    return throttleFailure(shardId, stream)
  }
  const results: unknown[] = entries.map(failureOf)
  const pass = entries
    .map((entry, index) => ({ entry, index }))
    .filter(({ index }) => results[index] === undefined)
  for (const call of inCalls(pass)) {
    const reply = await backend.call('PutRecords', headers, {
      StreamName: stream,
      Records: call.map(({ entry }) => ({
        Data: entry.base64,
        PartitionKey: entry.partitionKey,
        ExplicitHashKey: entry.explicitHashKey,
      })),
    })
    if (reply.status !== 200) return reply
    const stored = listOf(parseJson(reply.body)?.['Records'])
    for (const [i, { index }] of call.entries()) results[index] = stored[i]
    counts.records += call.length
  }
  return jsonReply({
    EncryptionType: 'NONE',
    FailedRecordCount: entries.length - pass.length,
    Records: results,
  })
}
