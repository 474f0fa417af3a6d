import { carryOut, Gate, type Job } from './carry-out.js'
import { streamNameOf } from './control-plane.js'
import { type EmulatorMeans, EmulatorPut } from './emulator-put.js'
import type { Exchange } from './exchange.js'
import type { Fault } from './faults.js'
import { Front } from './front.js'
import { isJson, type Json, listOf, objectsOf, parseJson, stringOf } from './json.js'
import { isOpen, KinesaliteBackend } from './kinesalite-backend.js'
import { MIB, parseEntry } from './put-input.js'
import { seededRandom } from './random.js'
import { errorReply, jsonReply, type Reply, ServiceError } from './reply.js'
import { type Counts, RequestLog } from './request-log.js'
import { AWS_SHARD_LIMITS, ShardLimiter, type ShardLimits } from './shard-limiter.js'

export interface EmulatorOptions {
  readonly port?: number
  /** Per-shard limits as the service's are on from the start; false switches them off. */
  readonly throttle?: boolean
  readonly limits?: ShardLimits
  /** Milliseconds; drives the limits. */
  readonly now?: () => number
  readonly seed?: number
}

export interface EmulatorCounters extends Counts {
  readonly connections: number
}

/** kinesalite behind a gateway that adds what it lacks: HTTP/2, ARNs, limits, throttling, faults. */
export class Emulator {
  readonly #options: EmulatorOptions
  readonly #front = new Front(exchange => this.#serve(exchange))
  readonly #gate = new Gate(() => this.#log.notify())
  readonly #log = new RequestLog(false)
  readonly #random: () => number
  readonly #means: EmulatorMeans
  #fault: Fault = { kind: 'ok' }

  constructor(options: EmulatorOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed ?? 1)
    this.#means = {
      backend: new KinesaliteBackend(),
      limiter: new ShardLimiter(
        options.limits ?? AWS_SHARD_LIMITS,
        options.now ?? (() => performance.now()),
      ),
      log: this.#log,
      throttle: options.throttle ?? true,
    }
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

  get counters(): EmulatorCounters {
    return { ...this.#log.counts, connections: this.#front.opened }
  }

  setThrottle(on: boolean): void {
    this.#means.throttle = on
  }

  /** The fault of every PutRecords request from now on. */
  setFault(fault: Fault | undefined): void {
    this.#fault = fault ?? { kind: 'ok' }
  }

  releaseHung(): void {
    this.#gate.release()
  }

  dropConnections(): void {
    this.#front.dropConnections()
  }

  waitForRequests(count: number): Promise<void> {
    return this.#log.waitUntil(() => this.#log.counts.putRequests >= count)
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
    const body = parseJson(exchange.body.toString('utf8'))
    const stream = body === undefined ? '' : streamNameOf(body)
    const entry = this.#log.begin(exchange.operation, stream, listOf(body?.['Records']).length)
    try {
      if (body === undefined)
        throw new ServiceError('SerializationException', 'Could not parse the body')
      const job = await this.#jobOf(exchange, stream, body)
      const fault: Fault = exchange.operation === 'PutRecords' ? this.#fault : { kind: 'ok' }
      entry.fault = fault.kind
      this.#log.notify()
      await carryOut(fault, job, exchange, { gate: this.#gate, latency: 0, random: this.#random })
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      exchange.answer(error.reply)
      if (entry.fault !== 'poison') this.#log.violation(entry, error.message)
    } finally {
      this.#log.end(entry, exchange.status)
    }
  }

  async #jobOf(exchange: Exchange, stream: string, original: Json): Promise<Job> {
    const { operation } = exchange
    const headers = Object.fromEntries(
      Object.entries(exchange.headers).filter(([name]) => !name.startsWith(':')),
    )
    const { StreamARN, ...rest } = original
    const body = StreamARN === undefined ? original : { ...rest, StreamName: stream }
    if (operation === 'PutRecords') return EmulatorPut.of(stream, body, headers, this.#means)
    if (operation === 'PutRecord') return this.#putRecord(stream, body, headers)
    const call = (): Promise<Reply> => this.#means.backend.call(operation, headers, body)
    const perform = operation === 'ListShards' ? async () => openOnly(body, await call()) : call
    return { stream, views: () => [], perform }
  }

  /** kinesalite does not count the key, nor the shard's limits. */
  async #putRecord(stream: string, body: Json, headers: Exchange['headers']): Promise<Job> {
    parseEntry(body, '', MIB)
    const put = await EmulatorPut.of(stream, { ...body, Records: [body] }, headers, this.#means)
    const perform = async (): Promise<Reply> => {
      const reply = await put.perform()
      const [result] = objectsOf(parseJson(reply.body)?.['Records'])
      if (reply.status !== 200 || result === undefined) return reply
      if (result['ErrorCode'] === undefined) return jsonReply({ ...result, EncryptionType: 'NONE' })
      return errorReply(
        stringOf(result['ErrorCode']) ?? 'InternalFailure',
        stringOf(result['ErrorMessage']) ?? '',
        400,
      )
    }
    return { stream, views: () => put.views(), perform }
  }

  #inspect(exchange: Exchange): void {
    if (exchange.path === '/_fake/summary') exchange.answer(jsonReply(this.counters))
    else exchange.answer(errorReply('NotFound', exchange.path, 404))
  }
}

/** kinesalite ignores the filter and lists closed shards too. */
const openOnly = (request: Json, reply: Reply): Reply => {
  const filter = request['ShardFilter']
  if (reply.status !== 200 || !isJson(filter) || filter['Type'] !== 'AT_LATEST') return reply
  const body = parseJson(reply.body) ?? {}
  return jsonReply({ ...body, Shards: objectsOf(body['Shards']).filter(isOpen) })
}

export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const emulator = new Emulator(options)
  await emulator.listen()
  return emulator
}
