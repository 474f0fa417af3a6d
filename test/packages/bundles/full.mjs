// What a program bundles: every entry, on a stream called `s`.
import assert from 'node:assert/strict'
import * as core from '@kinesis-producer/core'
import { checkInteger } from '@kinesis-producer/core/adapter'
import { checkText } from '@kinesis-producer/core/adapter/rules'
import { decode } from '@kinesis-producer/core/decode'
import { KinesisLogRecordExporter } from '@kinesis-producer/otel-exporter'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'

const { BatchProducer, ConfigError, CorruptRecordError, createKinesisClient, ProducerError } = core
const endpoint = process.env.KINESIS_ENDPOINT
const config = {
  region: 'us-east-1',
  endpoint,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
}
const stored = async () => {
  const answer = await fetch(`${endpoint}/_test/records?stream=s`)
  const records = await answer.json()
  return records.map(({ data }) => Buffer.from(data, 'base64'))
}

// One copy of the core, whichever entry a class or an error comes from.
const isOurs = error => error instanceof ConfigError && error.name === 'ConfigError'
assert.throws(() => new KinesisLogRecordExporter({ ...config, streamName: 's', strem: 1 }), isOurs)
assert.throws(() => checkInteger('x', 'one', 0, 1), isOurs)
assert.throws(() => checkText('x', 1, 1), isOurs)
assert.throws(() => decodeLogs(Buffer.from('no logs')), CorruptRecordError)

// Bundlers shorten the names of classes; those of errors are for programs.
for (const [name, exported] of Object.entries(core))
  if (exported.prototype instanceof ProducerError) assert.equal(new exported().name, name)

// No await at the top level: a bundle may be CommonJS.
const main = async () => {
  for (const packing of [
    { kind: 'none' },
    { kind: 'concat', compression: 'gzip' },
    { kind: 'kpl' },
  ])
    for (const wireFormat of ['json', 'cbor']) {
      const before = (await stored()).length
      const client = createKinesisClient({ ...config, wireFormat })
      const producer = new BatchProducer(client, 's', { packing, flushInterval: 50 })
      producer.start()
      // Twice: the first request goes through the SDK's pipeline, later ones the short way.
      for (const word of ['first', 'second'])
        await Promise.all([1, 2, 3].map(i => producer.put(`${word} ${i}\n`, 'key')))
      await producer.close()
      const added = (await stored()).slice(before).flatMap(data => Array.from(decode(data)))
      assert.deepEqual(
        added.map(({ data }) => Buffer.from(data).toString().trim()).toSorted(),
        ['first 1', 'first 2', 'first 3', 'second 1', 'second 2', 'second 3'],
        `packing ${packing.kind}, ${wireFormat}`,
      )
    }

  const before = (await stored()).length
  const exporter = new KinesisLogRecordExporter({ ...config, streamName: 's' })
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
  provider.getLogger('app').emit({ body: 'a log', attributes: { nested: { list: [1, 'a'] } } })
  await provider.shutdown()
  const logs = (await stored()).slice(before).flatMap(data => decodeLogs(data))
  assert.deepEqual(
    logs.map(({ body }) => body),
    ['a log'],
  )
}
export const done = main()
