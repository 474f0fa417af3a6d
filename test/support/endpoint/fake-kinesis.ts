import { carryOut, Gate, type Job } from './carry-out.js'
import { ControlPlane, streamNameOf } from './control-plane.js'
import type { Exchange } from './exchange.js'
import { PutJob, type PutMeans, plainJob } from './fake-put.js'
import type { StoredRecord, StreamOptions } from './fake-stream.js'
import { type FaultChooser, FaultSource } from './fault-source.js'
import type { Fault } from './faults.js'
import { Front } from './front.js'
import type { HashRange } from './hash-ranges.js'
import { type Json, listOf } from './json.js'
import { seededRandom } from './random.js'
import { errorReply, jsonReply, ServiceError } from './reply.js'
import { type Counts, type RequestEntry, RequestLog } from './request-log.js'
import { ShardLimiter, type ShardLimits } from './shard-limiter.js'

export type { StoredRecord, StreamOptions } from './fake-stream.js'
export type { FaultChooser, FaultRequest } from './fault-source.js'
export type { Counts, RequestEntry } from './request-log.js'

export interface FakeOptions {
  /** Streams that exist from the start: their shard counts, or more. */
  readonly streams?: Readonly<Record<string, number | StreamOptions>>
  /** False: accept and count, keep neither records nor a log of requests. For long storms. */
  readonly store?: boolean
  /** False: knows JSON only. */
  readonly cbor?: boolean
  readonly onRecord?: (stream: string, record: StoredRecord) => void
  /** Milliseconds between storing and answering, for every request. */
  readonly latency?: number
  /** Enforced per shard, as the service does; by default there is no limit. */
  readonly limits?: ShardLimits
  /** Milliseconds; drives the limits and stamps the records. */
  readonly now?: () => number
  /** Of the random numbers that pick records for faults. */
  readonly seed?: number
  readonly port?: number
}

export interface FakeSummary extends Counts {
  readonly connections: number
  readonly streams: Readonly<Record<string, { records: number; bytes: number; shards: number }>>
}

const VIOLATIONS = new Set([
  'ValidationException',
  'InvalidArgumentException',
  'SerializationException',
])

/** Our own Kinesis over HTTP: fast, exact about limits, and as broken as a test wants it. */
export class FakeKinesis {
  readonly #options: FakeOptions
  readonly #now: () => number
  readonly #front = new Front(exchange => this.#serve(exchange))
  readonly #gate = new Gate(() => this.#log.notify())
  readonly #faults = new FaultSource()
  readonly #control: ControlPlane
  readonly #log: RequestLog
  readonly #put: PutMeans
  readonly #random: () => number

  constructor(options: FakeOptions) {
    const store = options.store ?? true
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#random = seededRandom(options.seed ?? 1)
    this.#control = new ControlPlane(this.#now)
    this.#log = new RequestLog(store)
    this.#put = {
      log: this.#log,
      store,
      limiter: options.limits && new ShardLimiter(options.limits, this.#now),
      now: this.#now,
      onRecord: options.onRecord,
    }
    for (const [name, of] of Object.entries(options.streams ?? {})) this.createStream(name, of)
  }

  listen(): Promise<void> {
    return this.#front.listen(this.#options.port)
  }

