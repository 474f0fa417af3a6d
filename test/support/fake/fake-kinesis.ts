import { setTimeout as delay } from 'node:timers/promises'
import { answerResults, type PutResult, rateExceeded, recordFailure, refuse } from './carry-out.js'
import { control } from './control.js'
import type { Fault, FaultRecord } from './faults.js'
import { type Json, objectsOf, parseObject, stringOf } from './json.js'
import { Allowance, checkRequest, type ShardLimits, weightOf } from './limits.js'
import { findStream, operate, streamNameOf, type Streams } from './operations.js'
import { Refusal } from './refusal.js'
import { FakeStream, type StoredRecord } from './streams.js'
import { type Exchange, Transport } from './transport.js'

export interface FakeOptions {
  /** Streams that exist from the start, and their shards. */
  readonly streams?: Readonly<Record<string, number>>
  readonly latencyMs?: number
  /** Keep what was stored; off for long runs. */
  readonly store?: boolean
  readonly onRecord?: (record: StoredRecord) => void
  /** Of each shard; none by default. */
  readonly limits?: ShardLimits
  readonly maxRecordSizeInKiB?: number
  /** Milliseconds, for `limits` and `putRequests`. */
  readonly now?: () => number
}

export interface PutRequest {
  readonly records: number
  /** Kind of the fault it met, `'ok'` for none. */
  readonly fault: string
  /** When it arrived. */
  readonly at: number
}

/** A PutRecords request as a fault chosen by a function sees it. */
export interface PutView {
  /** Index into `putRequests`. */
  readonly number: number
  readonly stream: string
  readonly records: readonly FaultRecord[]
}

export type Choose = (request: PutView) => Fault | undefined

/** Our own Kinesis over HTTP: fast, exact about limits, and as broken as a test wants it. */
export class FakeKinesis {
  readonly putRequests: PutRequest[] = []
  /** Messages of the requests that broke a limit of the service. */
  readonly violations: string[] = []
  /** Most PutRecords requests that were open at a time. */
  maxConcurrent = 0
  readonly streams: Streams = new Map()
  readonly #options: FakeOptions
  readonly #maxRecordBytes: number
  readonly #now: () => number
  readonly #transport: Transport
  readonly #allowances = new Map<string, Allowance>()
  readonly #hung = new Set<() => void>()
  readonly #closing = new AbortController()
  #waiters: { readonly count: number; readonly resolve: () => void }[] = []
  #script: Fault[] = []
  #always: Fault | undefined
  #choose: Choose | undefined
  #concurrent = 0

