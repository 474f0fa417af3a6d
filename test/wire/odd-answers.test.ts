import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { createKinesisClient, type KinesisClientLike } from '@kinesis-producer/core'
import { streamClientOf } from '@kinesis-producer/core/internal/client/stream-client'
import type { Action } from '@kinesis-producer/core/internal/settling/classify'
import { failureOf } from '@kinesis-producer/core/internal/settling/failure-cause'
import { cbor } from '@smithy/core/cbor'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { plain } from '../support/core/outgoing.js'
import { TEST_CREDENTIALS } from '../support/endpoint/index.js'

const STORED = {
  FailedRecordCount: 0,
  Records: [{ SequenceNumber: '1', ShardId: 'shardId-000000000000' }],
}
const REFUSAL = JSON.stringify({ __type: 'OddException', message: 'odd words' })
const MIB = 1024 * 1024

const BOMB = gzipSync(Buffer.alloc(8 * MIB, ' '))

/** What proxies and services put into an answer, and what has to be told of it. */
const BODIES: Record<string, { send: (response: ServerResponse) => void; told: RegExp }> = {
  JSON: {
    send: response => {
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      response.end(REFUSAL)
    },
    told: /^odd words$/,
  },
  HTML: {
    send: response => {
      response.setHeader('content-type', 'text/html')
      response.end('<html><h1>The proxy says no</h1></html>')
    },
    told: /The proxy says no|<html>/,
  },
  text: { send: response => response.end('upstream connect error'), told: /upstream c/ },
  nothing: { send: response => response.end(), told: /^HTTP \d+ without a word$/ },
  gzip: {
    send: response => {
      response.setHeader('content-encoding', 'gzip')
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      response.end(gzipSync(REFUSAL))
    },
    told: /^odd words$|is not valid JSON/,
  },
  'gzip of HTML': {
    send: response => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync('<html><h1>The proxy says no</h1></html>'))
    },
    told: /The proxy says no|is not valid JSON/,
  },
  'a bomb of gzip': {
    send: response => {
      response.setHeader('content-encoding', 'gzip')
      response.end(BOMB)
    },
    told: /larger than 1048576 bytes|is not valid JSON/,
  },
  'half of what was announced': {
    send: response => {
      response.setHeader('content-length', 1000)
      response.write('{"__type":"Od', () => setImmediate(() => response.destroy()))
    },
    told: /./,
  },
  'two mebibytes': {
    send: response => response.end(Buffer.alloc(2 * MIB, 'x')),
    told: /larger than 1048576 bytes|xxxx/,
  },
}

const STATUSES: readonly (readonly [status: number, action: Action, throttled?: boolean])[] = [
  [302, 'pause'],
  [400, 'pause'],
  [401, 'pause'],
  [403, 'pause'],
  [404, 'pause'],
  [407, 'pause'],
  [413, 'isolate'],
  [415, 'pause'],
  [418, 'pause'],
  [429, 'retry', true],
  [500, 'retry'],
  [502, 'retry'],
  [503, 'retry'],
  [504, 'retry'],
]

describe('an odd answer', () => {
  let server: Server
  let answer: ((response: ServerResponse) => void) | undefined
  const clients: { destroy(): void }[] = []

  const reply = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume()
    request.on('end', () => {
      if (answer !== undefined) return answer(response)
      const type = request.headers['content-type'] ?? ''
      response.setHeader('content-type', type)
      response.end(type.includes('cbor') ? cbor.serialize(STORED) : JSON.stringify(STORED))
    })
  }
  const options = () => {
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    return {
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${address.port}`,
      credentials: TEST_CREDENTIALS,
    }
  }
  before(async () => {
    server = createServer(reply).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => {
    for (const client of clients) client.destroy()
    server.closeAllConnections()
    server.close()
  })

  const kinds: Record<
    string,
    { make: () => KinesisClientLike & { destroy(): void }; warm: number }
  > = {
    'a client of the SDK': {
      make: () =>
        new KinesisClient({
          ...options(),
          maxAttempts: 1,
          requestHandler: new NodeHttpHandler(),
        }),
      warm: 0,
    },
    'the SDK’s pipeline': { make: () => createKinesisClient(options()), warm: 0 },
    'the short way': { make: () => createKinesisClient(options()), warm: 1 },
    'the short way in CBOR': {
      make: () => createKinesisClient({ ...options(), wireFormat: 'cbor' }),
      warm: 2,
    },
  }

  for (const [kind, { make, warm }] of Object.entries(kinds)) {
    for (const [what, { send, told }] of Object.entries(BODIES)) {
      it(`is judged by its status, and told: ${what} (${kind})`, async () => {
        for (const [status, action, throttled = false] of STATUSES) {
          const client = make()
          clients.push(client)
          const stream = streamClientOf(client, { StreamName: 's' })
          const put = () => stream.putRecords([plain('x', 'k')], new AbortController().signal)
          answer = undefined
          for (let i = 0; i < warm; i++) await put()
          answer = response => {
            response.statusCode = status
            response.setHeader('retry-after', '7')
            send(response)
          }
          const error: unknown = await put().then(
            () => assert.fail('stored'),
            (thrown: unknown) => thrown,
          )
          const { verdict, message, retryAfter } = failureOf(error)
          assert.deepEqual([verdict.action, verdict.throttled], [action, throttled], String(status))
          assert.match(verdict.code, new RegExp(`^(HTTP ${status}|OddException)$`))
          assert.match(message, told)
          assert.ok(message.length <= 256 && !/\n/.test(message))
          assert.equal(retryAfter, status === 429 || status === 503 ? 7000 : 0, String(status))
        }
      })
    }

    // The SDK by itself cannot.
    if (kind === 'a client of the SDK') continue
    it(`with 200 is read although a proxy has zipped it (${kind})`, async () => {
      const client = make()
      clients.push(client)
      const stream = streamClientOf(client, { StreamName: 's' })
      answer = response => {
        response.setHeader('content-encoding', 'gzip')
        response.setHeader('content-type', 'application/x-amz-json-1.1')
        response.end(gzipSync(JSON.stringify(STORED)))
      }
      for (let i = 0; i <= warm; i++) {
        const got: unknown = await stream.putRecords(
          [plain('x', 'k')],
          new AbortController().signal,
        )
        assert.deepEqual(Reflect.get(Object(got), 'Records'), STORED.Records)
      }
    })
  }
})
