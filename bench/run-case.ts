// One case in a process of its own: its JIT and its heap are its own. Prints CPU, speed, lateness of
// the event loop and memory, and fails if the stub has not got every record once.

import { strict as assert } from 'node:assert'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { CASES } from './cases.js'
import { makeLoad } from './load.js'
import type { CaseFigures, CaseOrder } from './report.js'

const order: CaseOrder = JSON.parse(process.argv[2] ?? '')
const { name, target, records, size, form, warm, bufferSize, counts } = order
const run = CASES[name]
if (run === undefined) throw new Error(`no case ${name}`)
const load = makeLoad(size, form)

const count = async (action: string): Promise<number> => {
  const answer = await fetch(`${order.counter}/${action}${run.packed ? '?packed' : ''}`)
  return Number(await answer.text())
}

// Warm: until the code of a request is compiled, too, of which packed records need few.
if (warm) await run.send(target, load, Math.ceil(records / 4), bufferSize)
if (counts) await count('reset')
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const [cpu, start] = [process.cpuUsage(), performance.now()]
await run.send(target, load, records, bufferSize)
const { user, system } = process.cpuUsage(cpu)
const seconds = (performance.now() - start) / 1000
delay.disable()
const arrived = counts ? await count('count') : undefined
if (counts) assert.equal(arrived, records, `${name}: records at the stub`)
const figures: CaseFigures = {
  micros: (user + system) / records,
  perSecond: records / seconds,
  loopP99: delay.percentile(99) / 1e6,
  peakMiB: process.resourceUsage().maxRSS / 1024,
  arrived,
}
console.log(JSON.stringify(figures))
process.exit(0)