  constructor(options: FakeOptions) {
    this.#options = options
    this.#maxRecordBytes = (options.maxRecordSizeInKiB ?? 1024) * 1024
    this.#now = options.now ?? (() => performance.now())
    for (const [name, shards] of Object.entries(options.streams ?? {})) {
      this.streams.set(name, new FakeStream(name, shards, this.#maxRecordBytes))
    }
    this.#transport = new Transport(exchange => void this.#serve(exchange))
  }

  async listen(port = 0): Promise<this> {
    await this.#transport.listen(port)
    return this
  }

  get port(): number {
    return this.#transport.port
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  stream(name: string): FakeStream {
    return findStream(this.streams, name)
  }

  /** In order of arrival. */
  records(name: string): readonly StoredRecord[] {
    return this.stream(name).records
  }

  texts(name: string): string[] {
    return this.records(name).map(({ data }) => data.toString('utf8'))
  }

  splitShard(stream: string, shardId: string): void {
    this.stream(stream).split(shardId)
  }

  mergeShards(stream: string, a: string, b: string): void {
    this.stream(stream).merge(a, b)
  }

  /** One fault for each of the next PutRecords requests. First the script, then `on`, then `always`. */
  script(...faults: Fault[]): void {
    this.#script.push(...faults)
  }

  always(fault: Fault | undefined): void {
    this.#always = fault
  }

  on(choose: Choose | undefined): void {
    this.#choose = choose
  }

  releaseHung(): void {
    for (const release of this.#hung) release()
    this.#hung.clear()
  }

  dropConnections(): void {
    this.#transport.dropConnections()
  }

  /** Resolves when `count` PutRecords requests have been seen in all. */
  waitForRequests(count: number): Promise<void> {
    if (this.putRequests.length >= count) return Promise.resolve()
    return new Promise(resolve => void this.#waiters.push({ count, resolve }))
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#transport.close()
  }

  async #serve(exchange: Exchange): Promise<void> {
    const { operation, path } = exchange
    const isPut = operation === 'PutRecords'
    if (isPut) this.maxConcurrent = Math.max(this.maxConcurrent, ++this.#concurrent)
    try {
      const text = await exchange.body()
      if (path.startsWith('/_fake/')) control(this, exchange, text)
      else if (isPut) await this.#put(parseBody(text), exchange)
      else exchange.answer(200, JSON.stringify(operate(this.streams, operation, parseBody(text), this.#maxRecordBytes)))
    } catch (error) {
      if (exchange.gone) return
      const [status, name] = error instanceof Refusal ? [error.status, error.name] : [500, 'InternalFailure']
      const message = error instanceof Error ? error.message : String(error)
      exchange.answer(status, JSON.stringify({ __type: name, message }))
    } finally {
      if (isPut) this.#concurrent--
    }
  }

  async #put(body: Json, exchange: Exchange): Promise<void> {
    const name = streamNameOf(body)
    const known = this.streams.get(name)
    const records = objectsOf(body['Records'])
    const views = records.map((record, index) => viewOf(known, record, index))
    const number = this.putRequests.length
    const fault = this.#nextFault({ number, stream: name, records: views })
    this.putRequests.push({ records: records.length, fault: fault.kind, at: this.#now() })
    for (const { count, resolve } of this.#waiters) if (count <= number + 1) resolve()
    this.#waiters = this.#waiters.filter(({ count }) => count > number + 1)

    const stream = findStream(this.streams, name)
    this.#checkLimits(records, stream)
    const wait = fault.kind === 'slow' ? fault.ms : (this.#options.latencyMs ?? 0)
    if (wait > 0) await delay(wait, undefined, { signal: this.#closing.signal })
    if (fault.kind === 'hang') await this.#hang(exchange)
    if (fault.kind === 'hang' && exchange.gone) return
    if (refuse(fault, views, exchange)) return

    const failure = recordFailure(fault, stream.name)
    const results: PutResult[] = []
    for (const [i, record] of records.entries()) {
      const view = views[i]
      if (view === undefined) continue
      results.push(failure(view) ?? this.#throttle(stream, record, view) ?? this.#store(stream, record, view, number))
    }
    answerResults(fault, results, exchange)
  }

  #hang(exchange: Exchange): Promise<void> {
    return new Promise(resolve => {
      this.#hung.add(resolve)
      exchange.onGone(() => {
        this.#hung.delete(resolve)
        resolve()
      })
    })
  }

  #throttle(stream: FakeStream, record: Json, { shardId }: FaultRecord): PutResult | undefined {
    const { limits } = this.#options
    if (limits === undefined) return undefined
    const key = `${stream.name}/${shardId}`
    const now = this.#now()
    const allowance = this.#allowances.get(key) ?? new Allowance(limits, now)
    this.#allowances.set(key, allowance)
    return allowance.take(weightOf(record), now) ? undefined : rateExceeded(shardId, stream.name)
  }

  #store(stream: FakeStream, record: Json, view: FaultRecord, requestNumber: number): PutResult {
    const { store = true, onRecord } = this.#options
    const { partitionKey, shardId } = view
    const sequenceNumber = stream.nextSequenceNumber()
    stream.stored++
    if (store || onRecord !== undefined) {
      const explicitHashKey = stringOf(record['ExplicitHashKey'])
      const data = Buffer.from(stringOf(record['Data']) ?? '', 'base64')
      const hashKey = explicitHashKey === undefined ? {} : { explicitHashKey }
      const stored = { data, partitionKey, ...hashKey, shardId, sequenceNumber, requestNumber }
      if (store) stream.records.push(stored)
      onRecord?.(stored)
    }
    return { ShardId: shardId, SequenceNumber: sequenceNumber }
  }

  #nextFault(request: PutView): Fault {
    return this.#script.shift() ?? this.#choose?.(request) ?? this.#always ?? { kind: 'ok' }
  }

  #checkLimits(records: readonly Json[], stream: FakeStream): void {
    try {
      checkRequest(records, stream.maxRecordBytes)
    } catch (error) {
      if (error instanceof Refusal) this.violations.push(error.message)
      throw error
    }
  }
}

const parseBody = (text: string): Json => {
  try {
    return parseObject(text)
  } catch {
    throw new Refusal('SerializationException', '')
  }
}

const viewOf = (stream: FakeStream | undefined, record: Json, index: number): FaultRecord => {
  const partitionKey = stringOf(record['PartitionKey']) ?? ''
  let shardId: string | undefined
  return {
    index,
    partitionKey,
    // Late: the hash key may be one that the limits refuse, or a fault may reshard the stream first.
    get shardId() {
      return (shardId ??= stream?.shardOf(partitionKey, stringOf(record['ExplicitHashKey'])) ?? '')
    },
    // Decoded only when a fault looks at it.
    get text() {
      return Buffer.from(stringOf(record['Data']) ?? '', 'base64').toString('utf8')
    },
  }
}

export const startFakeKinesis = (options: FakeOptions = { streams: { s: 4 } }): Promise<FakeKinesis> =>
  new FakeKinesis(options).listen()
