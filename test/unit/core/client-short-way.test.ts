import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { createKinesisClient } from '@kinesis-producer/core'
import { readAnswer } from '@kinesis-producer/core/internal/client/answer'
import { FastKinesisClient } from '@kinesis-producer/core/internal/client/fast/fast-client'
import {
  type StreamClient,
  streamClientOf,
} from '@kinesis-producer/core/internal/client/stream-client'
import { classifyRequestError } from '@kinesis-producer/core/internal/settling/classify'
import { CapturingHandler } from '../../support/core/capturing-handler.js'
import { plain } from '../../support/core/outgoing.js'
import { settle } from '../../support/core/test-clock.js'

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' }

const setUp = (extra: object = {}) => {
  const handler = new CapturingHandler()
  const client = createKinesisClient({
    region: 'us-east-1',
    endpoint: 'http://localhost',
    credentials: CREDENTIALS,
    requestHandler: { handle: handler.handle.bind(handler) },
    ...extra,
  })
  const stream = streamClientOf(client, { StreamName: 's' })
  return { handler, client, stream }
}
const put = (stream: StreamClient, signal = new AbortController().signal): Promise<unknown> =>
  stream.putRecords([plain('x', 'k')], signal)
const serviceAnswer = (name: string, status = 400) => ({
  status,
  body: JSON.stringify({ __type: name, message: `${name}!` }),
})
const endless = (): Readable =>
  new Readable({
    read() {
      this.push(Buffer.alloc(1024 * 1024, 'x'))
    },
  })

describe('the short way', () => {
  it('asks for the endpoint again after anything its handler threw', async () => {
    let host = 'a.example'
    const { handler, stream } = setUp({ endpoint: async () => `http://${host}` })
    await put(stream)
    await put(stream)
    host = 'b.example'
    handler.answer = () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    }
    await assert.rejects(put(stream))
    handler.answer = undefined
    await put(stream)
    await put(stream)
    assert.deepEqual(
      handler.requests.map(({ hostname }) => hostname),
      ['a.example', 'a.example', 'a.example', 'b.example', 'b.example'],
    )
  })

  for (const warm of [true, false]) {
    const way = warm ? 'the short way' : 'the pipeline'
    it(`ends a body that stalls when the signal aborts (${way})`, async () => {
      const { handler, stream } = setUp()
      if (warm) await put(stream)
      const body = new Readable({ read() {} })
      body.push('{"FailedRecordCount":0')
      handler.answer = () => ({ body })
      const controller = new AbortController()
      const pending = put(stream, controller.signal)
      pending.catch(() => {})
      await settle()
      controller.abort()
      await assert.rejects(pending, { name: 'AbortError' })
      await settle()
      if (warm) assert.equal(body.destroyed, true)
    })

    it(`reads an answer up to a bound, and lets its status decide (${way})`, async () => {
      const { handler, stream } = setUp()
      for (const [status, action] of [
        [200, 'retry'],
        [403, 'pause'],
        [413, 'isolate'],
        [500, 'retry'],
      ] as const) {
        if (warm) {
          handler.answer = undefined
          await put(stream)
        }
        const body = endless()
        handler.answer = () => ({ status, body })
        await assert.rejects(put(stream), (error: unknown) => {
          assert.match(String(error), /larger than/)
          assert.equal(classifyRequestError(error).action, action, String(status))
          return true
        })
        assert.equal(body.destroyed, true)
      }
    })
  }

  it('freezes no header of a caller: in Lambda, each request has its own trace', async () => {
    const names = ['AWS_LAMBDA_FUNCTION_NAME', '_X_AMZN_TRACE_ID'] as const
    const before = names.map(name => process.env[name])
    process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'f'
    try {
      const { handler, stream } = setUp()
      for (const trace of ['Root=1', 'Root=2', 'Root=3']) {
        process.env['_X_AMZN_TRACE_ID'] = trace
        await put(stream)
      }
      assert.deepEqual(
        handler.requests.map(({ headers }) => headers['X-Amzn-Trace-Id']),
        ['Root=1', 'Root=2', 'Root=3'],
      )
    } finally {
      names.forEach((name, i) => {
        const value = before[i]
        if (value === undefined) Reflect.deleteProperty(process.env, name)
        else process.env[name] = value
      })
    }
  })

  it('makes errors without a response, a token or a signature', async () => {
    const { handler, stream } = setUp({ credentials: { ...CREDENTIALS, sessionToken: 'T0KEN' } })
    await put(stream)
    handler.answer = () => serviceAnswer('InternalFailure', 500)
    await assert.rejects(put(stream), (error: unknown) => {
      assert.ok(error instanceof Error)
      assert.equal(error.name, 'InternalFailure')
      assert.equal(Reflect.get(error, '$response'), undefined)
      assert.ok(!JSON.stringify(error).includes('T0KEN'))
      return true
    })
  })

  it('believes a garbled answer no more than the pipeline does', async () => {
    const { handler, stream } = setUp()
    await put(stream)
    const bodies = ['<html>', '{"FailedRecordCount":0,"Records":[{}', '']
    for (const body of bodies) {
      handler.answer = () => ({ body })
      const read = await put(stream).then(
        answer => readAnswer(answer, 1, true).kind,
        () => 'rejected',
      )
      assert.notEqual(read, 'allStored', body)
      handler.answer = undefined
      await put(stream)
    }
  })

  describe('is off once the client was changed:', () => {
    const changes: [what: string, change: (client: KinesisClient, seen: () => void) => void][] = [
      [
        'send of its own',
        (client, seen) => {
          const send = client.send.bind(client)
          Object.assign(client, {
            send: (...args: Parameters<typeof send>) => {
              seen()
              return send(...args)
            },
          })
        },
      ],
      [
        'middleware added',
        (client, seen) =>
          client.middlewareStack.add(
            next => args => {
              seen()
              return next(args)
            },
            { step: 'build', name: 'counting' },
          ),
      ],
      [
        'middleware replaced by its name',
        (client, seen) =>
          client.middlewareStack.add(
            next => args => {
              seen()
              return next(args)
            },
            {
              step: 'build',
              name: 'recursionDetectionMiddleware',
              override: true,
              priority: 'low',
            },
          ),
      ],
      [
        'a plugin',
        (client, seen) =>
          client.middlewareStack.use({
            applyToStack: stack =>
              stack.add(
                next => args => {
                  seen()
                  return next(args)
                },
                { step: 'initialize' },
              ),
          }),
      ],
      [
        'a stack whose resolve was wrapped',
        (client, seen) => {
          const { middlewareStack } = client
          const concat = middlewareStack.concat.bind(middlewareStack)
          Object.assign(middlewareStack, {
            concat: (...args: Parameters<typeof concat>) => {
              seen()
              return concat(...args)
            },
          })
        },
      ],
    ]
    for (const [what, change] of changes) {
      it(`${what} sees every request`, async () => {
        const { client, stream, handler } = setUp()
        await put(stream)
        await put(stream)
        let seen = 0
        change(client, () => seen++)
        for (let i = 0; i < 3; i++) await put(stream)
        assert.equal(seen, 3)
        assert.equal(handler.requests.length, 5)
      })
    }

    it('a wrapped prototype, and not any more when that is undone', async () => {
      const { client } = setUp()
      assert.ok(FastKinesisClient.isOne(client) && client.shortWayPossible)
      const { prototype } = KinesisClient
      const send: unknown = Reflect.get(prototype, 'send')
      Object.assign(prototype, { send: () => Promise.resolve({}) })
      try {
        assert.equal(client.shortWayPossible, false)
      } finally {
        Reflect.deleteProperty(prototype, 'send')
      }
      assert.equal(Reflect.get(prototype, 'send'), send)
      assert.equal(client.shortWayPossible, true)
    })
  })
})

