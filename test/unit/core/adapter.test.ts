import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  BufferFullError,
  ClosedError,
  DeliveryError,
  InvalidRecordError,
  NotRunningError,
  OPTION_NAMES,
  type ProducerConfig,
  RecordTooLargeError,
} from '@kinesis-producer/core'
import * as adapter from '@kinesis-producer/core/adapter'
import {
  ConfigError,
  checkHashKey,
  checkInteger,
  checkMilliseconds,
  checkOptionNames,
  checkPartitionKey,
  checkText,
  LogKeys,
  LossTally,
  lossReasonOf,
  lossReasonOfError,
  lossSentence,
  offer,
  openProducer,
  RETRY_DEFAULTS,
  WarningLimiter,
} from '@kinesis-producer/core/adapter'
import * as rules from '@kinesis-producer/core/adapter/rules'
import fc from 'fast-check'
import { FakeClient } from '../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness } from '../../support/core/harness.js'

const refusals = (config: ProducerConfig = {}) => {
  const harness = createHarness({ batchSize: 500, bufferSize: 500, ...config })
  harness.producer.start()
  return harness
}

describe('offer', () => {
  it('says admitted, and then the record is delivered like any other', async () => {
    const { producer, client } = refusals()
    assert.equal(offer(producer, 'text', 'key'), 'admitted')
    assert.equal(offer(producer, Buffer.from('bytes')), 'admitted')
    await producer.close()
    assert.deepEqual(client.stored.toSorted(), ['bytes', 'text'])
    assertLaw(producer)
  })

  for (const whenFull of ['reject', 'wait'] as const)
    it(`says full when there is no capacity (${whenFull}), and counts it as refused`, async () => {
      const { producer } = refusals({ whenFull, batchSize: 2, bufferSize: 2 })
      assert.equal(offer(producer, '1'), 'admitted')
      assert.equal(offer(producer, '2'), 'admitted')
      assert.equal(offer(producer, '3'), 'full')
      assert.equal(producer.stats().refused, 1)
      assert.equal(producer.stats().waiting, 0)
      await producer.close()
      assertLaw(producer)
    })

  it('never says full where the policy is to drop', async () => {
    const { producer, dropped } = refusals({ whenFull: 'dropOldest', batchSize: 2, bufferSize: 2 })
    for (const text of ['1', '2', '3']) assert.equal(offer(producer, text), 'admitted')
    await producer.close()
    assert.ok(dropped.every(({ reason }) => reason === 'bufferFull'))
    assertLaw(producer)
  })

  it('says tooLarge, which is the caller’s to settle: neither counted nor logged', async () => {
    const { producer, log } = refusals({ maxRecordBytes: 100 })
    assert.equal(offer(producer, 'x'.repeat(100), 'k'), 'tooLarge')
    assert.equal(offer(producer, 'x'.repeat(99), 'k'), 'admitted')
    await producer.close()
    assert.equal(producer.stats().refused, 0)
    assert.deepEqual(
      log.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    )
  })

  it('says invalid for a wrong type, key or hash key, counts it and logs why', async () => {
    const { producer, log } = refusals()
    assert.equal(offer(producer, 5 as never), 'invalid')
    assert.equal(offer(producer, 'x', ''), 'invalid')
    assert.equal(offer(producer, 'x', 'k'.repeat(257)), 'invalid')
    assert.equal(offer(producer, 'x', 'k', { explicitHashKey: '-1' }), 'invalid')
    assert.equal(producer.stats().refused, 4)
    await producer.close()
    assert.ok(log.some(({ message }) => /data must be a string, a Uint8Array/.test(message)))
  })

  it('says notRunning before the start, after a stop and after the end', async () => {
    const { producer } = createHarness()
    assert.equal(offer(producer, 'x'), 'notRunning')
    producer.start()
    await producer.stop()
    assert.equal(offer(producer, 'x'), 'notRunning')
    await producer.close()
    assert.equal(offer(producer, 'x'), 'notRunning')
    assert.equal(producer.stats().refused, 3)
  })
})

