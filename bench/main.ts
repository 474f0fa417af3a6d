// CPU per record, side by side: every case in turn, several rounds, medians, ratios to the floor.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startFakeProcess } from '../test/support/endpoint/index.js'
import { CASES } from './cases.js'
import { STREAM } from './load.js'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '500000' },
    size: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    // A stub of your own, such as one in C; by default our fake in a process of its own.
    endpoint: { type: 'string' },
  },
})
const run = promisify(execFile)
const fake =
  values.endpoint === undefined ? await startFakeProcess({ streams: { [STREAM]: 4 } }) : undefined
const endpoint = values.endpoint ?? fake?.endpoint ?? ''
const script = fileURLToPath(new URL('./run-case.js', import.meta.url))

const results = new Map<string, number[]>(Object.keys(CASES).map(name => [name, []]))
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, list] of results) {
    const { stdout } = await run(process.execPath, [
      script,
      name,
      endpoint,
      values.records,
      values.size,
    ])
    const { micros }: { micros: number } = JSON.parse(stdout)
    list.push(micros)
  }
}
await fake?.stop()

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN
const floor = median(results.get('floor') ?? [])
console.log(
  `CPU per record of ${values.size} B (user + system; median of ${values.rounds} rounds in turn, ${values.records} records each, Node ${process.version})\n`,
)
for (const [name, list] of results) {
  const value = median(list)
  console.log(
    `${name.padEnd(20)} ${value.toFixed(2).padStart(6)} us   ${(value / floor).toFixed(2)} x floor   (${Math.min(...list).toFixed(2)} .. ${Math.max(...list).toFixed(2)})`,
  )
}
