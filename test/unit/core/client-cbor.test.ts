import assert from 'node:assert/strict'
import { createKinesisClient } from '@kinesis-producer/core'
import { readAnswer } from '@kinesis-producer/core/internal/client/answer'
import {
  type StreamClient,
  streamClientOf,
} from '@kinesis-producer/core/internal/client/stream-client'
import { classifyRequestError } from '@kinesis-producer/core/internal/settling/classify'
import { cbor } from '@smithy/core/cbor'
import {
  type CannedResponse,
  type CapturedRequest,
  CapturingHandler,
} from '../../support/core/capturing-handler.js'
import { plain } from '../../support/core/outgoing.js'

const CBOR = 'application/x-amz-cbor-1.1'
const JSON_TYPE = 'application/x-amz-json-1.1'
const STORED = {
  FailedRecordCount: 0,
  Records: [{ SequenceNumber: '1', ShardId: 'shardId-000000000000' }],
}
const speaksCbor = ({ headers }: CapturedRequest): boolean => headers['content-type'] === CBOR
const inCbor = (body: unknown, status = 200): CannedResponse => ({
  status,
  headers: { 'content-type': CBOR },
  body: cbor.serialize(body),
})
const inJson = (body: unknown, status = 200): CannedResponse => ({
  status,
  headers: { 'content-type': JSON_TYPE },
  body: JSON.stringify(body),
})
const refusal = (name: string) => ({ __type: name, message: `${name}!` })

