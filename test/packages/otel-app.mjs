// Run inside a project that installed the packed tarballs and one line of the OpenTelemetry SDK.

import assert from 'node:assert/strict'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import * as api from '@opentelemetry/api'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'

const [, , how, endpoint] = process.argv
const logs = Reflect.get(api, 'logs') ?? (await import('@opentelemetry/api-logs')).logs
const options = {
  streamName: 's',
  region: 'us-east-1',
  endpoint,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
}
const processors = {
  batch: () =>
    new BatchLogRecordProcessor({
      exporter: new KinesisLogRecordExporter(options),
      maxQueueSize: 5000,
    }),
  simple: () => new SimpleLogRecordProcessor({ exporter: new KinesisLogRecordExporter(options) }),
  direct: () => new KinesisLogRecordProcessor(options),
}
let provider
if (how !== 'register') {
  provider = new LoggerProvider({ processors: [processors[how]()] })
  logs.setGlobalLoggerProvider(provider)
}
const logger = logs.getLogger('app', '1.0.0')
for (let i = 0; i < 1000; i++)
  logger.emit({
    body: `log ${i}`,
    severityNumber: 9,
    attributes: { i, nested: { list: [1, 'a'] } },
  })
if (provider !== undefined) {
  await provider.forceFlush()
  await provider.shutdown()
}
assert.ok(true)
