// Encoding of logs, beside the SDK's own serializers: CPU per log, batches of 512, taking turns.

import { Chunker } from '@kinesis-producer/otel-exporter/internal/encoding/chunker'
import type { LogEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/encoder'
import { FlatJsonEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/flat-json'
import { OtlpJsonEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/otlp-json'
import { OtlpProtoEncoder } from '@kinesis-producer/otel-exporter/internal/encoding/otlp-proto'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { JsonLogsSerializer, ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { median } from './report.js'

const BATCH = 512
const BATCHES = 200
const ROUNDS = 7

const resource = resourceFromAttributes(
  Object.fromEntries(
    Array.from({ length: 15 }, (_, i) => [`resource.attribute.${i}`, `value ${i}`]),
  ),
)
const log = (i: number): ReadableLogRecord => ({
  hrTime: [1_700_000_000 + i, 123_456_789],
  hrTimeObserved: [1_700_000_000 + i, 123_556_789],
  severityNumber: SeverityNumber.INFO,
  severityText: 'INFO',
  body: `GET /orders/${i} 200 in ${i % 97} ms`,
  spanContext: {
    traceId: (0x1234_5678_9abc + i).toString(16).padStart(32, 'a'),
    spanId: (0x1234_5678 + i).toString(16).padStart(16, 'b'),
    traceFlags: 1,
  },
  attributes: {
    'http.request.method': 'GET',
    'url.path': `/orders/${i}`,
    'http.response.status_code': 200,
    'user.id': `user-${i % 1000}`,
    'client.address': `10.0.${i % 256}.${i % 251}`,
    'server.port': 8080,
    duration: (i % 1000) / 7,
    cached: i % 3 === 0,
  },
  droppedAttributesCount: 0,
  resource,
  instrumentationScope: { name: 'http', version: '1.0.0' },
})
const scope = { name: 'http', version: '1.0.0' }
const batch = Array.from({ length: BATCH }, (_, i) => ({ ...log(i), instrumentationScope: scope }))

const ours = (encoder: LogEncoder) => (): number => {
  let bytes = 0
  const chunker = new Chunker({
    encoder,
    maxBytes: () => 1_000_000,
    oversize: 'truncate',
    full: ({ data }) => {
      bytes += data.length
    },
    tooLarge: () => {},
  })
  for (const one of batch) chunker.add(one, undefined)
  chunker.flush()
  return bytes
}

const CASES: Readonly<Record<string, () => number>> = {
  'protobuf, otlp-transformer': () => ProtobufLogsSerializer.serializeRequest(batch)?.length ?? 0,
  'protobuf, ours': ours(new OtlpProtoEncoder()),
  'OTLP JSON, otlp-transformer': () => JsonLogsSerializer.serializeRequest(batch)?.length ?? 0,
  'OTLP JSON, ours': ours(new OtlpJsonEncoder()),
  'flat JSON, ours': ours(new FlatJsonEncoder()),
}

const micros = new Map<string, number[]>(Object.keys(CASES).map(name => [name, []]))
for (let round = -2; round < ROUNDS; round++) {
  for (const [name, encode] of Object.entries(CASES)) {
    const before = process.cpuUsage()
    for (let i = 0; i < BATCHES; i++) encode()
    const { user, system } = process.cpuUsage(before)
    if (round >= 0) micros.get(name)?.push((user + system) / (BATCHES * BATCH))
  }
}
for (const [name, list] of micros) {
  const bytes = (CASES[name]?.() ?? 0) / BATCH
  console.log(
    `${name.padEnd(28)} ${median(list).toFixed(2).padStart(6)} us a log   ${bytes.toFixed(0).padStart(5)} B a log`,
  )
}
