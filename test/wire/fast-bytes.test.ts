import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { Readable } from 'node:stream'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { createKinesisClient, type WireRecord } from '@kinesis-producer/core'
import { streamClientOf } from '@kinesis-producer/core/internal/client/stream-client'
import { CBOR_WIRE } from '@kinesis-producer/core/internal/client/wire/cbor-wire'
import type { OutgoingRequest } from '@kinesis-producer/core/internal/client/wire/wire'
import { finish } from '@kinesis-producer/core/internal/packing/outgoing'
import { cbor } from '@smithy/core/cbor'
import fc from 'fast-check'
import { plain, plainOf } from '../support/core/outgoing.js'
import { TEST_CREDENTIALS } from '../support/endpoint/index.js'

interface Sent {
  readonly headers: Record<string, string>
  readonly body: Uint8Array | string
  readonly hostname: string
}

/** A handler that keeps what would go out, and answers that all is stored. */
const capture = () => {
  const sent: Sent[] = []
  const handler = {
    handle: async (request: Sent) => {
      sent.push(request)
      const isCbor = request.headers['content-type'] === CBOR_WIRE.contentType
      const records = Number(isCbor ? 1 : JSON.parse(text(request.body)).Records.length)
      const answer = {
        FailedRecordCount: 0,
        Records: Array.from({ length: records }, () => ({
          SequenceNumber: '1',
          ShardId: 'shardId-000000000000',
        })),
      }
      const body = isCbor
        ? Buffer.from(cbor.serialize(answer))
        : Buffer.from(JSON.stringify(answer))
      return { response: { statusCode: 200, headers: {}, body: Readable.from([body]) } }
    },
  }
  return { sent, handler }
}
const text = (body: Uint8Array | string): string => Buffer.from(body).toString('utf8')

/** Bytes, or only their number: sizes around the borders of a piece, which nobody wants to see in print. */
const bytesOrCount = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 24_570, max: 24_584 }),
  fc.integer({ min: 49_140, max: 60_000 }),
)
const record = fc.record(
  {
    data: bytesOrCount,
    PartitionKey: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    ExplicitHashKey: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(String),
  },
  { requiredKeys: ['data', 'PartitionKey'], noNullPrototype: true },
)
const recordLists = fc.array(record, { minLength: 1, maxLength: 12 })
interface Drawn {
  readonly data: Uint8Array | number
  readonly PartitionKey: string
  readonly ExplicitHashKey?: string
}
const built = (drawn: readonly Drawn[]): WireRecord[] =>
  drawn.map(({ data: spec, PartitionKey, ExplicitHashKey }) => ({
    Data: typeof spec === 'number' ? new Uint8Array(spec).fill(spec % 251) : spec,
    PartitionKey,
    ...(ExplicitHashKey !== undefined && { ExplicitHashKey }),
  }))

const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest()
const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex')

