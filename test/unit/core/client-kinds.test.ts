import assert from 'node:assert/strict'
import { Kinesis, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import {
  ConfigError,
  createKinesisClient,
  type KinesisClientLike,
  type PutRecordsRequest,
} from '@kinesis-producer/core'
import {
  type StreamClient,
  streamClientOf,
} from '@kinesis-producer/core/internal/client/stream-client'
import { isUnsent } from '@kinesis-producer/core/internal/client/unsent'
import { type OutgoingRecord, toWireRecord } from '@kinesis-producer/core/internal/packing/outgoing'
import { CapturingHandler } from '../../support/core/capturing-handler.js'
import { plain } from '../../support/core/outgoing.js'

const TARGET = { StreamName: 's' }
const RECORD: OutgoingRecord = plain('x', 'k')
const signal = (): AbortSignal => new AbortController().signal
const put = (client: StreamClient, aborts = signal()): Promise<unknown> =>
  client.putRecords([RECORD], aborts)
/** What a program without types may hand over. */
const streamOf = (client: unknown): StreamClient =>
  Reflect.apply(streamClientOf, undefined, [client, TARGET])
const options = (handler: CapturingHandler) => ({
  region: 'us-east-1',
  endpoint: 'http://localhost',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  requestHandler: { handle: handler.handle.bind(handler) },
})

describe('a stream client', () => {
  const kinds: [name: string, make: (handler: CapturingHandler) => KinesisClientLike][] = [
    ['KinesisClient', handler => new KinesisClient(options(handler))],
    ['Kinesis', handler => new Kinesis(options(handler))],
    ['the client of createKinesisClient', handler => createKinesisClient(options(handler))],
    [
      'a proxy of that client',
      handler => new Proxy(createKinesisClient(options(handler)), { get: Reflect.get }),
    ],
  ]
  for (const [name, make] of kinds) {
    it(`of ${name} puts records, and can be asked`, async () => {
      const handler = new CapturingHandler()
      const client = streamClientOf(make(handler), TARGET)
      await put(client)
      await put(client)
      assert.deepEqual(
        handler.requests.map(({ headers }) => headers['x-amz-target']),
        ['Kinesis_20131202.PutRecords', 'Kinesis_20131202.PutRecords'],
      )
      handler.answer = () => ({ body: '{"StreamDescriptionSummary":{"MaxRecordSizeInKiB":10}}' })
      assert.equal((await client.describe?.(signal()))?.maxRecordBytes, 10_240)
      handler.answer = () => ({ body: '{"Shards":[]}' })
      assert.deepEqual(await client.listShards?.(signal()), [])
    })
  }

  it('of a client with putRecords alone cannot be asked', async () => {
    const seen: PutRecordsRequest[] = []
    const answer = { Records: [{ SequenceNumber: '1' }] }
    const client = streamClientOf(
      {
        putRecords: async request => {
          seen.push(request)
          return answer
        },
      },
      TARGET,
    )
    assert.equal(await put(client), answer)
    assert.deepEqual(seen, [{ StreamName: 's', Records: [toWireRecord(RECORD)] }])
    assert.equal(client.describe, undefined)
    assert.equal(client.listShards, undefined)
  })

  it('of a client with putRecords of its own and send uses the one to put, the other to ask', async () => {
    const kinesis = new Kinesis(options(new CapturingHandler()))
    let own = 0
    kinesis.putRecords = async () => {
      own++
      return { Records: [], $metadata: {} }
    }
    const client = streamClientOf(kinesis, TARGET)
    await put(client)
    assert.equal(own, 1)
    assert.equal(typeof client.describe, 'function')
  })

  it('of a client with send alone hands it a PutRecordsCommand', async () => {
    const sent: unknown[] = []
    const client = streamClientOf(
      { send: async command => (sent.push(command), { Records: [] }) },
      TARGET,
    )
    await put(client)
    assert.ok(sent[0] instanceof PutRecordsCommand)
  })

  const throwing = (): never => {
    throw new Error('at once')
  }
  for (const client of [{ putRecords: throwing }, { send: throwing }]) {
    it(`rejects where ${Object.keys(client).join()} throws`, async () => {
      const stream = streamClientOf(client, TARGET)
      await assert.rejects(put(stream), /at once/)
      if (stream.describe !== undefined) await assert.rejects(stream.describe(signal()), /at once/)
      if (stream.listShards !== undefined)
        await assert.rejects(stream.listShards(signal()), /at once/)
    })
  }

  for (const answer of [undefined, null, 5, 'x']) {
    it(`resolves with ${answer} if the client returns that`, async () => {
      for (const key of ['putRecords', 'send']) {
        const client = Object.fromEntries([[key, () => answer]])
        assert.equal(await put(streamOf(client)), answer)
      }
    })
  }

  for (const nothing of [undefined, null, 'kinesis', 5, {}, [], { putRecords: 1, send: 'x' }]) {
    it(`is not made of ${JSON.stringify(nothing)}`, () => {
      assert.throws(
        () => streamOf(nothing),
        (error: unknown) => error instanceof ConfigError && /client must be/.test(error.message),
      )
    })
  }

  it('is not made of a client of version 2 of the SDK, which it names', () => {
    const nothing = (): void => {}
    const client = {
      config: { region: 'us-east-1' },
      makeRequest: nothing,
      setupRequestListeners: nothing,
      putRecords: nothing,
    }
    assert.throws(() => streamOf(client), {
      name: 'ConfigError',
      message: /^client is of version 2 of the AWS SDK .*createKinesisClient\(\)/,
    })
  })

  for (const key of ['putRecords', 'send']) {
    it(`rejects when the signal aborts, though ${key} does not heed it`, async () => {
      const client = Object.fromEntries([[key, () => new Promise(() => {})]])
      const controller = new AbortController()
      const pending = put(streamOf(client), controller.signal)
      controller.abort(new Error('late'))
      await assert.rejects(pending, (error: unknown) => {
        assert.ok(error instanceof Error)
        assert.equal(error.name, 'AbortError')
        // A mock tells nothing of how far the request got.
        assert.equal(isUnsent(error), false)
        return true
      })
    })
  }
})

describe('an error of a request that never left', () => {
  const makers = [
    ['KinesisClient', (o: object) => new KinesisClient(o)],
    ['the client of createKinesisClient', (o: object) => createKinesisClient(o)],
  ] as const
  for (const [name, make] of makers) {
    it(`is marked: no credentials (${name})`, async () => {
      const credentials = () => Promise.reject(new Error('the vault is sealed'))
      const client = make({ ...options(new CapturingHandler()), credentials })
      await assert.rejects(put(streamClientOf(client, TARGET)), isUnsent)
    })

    it(`is marked: aborted while the credentials are looked up (${name})`, async () => {
      const credentials = () => new Promise<never>(() => {})
      const client = make({ ...options(new CapturingHandler()), credentials })
      const controller = new AbortController()
      const pending = put(streamClientOf(client, TARGET), controller.signal)
      setImmediate(() => controller.abort())
      await assert.rejects(pending, isUnsent)
    })

    it(`is not marked when the handler had it (${name})`, async () => {
      const handler = new CapturingHandler()
      handler.answer = () => {
        throw new Error('the line went dead')
      }
      const client = streamClientOf(make(options(handler)), TARGET)
      await assert.rejects(put(client), (error: unknown) => !isUnsent(error))
      handler.answer = undefined
      await put(client)
      handler.answer = () => {
        throw new Error('the line went dead')
      }
      await assert.rejects(put(client), (error: unknown) => !isUnsent(error))
    })
  }
})
