/** The fake as a process of its own; its options are JSON in the first argument. */
import { once } from 'node:events'
import { startFakeKinesis } from './fake-kinesis.js'
import { isObject, numberOf, parseObject } from './json.js'

const { streams, latencyMs, store, limits, maxRecordSizeInKiB } = parseObject(process.argv[2] ?? '{}')

const shards: Record<string, number> = {}
if (isObject(streams)) for (const [name, count] of Object.entries(streams)) shards[name] = numberOf(count, 1)

const fake = await startFakeKinesis({
  streams: shards,
  latencyMs: numberOf(latencyMs, 0),
  store: store !== false,
  maxRecordSizeInKiB: numberOf(maxRecordSizeInKiB, 1024),
  ...(isObject(limits) && {
    limits: {
      recordsPerSecond: numberOf(limits['recordsPerSecond'], 1000),
      bytesPerSecond: numberOf(limits['bytesPerSecond'], 1024 * 1024),
    },
  }),
})
process.stdout.write(`${JSON.stringify({ port: fake.port })}\n`)

// The parent's end of the pipe closes even when the parent was killed.
process.stdin.resume()
await once(process.stdin, 'close')
await fake.close()
