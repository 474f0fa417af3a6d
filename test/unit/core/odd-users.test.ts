import assert from 'node:assert/strict'
import { boundedWords } from '@kinesis-producer/core/internal/errors/bounded-words'
import { serviceError } from '../../support/core/fake-client.js'
import { assertLaw, createHarness } from '../../support/core/harness.js'

/** What JavaScript lets one throw, and no words can be made of the usual way. */
const ODD: readonly (readonly [name: string, value: () => unknown])[] = [
  ['an object without a prototype', () => Object.create(null)],
  [
    'an error whose message is a symbol',
    () => Object.assign(new Error('x'), { message: Symbol('m') }),
  ],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
  ],
  ['a symbol', () => Symbol('s')],
  ['nothing', () => undefined],
]

describe('an odd value that is thrown', () => {
  for (const [name, value] of ODD) {
    it(`by callbacks harms nothing: ${name}`, async () => {
      const told: string[] = []
      const { producer, clock, log } = createHarness(
        {
          batchSize: 1,
          flushInterval: 0,
          onDrop: ({ record }) => {
            told.push(String(record.data))
            throw value()
          },
          onRequest: async () => {
            await Promise.resolve()
            throw value()
          },
        },
        () => {
          throw serviceError('ValidationException')
        },
      )
      producer.start()
      for (let i = 0; i < 3; i++) producer.tryAdd(`r${i}`, `k${i}`)
      await clock.advance(1000)
      assert.deepEqual(new Set(told), new Set(['r0', 'r1', 'r2']))
      assert.equal(told.length, 3)
      assert.ok(log.some(({ message }) => message.includes('onDrop threw')))
      assert.ok(log.some(({ message }) => message.includes('onRequest threw')))
      assertLaw(producer)
    })

    it(`can be told: ${name}`, () => assert.equal(typeof boundedWords(value()), 'string'))
  }
})

describe('a client that is the user\u2019s own', () => {
  it('may stop the producer while it is called: no request is left behind', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 1, flushInterval: 0 })
    let then: number | undefined
    client.handler = async request => {
      const stopped = async (): Promise<void> => {
        await producer.stop()
        then = producer.stats().requestsInFlight
      }
      if (client.calls.length === 1) void stopped()
      await new Promise<void>(resolve => void clock.setTimeout(resolve, 100))
      return client.store(request)
    }
    producer.start()
    producer.tryAdd('x', 'k')
    await clock.advance(50)
    assert.equal(then, undefined, 'its request is in flight')
    await clock.advance(100)
    assert.equal(then, 0)
    assert.deepEqual(client.stored, ['x'])
  })

  it('leaves no listener at the signal of many drains', async () => {
    const { producer, clock } = createHarness(
      {
        batchSize: 1,
        flushInterval: 0,
        onDrop: () => new Promise(() => {}),
      },
      () => {
        throw serviceError('ValidationException')
      },
    )
    producer.start()
    producer.tryAdd('x', 'k')
    await clock.advance(10)
    let listeners = 0
    const { signal } = new AbortController()
    const [add, remove] = [
      signal.addEventListener.bind(signal),
      signal.removeEventListener.bind(signal),
    ]
    signal.addEventListener = (type: string, listener: () => void) => {
      listeners++
      add(type, listener)
    }
    signal.removeEventListener = (type: string, listener: () => void) => {
      listeners--
      remove(type, listener)
    }
    for (let i = 0; i < 20; i++) {
      const drain = producer.drain(5, { signal })
      await clock.advance(5)
      await drain
    }
    assert.equal(listeners, 0)
    const close = producer.close(1)
    await clock.advance(5)
    await close
  })
})

describe('a refused Kinesis record of very many user records', () => {
  it('is split in linear time', async function () {
    this.timeout(10_000)
    const { producer, clock, dropped } = createHarness(
      { packing: { kind: 'concat' }, bufferSize: 40_000, batchSize: 1, flushInterval: 0 },
      request => ({
        Records: request.Records.map(({ Data }, i) =>
          Buffer.from(Data).includes('poison')
            ? { ErrorCode: 'ValidationException', ErrorMessage: 'no' }
            : { SequenceNumber: String(i + 1), ShardId: 'shardId-0' },
        ),
      }),
    )
    producer.start()
    for (let i = 0; i < 30_000; i++) producer.tryAdd(i === 7 ? 'poison' : 'x', 'k')
    const drain = producer.drain()
    await clock.advance(10_000)
    await clock.advance(10_000)
    assert.deepEqual(await drain, { sent: 29_999, remaining: 0 })
    assert.equal(dropped.length, 1)
  })
})
