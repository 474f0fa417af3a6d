// What a load costs at the service: a real producer packs it in simulated time, and what it sends
// is billed as the service does. `npm run cost -- --help`; without arguments it writes docs/cost.md.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BatchProducer } from '@kinesis-producer/core'
import { makeLoad } from '../build/bench/load.js'
import { TestClock } from '../build/test/support/core/test-clock.js'

const HELP = `npm run cost -- [--lines-per-day N] [--bytes N] [--processes N] [--peak N] [--flush-interval MS] [--prices FILE]

Without --lines-per-day, writes the table of docs/cost.md.

  --lines-per-day   of all processes together
  --bytes           of a line, on average (200)
  --processes       that share the lines; each packs its own (1)
  --peak            the busiest second against the average, for the number of shards (3)
  --flush-interval  longest wait of a line, ms (1000)
  --prices          a file like ops/cost/prices.json (that one)
`
const PRICES = new URL('../ops/cost/prices.json', import.meta.url)
const PAGE = new URL('../docs/cost.md', import.meta.url)

/** A record is billed by the started 25 KB, on demand by the started KB. */
const UNIT_BYTES = 25 * 1024
const ON_DEMAND_BYTES = 1024
const SHARD = { records: 1000, bytes: 2 ** 20 }
const SECONDS_OF_DAY = 86_400
const HOURS_OF_MONTH = 730
const DAYS_OF_MONTH = HOURS_OF_MONTH / 24

const PACKINGS = {
  none: {},
  concat: { packing: { kind: 'concat' } },
  'concat, gzip': { packing: { kind: 'concat', compression: 'gzip' } },
  kpl: { packing: { kind: 'kpl' } },
}
/** Of simulated time: long enough that beginning and end do not count. */
const SECONDS = 20
const STEP_MS = 100

/** What one process sends in a second, on average: Kinesis records, payload units, bytes. */
const sent = async ({ linesPerSecond, bytes, flushInterval, config }) => {
  const lines = makeLoad(bytes).data
  const clock = new TestClock()
  const total = { records: 0, units: 0, bytes: 0, kilobytes: 0 }
  const client = {
    putRecords: async ({ Records }) => {
      for (const { Data, PartitionKey } of Records) {
        const size = Data.length + PartitionKey.length
        total.records++
        total.bytes += size
        total.units += Math.ceil(size / UNIT_BYTES)
        total.kilobytes += Math.ceil(size / ON_DEMAND_BYTES)
      }
      return { Records: Records.map(() => ({ SequenceNumber: '1', ShardId: 's' })) }
    },
  }
  const producer = new BatchProducer(client, 'cost', {
    batchSize: 500,
    bufferSize: 1_000_000,
    flushInterval,
    clock,
    logger: false,
    ...config,
  })
  producer.start()
  let added = 0
  for (let ms = STEP_MS; ms <= SECONDS * 1000; ms += STEP_MS) {
    for (; added < (linesPerSecond * ms) / 1000; added++)
      if (!producer.tryAdd(lines[added % lines.length])) throw new Error('the buffer is too small')
    await clock.advance(STEP_MS)
    // Compression takes real time, during which simulated time must not pass.
    while (producer.stats().requestsInFlight > 0)
      await new Promise(resolve => setImmediate(resolve))
  }
  await producer.close()
  return Object.fromEntries(
    Object.entries(total).map(([name, count]) => [name, (count * linesPerSecond) / added]),
  )
}

/** A bill for a month. */
const bill = (perSecond, peak, prices) => {
  const shards = Math.max(
    1,
    Math.ceil((perSecond.records * peak) / SHARD.records),
    Math.ceil((perSecond.bytes * peak) / SHARD.bytes),
  )
  const month = DAYS_OF_MONTH * SECONDS_OF_DAY
  return {
    units: perSecond.units * SECONDS_OF_DAY,
    shards,
    provisioned:
      shards * prices.shardHour * HOURS_OF_MONTH +
      (perSecond.units * month * prices.millionPayloadUnits) / 1e6,
    onDemand:
      prices.onDemandStreamHour * HOURS_OF_MONTH +
      ((perSecond.kilobytes * month) / 2 ** 20) * prices.onDemandGigabyteIn,
  }
}

const number = value => Math.round(value).toLocaleString('en').replaceAll(',', ' ')
const rows = async ({ linesPerDay, bytes, processes, peak, flushInterval, prices }) => {
  const all = []
  for (const [name, config] of Object.entries(PACKINGS)) {
    const linesPerSecond = linesPerDay / SECONDS_OF_DAY / processes
    const one = await sent({ linesPerSecond, bytes, flushInterval, config })
    const perSecond = Object.fromEntries(
      Object.entries(one).map(([key, count]) => [key, count * processes]),
    )
    const { units, shards, provisioned, onDemand } = bill(perSecond, peak, prices)
    all.push([
      number(linesPerDay),
      `${bytes}`,
      name,
      number(units),
      `${shards}`,
      number(provisioned),
      number(onDemand),
    ])
  }
  return all
}

const HEAD = [
  'lines a day',
  'bytes a line',
  'packing',
  'payload units a day',
  'shards',
  'provisioned, USD a month',
  'on-demand, USD a month',
]
const table = lines =>
  [HEAD, HEAD.map(() => '---:'), ...lines].map(cells => `| ${cells.join(' | ')} |`).join('\n')

const { values } = parseArgs({
  options: {
    'lines-per-day': { type: 'string' },
    bytes: { type: 'string', default: '200' },
    processes: { type: 'string', default: '1' },
    peak: { type: 'string', default: '3' },
    'flush-interval': { type: 'string', default: '1000' },
    prices: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const positive = name => {
  const value = Number(values[name])
  if (Number.isFinite(value) && value > 0) return value
  console.error(`cost: --${name} must be a number above 0, not ${values[name]}`)
  process.exit(2)
}
if (values.help) console.log(HELP)
else {
  const prices = JSON.parse(readFileSync(values.prices ?? PRICES, 'utf8'))
  const common = {
    processes: positive('processes'),
    peak: positive('peak'),
    flushInterval: positive('flush-interval'),
    prices,
  }
  const from = `Prices: ${prices.region}, as of ${prices.asOf} (${prices.source}).`
  if (values['lines-per-day'] === undefined) {
    const all = []
    for (const linesPerDay of [1e6, 1e7, 1e8, 1e9])
      for (const bytes of [200, 1000]) all.push(...(await rows({ ...common, linesPerDay, bytes })))
    const page = readFileSync(PAGE, 'utf8')
    const [before, after] = page.split(/<!-- table -->[\s\S]*<!-- \/table -->/)
    writeFileSync(
      PAGE,
      `${before}<!-- table -->\n\n${table(all)}\n\n${from}\n\n<!-- /table -->${after}`,
    )
    spawnSync('npx', ['biome', 'format', '--write', fileURLToPath(PAGE)], { stdio: 'inherit' })
  } else {
    console.log(
      table(
        await rows({ ...common, linesPerDay: positive('lines-per-day'), bytes: positive('bytes') }),
      ),
    )
    console.log(`\n${from}`)
  }
}
