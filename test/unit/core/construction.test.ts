import assert from 'node:assert/strict'
import { Kinesis, KinesisClient } from '@aws-sdk/client-kinesis'
import {
  BatchProducer,
  ConfigError,
  DEFAULT_CONFIG,
  MAX_KINESIS_BATCH_SIZE,
  type ProducerConfig,
} from '@kinesis-producer/core'
import { FakeClient } from '../../support/core/fake-client.js'

const make = (config: unknown) => new BatchProducer(new FakeClient(), 's', config as ProducerConfig)
const refuses = (config: unknown, message: RegExp) =>
  assert.throws(
    () => make(config),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError)
      assert.equal(error.code, 'CONFIG')
      assert.equal(error.retryable, false)
      assert.match(error.message, message)
      return true
    },
  )

describe('constructing a producer', () => {
  it('accepts good values and does nothing until it is started', () => {
    const client = new FakeClient()
    const producer = new BatchProducer(client, 's', {
      batchSize: 500,
      bufferSize: 500,
      flushInterval: 50,
    })
    assert.equal(producer.stats().state, 'idle')
    assert.deepEqual(client.calls, [])
  })

  it('has the values of the Go package batchproducer as its defaults, frozen', () => {
    assert.deepEqual(DEFAULT_CONFIG, {
      addBlocksWhenBufferFull: false,
      batchSize: 10,
      bufferSize: 10_000,
      flushInterval: 1000,
      maxAttemptsPerRecord: 10,
      statInterval: 1000,
    })
    assert.ok(Object.isFrozen(DEFAULT_CONFIG))
    assert.equal(MAX_KINESIS_BATCH_SIZE, 500)
  })

  it('refuses a batchSize outside 1..500', () => {
    refuses({ batchSize: 1000 }, /batchSize must be between 1 and 500, not 1000/)
    refuses({ batchSize: 0 }, /between 1 and 500/)
    refuses({ batchSize: -1 }, /between 1 and 500/)
  })

  it('refuses a buffer smaller than a batch without an interval, and accepts it with one', () => {
    refuses({ batchSize: 10, bufferSize: 5, flushInterval: 0 }, /would block forever/i)
    assert.doesNotThrow(() => make({ batchSize: 10, bufferSize: 5, flushInterval: 50 }))
  })

  it('refuses a flushInterval between 0 and 50 ms', () => {
    refuses({ flushInterval: 10 }, /flushInterval must be 0 .* or at least 50 ms, not 10/)
    assert.doesNotThrow(() => make({ flushInterval: 0 }))
  })

  it('refuses unknown keys and guesses what was meant', () => {
    refuses({ batchsize: 10 }, /no option "batchsize"; did you mean "batchSize"\?/)
    refuses({ zzzzzzzzzzzz: 1 }, /no option "zzzzzzzzzzzz"; the options are .*batchSize/)
  })

  it('refuses wrong types, naming the option and the value', () => {
    refuses({ batchSize: '10' }, /batchSize must be a whole number, not "10"/)
    refuses({ bufferSize: Number.NaN }, /bufferSize must be a whole number, not NaN/)
    refuses({ flushInterval: 1.5 }, /flushInterval must be a whole number, not 1.5/)
    refuses(
      { addBlocksWhenBufferFull: 'yes' },
      /addBlocksWhenBufferFull must be true or false, not "yes"/,
    )
    refuses(
      { whenFull: 'explode' },
      /whenFull must be one of rejectThenDropBatch, waitThenDropBatch, reject, wait, dropOldest, dropNewest, not "explode"/,
    )
    refuses({ logger: {} }, /logger must have the method debug\(\)/)
    refuses({ statReceiver: { receive: 1 } }, /statReceiver must have the method receive\(\)/)
    refuses({ onDrop: 'me' }, /onDrop must be a function, not "me"/)
    refuses({ recordTtl: -1 }, /recordTtl must be at least 0/)
    refuses(
      { packing: { kind: 'zip' } },
      /packing.kind must be one of none, concat, kpl, not "zip"/,
    )
    refuses({ packing: { kind: 'none', max: 1 } }, /packing has no option "max"/)
    refuses(null, /ProducerConfig must be an object, not null/)
    refuses([], /ProducerConfig must be an object, not an array/)
  })

  it('refuses two options that say the same thing, naming both', () => {
    refuses(
      { addBlocksWhenBufferFull: true, whenFull: 'wait' },
      /addBlocksWhenBufferFull and whenFull/,
    )
  })

  it('refuses a buffer that could never hold a record', () => {
    refuses({ bufferBytes: 1000 }, /bufferBytes 1000 is less than maxRecordBytes 1048576/)
    assert.doesNotThrow(() => make({ bufferBytes: 1000, maxRecordBytes: 1000 }))
  })

  it('leaves the caller’s object alone and keeps no tie to it', () => {
    const config = Object.freeze({ batchSize: 5 })
    assert.doesNotThrow(() => make(config))
  })

  it('takes a KinesisClient, a Kinesis and a hand-made client, and nothing else', () => {
    const options = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }
    for (const client of [new KinesisClient(options), new Kinesis(options), new FakeClient()]) {
      assert.doesNotThrow(() => new BatchProducer(client, 's'))
    }
    for (const client of [undefined, null, {}, 'client', { putRecords: 1 }]) {
      assert.throws(() => new BatchProducer(client as never, 's'), /client must be a KinesisClient/)
    }
  })

  it('takes a stream by name or ARN, and refuses what is neither', () => {
    for (const stream of ['a-b_c.1', 'arn:aws:kinesis:us-east-1:123456789012:stream/x']) {
      assert.doesNotThrow(() => new BatchProducer(new FakeClient(), stream))
    }
    for (const stream of ['', 'no spaces', 'arn:aws:s3:::bucket', undefined, 'x'.repeat(129)]) {
      assert.throws(
        () => new BatchProducer(new FakeClient(), stream as never),
        /stream must be a name/,
      )
    }
  })
})
