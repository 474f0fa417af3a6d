// CPU per record, side by side: every case in turn, several rounds, medians, ratios to the floor;
// records a second where the service is far. The stub counts what arrives: a lost record ends it.
// Writes docs/benchmark.md and its charts, unless it is a quick look.

import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { CASES } from './cases.js'
import { barChart } from './chart.js'
import { costs } from './cost.js'
import type { Form, Target } from './load.js'
import { peers } from './peers.js'
import {
  arrivals,
  type CaseFigures,
  type CaseOrder,
  costTable,
  figureTable,
  medianOf,
  type Race,
  raceTable,
} from './report.js'
import { CERTIFICATE, type Stub, startStub } from './start-stub.js'

/** Bound of the buffer, in records, as most races have it. */
const BUFFER = 20_000
const BUFFERS = [4000, 100_000, 1_000_000]
/** Far away more is in flight. */
const FAR_BUFFER = 100_000
const DISTANCES = [20, 100]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    records: { type: 'string' },
    only: { type: 'string' },
    // A stub of your own, such as one in C; its port must speak HTTP/1.1 and HTTP/2 in clear text.
    endpoint: { type: 'string' },
  },
})
if (values.help) {
  console.log(`npm run bench -- [--quick] [--only text] [--rounds n] [--records n] [--endpoint url]

  --quick     one round of fewer records, without other producers; prints, and writes nothing
  --only      cases whose name holds the text, and the floor; prints, and writes nothing
  --rounds    rounds of each race (3)
  --records   records of 200 B a case (1 500 000; a fifth of 1 KB)
  --endpoint  a stub of your own in place of ours`)
  process.exit(0)
}

const { quick } = values
const writes = !quick && values.only === undefined
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
const records = Number(values.records ?? (quick ? 200_000 : 1_500_000))
const run = promisify(execFile)
const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))
const env = {
  ...process.env,
  NODE_EXTRA_CA_CERTS: CERTIFICATE,
  AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
}

/** Conditions of a race; what is left out is what most users have. */
interface Conditions {
  readonly size?: number
  readonly form?: Form
  readonly warm?: boolean
  readonly bufferSize?: number
  readonly stub?: Stub
  readonly tls?: boolean
  /** Milliseconds to the service. */
  readonly distance?: number
  /** Part of the records that suffices. */
  readonly part?: number
  readonly cases?: (name: string) => boolean
}

const titleOf = (conditions: Conditions): string => {
  const { size = 200, form = 'strings', warm = false, tls = false } = conditions
  const { bufferSize = BUFFER, distance = 0 } = conditions
  return [
    size === 200 ? '200 B' : '1 KB',
    form,
    warm ? 'warm' : 'cold',
    ...(bufferSize === BUFFER ? [] : [`a buffer of ${bufferSize.toLocaleString('en-US')}`]),
    ...(tls ? ['TLS'] : []),
    ...(distance === 0 ? [] : [`${distance} ms to the service`]),
  ].join(', ')
}

const races: Race[] = []
const race = async (conditions: Conditions): Promise<void> => {
  const { size = 200, form = 'strings', warm = false, bufferSize = BUFFER, part = 1 } = conditions
  const { stub: server = stub, tls = false, distance = 0, cases = () => true } = conditions
  const isForeign = values.endpoint !== undefined && distance === 0 && !tls
  const http = isForeign ? (values.endpoint ?? '') : tls ? server.https : server.http
  const target: Target = { http, http2: isForeign || tls ? http : server.http2 }
  const far = distance > 0
  const names = Object.keys(CASES).filter(
    name =>
      (name === 'floor' && !far) ||
      (name !== 'floor' && cases(name) && name.includes(values.only ?? '')),
  )
  if (values.only !== undefined && names.every(name => name === 'floor')) return
  const count = Math.ceil((records * part * 200) / size)
  const results = new Map<string, CaseFigures[]>(names.map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, all] of results) {
      const order: CaseOrder = {
        name,
        target,
        counter: server.http,
        counts: !isForeign,
        records: count,
        size,
        form,
        warm,
        bufferSize,
      }
      const { stdout } = await run(process.execPath, [script('run-case'), JSON.stringify(order)], {
        env,
      })
      const figures: CaseFigures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      all.push(figures)
    }
  }
  const done = { title: titleOf(conditions), rounds, records: count, far, results }
  console.log(`\n## ${done.title}\n\n${raceTable(done)}`)
  races.push(done)
}

const probe = async (name: string, endpoint: string): Promise<Record<string, number>> => {
  const { stdout } = await run(process.execPath, [script('run-probe'), name, endpoint], { env })
  const figures: Record<string, number> = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  console.log(`\n## ${name}\n\n${figureTable('', figures)}`)
  return figures
}

