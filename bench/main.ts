// CPU per record, side by side: every case in turn, several rounds, medians, ratios to the floor.
// Writes docs/benchmark.md and its charts, unless it is a quick look.

import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { CASES } from './cases.js'
import { barChart } from './chart.js'
import { costs } from './cost.js'
import type { Target } from './load.js'
import { peers } from './peers.js'
import { costTable, figureTable, type Measured, median, type Race, raceTable } from './report.js'
import { CERTIFICATE, startStub } from './start-stub.js'

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

  --quick     one round of fewer records, plain HTTP; prints, and writes nothing
  --only      cases whose name holds the text, and the floor; prints, and writes nothing
  --rounds    rounds of each race (3)
  --records   records of 200 B a case (2 000 000; half as many of 1 KB)
  --endpoint  a stub of your own in place of ours`)
  process.exit(0)
}

const writes = !values.quick && values.only === undefined
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
const records = Number(values.records ?? (values.quick ? 300_000 : 2_000_000))
const run = promisify(execFile)
const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))
const env = {
  ...process.env,
  NODE_EXTRA_CA_CERTS: CERTIFICATE,
  AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
}

const race = async (
  title: string,
  target: Target,
  size: number,
  count: number,
  times: number,
  wanted: (name: string) => boolean,
): Promise<Race> => {
  const names = Object.keys(CASES).filter(
    name => name === 'floor' || (wanted(name) && name.includes(values.only ?? '')),
  )
  const found = new Map<string, { micros: number[]; peakMiB: number }>()
  for (let round = 0; round < times; round++) {
    for (const name of names) {
      const args = [
        script('run-case'),
        name,
        target.http,
        target.http2,
        String(count),
        String(size),
      ]
      const { stdout } = await run(process.execPath, args, { env })
      const one: { micros: number; peakMiB: number } = JSON.parse(
        stdout.trim().split('\n').at(-1) ?? '',
      )
      const before = found.get(name)
      if (before === undefined) found.set(name, { micros: [one.micros], peakMiB: one.peakMiB })
      else {
        before.micros.push(one.micros)
        before.peakMiB = Math.max(before.peakMiB, one.peakMiB)
      }
    }
  }
  const results: ReadonlyMap<string, Measured> = found
  const done = { title, rounds: times, records: count, results }
  console.log(`\n## ${title}\n\n${raceTable(done)}`)
  return done
}

const probe = async (name: string, endpoint: string): Promise<Record<string, number>> => {
  const { stdout } = await run(process.execPath, [script('run-probe'), name, endpoint], { env })
  const figures: Record<string, number> = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  console.log(`\n## ${name}\n\n${figureTable('', figures)}`)
  return figures
}

peers.install()
const stub = await startStub(0)
const plain: Target =
  values.endpoint === undefined ? stub : { http: values.endpoint, http2: values.endpoint }
const isOurs = (name: string): boolean => name.startsWith('ours')
const any = (): boolean => true

const races = [
  await race('200 B, plain HTTP', plain, 200, records, rounds, any),
  await race('1 KB, plain HTTP', plain, 1000, records / 2, rounds, any),
]
if (writes) {
  const tls: Target = { http: stub.https, http2: stub.https }
  const few = (name: string): boolean => isOurs(name) || name === 'SDK, keep-alive'
  races.push(await race('200 B, TLS', tls, 200, records / 2, rounds, few))
  races.push(await race('1 KB, TLS', tls, 1000, records / 4, rounds, few))
  const slow = await startStub(20)
  races.push(
    await race('200 B, plain HTTP, 20 ms to the service', slow, 200, records / 4, rounds, few),
  )
  races.push(
    await race('1 KB, plain HTTP, 20 ms to the service', slow, 1000, records / 8, rounds, few),
  )
  slow.stop()
}
const sections: string[] = []
const section = (title: string, text: string, body: string): void =>
  void sections.push(`## ${title}\n\n${text}\n\n${body}`)

if (values.only === undefined) {
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
        results.map(([label, { micros }]) => ({
          label,
          value: median(micros),
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
    `${readFileSync(`${docs}benchmark-intro.md`, 'utf8')}\n${about}\n\n${[...body, ...sections].join('\n\n')}\n`,
  )
  console.log('\nwritten: docs/benchmark.md, docs/benchmark-200.svg, docs/benchmark-1000.svg')
}
