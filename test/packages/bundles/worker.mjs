// A producer in a worker, from a bundle of two entries.
import assert from 'node:assert/strict'
import { createWorkerProducer } from '@kinesis-producer/core/worker'

const options = {
  streamName: 's',
  region: 'us-east-1',
  endpoint: process.env.KINESIS_ENDPOINT,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
}
assert.throws(() => createWorkerProducer(options), /worker\.file must name the file of the worker/)
const producer = createWorkerProducer({
  ...options,
  worker: { file: new URL('./thread.mjs', import.meta.url) },
})
producer.start()
assert.match((await producer.put('text', 'k')).shardId, /^shardId-/)
assert.deepEqual(await producer.close(), { sent: 0, leftover: [] })