const isOurs = (name: string): boolean => name.startsWith('ours')
/** A packing of each kind, over JSON, and what costs least. */
const few = (name: string): boolean =>
  ['ours, none', 'ours, none, ordered', 'ours, concat', 'ours, kpl', 'ours, concat, cbor'].includes(
    name,
  )
const packings = (name: string): boolean =>
  ['ours, none', 'ours, concat', 'ours, kpl'].includes(name)

if (!quick) peers.install()
const stub = await startStub(0)
await race(quick ? { cases: isOurs } : {})
if (!quick) {
  await race({ size: 1000 })
  await race({ warm: true, cases: isOurs })
  await race({ form: 'bytes', cases: isOurs })
}
await race({ form: 'bytes', warm: true, cases: quick ? packings : isOurs })
for (const bufferSize of BUFFERS)
  await race({ bufferSize, cases: quick ? name => name === 'ours, concat' : packings })
if (!quick) {
  await race({ tls: true, part: 0.5, cases: few })
  await race({ tls: true, size: 1000, part: 0.5, cases: few })
}
for (const distance of DISTANCES) {
  const away = await startStub(distance)
  // Five seconds and more: a few hundred round trips, or some dozens.
  const part = quick ? 1 : distance > 50 ? 0.5 : 1
  const conditions = { distance, stub: away, part, bufferSize: FAR_BUFFER }
  await race({ ...conditions, cases: quick ? packings : few })
  away.stop()
}
console.log(`\n${arrivals(races)}`)
const sections: string[] = []
const section = (title: string, text: string, body: string): void =>
  void sections.push(`## ${title}\n\n${text}\n\n${body}`)

const plain = { http: values.endpoint ?? stub.http }
if (writes) {
  section(
    'What a call costs',
    '`tryAdd` of 200 B, CPU nanoseconds a call; the heap a buffered record takes besides its data.',
    figureTable('ns, bytes', await probe('admission', plain.http)),
  )
  section(
    'How late a record is',
    '`put` to its receipt at 100 records a second, milliseconds.',
    figureTable('ms', await probe('latency', plain.http)),
  )
  section(
    'How late the event loop is',
    'At full load, 200 B, milliseconds (the measurement itself waits for 1 ms).',
    figureTable('ms', await probe('loopDelay', plain.http)),
  )
  section(
    'Memory through an outage',
    '10 000 records of 1 KB a second for 10 s, nobody listens, `dropOldest`, `bufferBytes` 16 MiB.',
    figureTable('', await probe('outage', plain.http)),
  )
  section(
    'Growth: keys',
    'CPU microseconds a record of 200 B. (In order and unpacked, one key is one record a request.)',
    figureTable('us', await probe('keys', plain.http)),
  )
  const byShards: Record<string, number> = {}
  for (const count of [1, 10, 100, 1000]) {
    const wide = await startStub(0, count)
    for (const [name, value] of Object.entries(await probe('shards', wide.http)))
      byShards[`${name}, ${count} shards`] = value
    wide.stop()
  }
  section(
    'Growth: shards',
    'CPU microseconds a record of 200 B, 5000 keys.',
    figureTable('us', byShards),
  )
  const cost = costTable(await costs(200))
  console.log(`\n## cost\n\n${cost}`)
  section(
    'What a million lines cost at the service',
    'Lines of 200 B without a key. A shard takes 1000 records and 1 MB a second; a record is billed by the started 25 KB.',
    cost,
  )
}
stub.stop()

if (writes) {
  const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
  const about = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}; ${new Date().toISOString().slice(0, 10)}.`
  for (const [i, name] of ['200', '1000'].entries()) {
    const results = [...(races[i]?.results ?? [])]
    writeFileSync(
      `${docs}benchmark-${name}.svg`,
      barChart(
        `${races[i]?.title}: CPU seconds per million records`,
        `user + system of the sending process; medians of ${rounds} rounds in one run; less is better`,
        results.map(([label, all]) => ({
          label,
          value: medianOf(all, 'micros'),
          ours: isOurs(label),
        })),
      ),
    )
  }
  const body = races.map(
    one =>
      `## ${one.title}\n\n${one.rounds} rounds in turn, ${one.records.toLocaleString('en-US')} records each.\n\n${raceTable(one)}`,
  )
  writeFileSync(
    `${docs}benchmark.md`,
    `${readFileSync(`${docs}benchmark-intro.md`, 'utf8')}\n${about} ${arrivals(races)}\n\n${[...body, ...sections].join('\n\n')}\n`,
  )
  console.log('\nwritten: docs/benchmark.md, docs/benchmark-200.svg, docs/benchmark-1000.svg')
}
