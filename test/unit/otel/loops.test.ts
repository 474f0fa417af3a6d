import assert from 'node:assert/strict'
import {
  type ExportResultLike,
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { context, createContextKey, DiagLogLevel, diag, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { FakeClient, serviceError } from '../../support/core/fake-client.js'

const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
const span = trace.wrapSpanContext({
  traceId: 'ab'.repeat(16),
  spanId: '01'.repeat(8),
  traceFlags: 1,
})

describe('nothing we do comes back to us', () => {
  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  })
  afterEach(() => {
    context.disable()
    diag.disable()
  })

  /** A client that notes in which context each request is made; the first fail. */
  const watching = (failures: number) => {
    const contexts: { suppressed: unknown; span: unknown }[] = []
    const client = new FakeClient(request => {
      contexts.push({
        suppressed: context.active().getValue(SUPPRESSED),
        span: trace.getSpan(context.active()),
      })
      if (contexts.length <= failures) throw serviceError('InternalFailure', 500)
      return client.store(request)
    })
    return { client, contexts }
  }
  const inASpan = <T>(work: () => T): T => context.with(trace.setSpan(context.active(), span), work)

  it('requests, retries and timers make no spans in the application’s traces', async () => {
    for (const make of ['exporter', 'processor'] as const) {
      const { client, contexts } = watching(2)
      const options = { streamName: 's', client }
      const provider = new LoggerProvider({
        processors: [
          make === 'processor'
            ? new KinesisLogRecordProcessor(options)
            : new SimpleLogRecordProcessor({ exporter: new KinesisLogRecordExporter(options) }),
        ],
      })
      const logger = provider.getLogger('app')
      inASpan(() => {
        for (let i = 0; i < 10; i++) logger.emit({ body: `${i}` })
      })
      await inASpan(() => provider.forceFlush())
      await inASpan(() => provider.shutdown())
      assert.ok(contexts.length >= 3, `${contexts.length} requests`)
      for (const one of contexts) assert.deepEqual(one, { suppressed: true, span: undefined }, make)
    }
  })

  it('trouble is told to diag alone, and once, not once a log', async () => {
    const told: string[] = []
    const tell = (message: string): void => void told.push(message)
    diag.setLogger(
      { error: tell, warn: tell, info: tell, debug: () => {}, verbose: () => {} },
      { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true },
    )
    const exporter = new KinesisLogRecordExporter({
      streamName: 's',
      client: new FakeClient(() => {
        throw serviceError('AccessDeniedException')
      }),
      exportTimeout: 30,
      shutdownTimeout: 30,
    })
    const log = {
      hrTime: [1, 0],
      hrTimeObserved: [1, 0],
      body: 'x',
      resource: { attributes: {} },
      instrumentationScope: { name: 's' },
      attributes: {},
      droppedAttributesCount: 0,
    } as const
    const exported = (): Promise<ExportResultLike> =>
      new Promise(resolve =>
        exporter.export(
          Array.from({ length: 100 }, () => log),
          resolve,
        ),
      )
    await Promise.all([exported(), exported()])
    await exporter.shutdown()
    assert.equal(told.filter(line => line.includes('AccessDenied')).length, 1, told.join('\n'))
    assert.ok(told.length <= 3, told.join('\n'))
  })
})
