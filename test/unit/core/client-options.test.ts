import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { createKinesisClient } from '@kinesis-producer/core'
import { FastKinesisClient } from '@kinesis-producer/core/internal/client/fast/fast-client'
import { NodeHttpHandler } from '@smithy/node-http-handler'

const BASE = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }

/** The options of the handler; it resolves them when the first request is made. */
const handlerOptions = async (options: object) => {
  const client = createKinesisClient({ ...BASE, endpoint: 'http://127.0.0.1:9', ...options })
  const { requestHandler } = client.config
  assert.ok(requestHandler instanceof NodeHttpHandler)
  const abort = new AbortController()
  abort.abort()
  await client
    .send(new ListStreamsCommand({}), { abortSignal: abort.signal })
    .catch((error: unknown) => assert.match(String(error), /abort/i))
  return requestHandler.httpHandlerConfigs()
}

describe('the options of createKinesisClient', () => {
  for (const nothing of [undefined, null]) {
    for (const name of ['requestHandler', 'maxAttempts', 'wireFormat', 'logger', 'retryStrategy']) {
      it(`${name}: ${nothing} leaves the default, and the short way, as they are`, async () => {
        const given = Object.fromEntries([[name, nothing]])
        const client = createKinesisClient({ ...BASE, ...given })
        assert.ok(client.config.requestHandler instanceof NodeHttpHandler)
        assert.equal(await client.config.maxAttempts(), 1)
        assert.ok(FastKinesisClient.isOne(client) && client.shortWayPossible)
      })
    }
  }

  it('leave the deadline of a request to the producer', async () => {
    const { requestTimeout, socketTimeout, connectionTimeout } = await handlerOptions({})
    assert.deepEqual([requestTimeout, socketTimeout, connectionTimeout], [0, 0, 5000])
  })

  it('add a handler’s options to ours', async () => {
    const requestHandler = {
      requestTimeout: 300,
      connectionTimeout: undefined,
      httpAgent: { maxSockets: 7 },
    }
    const options = await handlerOptions({ requestHandler })
    assert.equal(options.requestTimeout, 300)
    assert.equal(options.throwOnRequestTimeout, true)
    assert.equal(options.connectionTimeout, 5000)
    assert.ok(options.httpAgent instanceof Agent)
    assert.equal(options.httpAgent.maxSockets, 7)
    assert.equal(Reflect.get(options.httpAgent, 'keepAlive'), true)
  })

  it('take an agent as it is', async () => {
    const httpAgent = new Agent({ maxSockets: 3 })
    assert.equal((await handlerOptions({ requestHandler: { httpAgent } })).httpAgent, httpAgent)
  })

  it('take a handler as it is', () => {
    const requestHandler = new NodeHttpHandler()
    const client = createKinesisClient({ ...BASE, requestHandler })
    assert.equal(client.config.requestHandler, requestHandler)
  })

  for (const options of [{ maxAttempts: 3 }, { logger: console }, { retryMode: 'adaptive' }]) {
    it(`switch the short way off: ${Object.keys(options).join()}`, () => {
      const client = createKinesisClient({ ...BASE, ...options })
      assert.ok(FastKinesisClient.isOne(client) && !client.shortWayPossible)
    })
  }
})
