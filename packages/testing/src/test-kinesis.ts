import type { DecodeOptions } from '@kinesis-producer/core/decode'
import { control } from './control.js'
import { carryOut, type Job } from './faults/carry-out.js'
import { type FaultChooser, FaultSource } from './faults/fault-source.js'
import { parseFaults } from './faults/fault-text.js'
import type { Fault } from './faults/faults.js'
import { Gate } from './faults/gate.js'
import type { Exchange } from './http/exchange.js'
import { Front } from './http/front.js'
import { jsonReply, ServiceError } from './http/reply.js'
import { type Json, listOf } from './json.js'
import { type KinesisOptions, resolveOptions, type Settings, streamOptions } from './options.js'
import { seededRandom } from './random.js'
import { type Counts, type RequestEntry, RequestLog } from './request-log.js'
import type { HashRange } from './streams/hash-ranges.js'
import { Streams, streamNameOf } from './streams/operations.js'
import { PutJob, type PutMeans } from './streams/putting.js'
import type { StoredRecord } from './streams/record-log.js'
import { ShardLimiter } from './streams/shard-limiter.js'
import type { StreamOptions } from './streams/stream.js'
import { type UserRecord, userRecords } from './user-records.js'

/** How things stand. */
export interface Summary extends Counts {
  readonly connections: number
  readonly streams: Readonly<Record<string, { records: number; bytes: number; shards: number }>>
}

const VIOLATIONS: ReadonlySet<string> = new Set([
  'ValidationException',
  'InvalidArgumentException',
  'SerializationException',
])

/**
 * Amazon Kinesis Data Streams for tests: what `startKinesis` resolves with. Exact about the limits
 * and the texts of the service, and as broken as a test wants it.
 */
export class TestKinesis {
  readonly #settings: Settings
  readonly #front = new Front(exchange => this.#serve(exchange))
  readonly #gate = new Gate(() => this.#log.notify())
  readonly #faults = new FaultSource()
  readonly #streams: Streams
  readonly #log: RequestLog
  readonly #put: PutMeans
  readonly #random: () => number

  /** @throws {ConfigError} an option is unknown or wrong */
  constructor(options: KinesisOptions = {}) {
    const settings = resolveOptions(options)
    const { now, limits, maxRecords, maxBytes, shardsOnUse, onRecord } = settings
    const keep = maxRecords > 0
    const limiter = limits && new ShardLimiter(limits, now)
    this.#settings = settings
    this.#random = seededRandom(settings.seed)
    this.#streams = new Streams({ now, retention: { maxRecords, maxBytes }, shardsOnUse, limiter })
    this.#log = new RequestLog(keep)
    this.#put = { counts: this.#log.counts, keep, limiter, now, onRecord }
    for (const [name, of] of settings.streams) this.#streams.create(name, of)
  }

  /** Resolves when it listens; `startKinesis` has done so. */
  listen(): Promise<void> {
    return this.#front.listen(this.#settings.port, this.#settings.host)
  }

  get port(): number {
    return this.#front.address.port
  }

  /** For the `endpoint` of a client, or AWS_ENDPOINT_URL_KINESIS. */
  get endpoint(): string {
    const { address, family, port } = this.#front.address
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  }

  /** The newest 10000 requests or more, in the order of arrival; none with `maxRecords: 0`. */
  get requests(): readonly RequestEntry[] {
    return this.#log.entries
  }

  get counts(): Counts {
    return { ...this.#log.counts }
  }

  /** The texts with which puts were refused that broke a limit of the service, the first 1000. */
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

  get summary(): Summary {
    const streams = [...this.#streams.all.values()].map(stream => [
      stream.name,
      { records: stream.accepted, bytes: stream.acceptedBytes, shards: stream.openShards.length },
    ])
    return {
      ...this.counts,
      connections: this.connectionsOpened,
      streams: Object.fromEntries(streams),
    }
  }

  /** The Kinesis records a stream keeps, in the order of arrival. */
  records(stream: string): readonly StoredRecord[] {
    return this.#streams.get(stream).records.all
  }

