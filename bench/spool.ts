// What the spool costs: the same records with and without it, to a service that works and to one that
// is down; and how long a start takes with a large backlog. Each case is a process of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BatchProducer, createKinesisClient, type SpoolFsync } from '@kinesis-producer/core'
import { CREDENTIALS, makeLoad, STREAM } from './load.js'
import { startStub } from './start-stub.js'

const RECORDS = Number(process.env['RECORDS'] ?? 1_000_000)
/** Records that wait at most, so that neither case is slowed by its buffer. */
const WAITING = 50_000
const PER_TURN = 1000

interface Result {
  readonly micros: number
  readonly loopP99: number
  readonly perSecond: number
  readonly rss: number
}

const healthy = async (
  http: string,
  fsync: SpoolFsync | undefined,
  directory: string,
): Promise<Result> => {
  const { data, keys } = makeLoad(200)
  const client = createKinesisClient({
    region: 'us-east-1',
    endpoint: http,
    credentials: CREDENTIALS,
  })
  const producer = new BatchProducer(client, STREAM, {
    bufferSize: 200_000,
    packing: { kind: 'concat' },
    ...(fsync !== undefined && { spool: { directory, fsync } }),
  })
  producer.start()
  const add = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      if (!producer.tryAdd(data[i % data.length] ?? '', keys[i % 100])) throw new Error('full')
      if (i % PER_TURN !== 0) continue
      do await nextTurn()
      while (producer.stats().remaining > WAITING)
    }
    await producer.drain()
  }
  await add(RECORDS / 4)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const [before, began] = [process.cpuUsage(), performance.now()]
  await add(RECORDS)
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - began) / 1000
  await producer.close()
  // Its connections would keep the process alive.
  client.destroy()
  return {
    micros: (user + system) / RECORDS,
    loopP99: delay.percentile(99) / 1e6,
    perSecond: RECORDS / seconds,
    rss: process.resourceUsage().maxRSS / 1024,
  }
}

const outage = async (directory: string): Promise<Result> => {
  const { data, keys } = makeLoad(200)
  const down = {
    putRecords: () => Promise.reject(Object.assign(new Error('down'), { code: 'ECONNREFUSED' })),
  }
  const producer = new BatchProducer(down, STREAM, { logger: false, spool: { directory } })
  producer.start()
  const [before, began] = [process.cpuUsage(), performance.now()]
  for (let i = 0; i < RECORDS; i++) {
    if (!producer.tryAdd(data[i % data.length] ?? '', keys[i % 100])) throw new Error('full')
    if (i % PER_TURN === 0) await nextTurn()
  }
  const { user, system } = process.cpuUsage(before)
  const seconds = (performance.now() - began) / 1000
  await producer.close(1)
  return {
    micros: (user + system) / RECORDS,
    loopP99: 0,
    perSecond: RECORDS / seconds,
    rss: process.resourceUsage().maxRSS / 1024,
  }
}

const [mode = '', http = '', fsync = '', directory = ''] = process.argv.slice(2)
const syncOf = (text: string): SpoolFsync | undefined => {
  if (text === 'none') return undefined
  return text === 'batch' ? text : text === 'false' ? false : Number(text)
}

if (mode === 'healthy') console.log(JSON.stringify(await healthy(http, syncOf(fsync), directory)))
else if (mode === 'outage') console.log(JSON.stringify(await outage(directory)))
else {
  const stub = await startStub(2)
  const root = mkdtempSync(join(tmpdir(), 'bench-spool-'))
  const run = (...args: string[]): Result =>
    JSON.parse(
      execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args, join(root, 'd')], {
        encoding: 'utf8',
      }),
    )
  const rounds = Number(process.env['ROUNDS'] ?? 3)
  const results = new Map<string, Result[]>()
  for (let round = 0; round < rounds; round++)
    for (const sync of ['none', '1000', 'batch', 'false'])
      results.set(sync, [...(results.get(sync) ?? []), run('healthy', stub.http, sync)])
  const median = (sync: string, of: keyof Result): number =>
    (results.get(sync) ?? []).map(result => result[of]).toSorted((a, b) => a - b)[rounds >> 1] ?? 0
  console.log(`${RECORDS} records of 200 B, concat, Node ${process.version}, medians of ${rounds}`)
  for (const sync of results.keys())
    console.log(
      `  ${sync === 'none' ? 'no spool' : `fsync: ${sync}`}: ${median(sync, 'micros').toFixed(2)} us CPU a record, ` +
        `${(median(sync, 'micros') / median('none', 'micros')).toFixed(2)} x; event loop p99 ${median(sync, 'loopP99').toFixed(1)} ms`,
    )
  const { perSecond, micros, rss } = run('outage', '', '')
  console.log(
    `  service down: ${Math.round(perSecond)} records/s into the spool, ${micros.toFixed(2)} us CPU a record, ${Math.round(rss)} MiB at most`,
  )
  rmSync(root, { recursive: true, force: true })
  stub.stop()
}
