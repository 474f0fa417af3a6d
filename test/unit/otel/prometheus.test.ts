import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KinesisLogRecordProcessor } from '@kinesis-producer/otel-exporter'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { FakeClient } from '../../support/core/fake-client.js'

describe('a Prometheus scrape', () => {
  it('shows the logs and the producer', async () => {
    const reader = new PrometheusExporter({ preventServerStart: true })
    const meterProvider = new MeterProvider({ readers: [reader] })
    const processor = new KinesisLogRecordProcessor({
      streamName: 'orders',
      client: new FakeClient(),
      selfObsMeterProvider: meterProvider,
    })
    const provider = new LoggerProvider({ processors: [processor] })
    for (let i = 0; i < 7; i++) provider.getLogger('app').emit({ body: `${i}` })
    await provider.forceFlush()
    const server = createServer((request, response) =>
      reader.getMetricsRequestHandler(request, response),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address: AddressInfo | string | null = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const page = await (await fetch(`http://127.0.0.1:${address.port}/metrics`)).text()
    server.close()
    server.closeAllConnections()
    assert.match(
      page,
      /^otel_sdk_exporter_log_exported_total\{.*otel_component_type="KinesisLogRecordProcessor".*aws_kinesis_stream_name="orders".*\} 7$/m,
    )
    assert.match(page, /^otel_sdk_exporter_log_inflight\{.*\} 0$/m)
    assert.match(page, /^kinesis_producer_records_delivered_total\{.*\} 1$/m)
    assert.match(page, /^kinesis_producer_bytes_remaining\{.*\} 0$/m)
    assert.match(page, /^messaging_client_operation_duration_count\{.*\} 1$/m)
    await provider.shutdown()
    await meterProvider.shutdown()
  })
})
