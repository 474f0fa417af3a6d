import assert from 'node:assert/strict'
import {
  ACKNOWLEDGE,
  KinesisLogRecordExporter,
  type KinesisLogRecordExporterOptions,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { diag } from '@opentelemetry/api'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import FakeTimers from '@sinonjs/fake-timers'
import { FakeClient } from '../../support/core/fake-client.js'

describe('the deadline of a shutdown', () => {
  let clock: ReturnType<typeof FakeTimers.install>
  let told: string[]
  beforeEach(() => {
    clock = FakeTimers.install({
      toFake: ['setTimeout', 'clearTimeout', 'performance', 'setImmediate', 'clearImmediate'],
    })
    told = []
    const quiet = (): void => {}
    diag.setLogger(
      { error: text => told.push(text), warn: quiet, info: quiet, debug: quiet, verbose: quiet },
      { suppressOverrideMessage: true },
    )
  })
  afterEach(() => {
    clock.uninstall()
    diag.disable()
  })

  /** Milliseconds until the promise is settled. */
  const time = async (work: Promise<unknown>): Promise<number> => {
    const began = clock.now
    const state: { took?: number } = {}
    void work.then(() => (state.took = clock.now - began))
    for (let i = 0; i < 2000; i++) {
      await clock.tickAsync(100)
      if (state.took !== undefined) return state.took
    }
    throw new Error('it never ended')
  }

  /** A service that answers nothing. */
  const dead = (): FakeClient => new FakeClient(() => new Promise(() => {}))

  const batch = (
    client: FakeClient,
    options: Partial<KinesisLogRecordExporterOptions>,
  ): BatchLogRecordProcessor =>
    new BatchLogRecordProcessor({
      exporter: new KinesisLogRecordExporter({ streamName: 's', client, ...options }),
    })

  const filled = (processor: LogRecordProcessor, logs = 2048): LoggerProvider => {
    const provider = new LoggerProvider({ processors: [processor] })
    const logger = provider.getLogger('test')
    for (let i = 0; i < logs; i++) logger.emit({ body: 'x' })
    return provider
  }

  const KINDS: readonly (readonly [string, (client: FakeClient) => LogRecordProcessor])[] = [
    ...ACKNOWLEDGE.map(
      acknowledge =>
        [
          `the batch processor, acknowledge ${acknowledge}`,
          (client: FakeClient) => batch(client, { acknowledge }),
        ] as const,
    ),
    [
      'our processor',
      (client: FakeClient) => new KinesisLogRecordProcessor({ streamName: 's', client }),
    ],
  ]

  for (const [name, make] of KINDS) {
    it(`is shutdownTimeout with 2048 logs in an outage, and all are told: ${name}`, async () => {
      const provider = filled(make(dead()))
      assert.ok((await time(provider.shutdown())) <= 12_000)
      assert.ok(
        told.some(text => /\b2048 logs lost\b/.test(text)),
        told.join('\n'),
      )
    })

    it(`is kept by a shutdown in the middle of a flush: ${name}`, async () => {
      const provider = filled(make(dead()))
      const flush = provider.forceFlush()
      await clock.tickAsync(5000)
      assert.ok((await time(Promise.all([provider.shutdown(), flush]))) <= 12_000)
    })
  }

  it('counts from the flush on, with an export on its way', async () => {
    const provider = filled(batch(dead(), {}))
    await clock.tickAsync(20_000)
    assert.ok((await time(provider.shutdown())) <= 12_000)
  })

  it('bounds each flush by itself', async () => {
    const provider = filled(batch(dead(), { shutdownTimeout: 3000 }))
    for (let i = 0; i < 3; i++) {
      const took = await time(provider.forceFlush())
      assert.ok(i > 0 ? took <= 3200 : took >= 3000 && took <= 3200, `flush ${i}: ${took} ms`)
      provider.getLogger('test').emit({ body: 'more' })
    }
    assert.ok((await time(provider.shutdown())) <= 3200)
  })

  it('does not shorten exports after a flush', async () => {
    let answer: (() => void) | undefined
    const client = new FakeClient()
    const provider = filled(batch(client, { shutdownTimeout: 1000 }), 10)
    await time(provider.forceFlush())
    client.handler = async request => {
      await new Promise<void>(resolve => (answer = resolve))
      return client.store(request)
    }
    told.length = 0
    provider.getLogger('test').emit({ body: 'slow' })
    await clock.tickAsync(8000)
    answer?.()
    await clock.tickAsync(10)
    client.handler = request => client.store(request)
    await time(provider.shutdown())
    assert.deepEqual(told, [])
    assert.equal(client.stored.join('').includes('slow'), true)
  })

  it('leaves all of it to a service that is slow but answers', async () => {
    const client = new FakeClient()
    client.handler = async request => {
      await new Promise(resolve => setTimeout(resolve, 900))
      return client.store(request)
    }
    const provider = filled(batch(client, {}))
    const took = await time(provider.shutdown())
    assert.ok(took >= 3600 && took <= 12_000, `${took} ms`)
    assert.deepEqual(told, [])
  })
})
