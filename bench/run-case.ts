// One case in a process of its own: its JIT and its heap are its own. Prints CPU microseconds a record.

import { CASES } from './cases.js'
import { makeLoad } from './load.js'

const [name = '', endpoint = '', records = '0', size = '200'] = process.argv.slice(2)
const run = CASES[name]
if (run === undefined) throw new Error(`no case ${name}`)
const load = makeLoad(Number(size))
const count = Number(records)
// Until the code of a request is compiled, too, of which packed records need few.
await run(endpoint, load, Math.ceil(count / 4))
const before = process.cpuUsage()
await run(endpoint, load, count)
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ micros: (user + system) / count }))
process.exit(0)
