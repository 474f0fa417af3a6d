import assert from 'node:assert/strict'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import { diag } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { detectResources, type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import { FakeClient } from '../../support/core/fake-client.js'

/** A resource with an attribute that is found out when `find` is called. */
const slowResource = (): { resource: Resource; find: (value: string) => void } => {
  let find: (value: string) => void = () => {}
  const region = new Promise<string>(resolve => (find = resolve))
  const resource = detectResources({
    detectors: [{ detect: () => ({ attributes: { 'cloud.region': region, 'host.name': 'h' } }) }],
  })
  return { resource, find: value => find(value) }
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

const KINDS = {
  'the SDK’s batch processor': (client: FakeClient): LogRecordProcessor =>
    new BatchLogRecordProcessor({
      exporter: new KinesisLogRecordExporter({ streamName: 's', client, encoding: 'json' }),
    }),
  'our processor': (client: FakeClient): LogRecordProcessor =>
    new KinesisLogRecordProcessor({ streamName: 's', client, encoding: 'json' }),
}

type Line = { body: string; resource: Record<string, unknown> }

for (const [kind, make] of Object.entries(KINDS))
  describe(`what the SDK’s processors do: ${kind}`, () => {
    let client: FakeClient
    let processor: LogRecordProcessor
    let complaints: string[]
    beforeEach(() => {
      client = new FakeClient()
      processor = make(client)
      complaints = []
      const note = (message: string): void => void complaints.push(message)
      const quiet = (): void => {}
      diag.setLogger(
        { error: note, warn: note, info: quiet, debug: quiet, verbose: quiet },
        { suppressOverrideMessage: true },
      )
    })
    afterEach(async () => {
      await processor.shutdown()
      diag.disable()
    })

    const written = (): Line[] =>
      client.stored
        .join('')
        .split('\n')
        .filter(line => line !== '')
        .map(line => JSON.parse(line) as Line)
    const bodies = (): string[] => written().map(({ body }) => body)

    it('waits for attributes of the resource, and complains of none', async () => {
      const { resource, find } = slowResource()
      const provider = new LoggerProvider({ resource, processors: [processor] })
      const logger = provider.getLogger('test', '1.0.0')
      logger.emit({
        body: 'early',
        attributes: { big: 1.5, list: [1, 'a'] },
        severityNumber: SeverityNumber.INFO,
      })
      const flushed = provider.forceFlush()
      await turns()
      assert.deepEqual(written(), [])
      find('eu-west-1')
      await flushed
      logger.emit({ body: 'late' })
      await provider.shutdown()
      assert.deepEqual(bodies(), ['early', 'late'])
      for (const line of written())
        assert.deepEqual(line.resource, { 'host.name': 'h', 'cloud.region': 'eu-west-1' })
      assert.deepEqual(complaints, [])
    })

    it('writes the log as it was emitted, attributes that fail left out', async () => {
      const failing = detectResources({
        detectors: [
          { detect: () => ({ attributes: { bad: Promise.reject(new Error('no')), good: 1 } }) },
        ],
      })
      const provider = new LoggerProvider({ resource: failing, processors: [processor] })
      provider.getLogger('test', '1.0.0').emit({
        timestamp: [1_700_000_000, 123_456_789],
        observedTimestamp: [1_700_000_001, 5],
        severityNumber: SeverityNumber.WARN,
        severityText: 'WARN!',
        eventName: 'bought',
        body: { n: -0, list: [null, 1.5, true], big: 2 ** 40 },
        attributes: { a: ['x', 'y'], empty: '' },
      })
      await provider.shutdown()
      assert.deepEqual(written(), [
        {
          timestamp: '2023-11-14T22:13:20.123456789Z',
          observed_timestamp: '2023-11-14T22:13:21.000000005Z',
          severity: 'WARN!',
          severity_number: 13,
          event_name: 'bought',
          body: { n: 0, list: [null, 1.5, true], big: 2 ** 40 },
          attributes: { a: ['x', 'y'], empty: '' },
          resource: { good: 1 },
          'otel.scope.name': 'test',
          'otel.scope.version': '1.0.0',
        },
      ])
    })

    it('delivers in a flush what was emitted before it, from several callers too', async () => {
      const provider = new LoggerProvider({ processors: [processor] })
      const logger = provider.getLogger('test')
      for (let i = 0; i < 100; i++) logger.emit({ body: `${i}` })
      await Promise.all([provider.forceFlush(), provider.forceFlush()])
      await provider.forceFlush()
      assert.equal(bodies().length, 100)
    })

    it('delivers in a shutdown, ignores what comes later, and ends every call', async () => {
      const provider = new LoggerProvider({ processors: [processor] })
      provider.getLogger('test').emit({ body: 'before' })
      await Promise.all([processor.shutdown(), processor.shutdown(), processor.forceFlush()])
      assert.deepEqual(bodies(), ['before'])
      provider.getLogger('test').emit({ body: 'after' })
      await processor.forceFlush()
      await processor.shutdown()
      assert.deepEqual(bodies(), ['before'])
    })

    it('takes every log when the logger asks', () => {
      for (const severityNumber of [undefined, 0, 1, 24])
        assert.notEqual(
          processor.enabled?.({
            ...(severityNumber !== undefined && { severityNumber }),
          } as never),
          false,
        )
    })
  })

describe('the duties of a processor', () => {
  /** What a processor asks of a resource. */
  const asked = async (make: (client: FakeClient) => LogRecordProcessor): Promise<string[]> => {
    const names = new Set<string>()
    const real = slowResource()
    real.find('x')
    const resource = new Proxy(real.resource, {
      get: (target, name) => {
        if (typeof name === 'string') names.add(name)
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const processor = make(new FakeClient())
    const provider = new LoggerProvider({ resource, processors: [processor] })
    provider.getLogger('test').emit({ body: 'x' })
    await provider.shutdown()
    return [...names]
  }

  it('are those of the SDK’s: the same methods, the same questions to the resource', async () => {
    const theirs = Object.getOwnPropertyNames(
      Object.getPrototypeOf(BatchLogRecordProcessor.prototype),
    )
    const ours = Object.getOwnPropertyNames(KinesisLogRecordProcessor.prototype)
    const missing = theirs.filter(name => !name.startsWith('_') && !ours.includes(name))
    assert.deepEqual(missing, [], 'the SDK’s processor has learned something')
    const questions = await asked(KINDS['the SDK’s batch processor'])
    assert.ok(questions.includes('waitForAsyncAttributes'))
    const own = await asked(KINDS['our processor'])
    assert.deepEqual(
      questions.filter(name => !own.includes(name)),
      [],
    )
  })
})

describe('logs that wait for the attributes of their resource', () => {
  it('are within bufferBytes, the oldest dropped and counted, until the shutdown gives up', async () => {
    const told: string[] = []
    const logger = {
      debug: () => {},
      info: () => {},
      warn: (text: string) => told.push(text),
      error: (text: string) => told.push(text),
    }
    const client = new FakeClient()
    const processor = new KinesisLogRecordProcessor({
      streamName: 's',
      client,
      logger,
      encoding: 'json',
      bufferBytes: 2 * 1024 * 1024,
      shutdownTimeout: 100,
    })
    const { resource } = slowResource()
    const provider = new LoggerProvider({ resource, processors: [processor] })
    const log = provider.getLogger('test')
    for (let i = 0; i < 5000; i++) log.emit({ body: `${i} ${'x'.repeat(1000)}` })
    await provider.shutdown()
    const numbers = client.stored
      .join('')
      .split('\n')
      .filter(line => line !== '')
      .map(line => Number.parseInt((JSON.parse(line) as Line).body, 10))
    assert.ok(numbers.length > 1000 && numbers.length < 2200, `${numbers.length}`)
    // All at once is more than the buffer holds together with the body of its request, and what is in flight
    // cannot make room: of the newest, a chunk's worth may be dropped.
    assert.ok((numbers.at(-1) ?? 0) > 4999 - 32, `${numbers.at(-1)}`)
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => (numbers[0] ?? 0) + i),
    )
    const lost = 5000 - numbers.length
    assert.ok(
      told.some(text => text.includes(`${lost} logs lost: ${lost} dropped (bufferFull)`)),
      told.join('\n'),
    )
  })

  it('do not hold up those of other resources, and find their key in the attributes', async () => {
    const client = new FakeClient()
    const processor = new KinesisLogRecordProcessor({
      streamName: 's',
      client,
      partitionKey: { resource: 'cloud.region' },
    })
    const { resource, find } = slowResource()
    const slow = new LoggerProvider({ resource, processors: [processor] })
    const quick = new LoggerProvider({
      resource: resourceFromAttributes({ 'cloud.region': 'here' }),
      processors: [processor],
    })
    slow.getLogger('test').emit({ body: 'slow' })
    quick.getLogger('test').emit({ body: 'quick' })
    find('eu-west-1')
    await processor.forceFlush()
    const keys = client.calls.flat().map(record => record.PartitionKey)
    assert.deepEqual(keys.toSorted(), ['eu-west-1', 'here'])
    await processor.shutdown()
  })
})
