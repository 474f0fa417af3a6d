import assert from 'node:assert/strict'
import { OPTION_NAMES } from '@kinesis-producer/core'
import {
  type ExportResultLike,
  KinesisLogRecordExporter,
  type KinesisLogRecordExporterOptions,
} from '@kinesis-producer/otel-exporter'
import { LOG_OPTION_NAMES } from '@kinesis-producer/otel-exporter/internal/options'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import { FakeClient, serviceError } from '../../support/core/fake-client.js'

const setUp = (
  client: FakeClient,
  batch = true,
  options: Partial<KinesisLogRecordExporterOptions> = {},
) => {
  const exporter = new KinesisLogRecordExporter({
    streamName: 's',
    client,
    encoding: 'json',
    ...options,
  })
  const processor = batch
    ? new BatchLogRecordProcessor({ exporter })
    : new SimpleLogRecordProcessor({ exporter })
  const provider = new LoggerProvider({
    processors: [processor],
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
  })
  return { exporter, provider, logger: provider.getLogger('test', '1.2.3') }
}

const lines = (client: FakeClient): Record<string, unknown>[] =>
  client.stored.flatMap(text => {
    assert.ok(text.endsWith('\n'))
    return text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>)
  })

describe('KinesisLogRecordExporter under the real SDK', () => {
  for (const batch of [true, false]) {
    it(`delivers every log under the ${batch ? 'batch' : 'simple'} processor`, async () => {
      const client = new FakeClient()
      const { provider, logger } = setUp(client, batch)
      for (let i = 0; i < 1000; i++)
        logger.emit({ body: `log ${i}`, severityNumber: SeverityNumber.INFO })
      await provider.forceFlush()
      await provider.shutdown()
      const bodies = lines(client).map(line => line['body'])
      assert.equal(new Set(bodies).size, 1000)
      assert.equal(bodies.length, 1000)
    })
  }

  it('puts a log of 200 B into at most 250 B of record data, in batches of 512', async () => {
    const client = new FakeClient()
    const { exporter } = setUp(client, true, { encoding: 'otlp-proto' })
    const provider = new LoggerProvider({
      processors: [new BatchLogRecordProcessor({ exporter, maxExportBatchSize: 512 })],
      resource: resourceFromAttributes({ 'service.name': 'shop', 'host.name': 'ip-10-0-0-1' }),
    })
    const logger = provider.getLogger('test', '1.2.3')
    for (let i = 0; i < 1024; i++)
      logger.emit({
        body: 'x'.repeat(200),
        severityNumber: SeverityNumber.INFO,
        severityText: 'INFO',
      })
    await provider.shutdown()
    const bytes = client.calls.flat().reduce((sum, { Data }) => sum + Data.length, 0)
    assert.ok(bytes / 1024 <= 250, `${bytes / 1024} bytes a log`)
    assert.ok(bytes / 1024 > 200)
  })

  it('writes one flat JSON line a log, with nanoseconds and all fields', async () => {
    const client = new FakeClient()
    const { provider, logger } = setUp(client)
    logger.emit({
      timestamp: [1_700_000_000, 123_456_789],
      observedTimestamp: [1_700_000_001, 5],
      severityNumber: SeverityNumber.WARN2,
      eventName: 'bought',
      body: { items: [1, null, 'x'], big: Number.NaN },
      attributes: { user: 'u1', n: 2 },
    })
    await provider.shutdown()
    assert.deepEqual(lines(client), [
      {
        timestamp: '2023-11-14T22:13:20.123456789Z',
        observed_timestamp: '2023-11-14T22:13:21.000000005Z',
        severity: 'WARN2',
        severity_number: 14,
        event_name: 'bought',
        body: { items: [1, null, 'x'], big: 'NaN' },
        attributes: { user: 'u1', n: 2 },
        resource: { 'service.name': 'shop' },
        'otel.scope.name': 'test',
        'otel.scope.version': '1.2.3',
      },
    ])
  })

  it('is harmed by no body, and neither are the other logs', async () => {
    const client = new FakeClient()
    const { provider, logger } = setUp(client)
    const circular: Record<string, unknown> = { a: 1 }
    circular['self'] = circular
    let deep: unknown = 'bottom'
    for (let i = 0; i < 20_000; i++) deep = { deep }
    const throwing = {
      get bad() {
        throw new Error('mine')
      },
    }
    const bodies: unknown[] = [
      circular,
      deep,
      throwing,
      12n,
      new Date(0),
      new Map([['k', 1]]),
      new Set([1]),
      new Uint8Array([1, 2]),
      Symbol('s'),
      () => {},
      new Error('boom'),
      'good',
    ]
    for (const body of bodies) logger.emit({ body: body as string })
    await provider.shutdown()
    const written = lines(client).map(line => line['body'])
    assert.equal(written.length, bodies.length)
    assert.deepEqual(written[0], { a: 1, self: '[circular]' })
    assert.match(JSON.stringify(written[1]), /\[too deep\]/)
    assert.deepEqual(written.slice(2, 8), [
      { bad: '[unreadable: mine]' },
      '12',
      '1970-01-01T00:00:00.000Z',
      { k: 1 },
      [1],
      'AQI=',
    ])
    assert.deepEqual(written.slice(8, 10), ['[symbol]', '[function]'])
    assert.equal((written[10] as { message: string }).message, 'boom')
    assert.equal(written[11], 'good')
  })
})

