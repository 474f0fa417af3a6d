import assert from 'node:assert/strict'
import {
  KinesisLogRecordProcessor,
  type ReadableLogRecordLike,
} from '@kinesis-producer/otel-exporter'
import { decodeLogs, type PlainLog } from '@kinesis-producer/otel-exporter/decode'
import { FakeClient } from '../../support/core/fake-client.js'
import { linesOf } from '../../support/otel/encode.js'
import { ORDINARY, strangeLogs } from '../../support/otel/strange-logs.js'

const ENCODINGS = ['otlp-proto', 'otlp-json', 'json'] as const
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const readAll = (client: FakeClient, encoding: (typeof ENCODINGS)[number]): unknown[] => {
  const chunks = client.calls.flat().map(({ Data }) => Buffer.from(Data))
  return encoding === 'json'
    ? linesOf(chunks).map(line => JSON.parse(line))
    : chunks.flatMap((chunk): PlainLog[] => decodeLogs(chunk, { encoding }))
}

/** Fields of its own, or traps: all but the resource are the log's. */
const withResource = (log: ReadableLogRecordLike, resource: object): ReadableLogRecordLike =>
  new Proxy(
    {},
    {
      get: (_target, name) => (name === 'resource' ? resource : Reflect.get(Object(log), name)),
    },
  ) as ReadableLogRecordLike

describe('a log that waits for the attributes of its resource', () => {
  /** All of them, of one resource, which has its attributes at once or later. */
  const sent = async (encoding: (typeof ENCODINGS)[number], waits: boolean): Promise<string[]> => {
    const client = new FakeClient()
    const processor = new KinesisLogRecordProcessor({
      streamName: 's',
      client,
      encoding,
      logger: silent,
      bufferBytes: 1024 * 1024 * 1024,
    })
    const resource = {
      attributes: { 'service.name': 'shop' },
      asyncAttributesPending: waits,
      waitForAsyncAttributes: async () => {
        resource.asyncAttributesPending = false
      },
    }
    // All kinds of values are in all places: some of them suffice.
    const some = strangeLogs().filter((_log, i) => i % 9 === 3 * ENCODINGS.indexOf(encoding))
    for (const { log } of some) processor.onEmit(withResource(log, resource))
    await processor.shutdown()
    const read = readAll(client, encoding)
    assert.equal(read.length, some.length)
    return sorted(read)
  }

  for (const encoding of ENCODINGS)
    it(`is what it would be without the wait, however strange it is (${encoding})`, async () => {
      const waited = await sent(encoding, true)
      for (const [i, atOnce] of (await sent(encoding, false)).entries())
        assert.equal(waited[i], atOnce)
    })

  for (const [name, resource] of [
    ['asks in vain', { asyncAttributesPending: true }],
    [
      'throws',
      {
        asyncAttributesPending: true,
        waitForAsyncAttributes: () => {
          throw new Error('mine')
        },
      },
    ],
    [
      'rejects',
      {
        asyncAttributesPending: true,
        waitForAsyncAttributes: () => Promise.reject(new Error('mine')),
      },
    ],
    ['gives no promise', { asyncAttributesPending: true, waitForAsyncAttributes: () => 5 }],
    [
      'is frozen',
      Object.freeze({ asyncAttributesPending: true, waitForAsyncAttributes: () => {} }),
    ],
  ] as const)
    it(`is delivered when its resource ${name}`, async () => {
      const client = new FakeClient()
      const processor = new KinesisLogRecordProcessor({ streamName: 's', client, logger: silent })
      const odd: object = { attributes: { 'service.name': 'shop' }, ...resource }
      processor.onEmit({ ...ORDINARY, resource: odd as ReadableLogRecordLike['resource'] })
      await processor.shutdown()
      const [log] = client.calls.flat().flatMap(({ Data }) => decodeLogs(Data))
      assert.equal(log?.body, 'body')
      assert.deepEqual(log.resource, { 'service.name': 'shop' })
    })
})

/** By their text: logs of odd scopes may go in another chunk. */
const sorted = (logs: readonly unknown[]): string[] =>
  logs.map(log => JSON.stringify(log, normal)).toSorted()
/** Errors are made where they are. */
const normal = (name: string, value: unknown): unknown => (name === 'stack' ? '' : value)
