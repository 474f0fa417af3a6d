import assert from 'node:assert/strict'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import {
  BatchProducer,
  createKinesisClient,
  type KinesisClientLike,
  type ProducerStats,
} from '@kinesis-producer/core'
import { openProducer } from '@kinesis-producer/core/adapter'
import { CapturingHandler } from '../../support/core/capturing-handler.js'
import { settle, TestClock } from '../../support/core/test-clock.js'

const ARN = 'arn:aws:kinesis:eu-west-1:000000000000:stream/s'
const NAMES = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_CONFIG_FILE'] as const

const isUnderWay = ({ delivered, requestErrors }: ProducerStats): boolean =>
  delivered + requestErrors === 0

const setUp = () => {
  const handler = new CapturingHandler()
  const options = {
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    requestHandler: { handle: handler.handle.bind(handler) },
  }
  const send = async (client: KinesisClientLike, stream: string) => {
    const clock = new TestClock()
    const errors: string[] = []
    const nothing = (): void => {}
    const say = (message: string): void => void errors.push(message)
    const producer = new BatchProducer(client, stream, {
      batchSize: 1,
      clock,
      logger: { debug: nothing, info: nothing, warn: say, error: say },
    })
    producer.start()
    await producer.add('x', 'k')
    for (let i = 0; i < 3000 && isUnderWay(producer.stats()); i++) await settle()
    await settle()
    const { paused, delivered } = producer.stats()
    const closing = producer.close(1)
    await clock.advance(1)
    await closing
    return { paused, delivered, errors }
  }
  return { handler, options, send }
}

describe('the region of a client', () => {
  const before = NAMES.map(name => process.env[name])
  beforeEach(() => {
    for (const name of NAMES) Reflect.deleteProperty(process.env, name)
    process.env['AWS_CONFIG_FILE'] = '/dev/null/none'
  })
  afterEach(() => {
    NAMES.forEach((name, i) => {
      const value = before[i]
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    })
  })

  it('is that of the stream’s ARN, if nothing else says it', async () => {
    const { handler, options, send } = setUp()
    const { delivered, errors } = await send(createKinesisClient(options), ARN)
    assert.deepEqual([delivered, errors], [1, []])
    assert.equal(handler.requests[0]?.hostname, '000000000000.data-kinesis.eu-west-1.amazonaws.com')
    assert.match(handler.requests[0]?.headers['authorization'] ?? '', /\/eu-west-1\/kinesis\//)
  })

  it('is AWS_REGION, if that is given', async () => {
    process.env['AWS_REGION'] = 'ap-south-1'
    const { handler, options, send } = setUp()
    await send(createKinesisClient(options), 's')
    assert.equal(handler.requests[0]?.hostname, 'kinesis.ap-south-1.amazonaws.com')
  })

  it('of an adapter is that of streamArn, also where AWS_REGION is another', () => {
    process.env['AWS_REGION'] = 'ap-south-1'
    const opened = openProducer('X', { streamArn: ARN }, [], {})
    opened.release()
    assert.throws(
      () => openProducer('X', { streamArn: ARN, region: 'us-east-1' }, [], {}),
      /^ConfigError: the stream is in region eu-west-1 by its ARN, but the client is for us-east-1: [^.]*$/,
    )
  })

  it('that is given must be that of the ARN', () => {
    const { options } = setUp()
    for (const region of ['eu-west-1', 'fips-eu-west-1', 'eu-west-1-fips'])
      assert.doesNotThrow(() => new BatchProducer(createKinesisClient({ ...options, region }), ARN))
    assert.throws(
      () => new BatchProducer(createKinesisClient({ ...options, region: 'us-east-1' }), ARN),
      { name: 'ConfigError', message: /eu-west-1 .*us-east-1/ },
    )
  })

  const elsewhere: [what: string, make: (options: object) => KinesisClientLike][] = [
    ['a client of the SDK', options => new KinesisClient({ ...options, region: 'us-east-1' })],
    [
      'a region that is a function',
      options => createKinesisClient({ ...options, region: async () => 'us-east-1' }),
    ],
    [
      'AWS_REGION',
      options => {
        process.env['AWS_REGION'] = 'us-east-1'
        return createKinesisClient(options)
      },
    ],
  ]
  for (const [what, make] of elsewhere) {
    it(`that is not the ARN’s pauses with both names, and sends nothing (${what})`, async () => {
      const { handler, options, send } = setUp()
      const { paused, errors } = await send(make(options), ARN)
      assert.equal(paused, true)
      assert.match(errors[0] ?? '', /ConfigError for 1 record .*eu-west-1 by its ARN, .*us-east-1/)
      assert.equal(handler.requests.length, 0)
    })
  }

  it('is that of the first ARN for streams of one client, and no other', async () => {
    const { options, send } = setUp()
    const client = createKinesisClient(options)
    assert.equal((await send(client, ARN)).delivered, 1)
    const { paused, errors } = await send(client, ARN.replace('eu-west-1', 'us-east-1'))
    assert.equal(paused, true)
    assert.match(errors[0] ?? '', /us-east-1 by its ARN, but the client is for eu-west-1/)
  })

  it('must be a text', () => {
    for (const region of ['', 5, {}])
      assert.throws(() => Reflect.apply(createKinesisClient, undefined, [{ region }]), {
        name: 'ConfigError',
        message: /^region must be a string/,
      })
  })
})

describe('a fault in the options of a client', () => {
  const faults: [what: string, options: object, told: RegExp][] = [
    ['an invalid region', { region: 'not a region' }, /RegionInvalid for 1 record .*option region/],
    [
      'an endpoint that is no URL',
      { region: 'us-east-1', endpoint: 'not-a-url' },
      /ERR_INVALID_URL for 1 record .*option endpoint/,
    ],
    [
      'an endpoint that is ruled out',
      { region: 'us-east-1', useFipsEndpoint: true, endpoint: 'http://127.0.0.1:9' },
      /EndpointError for 1 record .*options region and endpoint/,
    ],
    [
      'credentials that nobody provides',
      {
        region: 'us-east-1',
        credentials: () =>
          Promise.reject(
            Object.assign(new Error('no providers'), { name: 'CredentialsProviderError' }),
          ),
      },
      /CredentialsProviderError for 1 record .*no providers: .*option credentials/,
    ],
  ]
  for (const [what, wrong, told] of faults) {
    for (const make of [createKinesisClient, (options: object) => new KinesisClient(options)]) {
      it(`pauses and names the option: ${what} (${make.name || 'KinesisClient'})`, async () => {
        const { options, send } = setUp()
        const { paused, errors } = await send(make({ ...options, ...wrong }), 's')
        assert.equal(paused, true)
        assert.match(errors[0] ?? '', told)
      })
    }
  }

  it('pauses and names the options: a host that does not exist', async () => {
    const { handler, options, send } = setUp()
    handler.answer = () => {
      const message = 'getaddrinfo ENOTFOUND kinesis.us-esat-1.amazonaws.com'
      throw Object.assign(new Error(message), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
    }
    const { paused, errors } = await send(
      createKinesisClient({ ...options, region: 'us-esat-1' }),
      's',
    )
    assert.equal(paused, true)
    assert.match(errors[0] ?? '', /ENOTFOUND for 1 record .*options region and endpoint/)
  })

  it('pauses and names the option: no region at all', async () => {
    const { send } = setUp()
    const client = {
      putRecords: () => Promise.reject(new Error('Region is missing')),
    }
    const { paused, errors } = await send(client, 's')
    assert.equal(paused, true)
    assert.match(errors[0] ?? '', /RegionMissing for 1 record .*missing: .*option region/)
  })
})
