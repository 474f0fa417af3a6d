import assert from 'node:assert/strict'
import { BatchProducer, type ProducerStats } from '@kinesis-producer/core'
import { PRODUCER_METRICS } from '@kinesis-producer/core/adapter/rules'
import { exposeProducer, requestDurations } from '@kinesis-producer/core/prometheus'
import { bindProducerMetrics, KinesisLogRecordProcessor } from '@kinesis-producer/otel-exporter'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { Registry } from 'prom-client'
import { FakeClient } from '../../support/core/fake-client.js'

/** Each series with its type and labels, without the labels that only OpenTelemetry has. */
const seriesIn = (page: string): string[] => {
  const types = new Map(
    [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  )
  return [...page.matchAll(/^([a-z_]+)\{(.*)\} /gm)]
    .map(([, name = '', labels = '']) => {
      const own = labels.split(',').filter(label => !/^(otel_scope|service|telemetry)_/.test(label))
      const base = name.replace(/_(bucket|sum|count)$/, '')
      return `${types.get(name) ?? types.get(base)} ${name}{${own.toSorted().join(',')}}`
    })
    .toSorted()
}

const serve = async (reader: PrometheusExporter): Promise<string> => {
  const { resourceMetrics } = await reader.collect()
  return new PrometheusSerializer(undefined, false, undefined, true, true).serialize(
    resourceMetrics,
  )
}

describe('the names of metrics', () => {
  const stats: ProducerStats = {
    ...new BatchProducer(new FakeClient(), 's').stats(),
    requestErrorsByCode: { InternalFailure: 1, constructor: 2 },
    throttledByShard: { 'shardId-000000000000': 1 },
  }

  it('are the same through OpenTelemetry and through prom-client', async () => {
    const reader = new PrometheusExporter({ preventServerStart: true })
    const meters = new MeterProvider({ readers: [reader] })
    bindProducerMetrics({ stats: () => stats }, meters.getMeter('test'), {
      'aws.kinesis.stream_name': 's',
    })
    const registry = new Registry()
    exposeProducer({ stats: () => stats }, { streamName: 's', registry })
    const theirs = seriesIn(await serve(reader))
    assert.ok(theirs.length >= PRODUCER_METRICS.length, `${theirs.length} series`)
    assert.deepEqual(seriesIn(await registry.metrics()), theirs)
    await meters.shutdown()
  })

  it('are the same for the durations of requests', async () => {
    const reader = new PrometheusExporter({ preventServerStart: true })
    const meters = new MeterProvider({ readers: [reader] })
    const processor = new KinesisLogRecordProcessor({
      streamName: 's',
      client: new FakeClient(),
      selfObsMeterProvider: meters,
    })
    const logs = new LoggerProvider({ processors: [processor] })
    logs.getLogger('test').emit({ body: 'x' })
    await logs.forceFlush()
    const registry = new Registry()
    const producer = new BatchProducer(new FakeClient(), 's', {
      onRequest: requestDurations({ streamName: 's', registry }),
    })
    producer.start()
    await producer.add('x', 'k')
    await producer.close()
    const durations = (page: string): string[] =>
      seriesIn(page).filter(series => series.includes('operation_duration'))
    const theirs = durations(await serve(reader)).filter(series => series.includes('messaging_'))
    assert.equal(theirs.length, 17)
    assert.deepEqual(durations(await registry.metrics()), theirs)
    await logs.shutdown()
    await meters.shutdown()
  })
})