describe('credentials that the service refuses', () => {
  for (const name of [
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'InvalidSignatureException',
  ]) {
    for (const warm of [true, false]) {
      it(`are asked for afresh: ${name}, ${warm ? 'later' : 'at first'}`, async () => {
        let asked = 0
        const credentials = async () => ({ ...CREDENTIALS, accessKeyId: `KEY${++asked}` })
        const { handler, stream } = setUp({ credentials })
        if (warm) await put(stream)
        handler.answer = () => serviceAnswer(name)
        await assert.rejects(put(stream), { name })
        assert.equal(asked, 1)
        handler.answer = undefined
        await put(stream)
        await put(stream)
        assert.equal(asked, 2)
        assert.match(handler.requests.at(-1)?.headers['authorization'] ?? '', /Credential=KEY2\//)
      })
    }
  }

  it('are not asked for after other errors', async () => {
    let asked = 0
    const { handler, stream } = setUp({ credentials: async () => (asked++, CREDENTIALS) })
    handler.answer = () => serviceAnswer('ProvisionedThroughputExceededException')
    await assert.rejects(put(stream))
    await assert.rejects(put(stream))
    assert.equal(asked, 1)
  })

  it('go on being asked for while their provider fails', async () => {
    let asked = 0
    const credentials = async () => {
      if (++asked === 2) throw new Error('the vault is sealed')
      return CREDENTIALS
    }
    const { handler, stream } = setUp({ credentials })
    handler.answer = () => serviceAnswer('ExpiredTokenException')
    await assert.rejects(put(stream))
    handler.answer = undefined
    await assert.rejects(put(stream), (error: unknown) => {
      assert.equal(classifyRequestError(error).ambiguous, false)
      return /sealed/.test(String(error))
    })
    await put(stream)
    assert.equal(asked, 3)
  })
})