describe('a client with wireFormat cbor', () => {
  let warnings: Error[] = []
  const warned = (warning: Error): void => void warnings.push(warning)
  beforeEach(() => {
    warnings = []
    process.on('warning', warned)
  })
  afterEach(() => process.off('warning', warned))

  /** How many warnings there were; they are emitted a tick later. */
  const told = async (): Promise<number> => {
    await new Promise<void>(resolve => setImmediate(resolve))
    return warnings.filter(
      ({ name, message }) => name === 'KinesisProducerWarning' && /cbor/.test(message),
    ).length
  }

  /** With the first request, which the SDK's pipeline makes in JSON, behind it. */
  const setUp = async () => {
    const handler = new CapturingHandler()
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: 'http://localhost',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      wireFormat: 'cbor',
      requestHandler: { handle: handler.handle.bind(handler) },
    })
    const stream = streamClientOf(client, { StreamName: 's' })
    const answers = (cborAnswer: () => CannedResponse, jsonAnswer = () => inJson(STORED)): void => {
      handler.answer = request => (speaksCbor(request) ? cborAnswer() : jsonAnswer())
    }
    answers(() => inCbor(STORED))
    await put(stream)
    /** The formats of the requests since it was last asked. */
    const formats = (): string[] =>
      handler.requests.splice(0).map(request => (speaksCbor(request) ? 'cbor' : 'json'))
    formats()
    return { stream, answers, formats }
  }
  const put = async (stream: StreamClient): Promise<string> => {
    const answer = await stream.putRecords([plain('x', 'k')], new AbortController().signal)
    return readAnswer(answer, 1, true).kind
  }

  const bodies: [what: string, body: CannedResponse][] = [
    ['JSON', inJson(refusal('AccessDeniedException'))],
    ['HTML', { headers: { 'content-type': 'text/html' }, body: '<html>no</html>' }],
    ['nothing', {}],
  ]
  for (const status of [400, 403, 404, 406, 415]) {
    for (const [what, body] of bodies) {
      it(`speaks JSON from the first refusal on: ${status} with ${what}`, async () => {
        const { stream, answers, formats } = await setUp()
        answers(() => ({ ...body, status }))
        assert.equal(await put(stream), 'allStored')
        assert.equal(await put(stream), 'allStored')
        assert.deepEqual(formats(), ['cbor', 'json', 'json'])
        assert.equal(await told(), 1)
      })
    }
  }

  it('does not repeat a request by itself that may have been carried out (500)', async () => {
    const { stream, answers, formats } = await setUp()
    answers(() => ({ status: 500, body: '<html>oops</html>' }))
    await assert.rejects(put(stream), (error: unknown) => classifyRequestError(error).ambiguous)
    assert.equal(await put(stream), 'allStored')
    assert.equal(await put(stream), 'allStored')
    assert.deepEqual(formats(), ['cbor', 'json', 'json'])
    assert.equal(await told(), 1)
  })

  it('speaks JSON after an answer that cannot be read', async () => {
    const { stream, answers, formats } = await setUp()
    answers(() => ({ body: '<html>hello</html>' }))
    await assert.rejects(put(stream), { name: 'SyntaxError' })
    assert.equal(await put(stream), 'allStored')
    assert.deepEqual(formats(), ['cbor', 'json'])
    assert.equal(await told(), 1)
  })

  it('warns once, of many requests that are refused together', async () => {
    const { stream, answers, formats } = await setUp()
    answers(() => ({ status: 415 }))
    assert.deepEqual(
      new Set(await Promise.all([1, 2, 3].map(() => put(stream)))),
      new Set(['allStored']),
    )
    assert.equal(formats().filter(format => format === 'json').length, 3)
    assert.equal(await told(), 1)
  })

  for (const [name, status] of [
    ['AccessDeniedException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['InternalFailure', 500],
  ] as const) {
    it(`goes on in CBOR when the endpoint refuses in CBOR: ${name}`, async () => {
      const { stream, answers, formats } = await setUp()
      answers(() => inCbor(refusal(name), status))
      await assert.rejects(put(stream), { name })
      answers(() => inCbor(STORED))
      await put(stream)
      await put(stream)
      assert.deepEqual(formats(), ['cbor', 'json', 'cbor'])
      assert.equal(await told(), 0)
    })
  }

  it('goes on in CBOR when a proxy answers in between, once CBOR was understood', async () => {
    const { stream, answers, formats } = await setUp()
    await put(stream)
    for (const status of [403, 500, 503]) {
      answers(() => ({ status, body: '<html>no</html>' }))
      await assert.rejects(put(stream))
      answers(() => inCbor(STORED))
      await put(stream)
    }
    await put(stream)
    assert.equal(formats().at(-1), 'cbor')
    assert.equal(await told(), 0)
  })

  for (const name of [
    'ValidationException',
    'InvalidArgumentException',
    'SerializationException',
  ]) {
    for (const understood of [true, false]) {
      const when = understood ? 'later' : 'at first'
      it(`tries JSON before a record is blamed: ${name}, ${when}`, async () => {
        const { stream, answers, formats } = await setUp()
        if (understood) await put(stream)
        formats()
        answers(() => inCbor(refusal(name), 400))
        assert.equal(await put(stream), 'allStored')
        assert.equal(await put(stream), 'allStored')
        assert.deepEqual(formats(), ['cbor', 'json', 'json'])
        assert.equal(await told(), 1)
      })

      it(`blames the records if JSON is refused as well: ${name}, ${when}`, async () => {
        const { stream, answers, formats } = await setUp()
        if (understood) await put(stream)
        formats()
        answers(
          () => inCbor(refusal(name), 400),
          () => inJson(refusal(name), 400),
        )
        await assert.rejects(put(stream), { name })
        assert.deepEqual(formats(), ['cbor', 'json'])
        answers(() => inCbor(STORED))
        await put(stream)
        await put(stream)
        assert.deepEqual(formats(), ['json', 'cbor'])
        assert.equal(await told(), 0)
      })
    }
  }

  it('reads an answer in JSON, if that is what the endpoint writes', async () => {
    const { stream, answers, formats } = await setUp()
    answers(() => inJson(STORED))
    assert.equal(await put(stream), 'allStored')
    assert.equal(await put(stream), 'allStored')
    assert.deepEqual(formats(), ['cbor', 'cbor'])
    assert.equal(await told(), 0)
  })
})
