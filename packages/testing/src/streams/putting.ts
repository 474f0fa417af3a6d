import { type Failures, type Job, throttleFailure } from '../faults/carry-out.js'
import type { FaultRecord } from '../faults/faults.js'
import { AMZ_JSON, type Reply, ServiceError } from '../http/reply.js'
import type { Json } from '../json.js'
import type { Counts } from '../request-log.js'
import { EntryView, entryHash, type PutEntry, parseEntries, parseEntry } from './put-input.js'
import type { StoredRecord } from './record-log.js'
import type { ShardLimiter } from './shard-limiter.js'
import type { Stream } from './stream.js'

export interface PutMeans {
  readonly counts: { -readonly [K in keyof Counts]: Counts[K] }
  /** False: records are counted and not kept. */
  readonly keep: boolean
  readonly limiter: ShardLimiter | undefined
  readonly now: () => number
  readonly onRecord: ((stream: string, record: StoredRecord) => void) | undefined
}

/** The put operations: the hot path of storms and benchmarks. */
export class PutJob implements Job {
  readonly #target: Stream
  readonly #entries: readonly PutEntry[]
  readonly #shardIds: readonly string[]
  readonly #requestNumber: number
  readonly #means: PutMeans
  readonly #single: boolean
  #views: readonly FaultRecord[] | undefined

  /** Throws what the service would answer to a body that breaks its limits. */
  constructor(
    operation: string,
    target: Stream,
    body: Json,
    requestNumber: number,
    means: PutMeans,
  ) {
    this.#single = operation === 'PutRecord'
    this.#target = target
    this.#entries = this.#single
      ? [parseEntry(body, '', target.maxRecordBytes)]
      : parseEntries(body, target.maxRecordBytes)
    this.#shardIds = this.#entries.map(entry => target.shardOf(entryHash(entry)))
    this.#requestNumber = requestNumber
    this.#means = means
  }

  get stream(): string {
    return this.#target.name
  }

  views(): readonly FaultRecord[] {
    this.#views ??= this.#entries.map(
      (entry, i) => new EntryView(entry, i, this.#shardIds[i] ?? ''),
    )
    return this.#views
  }

  perform(failures?: Failures): Reply {
    const { counts } = this.#means
    let failed = 0
    // Concatenated by hand: all of it is plain ASCII but the texts of failures.
    let results = ''
    for (const [i, entry] of this.#entries.entries()) {
      const shardId = this.#shardIds[i] ?? ''
      if (results !== '') results += ','
      let failure = failures?.get(i)
      if (failure !== undefined) counts.failed++
      else if (this.#means.limiter?.take(this.stream, shardId, entry.bytes) === false) {
        counts.throttled++
        failure = throttleFailure(shardId, this.stream)
      }
      if (failure === undefined)
        results += `{"SequenceNumber":"${this.#accept(entry, shardId)}","ShardId":"${shardId}"}`
      else {
        failed++
        if (this.#single) throw new ServiceError(failure.ErrorCode, failure.ErrorMessage)
        results += JSON.stringify(failure)
      }
    }
    const body = this.#single
      ? `${results.slice(0, -1)},"EncryptionType":"NONE"}`
      : `{"EncryptionType":"NONE","FailedRecordCount":${failed},"Records":[${results}]}`
    return { status: 200, body, type: AMZ_JSON }
  }

  #accept(entry: PutEntry, shardId: string): string {
    const { counts, keep, now, onRecord } = this.#means
    const sequenceNumber = this.#target.nextSequence()
    counts.records++
    counts.bytes += entry.dataBytes
    this.#target.accepted++
    this.#target.acceptedBytes += entry.dataBytes
    if (!keep && onRecord === undefined) return sequenceNumber
    const record: StoredRecord = {
      data: Buffer.from(entry.base64, 'base64'),
      partitionKey: entry.partitionKey,
      explicitHashKey: entry.explicitHashKey,
      shardId,
      sequenceNumber,
      requestNumber: this.#requestNumber,
      arrivedAt: now(),
    }
    if (keep) this.#target.store(record)
    onRecord?.(this.stream, record)
    return sequenceNumber
  }
}
