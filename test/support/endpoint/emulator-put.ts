import type { IncomingHttpHeaders } from 'node:http'
import { type Failure, type Failures, type Job, throttleFailure } from './carry-out.js'
import type { FaultRecord } from './faults.js'
import { ShardMap } from './hash-ranges.js'
import { type Json, listOf, parseJson } from './json.js'
import type { KinesaliteBackend } from './kinesalite-backend.js'
import { EntryView, entryHash, MIB, type PutEntry, parseEntries } from './put-input.js'
import { jsonReply, type Reply } from './reply.js'
import type { RequestLog } from './request-log.js'
import type { ShardLimiter } from './shard-limiter.js'

/** kinesalite refuses bodies over 7 MiB of JSON; this leaves room for the rest of the body. */
const INNER_BODY = 6.5 * MIB
const ENTRY_OVERHEAD = 128

export interface EmulatorMeans {
  readonly backend: KinesaliteBackend
  readonly limiter: ShardLimiter
  readonly log: RequestLog
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

/** A PutRecords request through kinesalite, with the limits it lacks. */
export class EmulatorPut implements Job {
  readonly stream: string
  readonly #entries: readonly PutEntry[]
  readonly #views: readonly FaultRecord[]
  readonly #headers: IncomingHttpHeaders
  readonly #means: EmulatorMeans

  private constructor(
    stream: string,
    entries: readonly PutEntry[],
    map: ShardMap,
    headers: IncomingHttpHeaders,
    means: EmulatorMeans,
  ) {
    this.stream = stream
    this.#entries = entries
    this.#views = entries.map((entry, i) => new EntryView(entry, i, map.find(entryHash(entry))))
    this.#headers = headers
    this.#means = means
  }

  /** Throws what the service would answer to a body that breaks its limits. */
  static async of(
    stream: string,
    body: Json,
    headers: IncomingHttpHeaders,
    means: EmulatorMeans,
  ): Promise<EmulatorPut> {
    const entries = parseEntries(body, MIB)
    const map = new ShardMap(await means.backend.openShards(stream, headers))
    return new EmulatorPut(stream, entries, map, headers, means)
  }

  views(): readonly FaultRecord[] {
    return this.#views
  }

  async perform(failures?: Failures): Promise<Reply> {
    const results: unknown[] = []
    const pass: Indexed[] = []
    for (const [index, entry] of this.#entries.entries()) {
      const failure = this.#failure(index, entry, failures)
      if (failure === undefined) pass.push({ entry, index })
      else results[index] = failure
    }
    for (const call of inCalls(pass)) {
      const reply = await this.#put(call)
      if (reply.status !== 200) return reply
      const list = listOf(parseJson(reply.body)?.['Records'])
      for (const [i, { index, entry }] of call.entries()) {
        results[index] = list[i]
        this.#means.log.counts.records++
        this.#means.log.counts.bytes += entry.dataBytes
      }
    }
    return jsonReply({
      EncryptionType: 'NONE',
      FailedRecordCount: this.#entries.length - pass.length,
      Records: results,
    })
  }

  #failure(index: number, entry: PutEntry, failures: Failures | undefined): Failure | undefined {
    const { log, limiter, throttle } = this.#means
    const failure = failures?.get(index)
    if (failure !== undefined) {
      log.counts.failed++
      return failure
    }
    const shardId = this.#views[index]?.shardId ?? ''
    if (!throttle || shardId === '' || limiter.take(this.stream, shardId, entry.bytes))
      return undefined
    log.counts.throttled++
    return throttleFailure(shardId, this.stream)
  }

  #put(call: readonly Indexed[]): Promise<Reply> {
    const records = call.map(({ entry }) => ({
      Data: entry.base64,
      PartitionKey: entry.partitionKey,
      ExplicitHashKey: entry.explicitHashKey,
    }))
    return this.#means.backend.call('PutRecords', this.#headers, {
      StreamName: this.stream,
      Records: records,
    })
  }
}
