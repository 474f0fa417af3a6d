// An hour without the service, on a clock that runs as fast as the machine does: memory and CPU
// time of a producer that is given a thousand records of 1 KB a second all the while.

import { BatchProducer } from '@kinesis-producer/core'
import { FakeClient, serviceError } from '../support/core/fake-client.js'
import { TestClock } from '../support/core/test-clock.js'

const BUFFER_BYTES = 16 * 2 ** 20
const STEP_MS = 100
const RECORDS_A_STEP = 100
const MINUTE = 60_000 / STEP_MS

const clock = new TestClock()
const client = new FakeClient()
let requests = 0
const up = (request: Parameters<FakeClient['store']>[0]) => {
  requests++
  client.calls.length = 0
  client.stored.length = 0
  return client.store(request)
}
const down = (): never => {
  requests++
  client.calls.length = 0
  throw serviceError('InternalFailure', 500)
}
client.handler = up
const producer = new BatchProducer(client, 's', {
  clock,
  batchSize: 500,
  bufferSize: 1_000_000,
  bufferBytes: BUFFER_BYTES,
  whenFull: 'dropOldest',
  logger: false,
})
producer.start()

let added = 0
const run = async (minutes: number): Promise<void> => {
  const before = { cpu: process.cpuUsage(), requests }
  let peak = 0
  for (let step = 0; step < minutes * MINUTE; step++) {
    for (let i = 0; i < RECORDS_A_STEP; i++)
      producer.tryAdd(`${added++} `.padEnd(1024, 'x'), `key-${added % 5000}`)
    await clock.advance(STEP_MS)
    if (step % 10 === 0) peak = Math.max(peak, process.memoryUsage.rss())
  }
  const { user, system } = process.cpuUsage(before.cpu)
  const { remaining, remainingBytes, delivered, dropped } = producer.stats()
  console.log(
    [
      `${minutes} min`,
      `resident ${Math.round(peak / 2 ** 20)} MiB at most`,
      `CPU ${((user + system) / 1e6 / minutes).toFixed(2)} s a minute`,
      `${((requests - before.requests) / minutes).toFixed(1)} requests a minute`,
      `${remaining} remaining (${(remainingBytes / 2 ** 20).toFixed(1)} MiB)`,
      `${delivered} delivered, ${dropped} dropped of ${added}`,
    ].join(', '),
  )
}

console.log(`bufferBytes ${BUFFER_BYTES / 2 ** 20} MiB, 60 000 records of 1 KB a minute`)
console.log('service up')
await run(5)
client.handler = down
console.log('service down')
for (let i = 0; i < 6; i++) await run(10)
client.handler = up
console.log('service up')
await run(5)
const closing = producer.close()
await clock.advance(30_000)
const { leftover } = await closing
const { admitted, delivered, dropped } = producer.stats()
console.log(
  `admitted ${admitted} = delivered ${delivered} + dropped ${dropped} + remaining ${leftover.length}`,
)
process.exitCode = admitted === delivered + dropped + leftover.length ? 0 : 1
