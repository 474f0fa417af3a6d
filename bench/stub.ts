// A stub of the service in a process of its own: counts records, also those inside of packs, stores
// nothing, answers at once or after a while. It costs less than any client, so that the client is what is measured.

import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import {
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { cbor } from '@smithy/core/cbor'
import { MARK } from './load.js'

const MIB16 = 16 * 1024 * 1024
const latency = Number(process.argv[2] ?? 0)
const DEFAULT_SHARDS = 4
const shards = Number(process.argv[3] ?? DEFAULT_SHARDS)

const result = (i: number) => ({
  SequenceNumber: `4966${String(i).padStart(52, '0')}`,
  ShardId: `shardId-${String(i % shards).padStart(12, '0')}`,
})
const answers = new Map<string, Buffer>()
const answerTo = (records: number, isCbor: boolean): Buffer => {
  const key = `${records} ${isCbor}`
  let answer = answers.get(key)
  if (answer === undefined) {
    const value = {
      FailedRecordCount: 0,
      Records: Array.from({ length: records }, (_, i) => result(i)),
    }
    answer = isCbor ? Buffer.from(cbor.serialize(value)) : Buffer.from(JSON.stringify(value))
    answers.set(key, answer)
  }
  return answer
}

const KEY = Buffer.from('PartitionKey')
/** With more shards each record is answered with the one it belongs to, as the growth probe needs. */
const routed = shards !== DEFAULT_SHARDS
const answerRouted = (body: Buffer): Buffer => {
  const { Records }: { Records: { PartitionKey: string }[] } = JSON.parse(body.toString())
  const step = (1n << 128n) / BigInt(shards)
  return Buffer.from(
    JSON.stringify({
      FailedRecordCount: 0,
      Records: Records.map(({ PartitionKey }) => {
        const index = BigInt(`0x${hash('md5', PartitionKey)}`) / step
        return result(Math.min(shards - 1, Number(index)))
      }),
    }),
  )
}
const countRecords = (body: Buffer): number => {
  let count = 0
  for (let at = body.indexOf(KEY); at !== -1; at = body.indexOf(KEY, at + KEY.length)) count++
  return count
}

/** Records that arrived since the count was reset. */
let arrived = 0
let arePacked = false
const GZIP = 0x1f
/** Log lines in the Kinesis records of a request. */
const countLines = (body: Buffer, isCbor: boolean): number => {
  const { Records }: { Records: { Data: string | Uint8Array }[] } = isCbor
    ? cbor.deserialize(body)
    : JSON.parse(body.toString('latin1'))
  let count = 0
  for (const { Data } of Records) {
    const data = typeof Data === 'string' ? Buffer.from(Data, 'base64') : Buffer.from(Data)
    const plain = data[0] === GZIP ? gunzipSync(data) : data
    for (let at = plain.indexOf(MARK); at !== -1; at = plain.indexOf(MARK, at + MARK.length))
      count++
  }
  return count
}

const shard = (i: number) => {
  const step = (1n << 128n) / BigInt(shards)
  return {
    ShardId: `shardId-${String(i).padStart(12, '0')}`,
    HashKeyRange: {
      StartingHashKey: String(step * BigInt(i)),
      EndingHashKey: String(i === shards - 1 ? (1n << 128n) - 1n : step * BigInt(i + 1) - 1n),
    },
    SequenceNumberRange: { StartingSequenceNumber: '1' },
  }
}
const stream = {
  StreamName: 'bench',
  StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/bench',
  StreamStatus: 'ACTIVE',
  HasMoreShards: false,
  Shards: Array.from({ length: shards }, (_, i) => shard(i)),
  Tags: [],
}
const OTHERS: Readonly<Record<string, unknown>> = {
  DescribeStream: { StreamDescription: stream },
  DescribeStreamSummary: { StreamDescriptionSummary: stream },
  ListShards: { Shards: stream.Shards },
  ListTagsForStream: { Tags: [], HasMoreTags: false },
}

type Request = IncomingMessage | Http2ServerRequest
type Response = ServerResponse | Http2ServerResponse

const serve = async (request: Request, response: Response): Promise<void> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const operation = String(request.headers['x-amz-target'] ?? '').split('.')[1] ?? ''
  const type = request.headers['content-type'] ?? 'application/x-amz-json-1.1'
  let answer: Buffer
  if (operation === 'PutRecords') {
    const body = Buffer.concat(chunks)
    const isCbor = type.includes('cbor')
    arrived += arePacked ? countLines(body, isCbor) : countRecords(body)
    answer = routed ? answerRouted(body) : answerTo(countRecords(body), isCbor)
    if (latency > 0) await new Promise(resolve => setTimeout(resolve, latency))
  } else if (request.url?.startsWith('/reset')) {
    arrived = 0
    arePacked = request.url.endsWith('?packed')
    answer = Buffer.from('0')
  } else if (request.url?.startsWith('/count')) answer = Buffer.from(String(arrived))
  else
    answer = Buffer.from(request.url === '/v1/logs' ? '' : JSON.stringify(OTHERS[operation] ?? {}))
  response.setHeader('content-type', type)
  response.setHeader('content-length', answer.length)
  response.statusCode = 200
  response.end(answer)
}
const listener = (request: Request, response: Response): void => {
  serve(request, response).catch(() => response.destroy())
}
const plain: RequestListener = listener

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}

const [, , , , certificate = '', key = ''] = process.argv
const http2 = createHttp2({ settings: { initialWindowSize: MIB16 } }, listener)
http2.on('session', session => session.setLocalWindowSize(MIB16))
const ports = {
  http: await portOf(createServer({ keepAliveTimeout: 60_000 }, plain)),
  http2: await portOf(http2),
  https: await portOf(
    createHttps(
      { keepAliveTimeout: 60_000, cert: readFileSync(certificate), key: readFileSync(key) },
      plain,
    ),
  ),
}
process.on('disconnect', () => process.exit(0))
process.send?.(ports)
