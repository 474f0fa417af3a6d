// From emit to delivered: CPU of the process per log, beside the OTLP exporter, under the same batch
// processor. Each case runs in a process of its own, in two ways: as applications run (emitting at
// full speed with the event loop turning, no flush but at the end), and with a flush after each batch.

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

const LOGS = Number(process.env['BENCH_LOGS'] ?? 1_000_000)
const BURST = 512
const ROUNDS = 3
/** So that no queue drops anything, however far the service is behind. */
const QUEUE = { maxQueueSize: Number.MAX_SAFE_INTEGER }
const BUFFER = { bufferBytes: 512 * 1024 * 1024, bufferSize: 10_000_000 }

const kinesis = (endpoint: string) => ({
  streamName: STREAM,
  region: 'us-east-1',
  endpoint,
  credentials: CREDENTIALS,
})
const CASES = {
  'OTLP http/protobuf exporter': (url: string) =>
    new BatchLogRecordProcessor({
      exporter: new OTLPLogExporter({ url: `${url}/v1/logs` }),
      ...QUEUE,
    }),
  KinesisLogRecordExporter: (url: string) =>
    new BatchLogRecordProcessor({ exporter: new KinesisLogRecordExporter(kinesis(url)), ...QUEUE }),
  KinesisLogRecordProcessor: (url: string) =>
    new KinesisLogRecordProcessor({ ...kinesis(url), ...BUFFER }),
}
const isCase = (name: string): name is keyof typeof CASES => name in CASES

const WAYS = ['as applications run', 'flushed'] as const

/** Emits logs in bursts of a batch, until all are delivered; CPU microseconds a log. */
const measure = async (
  name: keyof typeof CASES,
  url: string,
  way: string | undefined,
): Promise<number> => {
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
      if (i % BURST === BURST - 1)
        await (way === 'flushed'
          ? provider.forceFlush()
          : new Promise(resolve => setImmediate(resolve)))
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

const [, , name, url, way] = process.argv
if (name !== undefined && url !== undefined && isCase(name)) {
  console.log(await measure(name, url, way))
  process.exit(0)
}
const stub = await startStub(0)
for (const one of WAYS) {
  const results = new Map<string, number[]>(Object.keys(CASES).map(each => [each, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [each, list] of results) {
      const self = fileURLToPath(import.meta.url)
      const { stdout } = await promisify(execFile)(process.execPath, [self, each, stub.http, one])
      list.push(Number(stdout))
    }
  }
  const base = median(results.get('OTLP http/protobuf exporter') ?? [])
  console.log(one)
  for (const [each, list] of results) {
    const value = median(list)
    console.log(
      `  ${each.padEnd(28)} ${value.toFixed(2).padStart(6)} us a log   ${(value / base).toFixed(2)} x   (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)})`,
    )
  }
}
stub.stop()
