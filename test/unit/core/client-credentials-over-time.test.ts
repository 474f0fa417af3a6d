import assert from 'node:assert/strict'
import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { BatchProducer, createKinesisClient } from '@kinesis-producer/core'
import { type CapturedRequest, CapturingHandler } from '../../support/core/capturing-handler.js'
import { deferred } from '../../support/core/fake-client.js'
import { assertLaw } from '../../support/core/harness.js'
import { settle, TestClock } from '../../support/core/test-clock.js'

type Provider = Extract<KinesisClientConfig['credentials'], (...args: never[]) => unknown>

const KINDS = {
  'the client of createKinesisClient': createKinesisClient,
  'a client of the SDK': (options: KinesisClientConfig) =>
    new KinesisClient({ ...options, maxAttempts: 1 }),
}
const keyOf = ({ headers }: CapturedRequest): string =>
  /Credential=(\w+)\//.exec(headers['authorization'] ?? '')?.[1] ?? ''

for (const [kind, make] of Object.entries(KINDS)) {
  describe(`credentials over time, with ${kind}`, () => {
    const setUp = (credentials: Provider) => {
      const handler = new CapturingHandler()
      const clock = new TestClock()
      const client = make({
        region: 'us-east-1',
        endpoint: 'http://localhost',
        credentials,
        requestHandler: { handle: handler.handle.bind(handler) },
      })
      const producer = new BatchProducer(client, 's', { batchSize: 1, clock, logger: false })
      producer.start()
      /** Lets time pass until so many records are delivered. */
      const delivered = async (count: number): Promise<void> => {
        for (let i = 0; i < 500 && producer.stats().delivered < count; i++) {
          await settle()
          await clock.advance(200)
        }
        assert.equal(producer.stats().delivered, count)
      }
      const end = async (count: number): Promise<void> => {
        await delivered(count)
        await producer.close()
        assertLaw(producer)
        const { dropped, possibleDuplicates } = producer.stats()
        assert.deepEqual([dropped, possibleDuplicates], [0, 0])
      }
      return { handler, clock, producer, delivered, end }
    }

    it('lose nothing when they end, again and again', async () => {
      let valid = 1
      const { handler, producer, delivered, end } = setUp(async () => ({
        accessKeyId: `KEY${valid}`,
        secretAccessKey: 's',
        sessionToken: `T${valid}`,
      }))
      const stores = new CapturingHandler()
      const refused: string[] = []
      handler.answer = async request => {
        if (keyOf(request) === `KEY${valid}`) {
          const { response } = await stores.handle(request)
          return { body: Reflect.get(response, 'body') }
        }
        refused.push(keyOf(request))
        return { status: 400, body: '{"__type":"ExpiredTokenException","message":"expired"}' }
      }
      for (let i = 0; i < 12; i++) {
        if (i % 4 === 3) valid++
        await producer.add(`r${i}`)
        await delivered(i + 1)
      }
      await end(12)
      assert.deepEqual([...new Set(refused)], ['KEY1', 'KEY2', 'KEY3'])
    })

    it('only delay when their provider throws', async () => {
      let asked = 0
      const { producer, end } = setUp(async () => {
        if (++asked <= 3) throw new Error('the vault is sealed')
        return { accessKeyId: 'a', secretAccessKey: 's' }
      })
      for (let i = 0; i < 20; i++) await producer.add(`r${i}`)
      await end(20)
      assert.ok(asked >= 4)
    })

    it('only delay when their provider takes 10 s', async () => {
      const { promise, resolve } = deferred<{ accessKeyId: string; secretAccessKey: string }>()
      const { handler, clock, producer, end } = setUp(() => promise)
      for (let i = 0; i < 20; i++) await producer.add(`r${i}`)
      await clock.advance(10_000)
      assert.equal(handler.requests.length, 0)
      resolve({ accessKeyId: 'a', secretAccessKey: 's' })
      await end(20)
      assert.equal(producer.stats().requestErrors, 0)
    })
  })
}
