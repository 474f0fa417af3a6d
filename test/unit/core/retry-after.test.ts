import assert from 'node:assert/strict'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { noteRetryAfter, retryAfterOf } from '@kinesis-producer/core/internal/client/retry-after'
import { CapturingHandler } from '../../support/core/capturing-handler.js'
import { assertLaw, createHarness } from '../../support/core/harness.js'
import { settle, TestClock } from '../../support/core/test-clock.js'

const response = (value: string, statusCode = 429, extra: object = {}) => ({
  statusCode,
  headers: { 'retry-after': value, ...extra },
})
const asked = (value: string, statusCode = 429, extra: object = {}): number =>
  retryAfterOf({ $response: response(value, statusCode, extra) })

describe('what a response asks to wait', () => {
  it('is a number of seconds', () => {
    assert.equal(asked('7'), 7000)
    assert.equal(asked(' 0.5 ', 503), 500)
    assert.equal(asked('0'), 0)
  })

  it('is a date, by the clock of who sent it', () => {
    const until = 'Wed, 21 Oct 2015 07:28:10 GMT'
    assert.equal(asked(until, 503, { date: 'Wed, 21 Oct 2015 07:28:00 GMT' }), 10_000)
    assert.equal(asked(until, 503, { date: 'Wed, 21 Oct 2015 07:29:00 GMT' }), 0)
    assert.equal(asked(until), 0, 'long past by our own')
    const soon = asked(new Date(Date.now() + 3_600_000).toUTCString(), 429, { date: 'nonsense' })
    assert.ok(soon > 3_500_000 && soon <= 3_600_000, String(soon))
  })

  for (const value of ['', 'soon', '-5', '1e3', 'Infinity', '0x10', '9'.repeat(400)])
    it(`is nothing if it says ${JSON.stringify(value.slice(0, 10))}`, () => {
      assert.equal(asked(value), 0)
    })

  it('counts with the statuses 429 and 503 alone, under a name in any case', () => {
    for (const status of [200, 301, 400, 403, 500, 502, 504]) assert.equal(asked('7', status), 0)
    const odd = { $response: { statusCode: 503, headers: { 'Retry-After': '7' } } }
    assert.equal(retryAfterOf(odd), 7000)
    for (const error of [undefined, 5, 'x', {}, { $response: { statusCode: 429 } }])
      assert.equal(retryAfterOf(error), 0)
  })

  it('is remembered of an error that keeps no response', () => {
    const error = new Error('x')
    noteRetryAfter(error, response('3'))
    assert.equal(retryAfterOf(error), 3000)
    assert.doesNotThrow(() => noteRetryAfter('text', response('3')))
  })
})

describe('a producer that is asked to wait', () => {
  const kinds = {
    sdk: (options: object) => new KinesisClient({ ...options, maxAttempts: 1 }),
    'createKinesisClient, the first request': (options: object) => createKinesisClient(options),
    'createKinesisClient, the short way': (options: object) => createKinesisClient(options),
  }
  for (const [kind, make] of Object.entries(kinds)) {
    for (const status of [429, 503]) {
      it(`sends nothing until then (${kind}, ${status})`, async () => {
        const handler = new CapturingHandler()
        const clock = new TestClock()
        const client = make({
          region: 'us-east-1',
          endpoint: 'http://localhost',
          credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
          requestHandler: { handle: handler.handle.bind(handler) },
        })
        const producer = new BatchProducer(client, 's', { clock, logger: false, batchSize: 1 })
        const sent = async (count: number): Promise<void> => {
          for (let i = 0; i < 3000 && handler.requests.length < count; i++) await settle()
          await settle()
          assert.equal(handler.requests.length, count)
        }
        producer.start()
        let before = 0
        if (kind.endsWith('short way')) {
          await producer.add('warm')
          await sent(++before)
        }
        handler.answer = () => ({ status, headers: { 'retry-after': '30' }, body: 'busy' })
        await producer.add('x')
        await sent(before + 1)
        handler.answer = undefined
        await clock.advance(29_900)
        await sent(before + 1)
        await clock.advance(200)
        await sent(before + 2)
        await producer.close()
        assert.equal(producer.stats().delivered, before + 1)
        assertLaw(producer)
      })
    }
  }

  it('waits a minute at most, however long it is asked to', async () => {
    let requests = 0
    const { producer, client, clock } = createHarness({ batchSize: 1 })
    client.handler = request => {
      if (++requests > 1) return client.store(request)
      throw Object.assign(new Error('busy'), { $response: response('86400', 503) })
    }
    producer.start()
    await producer.add('x')
    await clock.advance(59_900)
    assert.equal(requests, 1)
    await clock.advance(200)
    assert.equal(producer.stats().delivered, 1)
    await producer.close()
  })

  it('stops within the deadline of close all the same', async () => {
    const { producer, client, clock } = createHarness({ batchSize: 1 })
    client.handler = () => {
      throw Object.assign(new Error('busy'), { $response: response('50', 503) })
    }
    producer.start()
    await producer.add('x')
    await clock.advance(10)
    const closing = producer.close(1000)
    await clock.advance(1000)
    const { leftover } = await closing
    assert.equal(leftover.length, 1)
  })
})
