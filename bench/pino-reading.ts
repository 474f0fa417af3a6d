// CPU a line of the reading alone, without a thread before it: node pino-reading.js parsing|ours
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import reading from './pino-parsing.js'

const LINES = 1_000_000
/** Lines in what the worker is handed at once: about 13 KB. */
const CHUNK_LINES = 40
const line = JSON.stringify({
  level: 30,
  time: 1_700_000_000_000,
  pid: 12_345,
  hostname: 'ip-10-0-0-1',
  req: { method: 'GET', url: '/orders/12345?expand=items', remoteAddress: '10.0.0.1' },
  res: { statusCode: 200, contentLength: 5123 },
  responseTime: 12.3,
  userId: 'user-12345',
  msg: 'request completed',
})
const chunk = `${line}\n`.repeat(CHUNK_LINES)
const stream = reading({ ours: process.argv[2] === 'ours' })
const read = async (lines: number): Promise<void> => {
  for (let i = 0; i < lines / CHUNK_LINES; i++) {
    if (!stream.write(chunk)) await once(stream, 'drain')
    if (i % 50 === 0) await turn()
  }
}
await read(LINES / 4)
const before = process.cpuUsage()
await read(LINES)
const { user, system } = process.cpuUsage(before)
console.log((user + system) / LINES)
process.exit(0)