/** Signature Version 4, from its documentation and not from the SDK. */
const signatureOf = ({ headers, body }: Sent, secret: string): string => {
  const authorization = headers['authorization'] ?? ''
  const signed = /SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? ''
  const scope = /Credential=[^/]+\/([^,]+)/.exec(authorization)?.[1] ?? ''
  const canonicalHeaders = signed
    .split(';')
    .map(name => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('')
  const canonical = `POST\n/\n\n${canonicalHeaders}\n${signed}\n${sha256(body)}`
  const key = scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`))
  const toSign = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${sha256(canonical)}`
  return hmac(key, toSign).toString('hex')
}

describe('the bytes on the wire', () => {
  const options = {
    region: 'us-east-1',
    endpoint: 'http://localhost',
    credentials: TEST_CREDENTIALS,
  }

  it('are in JSON what the SDK’s own serializer makes', async () => {
    const theirs = capture()
    const ours = capture()
    const sdk = new KinesisClient({ ...options, requestHandler: theirs.handler })
    const client = createKinesisClient({ ...options, requestHandler: ours.handler })
    const stream = streamClientOf(client, { StreamName: 's' })
    const put = (records: OutgoingRequest['Records']) =>
      stream.putRecords(records, new AbortController().signal)
    await put([plain('', 'learn')])
    await fc.assert(
      fc.asyncProperty(recordLists, async drawn => {
        const input = { StreamName: 's', Records: built(drawn) }
        await sdk.send(new PutRecordsCommand(input))
        await put(input.Records.map(plainOf))
        const [a, b] = [theirs.sent.at(-1), ours.sent.at(-1)]
        assert.deepEqual(JSON.parse(text(b?.body ?? '')), JSON.parse(text(a?.body ?? '')))
        for (const name of ['content-type', 'x-amz-target', 'host'])
          assert.equal(b?.headers[name], a?.headers[name], name)
      }),
      { numRuns: 150 },
    )
  })

  it('are in CBOR what the SDK’s own codec makes, byte for byte', () => {
    fc.assert(
      fc.property(recordLists, fc.boolean(), (drawn, byName) => {
        const Records = built(drawn)
        const target = byName
          ? { StreamName: 's' }
          : { StreamARN: 'arn:aws:kinesis:eu-west-1:000000000000:stream/s' }
        const request = { ...target, Records }
        const outgoing = { ...target, Records: Records.map(plainOf) }
        const room = Buffer.alloc(CBOR_WIRE.maxBodyBytes(outgoing))
        const body = room.subarray(0, finish(CBOR_WIRE.writeBody(outgoing, room)))
        assert.deepEqual(cbor.deserialize(new Uint8Array(body)), request)
        assert.equal(Buffer.compare(body, Buffer.from(cbor.serialize(request))), 0)
      }),
      { numRuns: 500 },
    )
  })

  for (const wireFormat of ['json', 'cbor'] as const) {
    it(`are signed right (${wireFormat})`, async () => {
      const { sent, handler } = capture()
      const client = createKinesisClient({ ...options, wireFormat, requestHandler: handler })
      const stream = streamClientOf(client, { StreamName: 's' })
      const put = (data: string) =>
        stream.putRecords([plain(data, 'ключ')], new AbortController().signal)
      for (const data of ['first, the long way', 'then the short', 'x'.repeat(100_000)])
        await put(data)
      assert.equal(sent.length, 3)
      for (const request of sent) {
        assert.ok(
          request.headers['authorization']?.endsWith(
            `Signature=${signatureOf(request, TEST_CREDENTIALS.secretAccessKey)}`,
          ),
        )
        assert.equal(request.headers['content-length'], String(Buffer.byteLength(request.body)))
      }
      assert.equal(
        sent.at(-1)?.headers['content-type'],
        wireFormat === 'cbor' ? 'application/x-amz-cbor-1.1' : 'application/x-amz-json-1.1',
      )
    })
  }

  it('tell in CBOR that all is stored only if each record has a place', () => {
    const result = fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record({
          SequenceNumber: fc.string({ minLength: 1 }),
          ShardId: fc.string({ minLength: 1 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          SequenceNumber: fc.constant(''),
          ShardId: fc.string({ minLength: 1 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          ErrorCode: fc.string(),
          ErrorMessage: fc.constant('nSequenceNumbera1'),
        }),
      },
      { weight: 1, arbitrary: fc.record({ ShardId: fc.string() }) },
    )
    fc.assert(
      fc.property(
        fc.array(result, { maxLength: 10 }),
        fc.integer({ min: 1, max: 11 }),
        (Records, sent) => {
          const failed = Records.filter(one => 'ErrorCode' in one).length
          const answer = Buffer.from(cbor.serialize({ FailedRecordCount: failed, Records }))
          const stored = Records.filter(
            one => 'SequenceNumber' in one && one.SequenceNumber !== '',
          ).length
          const all = stored === sent && Records.length === sent
          if (CBOR_WIRE.tellsAllStored(answer, sent)) assert.ok(all)
          else assert.ok(!all)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
