import assert from 'node:assert/strict'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { tellsAllStored } from '@kinesis-producer/core/internal/client/wire/json-answer'
import { JSON_WIRE } from '@kinesis-producer/core/internal/client/wire/json-wire'
import type { OutgoingRequest } from '@kinesis-producer/core/internal/client/wire/wire'
import { finish } from '@kinesis-producer/core/internal/packing/outgoing'
import fc from 'fast-check'
import { plain, plainOf } from '../support/core/outgoing.js'
import {
  type FakeKinesis,
  faults,
  startFakeKinesis,
  TEST_CREDENTIALS,
} from '../support/endpoint/index.js'

const bodyOf = (request: OutgoingRequest): Buffer => {
  const room = Buffer.alloc(JSON_WIRE.maxBodyBytes(request))
  return room.subarray(0, finish(JSON_WIRE.writeBody(request, room)))
}

const record = fc.record(
  {
    Data: fc.uint8Array({ maxLength: 300 }),
    PartitionKey: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    ExplicitHashKey: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(String),
  },
  { requiredKeys: ['Data', 'PartitionKey'] },
)

describe('the body of a PutRecords request', () => {
  it('says exactly what it was given, in JSON any parser reads', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.boolean(), (Records, byName) => {
        const target = byName
          ? { StreamName: 's' }
          : { StreamARN: 'arn:aws:kinesis:eu-west-1:000000000000:stream/s' }
        const read: unknown = JSON.parse(
          bodyOf({ ...target, Records: Records.map(plainOf) }).toString('utf8'),
        )
        assert.deepEqual(read, {
          ...target,
          Records: Records.map(({ Data, ...rest }) => ({
            Data: Buffer.from(Data).toString('base64'),
            ...rest,
          })),
        })
      }),
      { numRuns: 500 },
    )
  })

  it('reads data that is a window on a larger buffer', () => {
    const window = new Uint8Array(Buffer.from('..inside..')).subarray(2, 8)
    const body = bodyOf({ StreamName: 's', Records: [plain(window, 'k')] })
    assert.match(body.toString(), new RegExp(Buffer.from('inside').toString('base64')))
  })
})

const result = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ SequenceNumber: fc.string({ minLength: 1 }), ShardId: fc.string() }),
  },
  { weight: 1, arbitrary: fc.record({ SequenceNumber: fc.constant(''), ShardId: fc.string() }) },
  { weight: 1, arbitrary: fc.record({ ErrorCode: fc.string(), ErrorMessage: fc.string() }) },
  {
    weight: 1,
    arbitrary: fc.record({ ShardId: fc.constant('"SequenceNumber":"1","SequenceNumber":"2"') }),
  },
)

/** Ids and numbers of the service are: printable ASCII that needs no escape. */
const isPlain = (text: string): boolean => /^[ !#-[\]-~]*$/.test(text)

describe('an answer that is not parsed', () => {
  it('tells that all is stored only if each record has a place', () => {
    fc.assert(
      fc.property(
        fc.array(result, { maxLength: 12 }),
        fc.integer({ min: 0, max: 13 }),
        (Records, sent) => {
          const failed = Records.filter(one => 'ErrorCode' in one).length
          const json = Buffer.from(JSON.stringify({ FailedRecordCount: failed, Records }))
          const stored = Records.filter(
            one => 'SequenceNumber' in one && one.SequenceNumber !== '',
          ).length
          const all = stored === sent && Records.length === sent
          if (tellsAllStored(json, sent)) assert.ok(all, json.toString())
          // And it is worth having: the plain case is recognised.
          else if (Records.every(one => Object.values(one).every(isPlain)))
            assert.ok(!all || sent === 0, json.toString())
          assert.ok(!tellsAllStored(json.subarray(0, -1), sent) || sent === 0, 'cut short')
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('is parsed when it is formatted in another way', () => {
    const body = { FailedRecordCount: 0, Records: [{ SequenceNumber: '1', ShardId: 's' }] }
    assert.equal(tellsAllStored(Buffer.from(JSON.stringify(body)), 1), true)
    assert.equal(tellsAllStored(Buffer.from(JSON.stringify(body, undefined, 2)), 1), false)
  })
})

const SILENT = { debug: () => {}, warn: () => {}, error: () => {} }

describe('the short way through the client', () => {
  let fake: FakeKinesis
  const connect = (extra: object = {}) =>
    createKinesisClient({
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: TEST_CREDENTIALS,
      ...extra,
    })
  const putTexts = async (client: ReturnType<typeof connect>, texts: readonly string[]) => {
    const producer = new BatchProducer(client, 's', { logger: false, flushInterval: 0 })
    producer.start()
    for (const text of texts) {
      await producer.add(text, 'k')
      await producer.drain()
    }
    return producer.close()
  }

  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 2 } })
  })
  afterEach(() => fake.close())

  it('delivers what the long way delivers, and takes the long one only to learn', async () => {
    // The SDK's pipeline asks for the endpoint with every request, the short way does not.
    let asked = 0
    const client = connect({ endpoint: async () => (asked++, fake.endpoint) })
    await putTexts(client, ['a'])
    const once = asked
    assert.ok(once > 0)
    await putTexts(client, ['b', 'c', 'd'])
    assert.deepEqual(fake.texts('s'), ['a', 'b', 'c', 'd'])
    assert.equal(asked, once)

    fake.script(faults.requestError('InternalFailure'))
    await putTexts(client, ['e', 'f', 'g'])
    assert.deepEqual(fake.texts('s').slice(4), ['e', 'f', 'g'])
    assert.equal(asked, 2 * once, 'once more after the error')
    client.destroy()
  })

  it('is not taken when someone’s middleware must see each request', async () => {
    const client = connect()
    let seen = 0
    client.middlewareStack.add(
      next => args => {
        seen++
        return next(args)
      },
      { step: 'build', name: 'counting' },
    )
    await putTexts(client, ['a', 'b', 'c'])
    assert.equal(seen, 3)
    client.destroy()
  })

  it('is not taken when an option asks the SDK for more', async () => {
    const lines: unknown[] = []
    const info = (line: unknown): void => void lines.push(line)
    const client = connect({ logger: { ...SILENT, info } })
    await putTexts(client, ['a', 'b'])
    assert.equal(lines.length, 2, 'one line a request')
    client.destroy()
  })

  it('fetches credentials anew before they end', async () => {
    let fetched = 0
    const client = connect({
      credentials: async () => {
        fetched++
        return { ...TEST_CREDENTIALS, expiration: new Date(Date.now() + 30_000) }
      },
    })
    await putTexts(client, ['a', 'b', 'c'])
    assert.ok(fetched >= 3, `fetched ${fetched} times`)
    assert.deepEqual(fake.texts('s'), ['a', 'b', 'c'])
    client.destroy()
  })
})
