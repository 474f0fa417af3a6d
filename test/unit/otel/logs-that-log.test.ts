import assert from 'node:assert/strict'
import {
  KinesisLogRecordExporter,
  KinesisLogRecordProcessor,
} from '@kinesis-producer/otel-exporter'
import {
  BatchLogRecordProcessor,
  LoggerProvider,
  type LogRecordProcessor,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import { FakeClient } from '../../support/core/fake-client.js'
import { linesOf } from '../../support/otel/encode.js'

const KINDS: Readonly<
  Record<string, (client: FakeClient, told: string[], keyOf?: () => string) => LogRecordProcessor>
> = {
  'our processor': (client, told, keyOf) =>
    new KinesisLogRecordProcessor(options(client, told, keyOf)),
  'the simple processor': (client, told, keyOf) =>
    new SimpleLogRecordProcessor({
      exporter: new KinesisLogRecordExporter(options(client, told, keyOf)),
    }),
}
const options = (client: FakeClient, told: string[], keyOf: (() => string) | undefined) => {
  const note = (message: string): void => void told.push(message)
  return {
    streamName: 's',
    client,
    encoding: 'json',
    logger: { debug: () => {}, info: () => {}, warn: note, error: note },
    ...(keyOf !== undefined && { partitionKey: keyOf }),
  } as const
}
const bodies = (client: FakeClient): unknown[] =>
  linesOf(client.calls.flat().map(({ Data }) => Buffer.from(Data))).map(
    line => JSON.parse(line).body,
  )
const texts = (list: readonly unknown[]): string[] =>
  list.map(body => JSON.stringify(body)).toSorted()

for (const [name, make] of Object.entries(KINDS))
  describe(`logs that are emitted while a log is read, by ${name}`, () => {
    it('are written beside it, and harm neither it nor each other', async () => {
      const client = new FakeClient()
      const provider = new LoggerProvider({ processors: [make(client, [])] })
      const logger = provider.getLogger('t')
      const chatty = (text: string, inner: unknown): object => ({
        before: 1,
        value: {
          toJSON: () => {
            logger.emit({ body: inner as string })
            return text
          },
        },
        get late() {
          logger.emit({ body: `late of ${text}` })
          return 2
        },
      })
      logger.emit({ body: 'first' })
      logger.emit({ body: chatty('outer', chatty('inner', 'innermost')) as never })
      logger.emit({ body: 'last' })
      await provider.shutdown()
      assert.deepEqual(
        texts(bodies(client)),
        texts([
          'first',
          { before: 1, value: 'outer', late: 2 },
          { before: 1, value: 'inner', late: 2 },
          'innermost',
          'late of outer',
          'late of inner',
          'last',
        ]),
      )
    })

    it('without an end come to an end, which is told', async () => {
      const client = new FakeClient()
      const told: string[] = []
      const provider = new LoggerProvider({ processors: [make(client, told)] })
      const logger = provider.getLogger('t')
      const endless = {
        toJSON: () => {
          logger.emit({ body: endless as never })
          return 'endless'
        },
      }
      logger.emit({ body: 'first' })
      logger.emit({ body: endless as never })
      logger.emit({ body: 'last' })
      await provider.shutdown()
      const there = bodies(client)
      assert.ok(there.includes('first') && there.includes('last') && there.includes('endless'))
      assert.ok(there.length < 20)
      assert.ok(
        told.some(line => /1 log lost: 1 dropped \(endless\)/.test(line)),
        told.join('\n'),
      )
    })

    it('by a partition key function that logs come to an end as well', async () => {
      const client = new FakeClient()
      const logging = { emit: (): void => {} }
      const processor = make(client, [], () => {
        logging.emit()
        return 'key'
      })
      const provider = new LoggerProvider({ processors: [processor] })
      const logger = provider.getLogger('t')
      logging.emit = () => logger.emit({ body: 'of the key' })
      logger.emit({ body: 'first' })
      logging.emit = () => {}
      logger.emit({ body: 'last' })
      await provider.shutdown()
      const there = bodies(client)
      assert.ok(there.includes('first') && there.includes('last') && there.length < 20)
    })
  })

describe('a log that flushes while it is read', () => {
  it('is whole, and so are its neighbours', async () => {
    for (const encoding of ['otlp-proto', 'json'] as const) {
      const client = new FakeClient()
      const processor = new KinesisLogRecordProcessor({ streamName: 's', client, encoding })
      const provider = new LoggerProvider({ processors: [processor] })
      const logger = provider.getLogger('t')
      const flushing = {
        toJSON: () => {
          void provider.forceFlush()
          return 'flushing'
        },
      }
      logger.emit({ body: 'first' })
      logger.emit({ body: flushing as never })
      logger.emit({ body: 'last' })
      await provider.shutdown()
      const text = client.stored.join('')
      for (const word of ['first', 'flushing', 'last']) assert.ok(text.includes(word), encoding)
      if (encoding === 'json') assert.deepEqual(bodies(client), ['first', 'flushing', 'last'])
    }
  })
})

describe('the SDK’s batch processor', () => {
  it('hands over logs that log only later: nothing is lost then', async () => {
    const client = new FakeClient()
    const exporter = new KinesisLogRecordExporter({ streamName: 's', client, encoding: 'json' })
    const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] })
    const logger = provider.getLogger('t')
    const chatty = {
      toJSON: () => {
        logger.emit({ body: 'inner' })
        return 'outer'
      },
    }
    logger.emit({ body: chatty as never })
    await provider.forceFlush()
    await provider.shutdown()
    assert.deepEqual(bodies(client), ['outer', 'inner'])
  })
})