  /** Their data as text. Packed records are packed here: see `decoded`. */
  texts(stream: string): string[] {
    return this.records(stream).map(({ data }) => data.toString('utf8'))
  }

  /**
   * The records as they were added: packs and aggregates taken apart, gzip decompressed.
   * @param options those of `decode` of the core; without `packing` each record is judged by its bytes
   * @throws {CorruptRecordError} a record cannot be decoded
   */
  decoded(stream: string, options?: DecodeOptions): UserRecord[] {
    return userRecords(this.records(stream), options)
  }

  /** All shards there ever were, closed ones too. */
  shards(stream: string): readonly HashRange[] {
    return this.#streams.get(stream).shards
  }

  /** @throws {ConfigError} an option is unknown or wrong */
  createStream(name: string, options: number | StreamOptions = 1): void {
    this.#streams.create(name, streamOptions(`createStream(${JSON.stringify(name)})`, options))
  }

  deleteStream(name: string): void {
    this.#streams.all.delete(name)
  }

  /** In the middle of its range. */
  splitShard(stream: string, shardId: string): void {
    this.#streams.get(stream).split(shardId)
  }

  mergeShards(stream: string, shardId: string, adjacentShardId: string): void {
    this.#streams.get(stream).merge(shardId, adjacentShardId)
  }

  /** One fault for each of the next PutRecords requests. */
  script(...faults: readonly Fault[]): void {
    this.#faults.script(faults)
  }

  /** The fault of every PutRecords request that neither script nor function decides. */
  always(fault: Fault | undefined): void {
    this.#faults.always = fault
  }

  /** Decides about requests of any operation the script leaves free. */
  on(choose: FaultChooser | undefined): void {
    this.#faults.choose = choose
  }

  /**
   * Faults by their share, as the command takes them: `faults('throttle=0.3', 'lost=0.01')`; none
   * ends them. They take the place of what `on` was given.
   * @throws {ConfigError} a fault is unknown or wrong
   */
  faults(...texts: readonly string[]): void {
    this.on(texts.length === 0 ? undefined : parseFaults(texts, this.#random))
  }

  /** Lets every request held back go on now. */
  releaseHung(): void {
    this.#gate.release()
  }

  dropConnections(): void {
    this.#front.dropConnections()
  }

  /**
   * Resolves once `count` PutRecords requests have been seen in all, answered or not.
   * @throws {Error} if the endpoint is closed before
   */
  waitForRequests(count: number): Promise<void> {
    return this.#log.waitUntil(() => this.#log.counts.putRequests >= count)
  }

  /**
   * Resolves once `count` Kinesis records have been accepted in all.
   * @throws {Error} if the endpoint is closed before
   */
  waitForRecords(count: number): Promise<void> {
    return this.#log.waitUntil(() => this.#log.counts.records >= count)
  }

  /** From now on the endpoint does not keep the process alive. */
  unref(): void {
    this.#front.unref()
  }

  /** Closes all connections and ends what hangs. May be called again. */
  async close(): Promise<void> {
    this.#gate.close()
    this.#log.close()
    await this.#front.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #serve(exchange: Exchange): Promise<void> {
    if (exchange.path.startsWith('/_test')) return exchange.answer(control(this, exchange))
    const body = exchange.request(this.#settings.cbor)
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
        latency: this.#settings.latency,
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
    if (operation === 'PutRecords' || operation === 'PutRecord')
      return new PutJob(operation, this.#streams.get(stream), body, number, this.#put)
    return {
      stream,
      views: () => [],
      perform: () => jsonReply(this.#streams.perform(operation, body)),
    }
  }
}

/**
 * Starts Kinesis in this process, on a free port of 127.0.0.1.
 * @throws {ConfigError} an option is unknown or wrong
 */
export const startKinesis = async (options: KinesisOptions = {}): Promise<TestKinesis> => {
  const kinesis = new TestKinesis(options)
  await kinesis.listen()
  return kinesis
}
