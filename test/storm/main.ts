import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRunReport, type RunReport, type RunSource } from '@kinesis-producer/testing/report'
import {
  type FakeKinesis,
  listShards,
  seededRandom,
  startFakeKinesis,
  testClient,
} from '../support/endpoint/index.js'
import { HELP, readArgs, type StormArgs } from './args.js'
import { Ledger, record } from './ledger.js'
import type { Done, Message, Standing, Task } from './messages.js'
import { breaches, type Line, table } from './report.js'
import { Weather } from './weather.js'

const STREAM = 'storm'
const SHARDS = 4
const MOST_SHARDS = 12
const REPORT = 'build/storm.html'
/** Records are added within this part of the storm, so that its end finds the buffers busy. */
const ADDING = 0.95
/** After the storm, this much time to deliver the rest before something is called stuck. */
const AFTERMATH_MS = 150_000

interface Sailor {
  readonly child: ChildProcess
  readonly done: Promise<Done>
}

/** What the producers say of themselves on the way. */
class Logbook implements RunSource {
  #stats: ReturnType<RunSource['stats']> = NOTHING
  report: RunReport | undefined

  stats(): ReturnType<RunSource['stats']> {
    return this.#stats
  }

  enter({ stats, durations }: Standing): void {
    this.#stats = stats
    for (const duration of durations) this.report?.onRequest({ duration })
  }
}

const NOTHING: ReturnType<RunSource['stats']> = {
  admitted: 0,
  delivered: 0,
  dropped: 0,
  droppedByReason: {},
  remaining: 0,
  remainingBytes: 0,
  retries: 0,
  requests: 0,
  requestsInFlight: 0,
  requestErrors: 0,
  requestErrorsByCode: {},
  possibleDuplicates: 0,
  throttledByShard: {},
}

