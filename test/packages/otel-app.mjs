// Run inside a project that installed the packed tarballs and one line of the OpenTelemetry SDK.

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
// 0.200, the oldest SDK of the 2.x line, takes processors and exporters in another way.
const oldest = 'addLogRecordProcessor' in LoggerProvider.prototype
const exporter = () => new KinesisLogRecordExporter(options)
const batching = { maxQueueSize: 5000 }
const processors = {
  batch: () =>
    oldest
      ? new BatchLogRecordProcessor(exporter(), batching)
      : new BatchLogRecordProcessor({ exporter: exporter(), ...batching }),
  simple: () => new SimpleLogRecordProcessor(oldest ? exporter() : { exporter: exporter() }),
  direct: () => new KinesisLogRecordProcessor(options),
}
let provider
if (how !== 'register') {
  const processor = processors[how]()
  provider = new LoggerProvider({ processors: oldest ? [] : [processor] })
  if (oldest) provider.addLogRecordProcessor(processor)
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
