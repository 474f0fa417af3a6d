// Kills processes that add records to a spool, at random moments, and counts what arrives: nothing
// that was promised may be missing, the order of each key holds, and duplicates are told.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type FakeKinesis,
  faults,
  seededRandom,
  startFakeKinesis,
} from '../support/endpoint/index.js'
import { type Delivered, KEYS, TASK_END, type VictimTask } from './task.js'

const STREAM = 'crash'
const VICTIM = fileURLToPath(new URL('victim.js', import.meta.url))
const LONGEST_LIFE_MS = 300

/** What arrived in one life of a process, and before it. */
class Arrivals {
  readonly #copies = new Map<number, number>()
  /** Newest number that arrived of each key; only first copies count. */
  readonly #newest = new Map<number, number>()
  outOfOrder = 0
  duplicates = 0

  arrived(text: string): void {
    const number = Number(text.split(':')[0])
    const copies = this.#copies.get(number) ?? 0
    this.#copies.set(number, copies + 1)
    if (copies > 0) {
      this.duplicates++
      return
    }
    const key = number % KEYS
    if (number < (this.#newest.get(key) ?? -1)) this.outOfOrder++
    this.#newest.set(key, number)
  }

  has(number: number): boolean {
    return this.#copies.has(number)
  }
}

interface Life {
  readonly promised: readonly number[]
  readonly end: Delivered | undefined
  readonly code: number | null
}

const live = async (task: VictimTask, killAfterMs: number | undefined): Promise<Life> => {
  const child = spawn(process.execPath, [VICTIM, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  let kill: NodeJS.Timeout | undefined
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    if (killAfterMs !== undefined) kill ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const promised: number[] = []
  let end: Delivered | undefined
  // A line that is not complete was not said.
  for (const line of output.split('\n').slice(0, -1)) {
    if (line.startsWith(TASK_END)) end = JSON.parse(line.slice(TASK_END.length))
    else promised.push(...line.split(' ').map(Number))
  }
  return { promised, end, code }
}

const round = async (
  number: number,
  fake: FakeKinesis,
  arrivals: Arrivals,
  directory: string,
  random: () => number,
): Promise<string[]> => {
  const bad: string[] = []
  const kinds = ['awaited', 'bursts'] as const
  const task: VictimTask = {
    endpoint: fake.endpoint,
    stream: STREAM,
    directory,
    fsync: ([1000, 'batch', false] as const)[number % 3] ?? 1000,
    bufferSize: random() < 0.5 ? 500 : 20_000,
    from: number * 10_000_000,
    adds: kinds[number % 2] ?? 'awaited',
  }
  // In a third of the rounds nothing leaves while the process lives.
  if (random() < 0.33)
    fake.on(({ operation }) =>
      operation === 'PutRecords' ? faults.requestError('ServiceUnavailable') : undefined,
    )
  const kills = 1 + Math.floor(random() * 3)
  const promised: number[] = []
  for (let i = 0; i < kills; i++) {
    const life = await live(
      { ...task, from: task.from + i * 1_000_000 },
      random() * LONGEST_LIFE_MS,
    )
    promised.push(...life.promised)
  }
  fake.on(() => undefined)
  const before = arrivals.duplicates
  const { end, code } = await live({ ...task, adds: 'none' }, undefined)
  if (end === undefined) return [`the last process ended with ${code} and delivered not all`]
  const missing = promised.filter(promise => !arrivals.has(promise))
  if (missing.length > 0)
    bad.push(
      `${missing.length} of ${promised.length} promised records are missing, the first is ${missing[0]}`,
    )
  const twice = arrivals.duplicates - before
  if (twice > end.possibleDuplicates)
    bad.push(`${twice} records came twice, ${end.possibleDuplicates} were told`)
  const { remaining, dropped, kept, spool } = end
  if (remaining + dropped + kept + spool.lost + spool.badFrames > 0)
    bad.push(`not all is delivered: ${JSON.stringify(end)}`)
  const rest = readdirSync(directory)
  if (rest.length > 0) bad.push(`files are left: ${rest.join(', ')}`)
  return bad
}

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, seed: { type: 'string' } },
  })
  const rounds = Number(values.rounds ?? 20)
  const seed = Number(values.seed ?? Date.now() % 1e9)
  const random = seededRandom(seed)
  const arrivals = new Arrivals()
  const fake = await startFakeKinesis({
    streams: { [STREAM]: 4 },
    maxRecords: 0,
    onRecord: (_, { data }) => arrivals.arrived(String(data)),
  })
  const root = mkdtempSync(join(tmpdir(), 'crash-'))
  const directory = join(root, 'spool')
  let broken = 0
  try {
    for (let number = 0; number < rounds; number++) {
      for (const line of await round(number, fake, arrivals, directory, random)) {
        broken++
        console.log(`BROKEN  round ${number}: ${line}`)
      }
    }
    if (arrivals.outOfOrder > 0) {
      broken++
      console.log(`BROKEN  ${arrivals.outOfOrder} records came before older ones of their key`)
    }
    console.log(
      `${rounds} rounds of kills, seed ${seed}, Node ${process.version}: ${fake.counts.records} records arrived, ` +
        `${arrivals.duplicates} of them again, ${broken} broken promises`,
    )
    return broken === 0 ? 0 : 1
  } finally {
    await fake.close()
    rmSync(root, { recursive: true, force: true })
  }
}

process.exitCode = await main()
