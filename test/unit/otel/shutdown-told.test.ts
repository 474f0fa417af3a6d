import assert from 'node:assert/strict'
import {
  KinesisLogRecordExporter,
  type KinesisLogRecordExporterOptions,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { diag } from '@opentelemetry/api'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordProcessor,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import FakeTimers from '@sinonjs/fake-timers'
import { FakeClient } from '../../support/core/fake-client.js'

const SHUTDOWN_MS = 3000

type Handed = (logs: number) => void
type Make = (options: KinesisLogRecordExporterOptions, handed: Handed) => LogRecordProcessor

/** An exporter that says how many logs it was given: what the SDK keeps to itself nobody can tell. */
const exporterOf = (
  options: KinesisLogRecordExporterOptions,
  handed: Handed,
): KinesisLogRecordExporter => {
  const exporter = new KinesisLogRecordExporter(options)
  const given = exporter.export.bind(exporter)
  exporter.export = (logs, callback) => {
    handed(logs.length)
    given(logs, callback)
  }
  return exporter
}

const KINDS: readonly (readonly [name: string, logs: number, make: Make])[] = [
  ...(['delivered', 'buffered'] as const).flatMap((acknowledge): [string, number, Make][] => [
    [
      `the SDK’s batch processor (${acknowledge})`,
      600,
      (options, handed) =>
        new BatchLogRecordProcessor({ exporter: exporterOf({ ...options, acknowledge }, handed) }),
    ],
    [
      `the SDK’s simple processor (${acknowledge})`,
      60,
      (options, handed) =>
        new SimpleLogRecordProcessor({ exporter: exporterOf({ ...options, acknowledge }, handed) }),
    ],
  ]),
  ['our processor', 600, options => new KinesisLogRecordProcessor(options)],
]

/** Requests that the service answers before it hangs. */
const ANSWERED = [0, 1, 3, Number.POSITIVE_INFINITY]

interface Life {
  readonly provider: LoggerProvider
  readonly emit: (count: number) => void
}
/** What the application asks for before it shuts down; each may hang for as long as it is allowed to. */
const BEFORE: readonly (readonly [string, (life: Life) => unknown])[] = [
  ['nothing', () => {}],
  ['a flush', ({ provider }) => provider.forceFlush()],
  [
    'two flushes with logs between them, not waited for',
    ({ provider, emit }) => {
      void provider.forceFlush()
      emit(20)
      void provider.forceFlush()
      emit(20)
    },
  ],
]

describe('what is told after a shutdown', () => {
  let clock: ReturnType<typeof FakeTimers.install>
  let told: string[]
  beforeEach(() => {
    clock = FakeTimers.install({
      toFake: ['setTimeout', 'clearTimeout', 'performance', 'setImmediate', 'clearImmediate'],
    })
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

  const time = async (work: unknown): Promise<number> => {
    const began = clock.now
    const state: { took?: number } = {}
    void Promise.resolve(work).then(() => (state.took = clock.now - began))
    for (let i = 0; i < 600; i++) {
      await clock.tickAsync(100)
      if (state.took !== undefined) return state.took
    }
    throw new Error('it never ended')
  }

  /** Emits, asks, shuts down; how many logs were emitted, are in the stream, and were told. */
  const live = async (
    [name, logs, make]: (typeof KINDS)[number],
    answered: number,
    before: (life: Life) => unknown,
  ) => {
    told = []
    const delivered: unknown[] = []
    let requests = 0
    let handed = 0
    const client = new FakeClient(async request => {
      if (++requests > answered) await new Promise(() => {})
      for (const { Data } of request.Records)
        delivered.push(...decodeLogs(Data).map(log => log.body))
      return client.store(request)
    })
    const provider = new LoggerProvider({
      processors: [
        make({ streamName: 's', client, shutdownTimeout: SHUTDOWN_MS }, count => (handed += count)),
      ],
    })
    const logger = provider.getLogger('test')
    let emitted = 0
    const emit = (count: number): void => {
      for (let i = 0; i < count; i++) logger.emit({ body: emitted++ })
    }
    emit(logs)
    const flushed = await time(before({ provider, emit }))
    const took = await time(provider.shutdown())
    // Nothing is told later.
    await clock.tickAsync(60_000)
    const lost = told.flatMap(
      text => /: (\d+) logs? (?:lost: |were dropped \(notRunning\))/.exec(text)?.[1] ?? [],
    )
    const known = name === 'our processor' ? emitted : handed
    return { emitted, known, delivered, lost, flushed, took }
  }

  for (const kind of KINDS)
    it(`is each log that is not in the stream, once, and in time: ${kind[0]}`, async () => {
      for (const answered of ANSWERED)
        for (const [what, before] of BEFORE) {
          const { emitted, known, delivered, lost, flushed, took } = await live(
            kind,
            answered,
            before,
          )
          const where = `${answered} answered, ${what}: ${delivered.length} of ${emitted} delivered, ${took} ms\n${told.join('\n')}`
          assert.equal(new Set(delivered).size, delivered.length, where)
          const counted = lost.reduce((sum, one) => sum + Number(one), 0)
          assert.equal(counted, known - delivered.length, where)
          if (!what.startsWith('two flushes')) assert.equal(known, emitted, where)
          if (answered === 0) assert.equal(delivered.length, 0)
          if (answered > 1000) assert.equal(delivered.length, known, where)
          assert.ok(took <= SHUTDOWN_MS + 2000, where)
          assert.ok(flushed <= 25_200, `${where}, flush ${flushed} ms`)
        }
    })

  it('is that logs were emitted afterwards: our processor', async () => {
    told = []
    const client = new FakeClient()
    const processor = new KinesisLogRecordProcessor({ streamName: 's', client })
    const logger = new LoggerProvider({ processors: [processor] }).getLogger('test')
    logger.emit({ body: 'in time' })
    await time(processor.shutdown())
    assert.deepEqual(told, [])
    logger.emit({ body: 'late' })
    assert.equal(client.stored.length, 1)
    assert.match(
      told.join('\n'),
      /stream s: 1 log was dropped \(notRunning\): the processor was shut down before$/,
    )
  })
})
