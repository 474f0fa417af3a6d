import assert from 'node:assert/strict'
import { type KinesisOptions, startKinesis, TestKinesis } from '@kinesis-producer/testing'

describe('the options of startKinesis', () => {
  const wrong: [string, unknown, RegExp][] = [
    [
      'a typo',
      { stream: { s: 1 } },
      /startKinesis has no option "stream"; did you mean "streams"\?/,
    ],
    [
      'a list of streams',
      { streams: ['s'] },
      /streams must be an object such as \{ orders: 2 \}, not an array/,
    ],
    ['no shards', { streams: { s: 0 } }, /streams\.s must be between 1 and 10000, not 0/],
    [
      'an option of a stream',
      { streams: { s: { shard: 1 } } },
      /streams\.s has no option "shard"; did you mean "shards"/,
    ],
    [
      'a large record',
      { streams: { s: { maxRecordBytes: 11 * 2 ** 20 } } },
      /streams\.s\.maxRecordBytes must be between/,
    ],
    ['other limits', { limits: 'azure' }, /limits must be 'aws' or an object, not "azure"/],
    [
      'a rate of 0',
      { limits: { recordsPerSecond: 0, bytesPerSecond: 1 } },
      /limits\.recordsPerSecond must be a number above 0/,
    ],
    ['a port', { port: 70_000 }, /port must be between 0 and 65535/],
    ['a function', { onRecord: 1 }, /onRecord must be a function/],
  ]
  for (const [what, options, message] of wrong)
    it(`refuse ${what}`, () => {
      assert.throws(() => new TestKinesis(options as KinesisOptions), {
        name: 'ConfigError',
        message,
      })
    })

  it('may be null or undefined, which gives the default', async () => {
    const options = { streams: null, limits: undefined, port: null, now: null, onRecord: null }
    const kinesis = await startKinesis(options as unknown as KinesisOptions)
    assert.deepEqual(kinesis.records('made by its first use'.replaceAll(' ', '-')), [])
    assert.equal(new URL(kinesis.endpoint).hostname, '127.0.0.1')
    await kinesis.close()
    await kinesis.close()
  })
})
