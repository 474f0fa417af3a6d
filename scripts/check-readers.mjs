// Readers that others wrote, over every strange log of test/data/strange-logs.json: protoc reads
// what is written as OTLP protobuf, jq what is written as flat JSON. Both come by apt where they
// are missing and this may install them.
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { encode } from '../build/test/support/otel/encode.js'
import { PROTO_FILE } from '../build/test/support/otel/logs-proto.js'
import { strangeLogs } from '../build/test/support/otel/strange-logs.js'

/** Bytes of a record: small ones, as what is shortened is then shortened much. */
const MAX_BYTES = 100_000
const TOOLS = { protoc: 'protobuf-compiler', jq: 'jq' }

const run = (command, args, input) =>
  spawnSync(command, args, { input, timeout: 60_000, maxBuffer: 2 ** 30 })
const isThere = tool => run(tool, ['--version']).status === 0

const missing = Object.keys(TOOLS).filter(tool => !isThere(tool))
if (missing.length > 0) {
  const packages = missing.map(tool => TOOLS[tool])
  if (process.getuid?.() === 0 && run('apt-get', ['--version']).status === 0) {
    run('apt-get', ['update', '-qq'])
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages])
  }
  const still = missing.filter(tool => !isThere(tool))
  if (still.length > 0) {
    console.error(
      `check-readers: ${still.join(' and ')} cannot be found; install ${still.map(tool => TOOLS[tool]).join(' ')} (Debian's names) and run this again`,
    )
    process.exit(1)
  }
}

const logs = strangeLogs()
const refusals = []

/** Reads all at once, and one by one only to find the culprits. */
const check = (encoding, reader, command, args) => {
  const records = logs.map(({ log }) => Buffer.concat(encode(encoding, [log], MAX_BYTES).chunks))
  if (run(command, args, Buffer.concat(records)).status === 0) return
  for (const [i, record] of records.entries()) {
    const { status, stderr } = run(command, args, record)
    if (status !== 0) refusals.push(`${reader} refuses "${logs[i].name}": ${String(stderr)}`)
  }
  if (refusals.length === 0) refusals.push(`${reader} refuses the records of all logs, joined`)
}

// The message that is decoded is in no package.
check('otlp-proto', 'protoc', 'protoc', [
  `--proto_path=${dirname(PROTO_FILE)}`,
  '--decode=LogsData',
  PROTO_FILE,
])
check('json', 'jq', 'jq', [
  '-c',
  'if (.attributes | type) == "object" then empty else halt_error(1) end',
])
check('otlp-json', 'jq', 'jq', ['-c', '.resourceLogs[].scopeLogs[].logRecords | length'])

for (const refusal of refusals) console.error(refusal)
if (refusals.length > 0) process.exit(1)
console.log(`check-readers: protoc and jq read all ${logs.length} strange logs`)
