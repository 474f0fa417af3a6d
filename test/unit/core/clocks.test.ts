import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { BatchProducer, type Clock, ConfigError } from '@kinesis-producer/core'
import { nextTurn } from '@kinesis-producer/core/internal/time/next-turn'
import FakeTimers from '@sinonjs/fake-timers'
import { FakeClient } from '../../support/core/fake-client.js'

/** Lets everything happen that needs no time, with no timer of the process. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await nextTurn()
}

/** One record waits for the interval, fails once, waits for the backoff, and is delivered. */
const deliverOne = async (clock: Clock | undefined, tick: (ms: number) => void): Promise<void> => {
  const client = new FakeClient()
  client.handler = request => {
    if (client.calls.length === 1) throw new Error('the first request fails')
    return client.store(request)
  }
  const producer = new BatchProducer(client, 's', {
    clock,
    random: () => 0.99,
    batchSize: 10,
    flushInterval: 1000,
    logger: false,
  })
  producer.start()
  await producer.add('a', 'k')
  const requests: number[] = []
  for (const ms of [990, 10, 20, 40]) {
    tick(ms)
    await settle()
    requests.push(client.calls.length)
  }
  assert.deepEqual(requests, [0, 1, 1, 2])
  assert.deepEqual(client.stored, ['a'])
  const flushed = producer.flush(500)
  await settle()
  assert.deepEqual(await flushed, { sent: 0, remaining: 0 })
  await producer.close()
}

describe('a producer', () => {
  it('works with a clock that has only setTimeout and clearTimeout', async () => {
    const fake = FakeTimers.createClock()
    const numbers = new Map<number, ReturnType<typeof fake.setTimeout>>()
    const clock: Clock = {
      setTimeout: (callback, ms) => {
        numbers.set(numbers.size, fake.setTimeout(callback, ms))
        return numbers.size - 1
      },
      clearTimeout: (timer: number) => {
        const id = numbers.get(timer)
        if (id !== undefined) fake.clearTimeout(id)
      },
    }
    await deliverOne(clock, ms => fake.tick(ms))
    assert.equal(fake.countTimers(), 0)
  })

  it('works with a clock object of sinon as it is', async () => {
    const clock = FakeTimers.createClock(1_000_000)
    await deliverOne(clock, ms => clock.tick(ms))
    assert.equal(clock.countTimers(), 0)
  })

  it('works while sinon fakes all timers of the process', async () => {
    const clock = FakeTimers.install()
    try {
      await deliverOne(undefined, ms => clock.tick(ms))
    } finally {
      clock.uninstall()
    }
  })

  it('works while node:test mocks setTimeout and setImmediate', async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
    try {
      await deliverOne(undefined, ms => mock.timers.tick(ms))
    } finally {
      mock.timers.reset()
    }
  })

  it('refuses a clock that cannot set a timer', () => {
    for (const text of ['{}', '{"setTimeout":5}', '7', '[]']) {
      assert.throws(
        () => new BatchProducer(new FakeClient(), 's', { clock: JSON.parse(text) }),
        (error: unknown) => error instanceof ConfigError && error.message.includes('clock'),
        text,
      )
    }
  })
})