describe('KinesisLogRecordExporter by itself', () => {
  const log = {
    hrTime: [1, 0],
    hrTimeObserved: [1, 0],
    body: 'x',
    resource: { attributes: {} },
    instrumentationScope: { name: 's' },
    attributes: {},
    droppedAttributesCount: 0,
  } as const
  const exported = (
    exporter: KinesisLogRecordExporter,
    logs: readonly (typeof log)[],
  ): Promise<ExportResultLike> => new Promise(resolve => exporter.export(logs, resolve))

  it('reports success only when the logs are delivered', async () => {
    const client = new FakeClient()
    let release = (): void => {}
    const held = new Promise<void>(resolve => (release = resolve))
    client.handler = async request => {
      await held
      return client.store(request)
    }
    const exporter = new KinesisLogRecordExporter({ streamName: 's', client })
    let result: ExportResultLike | undefined
    const done = exported(exporter, [log]).then(value => (result = value))
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(result, undefined)
    release()
    await done
    assert.deepEqual(result, { code: 0 })
    await exporter.shutdown()
  })

  it('reports failure with a named error when a log is dropped', async () => {
    const client = new FakeClient(request => client.store(request, () => 'ValidationException'))
    const exporter = new KinesisLogRecordExporter({ streamName: 's', client, onDrop: () => {} })
    const { code, error } = await exported(exporter, [log, log])
    assert.equal(code, 1)
    assert.equal(error?.name, 'ValidationException')
    assert.match(error?.message ?? '', /2 of 2 logs were not delivered/)
    await exporter.shutdown()
  })

  it('keeps its deadline, and its shutdown’s, while the service hangs', async () => {
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client: new FakeClient(() => new Promise(() => {})),
      exportTimeout: 20,
      shutdownTimeout: 20,
    })
    const { code, error } = await exported(exporter, [log])
    assert.deepEqual([code, error?.name], [1, 'timeout'])
    await exporter.forceFlush()
    await exporter.shutdown()
  })

  it('neither rejects nor hangs when flushed and shut down at once, and refuses later logs', async () => {
    const client = new FakeClient(() => {
      throw serviceError('AccessDeniedException')
    })
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client,
      exportTimeout: 30,
      shutdownTimeout: 30,
    })
    const first = exported(exporter, [log])
    await Promise.all([
      exporter.forceFlush(),
      exporter.forceFlush(),
      exporter.shutdown(),
      exporter.shutdown(),
    ])
    assert.equal((await first).code, 1)
    const { code, error } = await exported(exporter, [log])
    assert.deepEqual([code, error?.name], [1, 'already_shutdown'])
    await exporter.forceFlush()
  })

  it('names the last error of a log that was given up for its own failures', async () => {
    const client = new FakeClient(request => client.store(request, () => 'InternalFailure'))
    for (const bound of [{ retryTimeout: 1 }, { maxAttemptsPerRecord: 1 }]) {
      const exporter = new KinesisLogRecordExporter({ streamName: 's', client, ...bound })
      assert.equal((await exported(exporter, [log])).error?.name, 'InternalFailure')
      await exporter.shutdown()
    }
  })

  it('hands on what onRequest and onDrop return: a rejection is logged, not unhandled', async () => {
    const client = new FakeClient(request => client.store(request, () => 'ValidationException'))
    const messages: string[] = []
    const note = (message: string): void => void messages.push(message)
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client,
      logger: { debug: () => {}, info: () => {}, warn: note, error: note },
      onRequest: () => Promise.reject(new Error('of onRequest')),
      onDrop: () => Promise.reject(new Error('of onDrop')),
    })
    await exported(exporter, [log])
    await exporter.shutdown()
    for (const name of ['onRequest', 'onDrop'])
      assert.ok(
        messages.some(message => message.includes(`of ${name}`)),
        messages.join('\n'),
      )
  })

  it('takes undefined and null for an option that is not given', async () => {
    const names = [...LOG_OPTION_NAMES, ...OPTION_NAMES, 'acknowledge', 'exportTimeout', 'region']
    for (const absent of [undefined, null]) {
      const client = new FakeClient()
      const options = Object.fromEntries(names.map(name => [name, absent]))
      const exporter = new KinesisLogRecordExporter({ ...options, streamName: 's', client })
      assert.deepEqual(await exported(exporter, [log]), { code: 0 })
      await exporter.shutdown()
    }
  })

  it('says in one sentence what is wrong with its options', () => {
    const make = (options: object) => () => new KinesisLogRecordExporter(options)
    assert.throws(make({}), /needs streamName \(or streamArn\)/)
    assert.throws(make(undefined as never), /KinesisLogRecordExporter must be an object/)
    for (const [options, message] of [
      [
        { acknowledge: 'x' },
        /KinesisLogRecordExporter: acknowledge must be one of delivered, buff/,
      ],
      [{ partitionKey: { resource: 5 } }, /partitionKey.resource must be a string/],
      [{ partitionKey: ['secret'] }, /partitionKey must be .* or a function, not an array/],
      [{ onRequest: 'x' }, /KinesisLogRecordExporter: onRequest must be a function, not "x"/],
      [{ selfObsMeterProvider: {} }, /selfObsMeterProvider must have the method getMeter/],
      [{ shutdownTimeout: 2 ** 31 }, /shutdownTimeout must be a whole number of milliseconds/],
    ] as const)
      assert.throws(make({ streamName: 's', ...options }), message)
    assert.throws(
      make({ streamName: 's', streamname: 's' }),
      /no option "streamname"; did you mean "streamName"/,
    )
    assert.throws(make({ streamName: 's', endpoint: 'nowhere' }), /endpoint must be a URL/)
    assert.throws(make({ streamName: 's', batchSize: 1000 }), /batchSize must be between 1 and 500/)
    assert.throws(
      make({ streamName: 's', exportTimeout: -1 }),
      /exportTimeout must be a whole number/,
    )
  })
})
