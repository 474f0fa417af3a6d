import type { Exchange } from '@kinesis-producer/testing/internal/http/exchange'
import { Front } from '@kinesis-producer/testing/internal/http/front'
import {
  errorReply,
  jsonReply,
  type Reply,
  ServiceError,
} from '@kinesis-producer/testing/internal/http/reply'
import {
  isJson,
  type Json,
  objectsOf,
  parseJson,
  stringOf,
} from '@kinesis-producer/testing/internal/json'
import { streamNameOf } from '@kinesis-producer/testing/internal/streams/operations'
import { MIB, parseEntry } from '@kinesis-producer/testing/internal/streams/put-input'
import {
  AWS_SHARD_LIMITS,
  ShardLimiter,
  type ShardLimits,
} from '@kinesis-producer/testing/internal/streams/shard-limiter'
import { type EmulatorMeans, emulatorPut } from './emulator-put.js'
import { isOpen, KinesaliteBackend } from './kinesalite-backend.js'

export interface EmulatorOptions {
  /** Per-shard limits as the service's are on from the start; false switches them off. */
  readonly throttle?: boolean
  readonly limits?: ShardLimits
  /** Milliseconds; drives the limits. */
  readonly now?: () => number
}

/** kinesalite behind a gateway that adds what it lacks: HTTP/2, ARNs, limits, throttling. */
export class Emulator {
  readonly counts = { records: 0, throttled: 0, putRequests: 0 }
  readonly #front = new Front(exchange => this.#serve(exchange))
  readonly #means: EmulatorMeans

  constructor({ limits = AWS_SHARD_LIMITS, now, throttle = true }: EmulatorOptions) {
    this.#means = {
      backend: new KinesaliteBackend(),
      limiter: new ShardLimiter(limits, now ?? (() => performance.now())),
      counts: this.counts,
      throttle,
    }
  }

  listen(): Promise<void> {
    return this.#front.listen(0, '127.0.0.1')
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#front.address.port}`
  }

  setThrottle(on: boolean): void {
    this.#means.throttle = on
  }

  close(): Promise<void> {
    return this.#front.close()
  }

  async #serve(exchange: Exchange): Promise<void> {
    const body = parseJson(exchange.body.toString('utf8'))
    try {
      if (body === undefined)
        throw new ServiceError('SerializationException', 'Could not parse the body')
      exchange.answer(await this.#answer(exchange, body))
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      exchange.answer(error.reply)
    }
  }

  async #answer({ operation, headers: all }: Exchange, original: Json): Promise<Reply> {
    const headers = Object.fromEntries(
      Object.entries(all).filter(([name]) => !name.startsWith(':')),
    )
    const stream = streamNameOf(original)
    const { StreamARN, ...rest } = original
    const body = StreamARN === undefined ? original : { ...rest, StreamName: stream }
    if (operation === 'PutRecords') {
      this.counts.putRequests++
      return emulatorPut(stream, body, headers, this.#means)
    }
    if (operation === 'PutRecord') return this.#putRecord(stream, body, headers)
    const reply = await this.#means.backend.call(operation, headers, body)
    return operation === 'ListShards' ? openOnly(body, reply) : reply
  }

  /** kinesalite does not count the key, nor the shard's limits. */
  async #putRecord(stream: string, body: Json, headers: Exchange['headers']): Promise<Reply> {
    parseEntry(body, '', MIB)
    const reply = await emulatorPut(stream, { ...body, Records: [body] }, headers, this.#means)
    const [result] = objectsOf(parseJson(reply.body)?.['Records'])
    if (reply.status !== 200 || result === undefined) return reply
    if (result['ErrorCode'] === undefined) return jsonReply({ ...result, EncryptionType: 'NONE' })
    const code = stringOf(result['ErrorCode']) ?? 'InternalFailure'
    return errorReply(code, stringOf(result['ErrorMessage']) ?? '', 400)
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
