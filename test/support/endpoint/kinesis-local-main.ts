/**
 * kinesis-local (kinesis-mock) in this process, on free ports of 127.0.0.1. It listens on all addresses
 * and cannot say which port it was given, so its servers are caught when they begin to listen.
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, Server } from 'node:net'
import { dirname, join } from 'node:path'

/** Ports that are asked for stand for one kind of server each. */
const ASKED = { tlsPort: '1', port: '2' } as const

const main = createRequire(import.meta.url).resolve('kinesis-local')
Object.assign(process.env, {
  KINESIS_MOCK_TLS_PORT: ASKED.tlsPort,
  KINESIS_MOCK_PLAIN_PORT: ASKED.port,
  KINESIS_MOCK_CERT_PATH: join(dirname(main), 'server.json'),
  CREATE_STREAM_DURATION: '0ms',
  SPLIT_SHARD_DURATION: '0ms',
  MERGE_SHARDS_DURATION: '0ms',
  UPDATE_SHARD_COUNT_DURATION: '0ms',
  SHARD_LIMIT: '500',
  LOG_LEVEL: 'ERROR',
})
// It complains of slow machines.
console.error = () => {}
// With its parent it ends, however that ended.
process.once('disconnect', () => process.exit(0))

const listening = new Map<string, Promise<number>>()
const portOf = async (server: Server): Promise<number> => {
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}
let all = (): void => {}
const both = new Promise<void>(resolve => {
  all = resolve
})
const listen: unknown = Reflect.get(Server.prototype, 'listen')
if (typeof listen !== 'function') throw new Error('servers do not listen')
Reflect.set(Server.prototype, 'listen', function (this: Server, port: unknown, done: unknown) {
  listening.set(String(port), portOf(this))
  if (listening.size === 2) all()
  return Reflect.apply(listen, this, [0, '127.0.0.1', done])
})
await import(main)
await both
const port = await listening.get(ASKED.port)
const tlsPort = await listening.get(ASKED.tlsPort)
process.stdout.write(`${JSON.stringify({ port, tlsPort })}\n`)
