// What of 20 000 lines arrives, with other Pino transports and ours, when the process exits, when it
// is killed after a flush, and through six seconds of 503. One server counts for all of them.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import pino from 'pino'
import { Peers } from './install-peers.js'
import { CREDENTIALS, STREAM } from './load.js'

const peers = new Peers('pino-peers', {
  'pino-loki': '3',
  'pino-opentelemetry-transport': '4',
  '@serdnam/pino-cloudwatch-transport': '1',
  'pino-elasticsearch': '9',
})
const targetOf = (name: string, url: string): pino.TransportSingleOptions => {
  const target = name.startsWith('@kinesis') ? name : peers.require.resolve(name)
  switch (name) {
    case 'pino-loki':
      return { target, options: { host: url, batching: { interval: 1 } } }
    case 'pino-opentelemetry-transport':
      return {
        target,
        options: {
          logRecordProcessorOptions: [
            { recordProcessorType: 'batch', exporterOptions: { protocol: 'http' } },
          ],
        },
      }
    case '@serdnam/pino-cloudwatch-transport':
      return {
        target,
        options: {
          logGroupName: 'g',
          logStreamName: 's',
          awsRegion: 'us-east-1',
          awsAccessKeyId: 'a',
          awsSecretAccessKey: 'b',
        },
      }
    case 'pino-elasticsearch':
      return { target, options: { index: 'i', node: url, esVersion: 7, flushBytes: 1000 } }
    default:
      return {
        target,
        options: {
          streamName: STREAM,
          region: 'us-east-1',
          endpoint: url,
          credentials: CREDENTIALS,
        },
      }
  }
}

const app = async (name: string, url: string, how: string, count: number): Promise<void> => {
  const logger = pino(pino.transport(targetOf(name, url)))
  for (let i = 0; i < count; i++) {
    logger.info(`#${i}#`)
    if (i % 20 === 19) await sleep(1)
  }
  if (how === 'exit') process.exit(0)
  if (how === 'kill') logger.flush(() => process.kill(process.pid, 'SIGKILL'))
  await sleep(14_000)
  process.exit(0)
}

const seen = new Set<string>()
let failing = false

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const body = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}
const count = (text: string): void => {
  for (const [, number = ''] of text.matchAll(/#(\d+)#/g)) seen.add(number)
}

/** Does as the service that a request is meant for. */
const answer = (target: string, path: string, body: Buffer): [number, string] => {
  if (target.endsWith('PutRecords')) {
    const { Records } = JSON.parse(body.toString()) as { Records: { Data: string }[] }
    for (const { Data } of Records) count(Buffer.from(Data, 'base64').toString())
    const stored = { ShardId: 'shardId-000000000000', SequenceNumber: '1' }
    return [200, JSON.stringify({ FailedRecordCount: 0, Records: Records.map(() => stored) })]
  }
  count(body.toString('latin1'))
  if (target !== '') return [200, '{"nextSequenceToken":"1","logStreams":[],"logGroups":[]}']
  if (path.includes('_bulk')) return [200, '{"took":1,"errors":false,"items":[]}']
  if (path.includes('loki')) return [204, '']
  return [
    200,
    path === '/' ? '{"version":{"number":"8.0.0"},"tagline":"You Know, for Search"}' : '',
  ]
}

const server = createServer((request, response) => {
  const serve = async (): Promise<void> => {
    const body = await bodyOf(request)
    const [status, text] = failing
      ? [503, '<html>Service Unavailable</html>']
      : answer(String(request.headers['x-amz-target'] ?? ''), request.url ?? '', body)
    const type = request.headers['content-type'] ?? 'application/json'
    response.writeHead(status, {
      'content-type': request.url?.includes('v1/logs') === true ? type : 'application/json',
      'x-elastic-product': 'Elasticsearch',
    })
    response.end(text)
  }
  serve().catch(() => response.destroy())
})

const run = async (name: string, url: string, how: string, lines: number): Promise<string> => {
  seen.clear()
  failing = how === 'outage'
  const start = performance.now()
  const self = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [self, name, url, how, String(lines)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: url,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${url}/v1/logs`,
    },
  })
  let said = 0
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.length))
  const ended = once(child, 'close')
  const stuck = setTimeout(() => child.kill('SIGKILL'), 60_000)
  if (failing) {
    await sleep(6000)
    failing = false
  }
  await ended
  clearTimeout(stuck)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  return `${seen.size} of ${lines} in ${seconds} s${said > 0 ? ', said something' : ''}`
}

const [, , name, url = '', how = '', lines] = process.argv
if (name !== undefined) await app(name, url, how, Number(lines))
else {
  peers.install()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  console.log(
    '| transport | 20 000 lines, then process.exit | flush, then SIGKILL | 5000 lines, 503 for 6 s, 8 s more |',
  )
  console.log('| --- | --- | --- | --- |')
  for (const one of ['@kinesis-producer/pino-transport', ...peers.names]) {
    const cells = [
      await run(one, endpoint, 'exit', 20_000),
      await run(one, endpoint, 'kill', 20_000),
      await run(one, endpoint, 'outage', 5000),
    ]
    console.log(`| ${one} | ${cells.join(' | ')} |`)
  }
  server.close()
}
