// The Pino transport: CPU of the application's thread and of the worker per line, beside Pino's own
// file transport and a transport that parses; a gigabyte to a stub; writes during an outage. Each case
// runs in a process of its own. The threads' CPU is read from /proc, so Linux alone.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { flushTransport } from '@kinesis-producer/pino-transport/main'
import pino from 'pino'
import { CREDENTIALS, STREAM } from './load.js'
import { median } from './report.js'
import { startStub } from './start-stub.js'

const ROUNDS = 3
/** Lines a second. */
const PACE = 100_000
const GIGABYTE_PACE = 140_000
const FLOOD = Number.POSITIVE_INFINITY
const TICKS_PER_SECOND = 100
const LINE = {
  req: { method: 'GET', url: '/orders/12345?expand=items', remoteAddress: '10.0.0.1' },
  res: { statusCode: 200, contentLength: 5123 },
  responseTime: 12.3,
  userId: 'user-12345',
}

/** CPU seconds of the main thread so far. */
const mainSeconds = (): number => {
  const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
const kinesis = (endpoint: string, extra: object = {}) => ({
  target: '@kinesis-producer/pino-transport',
  options: {
    streamName: STREAM,
    region: 'us-east-1',
    endpoint,
    credentials: CREDENTIALS,
    ...extra,
  },
})
const parsing = fileURLToPath(new URL('./pino-parsing.js', import.meta.url))
const TARGETS = {
  'pino/file': () => ({ target: 'pino/file', options: { destination: '/dev/null' } }),
  'parsing, no sending': () => ({ target: parsing, options: {} }),
  'ours, no sending': () => ({ target: parsing, options: { ours: true } }),
  kinesis: (endpoint: string) => kinesis(endpoint),
  'kinesis, concat': (endpoint: string) => kinesis(endpoint, { packing: { kind: 'concat' } }),
}
const isTarget = (name: string): name is keyof typeof TARGETS => name in TARGETS

interface Result {
  readonly main: number
  readonly worker: number
  readonly linesPerSecond: number
  readonly rss: number
  readonly flushMs: number
  readonly maxWriteMs: number
  readonly delivered: number
}

/** Logs so many lines, 50 in a turn of the event loop. */
const measure = async (
  name: keyof typeof TARGETS,
  endpoint: string,
  count: number,
  rate: number,
): Promise<Result> => {
  const transport = pino.transport(TARGETS[name](endpoint))
  const logger = pino(transport)
  let delivered = 0
  transport.on('kinesis:stats', (stats: { delivered: number }) => {
    delivered = stats.delivered
  })
  let maxWrite = 0
  let rss = 0
  const send = async (lines: number): Promise<void> => {
    const start = performance.now()
    for (let i = 0; i < lines; i++) {
      if (i % 50 === 0) {
        await turn()
        while (i > ((performance.now() - start) * rate) / 1000) await sleep(1)
        if (i % 50_000 === 0) rss = Math.max(rss, process.memoryUsage.rss())
        const before = performance.now()
        logger.info(LINE, 'request completed')
        maxWrite = Math.max(maxWrite, performance.now() - before)
      } else logger.info(LINE, 'request completed')
    }
  }
  const flushed = async (): Promise<void> => {
    if (name.startsWith('kinesis')) await flushTransport(transport, 60_000)
    else await new Promise<void>(resolve => transport.flush(() => resolve()))
  }
  await send(50_000)
  await flushed()
  maxWrite = 0
  const [cpu, main, start] = [process.cpuUsage(), mainSeconds(), performance.now()]
  await send(count)
  const sent = performance.now()
  await flushed()
  const end = performance.now()
  const own = mainSeconds() - main
  const { user, system } = process.cpuUsage(cpu)
  rss = Math.max(rss, process.memoryUsage.rss())
  const alive = setInterval(() => {}, 1000)
  const ended = new Promise(resolve => transport.once('close', resolve))
  transport.end()
  await ended
  clearInterval(alive)
  return {
    main: (own * 1e6) / count,
    worker: ((user + system) / 1e6 - own) * (1e6 / count),
    linesPerSecond: count / ((end - start) / 1000),
    rss: rss / 2 ** 20,
    flushMs: end - sent,
    maxWriteMs: maxWrite,
    delivered,
  }
}

const [, , name, endpoint, count, pace] = process.argv
if (name !== undefined && endpoint !== undefined && isTarget(name)) {
  console.log(JSON.stringify(await measure(name, endpoint, Number(count), Number(pace))))
  process.exit(0)
}

const run = async (target: string, url: string, lines: number, rate: number): Promise<Result> => {
  const self = fileURLToPath(import.meta.url)
  const { stdout } = await promisify(execFile)(process.execPath, [
    self,
    target,
    url,
    String(lines),
    String(rate),
  ])
  return JSON.parse(stdout) as Result
}
const stub = await startStub(0)
const LINES = 500_000
const results = new Map<string, Result[]>(Object.keys(TARGETS).map(one => [one, []]))
for (let round = 0; round < ROUNDS; round++)
  for (const [one, list] of results) list.push(await run(one, stub.http, LINES, PACE))
const of = (one: string, field: keyof Result): number =>
  median((results.get(one) ?? []).map(result => result[field]))
console.log(`CPU a line of 330 B, ${LINES} lines at ${PACE} a second, medians of ${ROUNDS}:`)
for (const one of results.keys())
  console.log(
    `${one.padEnd(24)} main ${of(one, 'main').toFixed(2)} us, ${(of(one, 'main') / of('pino/file', 'main')).toFixed(2)} x pino/file; worker ${of(one, 'worker').toFixed(2)} us; ${Math.round(of(one, 'linesPerSecond'))} lines/s`,
  )
const readingCost = async (whose: string): Promise<number> => {
  const script = fileURLToPath(new URL('./pino-reading.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, whose])
  return Number(stdout)
}
const costs = { parsing: [] as number[], ours: [] as number[] }
for (let round = 0; round < ROUNDS; round++) {
  costs.parsing.push(await readingCost('parsing'))
  costs.ours.push(await readingCost('ours'))
}
const [theirs, ours] = [median(costs.parsing), median(costs.ours)]
console.log(
  `Reading alone, without threads: parsing ${theirs.toFixed(2)} us, ours ${ours.toFixed(2)} us a line: ${(theirs / ours).toFixed(1)} x`,
)
const GIGABYTE_LINES = 3_300_000
for (const [what, one, speed] of [
  ['1 GB', 'kinesis', GIGABYTE_PACE],
  ['1 GB', 'kinesis, concat', GIGABYTE_PACE],
  ['1 GB as fast as it goes', 'kinesis', FLOOD],
  ['1 GB as fast as it goes', 'kinesis, concat', FLOOD],
] as const) {
  const result = await run(one, stub.http, GIGABYTE_LINES, speed)
  console.log(
    `${what}, ${one}: ${result.delivered} of ${GIGABYTE_LINES + 50_000} delivered, ${Math.round(result.linesPerSecond)} lines/s, RSS ${Math.round(result.rss)} MiB, flush ${Math.round(result.flushMs)} ms, longest write ${result.maxWriteMs.toFixed(1)} ms`,
  )
}
stub.stop()