const launch = (task: Task, ledger: Ledger, logbook: Logbook): Sailor => {
  const child = fork(new URL('./producer.js', import.meta.url), [JSON.stringify(task)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const done = new Promise<Done>((resolve, reject) => {
    child.on('message', (message: Message) => {
      if (message.kind === 'done') resolve(message)
      else if (message.kind === 'standing') logbook.enter(message)
      else for (const code of message.numbers) ledger.handedBack(code)
    })
    child.once('exit', code => reject(new Error(`producer ${task.id} ended with ${String(code)}`)))
  })
  return { child, done }
}

/** Splits and merges shards, at random. */
const reshard = async (fake: FakeKinesis, open: readonly string[], random: () => number) => {
  const at = Math.floor(random() * (open.length - 1))
  const [shard, neighbour] = [open[at], open[at + 1]]
  if (shard === undefined) return
  const split = neighbour === undefined || (open.length < MOST_SHARDS && random() < 0.5)
  if (split) fake.splitShard(STREAM, shard)
  else fake.mergeShards(STREAM, shard, neighbour)
}

/** Stops a process dead for a while, as a suspended laptop or a frozen Lambda would. */
const freeze = async ({ child }: Sailor, ms: number): Promise<void> => {
  if (child.exitCode !== null || !child.kill('SIGSTOP')) return
  await sleep(ms)
  child.kill('SIGCONT')
}

const blow = async (
  args: StormArgs,
  fake: FakeKinesis,
  sailors: readonly Sailor[],
  isOver: () => boolean,
  report: RunReport,
): Promise<string> => {
  const random = seededRandom(args.seed)
  const weather = new Weather(random)
  fake.on(({ operation }) => (operation === 'PutRecords' ? weather.next() : undefined))
  const client = testClient(fake.endpoint, { maxAttempts: 5 })
  const end = performance.now() + args.minutes * 60_000
  const counts = { reshardings: 0, freezes: 0, cuts: 0 }
  while (performance.now() < end && !isOver()) {
    const open = await openShards(client)
    const lasts = weather.turn(open)
    report.mark(weather.names === '' ? undefined : weather.names)
    await sleep(lasts)
    const event = random()
    if (event < 0.15) {
      await reshard(fake, open, random)
      counts.reshardings++
    } else if (event < 0.25) {
      const sailor = sailors[Math.floor(random() * sailors.length)]
      if (sailor) await freeze(sailor, 500 + random() * 2500)
      counts.freezes++
    } else if (event < 0.35) {
      fake.dropConnections()
      counts.cuts++
    }
    progress(args, end, fake)
  }
  weather.calm()
  report.mark(undefined)
  fake.releaseHung()
  client.destroy()
  const met = [...weather.met].map(([name, times]) => `${name} ${times}`).join(', ')
  return `${counts.reshardings} reshardings, ${counts.freezes} freezes, all connections cut ${counts.cuts} times; spells of ${met}`
}

const openShards = async (client: ReturnType<typeof testClient>): Promise<string[]> => {
  const shards = await listShards(client, STREAM)
  const start = (shard: (typeof shards)[number]): bigint =>
    BigInt(shard.HashKeyRange?.StartingHashKey ?? 0)
  return shards
    .filter(shard => shard.SequenceNumberRange?.EndingSequenceNumber === undefined)
    .toSorted((a, b) => (start(a) < start(b) ? -1 : 1))
    .map(shard => shard.ShardId ?? '')
}

let shown = 0
const progress = (args: StormArgs, end: number, fake: FakeKinesis): void => {
  if (performance.now() - shown < 10_000) return
  shown = performance.now()
  const left = Math.max(0, (end - shown) / 1000).toFixed(0)
  console.error(`  ${left} s to go, ${fake.counts.records} of ${args.records} records stored`)
}

const main = async (): Promise<number> => {
  const args = readArgs(process.argv.slice(2))
  if (args.help) {
    console.log(HELP)
    return 0
  }
  console.log(
    `A storm of ${args.minutes} min: ${args.records} records of 200 B, ${args.producers} producers, seed ${args.seed}, Node ${process.version}`,
  )
  const each = Math.ceil(args.records / args.producers)
  const ledgers = Array.from({ length: args.producers }, () => new Ledger(each))
  const fake = await startFakeKinesis({
    streams: { [STREAM]: SHARDS },
    maxRecords: 0,
    onRecord: (_, { data, partitionKey }) => record(ledgers, data, partitionKey),
  })
  const logbooks = ledgers.map(() => new Logbook())
  const report = createRunReport(logbooks, {
    title: `A storm of ${args.minutes} min, seed ${args.seed}`,
    names: logbooks.map((_, id) => `producer ${id}`),
  })
  for (const logbook of logbooks) logbook.report = report
  const sailors = ledgers.map((ledger, id) =>
    launch(
      {
        id,
        endpoint: fake.endpoint,
        stream: STREAM,
        records: each,
        rate: each / (args.minutes * 60 * ADDING),
        seed: args.seed + id,
      },
      ledger,
      logbooks[id] ?? new Logbook(),
    ),
  )
  const all = Promise.all(sailors.map(({ done }) => done))
  try {
    let over = false
    all.then(
      () => (over = true),
      () => (over = true),
    )
    const weather = await blow(args, fake, sailors, () => over, report)
    const stuck = sleep(AFTERMATH_MS, undefined, { ref: false }).then(() => {
      throw new Error(`producers are not done ${AFTERMATH_MS / 1000} s after the storm`)
    })
    const dones = await Promise.race([all, stuck])
    const lines = dones.map((done, id): Line => {
      const ledger = ledgers[id] ?? new Ledger(0)
      return {
        done,
        sums: ledger.sum(done.stats.admitted),
        outOfOrder: ledger.outOfOrder,
        ordered: id % 2 === 0,
        settledTwice: ledger.settledTwice,
      }
    })
    console.log(`\n${weather}\n\n${table(lines)}\n`)
    await report.write(REPORT)
    console.log(`A picture of it: ${REPORT}`)
    const broken = breaches(lines, fake.violations)
    for (const line of broken) console.log(`BROKEN  ${line}`)
    if (broken.length === 0)
      console.log(
        'The invariant held: admitted = delivered + dropped + remaining, and nothing was lost.',
      )
    return broken.length === 0 ? 0 : 1
  } finally {
    for (const { child } of sailors) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }
    await fake.close()
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof RangeError ? error.message : error)
  process.exitCode = 2
}