describe('openProducer', () => {
  const open = (options: object, defaults: ProducerConfig = {}) =>
    openProducer('my-adapter', options, ['own'], defaults)
  const client = new FakeClient()

  it('takes undefined and null for an option that is not given', async () => {
    const names = [...OPTION_NAMES, 'own', 'region', 'endpoint', 'credentials']
    for (const absent of [undefined, null]) {
      const nothing = Object.fromEntries(names.map(name => [name, absent]))
      const { producer, stream } = open({
        ...nothing,
        streamName: 's',
        streamArn: absent,
        wireFormat: absent,
        client,
      })
      assert.equal(stream, 's')
      await producer.close()
    }
  })

  it('lets the adapter’s defaults stand where nothing is given, and only there', async () => {
    for (const [given, admitted] of [
      [null, 2],
      [1, 1],
    ] as const) {
      const { producer } = open(
        { streamName: 's', client, logger: false, bufferSize: given },
        { bufferSize: 2, batchSize: 500, whenFull: 'reject' },
      )
      producer.start()
      const results = ['1', '2', '3'].map(text => offer(producer, text))
      assert.equal(results.filter(result => result === 'admitted').length, admitted)
      await producer.close()
    }
  })

  it('lets a user give addBlocksWhenBufferFull over a default of whenFull', async () => {
    for (const addBlocksWhenBufferFull of [true, false]) {
      const { producer } = open(
        { streamName: 's', client, addBlocksWhenBufferFull },
        { whenFull: 'dropOldest' },
      )
      await producer.close()
    }
    assert.throws(
      () => open({ streamName: 's', client, addBlocksWhenBufferFull: true, whenFull: 'wait' }),
      /give only one of the two/,
    )
  })

  it('refuses what is wrong in one sentence that names the option and the way out', () => {
    for (const [options, message] of [
      [undefined, /^my-adapter must be an object, not undefined$/],
      [{}, /^my-adapter needs streamName \(or streamArn\)/],
      [{ streamName: 's', streamArn: 'a' }, /give streamName or streamArn, not both/],
      [{ streamName: 5 }, /my-adapter: streamName must be a string of 1 to 2048 characters, not 5/],
      [{ streamName: 's', client, owm: 1 }, /no option "owm"; did you mean "own"\?/],
      [{ streamName: 's', region: {} }, /region must be a string .*, not an object/],
      [{ streamName: 's', endpoint: 'nowhere' }, /endpoint must be a URL such as .*"nowhere"/],
      [{ streamName: 's', wireFormat: 'xml' }, /wireFormat must be one of json, cbor, not "xml"/],
      [{ streamName: 's', region: 'r', client }, /region and client cannot be given together/],
      [
        { streamName: 's', client, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
        /credentials and client cannot be given together/,
      ],
    ] as const)
      assert.throws(
        () => open(options as never),
        (error: unknown) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, message)
          return true
        },
      )
  })

  it('never shows what is in credentials', () => {
    for (const credentials of [
      'AKIASECRET',
      { accessKeyId: 'AKIASECRET' },
      { accessKeyId: 'AKIASECRET', secretAccessKey: 7 },
      { accessKeyId: 'AKIASECRET', secretAccessKey: 'AKIASECRET', sessionToken: {} },
    ])
      assert.throws(
        () => open({ streamName: 's', credentials }),
        (error: unknown) =>
          error instanceof ConfigError &&
          /credentials must hold accessKeyId and secretAccessKey/.test(error.message) &&
          !error.message.includes('AKIASECRET'),
      )
  })
})