  get port(): number {
    return this.#front.port
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Every request in the order of arrival; empty with `store: false`. */
  get requests(): readonly RequestEntry[] {
    return this.#log.entries
  }

  get counts(): Counts {
    return { ...this.#log.counts }
  }

  /** The texts with which puts were refused that broke a limit of the service. */
  get violations(): readonly string[] {
    return this.#log.violations
  }

  /** Connections accepted so far. */
  get connectionsOpened(): number {
    return this.#front.opened
  }

  /** Requests held back at the moment, hanging or slow. */
  get held(): number {
    return this.#gate.held
  }

  /** Scripted faults not yet used. */
  get scripted(): number {
    return this.#faults.scripted
  }

  get summary(): FakeSummary {
    const streams = [...this.#control.streams.values()].map(stream => [
      stream.name,
      { records: stream.accepted, bytes: stream.acceptedBytes, shards: stream.openShards.length },
    ])
    return {
      ...this.counts,
      connections: this.connectionsOpened,
      streams: Object.fromEntries(streams),
    }
  }

  records(stream: string): readonly StoredRecord[] {
    return this.#control.stream(stream).records
  }

  /** All there ever were, closed ones too. */
  shards(stream: string): readonly HashRange[] {
    return this.#control.stream(stream).shards
  }

  texts(stream: string): string[] {
    return this.records(stream).map(({ data }) => data.toString('utf8'))
  }

  createStream(name: string, options: number | StreamOptions): void {
    this.#control.create(name, typeof options === 'number' ? { shards: options } : options)
  }

  deleteStream(name: string): void {
    this.#control.streams.delete(name)
  }

  splitShard(stream: string, shardId: string): void {
    this.#control.stream(stream).split(shardId)
  }

  mergeShards(stream: string, shardId: string, adjacentShardId: string): void {
    this.#control.stream(stream).merge(shardId, adjacentShardId)
  }

  /** One fault for each of the next PutRecords requests. */
  script(...faults: readonly Fault[]): void {
    this.#faults.script(faults)
  }

  /** The fault of every PutRecords request that neither script nor function decides. */
  always(fault: Fault | undefined): void {
    this.#faults.always(fault)
  }

  /** Decides about requests of any operation the script leaves free. */
  on(choose: FaultChooser | undefined): void {
    this.#faults.on(choose)
  }

  /** Lets every request held back go on now. */
  releaseHung(): void {
    this.#gate.release()
  }

  dropConnections(): void {
    this.#front.dropConnections()
  }

  /** Resolves once `count` PutRecords requests have been seen in all, answered or not. */
  waitForRequests(count: number): Promise<void> {
    return this.#log.waitUntil(() => this.#log.counts.putRequests >= count)
  }

  /** Resolves once `count` records have been accepted in all. */
  waitForRecords(count: number): Promise<void> {
    return this.#log.waitUntil(() => this.#log.counts.records >= count)
  }

  async close(): Promise<void> {
    this.#gate.close()
    this.#log.close()
    await this.#front.close()
  }

  async #serve(exchange: Exchange): Promise<void> {
    if (exchange.method === 'GET') {
      this.#inspect(exchange)
      return
    }
    const body = exchange.request(this.#options.cbor ?? true)
    const stream = body === undefined ? '' : streamNameOf(body)
    const entry = this.#log.begin(exchange.operation, stream, listOf(body?.['Records']).length)
    try {
      if (body === undefined)
        throw new ServiceError('SerializationException', 'Could not parse the body')
      const job = this.#jobOf(entry, body)
      const chosen = this.#faults.next(entry.operation, entry.number, job)
      // Nothing is awaited on the way from the notification to the point where a hanging request
      // is held: who waited for the request may release it at once.
      const fault = chosen instanceof Promise ? await chosen : chosen
      entry.fault = fault.kind
      this.#log.notify()
      await carryOut(fault, job, exchange, {
        gate: this.#gate,
        latency: this.#options.latency ?? 0,
        random: this.#random,
      })
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      exchange.answer(error.reply)
      const isPut = entry.operation.startsWith('PutRecord')
      if (isPut && VIOLATIONS.has(error.name) && entry.fault !== 'poison')
        this.#log.violation(entry, error.message)
    } finally {
      this.#log.end(entry, exchange.status)
    }
  }

  #jobOf({ operation, stream, number }: RequestEntry, body: Json): Job {
    if (operation === 'PutRecords' || operation === 'PutRecord') {
      return new PutJob(operation, this.#control.stream(stream), body, number, this.#put)
    }
    return plainJob(stream, () => this.#control.perform(operation, body))
  }

  /** For those in another process. */
  #inspect(exchange: Exchange): void {
    const url = new URL(exchange.path, 'http://localhost')
    const stream = this.#control.streams.get(url.searchParams.get('stream') ?? '')
    const records = stream?.records ?? []
    if (url.pathname === '/_fake/summary') exchange.answer(jsonReply(this.summary))
    else if (url.pathname === '/_fake/records')
      exchange.answer(jsonReply({ records: records.map(plain) }))
    else exchange.answer(errorReply('NotFound', url.pathname, 404))
  }
}

const plain = (record: StoredRecord): Json => ({ ...record, data: record.data.toString('base64') })

export const startFakeKinesis = async (
  options: FakeOptions = { streams: { s: 4 } },
): Promise<FakeKinesis> => {
  const fake = new FakeKinesis(options)
  await fake.listen()
  return fake
}
