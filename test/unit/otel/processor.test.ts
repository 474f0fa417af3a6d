import assert from 'node:assert/strict'
import { OPTION_NAMES } from '@kinesis-producer/core'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
  type KinesisLogRecordProcessorOptions,
} from '@kinesis-producer/otel-exporter'
import { LOG_OPTION_NAMES } from '@kinesis-producer/otel-exporter/internal/options'
import { context, diag, trace } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { FakeClient, serviceError } from '../../support/core/fake-client.js'
import { decodeLogs, recordsOf } from '../../support/otel/logs-proto.js'
import { ORDINARY } from '../../support/otel/strange-logs.js'

const setUp = (client: FakeClient, options: Partial<KinesisLogRecordProcessorOptions> = {}) => {
  const processor = new KinesisLogRecordProcessor({ streamName: 's', client, ...options })
  const provider = new LoggerProvider({
    processors: [processor],
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
  })
  return { processor, provider, logger: provider.getLogger('test', '1.2.3') }
}
const bodies = (client: FakeClient): unknown[] =>
  client.calls
    .flat()
    .flatMap(({ Data }) => recordsOf(decodeLogs(Data)))
    .map(({ body }) => Object.values(body as object)[0])

describe('what a shutdown could not deliver', () => {
  afterEach(() => diag.disable())

  for (const kind of ['exporter', 'processor']) {
    it(`is told to diag, in logs, by the ${kind}`, async () => {
      const told: string[] = []
      const quiet = (): void => {}
      const error = (message: string): void => void told.push(message)
      diag.setLogger(
        { error, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
        { suppressOverrideMessage: true },
      )
      const options = {
        streamName: 's',
        client: new FakeClient(() => new Promise(() => {})),
        shutdownTimeout: 30,
      }
      const processor =
        kind === 'processor'
          ? new KinesisLogRecordProcessor(options)
          : new BatchLogRecordProcessor({
              exporter: new KinesisLogRecordExporter({ ...options, exportTimeout: 30 }),
            })
      const provider = new LoggerProvider({ processors: [processor] })
      const logger = provider.getLogger('test')
      for (let i = 0; i < 300; i++) logger.emit({ body: `log ${i}` })
      await provider.shutdown()
      const name = kind === 'processor' ? /Processor/ : /Exporter/
      const told300 =
        /for Kinesis stream s: 300 logs lost: 300 not delivered in time; shutdownTimeout is 30 ms$/
      assert.ok(
        told.some(message => told300.test(message) && name.test(message)),
        told.join('\n'),
      )
    })
  }
})

describe('logs lost before a shutdown', () => {
  afterEach(() => diag.disable())

  it('are counted by reason in the one sentence that the shutdown says, delivered ones are not', async () => {
    const told: string[] = []
    const quiet = (): void => {}
    const error = (message: string): void => void told.push(message)
    diag.setLogger(
      { error, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
      { suppressOverrideMessage: true },
    )
    const client = new FakeClient(request =>
      client.store(request, text => (text.includes('poison') ? 'ValidationException' : undefined)),
    )
    const { provider, logger } = setUp(client, { encoding: 'json', oversize: 'drop' })
    for (let i = 0; i < 3; i++) logger.emit({ body: `poison ${i}` })
    logger.emit({ body: 'x'.repeat(2_000_000) })
    await provider.forceFlush()
    for (let i = 0; i < 4; i++) logger.emit({ body: `log ${i}` })
    await provider.shutdown()
    const losses = told.filter(message => / lost: /.test(message))
    assert.equal(losses.length, 1, told.join('\n'))
    assert.match(losses[0] ?? '', /stream s: 4 logs lost: /)
    assert.match(losses[0] ?? '', /1 dropped \(tooLarge\)/)
    assert.match(losses[0] ?? '', /3 dropped \(rejected\)/)
  })

  it('are no reason to say anything when there are none', async () => {
    const told: string[] = []
    const note = (message: string): void => void told.push(message)
    const quiet = (): void => {}
    diag.setLogger(
      { error: note, warn: note, info: quiet, debug: quiet, verbose: quiet },
      { suppressOverrideMessage: true },
    )
    const { provider, logger } = setUp(new FakeClient())
    logger.emit({ body: 'x' })
    await provider.shutdown()
    assert.deepEqual(told, [])
  })
})

describe('KinesisLogRecordProcessor under the real SDK', () => {
  it('delivers a burst that no batch processor would hold, many logs to a Kinesis record', async () => {
    const client = new FakeClient()
    const { provider, logger } = setUp(client)
    for (let i = 0; i < 10_000; i++) logger.emit({ body: `log ${i}`, attributes: { i } })
    await provider.forceFlush()
    assert.deepEqual(
      bodies(client),
      Array.from({ length: 10_000 }, (_, i) => `log ${i}`),
    )
    const bytes = client.calls.flat().reduce((sum, { Data }) => sum + Data.length, 0)
    assert.ok(client.calls.flat().length <= 10)
    assert.ok(bytes / 10_000 < 80, `${bytes / 10_000} bytes a log`)
    await provider.shutdown()
  })

  it('encodes a log when it is emitted: what happens to its body later does not matter', async () => {
    const client = new FakeClient()
    const { provider, logger } = setUp(client, { encoding: 'json' })
    const body = { state: 'before' }
    logger.emit({ body })
    body.state = 'after'
    await provider.shutdown()
    assert.match(client.stored.join(''), /"state":"before"/)
  })

  it('leaves logs alone that are not severe enough', async () => {
    const client = new FakeClient()
    const { provider, logger, processor } = setUp(client, { minimumSeverity: SeverityNumber.WARN })
    logger.emit({ body: 'info', severityNumber: SeverityNumber.INFO })
    logger.emit({ body: 'warn', severityNumber: SeverityNumber.WARN })
    logger.emit({ body: 'unspecified' })
    assert.equal(processor.enabled({ severityNumber: SeverityNumber.DEBUG }), false)
    assert.equal(processor.enabled({}), true)
    await provider.shutdown()
    assert.deepEqual(bodies(client), ['warn', 'unspecified'])
  })

  it('loses no log for a severity that is none, and asks the number of those that are', async () => {
    const client = new FakeClient()
    const { processor } = setUp(client, { minimumSeverity: 13 })
    const throwing = {
      get severityNumber(): never {
        throw new Error('mine')
      },
    }
    assert.equal(processor.enabled(throwing), true)
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.double(), fc.integer()), severityNumber => {
        const isBelow =
          typeof severityNumber === 'number' && severityNumber > 0 && severityNumber < 13
        assert.equal(processor.enabled({ severityNumber: severityNumber as number }), !isBelow)
      }),
    )
    const odd: unknown[] = [Number.NaN, -1, 0, 12.5, 99, '5', null, undefined, 5n, {}, Infinity]
    for (const [i, severityNumber] of odd.entries())
      processor.onEmit({ ...ORDINARY, body: i, severityNumber: severityNumber as number })
    await processor.shutdown()
    // 12.5 is a number below 13.
    assert.deepEqual(bodies(client), ['0', '1', '2', '4', '5', '6', '7', '8', '9', '10'])
  })

  it('takes undefined and null for an option that is not given', async () => {
    const own = ['minimumSeverity', 'flushTimeout', 'region', 'endpoint', 'credentials', 'roleArn']
    const names = [...LOG_OPTION_NAMES, ...OPTION_NAMES, ...own]
    for (const absent of [undefined, null]) {
      const client = new FakeClient()
      const { processor } = setUp(client, {
        ...Object.fromEntries(names.map(name => [name, absent])),
        client,
      })
      processor.onEmit(ORDINARY)
      await processor.shutdown()
      assert.deepEqual(bodies(client), ['body'])
    }
  })

  it('keys logs by trace, resource or function, and sends those without a key anywhere', async () => {
    const traceId = 'ab'.repeat(16)
    for (const [partitionKey, expected] of [
      ['traceId', [traceId, undefined]],
      [{ resource: 'service.name' }, ['shop', 'shop']],
      [(log: { body?: unknown }) => `fn ${String(log.body)}`, ['fn traced', 'fn alone']],
      [
        () => {
          throw new Error('mine')
        },
        [undefined, undefined],
      ],
    ] as const) {
      const client = new FakeClient()
      const { provider, logger } = setUp(client, { partitionKey })
      const span = trace.wrapSpanContext({ traceId, spanId: '01'.repeat(8), traceFlags: 1 })
      logger.emit({ body: 'traced', context: trace.setSpan(context.active(), span) })
      logger.emit({ body: 'alone' })
      await provider.shutdown()
      const keys = client.calls.flat().map(record => record.PartitionKey)
      for (const key of expected) {
        if (key === undefined) assert.ok(keys.some(one => /^[0-9a-z]+-[0-9a-z]+$/.test(one)))
        else assert.ok(keys.includes(key), `${key} in ${keys.join(', ')}`)
      }
      assert.equal(bodies(client).length, 2)
    }
  })

  it('stays within its bytes when nothing can be sent, drops the oldest and says how many', async () => {
    const client = new FakeClient(() => {
      throw serviceError('AccessDeniedException')
    })
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter })
    const meterProvider = new MeterProvider({ readers: [reader] })
    const { provider, logger } = setUp(client, {
      bufferBytes: 2 * 1024 * 1024,
      shutdownTimeout: 20,
      selfObsMeterProvider: meterProvider,
    })
    for (let i = 0; i < 10_000; i++) logger.emit({ body: `${i} ${'x'.repeat(1000)}` })
    await new Promise(resolve => setImmediate(resolve))
    await reader.forceFlush()
    const value = (name: string, attribute?: string): number => {
      const metrics = exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(scope => scope.metrics)
      const points = metrics?.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
      let sum = 0
      for (const point of points)
        if (attribute === undefined || point.attributes['error.type'] === attribute)
          sum += Number(point.value)
      return sum
    }
    const dropped = value('otel.sdk.exporter.log.exported', 'bufferFull')
    assert.ok(dropped > 7000, `${dropped} dropped`)
    assert.equal(value('otel.sdk.exporter.log.inflight') + dropped, 10_000)
    assert.ok(value('kinesis.producer.bytes.remaining') <= 2 * 1024 * 1024)
    await provider.shutdown()
    await meterProvider.shutdown()
  })

  it('neither throws nor hangs after its shutdown', async () => {
    const { provider, logger, processor } = setUp(new FakeClient())
    await Promise.all([provider.shutdown(), processor.shutdown(), processor.forceFlush()])
    logger.emit({ body: 'late' })
    await processor.forceFlush()
  })

  it('refuses options that make no sense', () => {
    const make = (options: object) => () =>
      new KinesisLogRecordProcessor({ streamName: 's', ...options })
    assert.throws(make({ minimumSeverity: 99 }), /minimumSeverity must be a severity number/)
    assert.throws(
      make({ encoding: 'xml' }),
      /encoding must be one of otlp-proto, otlp-json, json, not "xml"/,
    )
    assert.throws(make({ oversize: 'split' }), /oversize must be one of truncate, drop/)
    assert.throws(make({ partitionKey: 5 }), /partitionKey must be 'random', 'traceId'/)
    assert.throws(make({ exportTimeout: 5 }), /no option "exportTimeout"/)
  })
})