describe('the checks of options', () => {
  it('name the option, say what is allowed, and show short plain values only', () => {
    const secret = 's'.repeat(100)
    for (const [check, message] of [
      [() => checkText('a: x', '', 5), 'a: x must be a string of 1 to 5 characters, not ""'],
      [
        () => checkText('a: x', 'toolong', 5),
        'a: x must be a string of 1 to 5 characters, not "toolong"',
      ],
      [
        () => checkText('a: x', secret, 5),
        'a: x must be a string of 1 to 5 characters, not a string of 100 characters',
      ],
      [
        () => checkText('a: x', { password: 1 }, 5),
        'a: x must be a string of 1 to 5 characters, not an object',
      ],
      [() => checkInteger('a: x', 1.5, 0, 9), 'a: x must be a whole number, not 1.5'],
      [() => checkInteger('a: x', 10, 0, 9), 'a: x must be between 0 and 9, not 10'],
      [
        () => checkMilliseconds('a: x', '5', 1),
        'a: x must be a whole number of milliseconds, 1 to 2147483647, not "5"',
      ],
      [
        () => checkMilliseconds('a: x', 0, 1),
        'a: x must be a whole number of milliseconds, 1 to 2147483647, not 0',
      ],
      [
        () => checkMilliseconds('a: x', 2 ** 31, 0),
        'a: x must be a whole number of milliseconds, 0 to 2147483647, not 2147483648',
      ],
      [
        () => checkHashKey('a: x', '0x1'),
        'a: x must be a decimal number below 2^128, in a string, not "0x1"',
      ],
      [
        () => checkHashKey('a: x', String(2n ** 128n)),
        `a: x must be a decimal number below 2^128, in a string, not "${2n ** 128n}"`,
      ],
    ] as const)
      assert.throws(check, { name: 'ConfigError', message })
    assert.equal(checkMilliseconds('x', 2 ** 31 - 1, 1), 2 ** 31 - 1)
    assert.equal(checkHashKey('x', String(2n ** 128n - 1n)), String(2n ** 128n - 1n))
  })

  it('take undefined and null for nothing', () => {
    for (const absent of [undefined, null]) {
      assert.equal(checkText('x', absent, 5), undefined)
      assert.equal(checkHashKey('x', absent), undefined)
    }
  })

  it('refuse names that nobody has, with those of the producer and the adapter as hints', () => {
    assert.throws(() => checkOptionNames('a', { batchsize: 1 }, []), /did you mean "batchSize"\?/)
    assert.throws(() => checkOptionNames('a', { myOptin: 1 }, ['myOption']), /"myOption"\?/)
    assert.throws(() => checkOptionNames('a', ['x'], []), /a must be an object, not an array/)
    checkOptionNames('a', { myOption: 1, streamArn: 2, whenFull: 3 }, ['myOption'])
  })

  it('give a partition key as text that can be sent, or name the option', () => {
    assert.equal(checkPartitionKey('a: key', 'k😀'), 'k😀')
    assert.equal(checkPartitionKey('a: key', null), undefined)
    for (const wrong of ['\ud83d', 'k\ude00', '\ude00\ud83d'])
      assert.throws(
        () => checkPartitionKey('a: key', wrong),
        (error: unknown) =>
          error instanceof ConfigError &&
          error.message.startsWith('a: key must be well-formed text'),
      )
    assert.throws(() => checkPartitionKey('a: key', 'k'.repeat(257)), /1 to 256 characters/)
  })

  it('bound a record’s own failures by time', () => {
    assert.deepEqual(RETRY_DEFAULTS, {
      retryTimeout: 600_000,
      maxAttemptsPerRecord: Number.MAX_SAFE_INTEGER,
    })
  })
})

describe('partition keys drawn from logs', () => {
  const draw = () => {
    const told: string[] = []
    const state = { now: 0, repaired: 0 }
    const keys = new LogKeys({
      where: 'a',
      warn: message => void told.push(message),
      repaired: () => state.repaired++,
      now: () => state.now,
    })
    return { keys, told, state }
  }

  it('are made of text, numbers and booleans, cut to 256 characters', () => {
    const { keys, state } = draw()
    assert.equal(keys.from('k'.repeat(300)), 'k'.repeat(256))
    assert.deepEqual([keys.from(0), keys.from(false)], ['0', 'false'])
    for (const none of ['', null, undefined, {}, ['a'], Symbol('s'), 1n])
      assert.equal(keys.from(none), undefined)
    assert.equal(state.repaired, 0)
  })

  it('are not cut through a character', () => {
    const { keys, state } = draw()
    assert.equal(keys.from(`${'k'.repeat(255)}😀`), 'k'.repeat(255))
    assert.equal(keys.from(`${'k'.repeat(254)}😀😀`), `${'k'.repeat(254)}😀`)
    assert.equal(keys.from('😀'.repeat(200)), '😀'.repeat(128))
    assert.equal(state.repaired, 0)
  })

  it('are repaired where they are no text, counted each time and told from time to time', () => {
    const { keys, told, state } = draw()
    assert.equal(keys.from('a\ud83d'), 'a\ufffd')
    assert.equal(keys.from('\ude00\ud83d'), '\ufffd\ufffd')
    assert.equal(keys.from('x'.repeat(255) + '\ud83dyz'), 'x'.repeat(255) + '\ufffd')
    assert.equal(state.repaired, 3)
    assert.deepEqual(told, [
      'a: a partition key held half of a surrogate pair, which no UTF-8 has; U+FFFD is sent in its place',
    ])
    state.now = 3_600_000
    keys.from('\ud800')
    assert.match(told[1] ?? '', /\(and 2 more like it since the last message\)$/)
  })

  it('are never refused by a producer', async () => {
    const { keys } = draw()
    const { producer } = refusals()
    const parts = fc.constantFrom('a', 'ü', '€', '😀', '\ud83d', '\ude00', '\0', 'k'.repeat(85))
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), texts => {
        const key = keys.from(texts.join(''))
        assert.equal(offer(producer, 'x', key), 'admitted')
        assert.ok(key === undefined || Buffer.from(key).toString() === key)
      }),
      { numRuns: 300 },
    )
    await producer.close()
    assertLaw(producer)
  })
})

