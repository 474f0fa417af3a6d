import { PROBES } from './probes.js'

const [name = '', endpoint = ''] = process.argv.slice(2)
const probe = PROBES[name]
if (probe === undefined) throw new Error(`no probe ${name}`)
console.log(JSON.stringify(await probe(endpoint)))
process.exit(0)
