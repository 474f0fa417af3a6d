// From emit to delivered: CPU of the application's thread per log, beside the OTLP exporter, under
// the same batch processor. Each case runs in a process of its own.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { CREDENTIALS, STREAM } from './load.js'
import { median } from './report.js'
import { startStub } from './start-stub.js'

const LOGS = 1_000_000
const BURST = 512
const ROUNDS = 3

const kinesis = (endpoint: string) => ({
  streamName: STREAM,
  region: 'us-east-1',
  endpoint,
  credentials: CREDENTIALS,
})
const CASES = {
  'OTLP http/protobuf exporter': (url: string) =>
    new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }) }),
  KinesisLogRecordExporter: (url: string) =>
    new BatchLogRecordProcessor({ exporter: new KinesisLogRecordExporter(kinesis(url)) }),
  KinesisLogRecordProcessor: (url: string) => new KinesisLogRecordProcessor(kinesis(url)),
}
const isCase = (name: string): name is keyof typeof CASES => name in CASES

/** Emits logs in bursts of a batch and waits for each to be delivered; CPU microseconds a log. */
const measure = async (name: keyof typeof CASES, url: string): Promise<number> => {
  const provider = new LoggerProvider({
    processors: [CASES[name](url)],
    resource: resourceFromAttributes({ 'service.name': 'bench', 'host.name': 'h' }),
  })
  const logger = provider.getLogger('http', '1.0.0')
  const send = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      logger.emit({
        severityNumber: SeverityNumber.INFO,
        severityText: 'INFO',
        body: `GET /orders/${i} 200`,
        attributes: {
          'http.request.method': 'GET',
          'url.path': `/orders/${i}`,
          'http.response.status_code': 200,
          'user.id': `user-${i % 1000}`,
        },
      })
      if (i % BURST === BURST - 1) await provider.forceFlush()
    }
    await provider.forceFlush()
  }
  await send(LOGS / 4)
  const before = process.cpuUsage()
  await send(LOGS)
  const { user, system } = process.cpuUsage(before)
  await provider.shutdown()
  return (user + system) / LOGS
}

const [, , name, url] = process.argv
if (name !== undefined && url !== undefined && isCase(name)) {
  console.log(await measure(name, url))
  process.exit(0)
}
const stub = await startStub(0)
const results = new Map<string, number[]>(Object.keys(CASES).map(one => [one, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [one, list] of results) {
    const self = fileURLToPath(import.meta.url)
    const { stdout } = await promisify(execFile)(process.execPath, [self, one, stub.http])
    list.push(Number(stdout))
  }
}
stub.stop()
const base = median(results.get('OTLP http/protobuf exporter') ?? [])
for (const [one, list] of results) {
  const value = median(list)
  console.log(
    `${one.padEnd(28)} ${value.toFixed(2).padStart(6)} us a log   ${(value / base).toFixed(2)} x   (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)})`,
  )
}