describe('the sentence about losses', () => {
  const report = (losses: LossTally, more: object = {}) =>
    lossSentence({ where: 'a', stream: 's', unit: ['log', 'logs'], losses, ...more })

  it('is not said when nothing was lost', () => {
    const losses = new LossTally()
    losses.add('closed', 0)
    assert.equal(report(losses, { notes: ['x'] }), undefined)
  })

  it('counts what was lost by reason, and says how each ended', () => {
    const losses = new LossTally()
    losses.add('closed', 2)
    losses.add('bufferFull')
    losses.add('closed')
    losses.add('notRunning')
    assert.equal(losses.count, 5)
    assert.deepEqual(losses.reasons(), { closed: 3, bufferFull: 1, notRunning: 1 })
    assert.equal(
      report(losses),
      'a for Kinesis stream s: 5 logs lost: 3 not delivered in time, 1 dropped (bufferFull), 1 refused (notRunning)',
    )
    losses.clear()
    assert.deepEqual([losses.count, losses.reasons()], [0, {}])
  })

  it('speaks of one as of one, and calls lost only what is not kept elsewhere', () => {
    const losses = new LossTally()
    losses.add('retryTimeout')
    assert.equal(
      report(losses, { kept: 1, notes: ['it is in f', 'see there'] }),
      'a for Kinesis stream s: 1 log not delivered: 1 dropped (retryTimeout); it is in f; see there',
    )
    losses.add('tooLarge')
    assert.match(report(losses, { kept: 1 }) ?? '', /2 logs lost: /)
  })

  it('has one name for a reason, however it became known', () => {
    assert.deepEqual((['full', 'tooLarge', 'invalid', 'notRunning'] as const).map(lossReasonOf), [
      'bufferFull',
      'tooLarge',
      'invalid',
      'notRunning',
    ])
    for (const [error, reason] of [
      [new DeliveryError('retryTimeout', 'x', [], false, undefined), 'retryTimeout'],
      [new DeliveryError('closed', 'x', [], false, undefined), 'closed'],
      [new BufferFullError('x'), 'bufferFull'],
      [new RecordTooLargeError(2, 1), 'tooLarge'],
      [new NotRunningError('x'), 'notRunning'],
      [new ClosedError('add()'), 'notRunning'],
      [new InvalidRecordError('x'), 'invalid'],
      [new Error('x'), 'invalid'],
    ] as const)
      assert.equal(lossReasonOfError(error), reason)
  })
})

describe('the limiter of warnings', () => {
  it('lets one of a kind pass in 30 s and says how many it held back', () => {
    let now = 0
    const limiter = new WarningLimiter(() => now)
    assert.equal(limiter.allows('a'), 0)
    assert.equal(limiter.allows('b'), 0)
    assert.equal(limiter.allows('a'), undefined)
    assert.equal(limiter.allows('a', 4), undefined)
    now = 30_000
    assert.equal(limiter.allows('a'), 5)
  })
})

describe('the rules of adapters', () => {
  it('are all in the entry for adapters too', () => {
    for (const [name, value] of Object.entries(rules))
      assert.equal(Reflect.get(adapter, name), value, name)
  })

  it('load no AWS SDK', () => {
    const code = `require('@kinesis-producer/core/adapter/rules')
      console.log(Object.keys(require.cache).filter(file => /aws-sdk|smithy/.test(file)).length)`
    assert.equal(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).trim(), '0')
  })
})

describe('records of an adapter', () => {
  it('that keep failing by themselves are dropped by time, not after ten tries', async () => {
    const { producer, client, clock, dropped } = createHarness({
      ...RETRY_DEFAULTS,
      flushInterval: 100,
    })
    client.handler = request =>
      client.store(request, text => (text === 'r0' ? 'InternalFailure' : undefined))
    producer.start()
    await addMany(producer, 2)
    for (let i = 0; i < 50; i++) await clock.advance(10_000)
    assert.ok(client.calls.length > 11, `${client.calls.length} requests`)
    assert.deepEqual(dropped, [])
    for (let i = 0; i < 20; i++) await clock.advance(10_000)
    assert.deepEqual(
      dropped.map(({ reason }) => reason),
      ['retryTimeout'],
    )
    await producer.close()
    assertLaw(producer)
  })
})
