// Runs with some version of the AWS SDK against an endpoint: argv[2] is its URL. Prints nothing if all is well.
import assert from 'node:assert/strict'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { NodeHttpHandler } from '@smithy/node-http-handler'

const [, , endpoint] = process.argv
const OPTIONS = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
}
const REQUESTS = 5

/** Each text in a request of its own. */
const send = async (client, prefix) => {
  const producer = new BatchProducer(client, 's', { batchSize: 1, logger: false })
  producer.start()
  for (let i = 0; i < REQUESTS; i++) await producer.put(`${prefix} ${i}`, 'k')
  const { leftover } = await producer.close()
  assert.equal(leftover.length, 0, prefix)
  client.destroy()
}

const watched = () => {
  const handler = new NodeHttpHandler()
  const types = []
  const handle = handler.handle.bind(handler)
  handler.handle = (request, options) => {
    types.push(request.headers['content-type'])
    return handle(request, options)
  }
  return { handler, types }
}

// The short way does not ask for the endpoint again, the pipeline does with each request.
let asked = 0
const endpointOf = async () => (asked++, endpoint)
await send(createKinesisClient({ ...OPTIONS, endpoint: endpointOf }), 'short way')
const ofShortWay = asked
assert.ok(
  ofShortWay > 0 && ofShortWay < REQUESTS,
  `the short way is off: asked ${ofShortWay} times`,
)

const { handler, types } = watched()
await send(
  createKinesisClient({ ...OPTIONS, endpoint, wireFormat: 'cbor', requestHandler: handler }),
  'cbor',
)
assert.deepEqual(
  types.map(type => type.replace('application/x-amz-', '')),
  ['json-1.1', ...Array(REQUESTS - 1).fill('cbor-1.1')],
)

const hooked = createKinesisClient({ ...OPTIONS, endpoint })
let seen = 0
hooked.middlewareStack.add(next => args => (seen++, next(args)), { step: 'build', name: 'mine' })
await send(hooked, 'middleware')
assert.equal(seen, REQUESTS, 'middleware')

const wrapped = createKinesisClient({ ...OPTIONS, endpoint })
const original = wrapped.send.bind(wrapped)
let calls = 0
wrapped.send = (...args) => (calls++, original(...args))
await send(wrapped, 'send')
assert.equal(calls, REQUESTS, 'send')

const plain = new KinesisClient({ ...OPTIONS, endpoint, requestHandler: new NodeHttpHandler() })
await send(plain, 'plain client')
