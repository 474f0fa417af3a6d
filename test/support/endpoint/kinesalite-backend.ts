import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { AMZ_JSON, type Reply } from '@kinesis-producer/testing/internal/http/reply'
import {
  isJson,
  type Json,
  objectsOf,
  parseJson,
  stringOf,
} from '@kinesis-producer/testing/internal/json'
import type { HashRange } from '@kinesis-producer/testing/internal/streams/hash-ranges'
import kinesalite from 'kinesalite'

/** What kinesalite uses of a response. */
class InnerResponse {
  statusCode = 200
  readonly #done: (reply: Reply) => void

  constructor(done: (reply: Reply) => void) {
    this.#done = done
  }

  setHeader(): void {}

  end(body?: string | Buffer): void {
    // kinesalite makes its shard iterators in an undeclared variable, which mocha reports as a leak.
    Reflect.deleteProperty(globalThis, 'buffer')
    this.#done({ status: this.statusCode, body: String(body ?? ''), type: AMZ_JSON })
  }
}

/** What kinesalite uses of a request. */
class InnerRequest extends EventEmitter {
  readonly method = 'POST'
  readonly url = '/'
  readonly headers: IncomingHttpHeaders

  constructor(operation: string, headers: IncomingHttpHeaders) {
    super()
    this.headers = {
      ...headers,
      'content-type': AMZ_JSON,
      'x-amz-target': `Kinesis_20131202.${operation}`,
    }
  }
}

/** kinesalite without a socket: its server never listens, requests are handed to it directly. */
export class KinesaliteBackend {
  readonly #server: Server = kinesalite({
    createStreamMs: 0,
    deleteStreamMs: 0,
    updateStreamMs: 0,
    shardLimit: 100_000,
  })

  call(operation: string, headers: IncomingHttpHeaders, body: Json): Promise<Reply> {
    return new Promise(resolve => {
      const request = new InnerRequest(operation, headers)
      this.#server.emit('request', request, new InnerResponse(resolve))
      request.emit('data', Buffer.from(JSON.stringify(body)))
      request.emit('end')
    })
  }

  /** The open shards of a stream; none if there is no such stream. */
  async openShards(stream: string, headers: IncomingHttpHeaders): Promise<readonly HashRange[]> {
    const reply = await this.call('ListShards', headers, { StreamName: stream })
    return objectsOf(parseJson(reply.body)?.['Shards']).filter(isOpen).map(rangeOf)
  }
}

export const isOpen = (shard: Json): boolean =>
  isJson(shard['SequenceNumberRange']) &&
  shard['SequenceNumberRange']['EndingSequenceNumber'] === undefined

const rangeOf = (shard: Json): HashRange => {
  const range = isJson(shard['HashKeyRange']) ? shard['HashKeyRange'] : {}
  return {
    id: stringOf(shard['ShardId']) ?? '',
    from: BigInt(stringOf(range['StartingHashKey']) ?? 0),
    to: BigInt(stringOf(range['EndingHashKey']) ?? 0),
  }
}