describe('the metrics of the exporter', () => {
  it('have the names, units and attributes of the semantic conventions', async () => {
    const client = new FakeClient()
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter: metrics })
    const meterProvider = new MeterProvider({ readers: [reader] })
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client,
      selfObsMeterProvider: meterProvider,
    })
    const provider = new LoggerProvider({
      processors: [new SimpleLogRecordProcessor({ exporter })],
    })
    const logger = provider.getLogger('test')
    for (let i = 0; i < 10; i++) logger.emit({ body: `${i}` })
    await provider.forceFlush()
    await exporter.forceFlush()
    await new Promise(resolve => setImmediate(resolve))
    await reader.forceFlush()
    const found = new Map(
      metrics
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(scope => scope.metrics)
        .map(metric => [metric.descriptor.name, metric]),
    )
    const exported = found.get('otel.sdk.exporter.log.exported')
    assert.equal(exported?.descriptor.unit, '{log_record}')
    assert.equal(exported?.dataPoints[0]?.value, 10)
    const attributes = exported?.dataPoints[0]?.attributes ?? {}
    assert.equal(attributes['otel.component.type'], 'KinesisLogRecordExporter')
    assert.match(String(attributes['otel.component.name']), /^KinesisLogRecordExporter\/\d+$/)
    assert.equal(found.get('otel.sdk.exporter.log.inflight')?.dataPoints[0]?.value, 0)
    assert.equal(found.get('otel.sdk.exporter.operation.duration')?.descriptor.unit, 's')
    const requests = found.get('messaging.client.operation.duration')
    assert.equal(requests?.descriptor.unit, 's')
    assert.deepEqual(requests?.dataPoints[0]?.attributes, {
      'messaging.system': 'aws.kinesis',
      'messaging.operation.name': 'PutRecords',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 's',
    })
    assert.equal(found.get('kinesis.producer.records.delivered')?.dataPoints[0]?.value, 10)
    await provider.shutdown()
    await meterProvider.shutdown()
  })

  it('count the partition keys that were repaired: no log is lost for its key', async () => {
    const client = new FakeClient()
    const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
    const reader = new PeriodicExportingMetricReader({ exporter: metrics })
    const meterProvider = new MeterProvider({ readers: [reader] })
    const { provider, logger } = setUp(client, {
      partitionKey: log => String(log.body),
      selfObsMeterProvider: meterProvider,
    })
    for (const body of ['a\ud83d', '\ude00', '😀', `${'k'.repeat(255)}😀`]) logger.emit({ body })
    await provider.forceFlush()
    await reader.forceFlush()
    const keys = client.calls.flat().map(({ PartitionKey }) => PartitionKey)
    assert.deepEqual(keys.toSorted(), ['a\ufffd', '\ufffd', '😀', 'k'.repeat(255)].toSorted())
    const found = metrics
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap(scope => scope.metrics)
      .find(({ descriptor }) => descriptor.name === 'kinesis.exporter.log.keys_repaired')
    assert.equal(found?.descriptor.unit, '{log_record}')
    assert.equal(found.dataPoints[0]?.value, 2)
    await provider.shutdown()
    await meterProvider.shutdown()
  })

  it('count what was shortened, which is told once of a kind, whatever the encoding', async () => {
    for (const encoding of ['otlp-proto', 'otlp-json', 'json'] as const) {
      const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
      const reader = new PeriodicExportingMetricReader({ exporter: metrics })
      const meterProvider = new MeterProvider({ readers: [reader] })
      const told: string[] = []
      const quiet = (): void => {}
      diag.setLogger(
        { error: quiet, warn: text => told.push(text), info: quiet, debug: quiet, verbose: quiet },
        { suppressOverrideMessage: true },
      )
      const { processor } = setUp(new FakeClient(), {
        encoding,
        selfObsMeterProvider: meterProvider,
      })
      const large = 'x'.repeat(2_000_000)
      for (let i = 0; i < 3; i++) processor.onEmit({ ...ORDINARY, body: large })
      for (let i = 0; i < 2; i++)
        processor.onEmit({ ...ORDINARY, resource: { attributes: { a: 1, large } } })
      processor.onEmit({ ...ORDINARY, instrumentationScope: { name: large } })
      processor.onEmit({ ...ORDINARY, body: 'small' })
      await processor.shutdown()
      await reader.forceFlush()
      diag.disable()
      const found = metrics
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(scope => scope.metrics)
        .find(({ descriptor }) => descriptor.name === 'kinesis.exporter.truncated')
      assert.equal(found?.descriptor.unit, '{item}')
      const counted = found.dataPoints.map(
        ({ attributes, value }) => `${Number(value)} ${String(attributes['kinesis.item'])}`,
      )
      assert.deepEqual(counted.toSorted(), ['1 scope', '2 resource', '3 log'])
      assert.deepEqual(
        told.map(
          text =>
            /: a (\w+) was too large for a record \(\d+ bytes\) and was short/.exec(text)?.[1],
        ),
        ['log', 'resource', 'scope'],
        told.join('\n'),
      )
      await meterProvider.shutdown()
    }
  })

  it('end with the producer', async () => {
    const callbacks = new Set<unknown>()
    const nothing = { add: () => {}, record: () => {} }
    const observable = {
      addCallback: (callback: unknown) => void callbacks.add(callback),
      removeCallback: (callback: unknown) => void callbacks.delete(callback),
    }
    const meter = {
      createCounter: () => nothing,
      createUpDownCounter: () => nothing,
      createHistogram: () => nothing,
      createObservableCounter: () => observable,
      createObservableUpDownCounter: () => observable,
      createObservableGauge: () => observable,
    }
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client: new FakeClient(),
      selfObsMeterProvider: { getMeter: () => meter },
    })
    assert.ok(callbacks.size > 10)
    await exporter.shutdown()
    assert.equal(callbacks.size, 0)
  })
})
