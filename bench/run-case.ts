// One case in a process of its own: its JIT and its heap are its own. Prints CPU and memory.

import { CASES } from './cases.js'
import { makeLoad } from './load.js'

const [name = '', http = '', http2 = '', records = '0', size = '200'] = process.argv.slice(2)
const run = CASES[name]
if (run === undefined) throw new Error(`no case ${name}`)
const load = makeLoad(Number(size))
const count = Number(records)
// Until the code of a request is compiled, too, of which packed records need few.
await run({ http, http2 }, load, Math.ceil(count / 4))
const before = process.cpuUsage()
await run({ http, http2 }, load, count)
const { user, system } = process.cpuUsage(before)
console.log(
  JSON.stringify({
    micros: (user + system) / count,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }),
)
process.exit(0)
