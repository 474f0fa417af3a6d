import assert from 'node:assert/strict'
import { ConfigError } from '@kinesis-producer/core'
import { createWorkerProducer } from '@kinesis-producer/core/worker'
import { runWorker } from '@kinesis-producer/core/worker/thread'

describe('createWorkerProducer', () => {
  const wrong: readonly (readonly [given: object, message: RegExp])[] = [
    [{}, /needs streamName/],
    [{ stream: 's' }, /has no option "stream"; did you mean "streamName"\?/],
    [{ streamName: 's', client: {} }, /client cannot be given to a worker: clientModule names/],
    [{ streamName: 's', clock: {} }, /clock cannot be given to a worker/],
    [{ streamName: 's', random: Math.random }, /random cannot be given to a worker/],
    [{ streamName: 's', spool: { directory: '/tmp/x' } }, /spool cannot be given to a worker/],
    [{ streamName: 's', credentials: () => ({}) }, /credentials must be plain data.*clientModule/],
    [{ streamName: 's', clientModule: './client.js' }, /clientModule must be an absolute path/],
    [{ streamName: 's', clientModule: 'https://a.b/c.js' }, /clientModule must be an absolute/],
    [{ streamName: 's', clientModule: '/a.js', region: 'x' }, /region and clientModule cannot/],
    [{ streamName: 's', worker: 3 }, /worker must be an object, not 3/],
    [{ streamName: 's', worker: { flie: '/a.js' } }, /no option "flie"; did you mean "file"\?/],
    [{ streamName: 's', worker: { restarts: -1 } }, /worker.restarts must be between 0 and 1000/],
    [
      { streamName: 's', worker: { execArgv: '--x' } },
      /worker.execArgv must be an array of strings/,
    ],
    [{ streamName: 's', worker: { resourceLimits: { heap: 1 } } }, /has no option "heap"/],
    [{ streamName: 's', bufferBytes: 2 ** 33 }, /bufferBytes must be at most \d+ for a producer/],
    [{ streamName: 's', batchSize: 501 }, /batchSize must be between 1 and 500/],
    [{ streamName: 'no/stream' }, /stream must be a name of/],
  ]

  for (const [given, message] of wrong) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => createWorkerProducer(given),
        error => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, message)
          return true
        },
      )
    })
  }

  it('takes undefined and null for not given, and does nothing before start()', async () => {
    const producer = createWorkerProducer({
      streamName: 's',
      clientModule: undefined,
      worker: undefined,
      region: undefined,
    })
    assert.deepEqual(producer.worker, { state: 'none', deaths: 0, error: undefined })
    assert.equal(producer.tryAdd('text'), false)
    assert.deepEqual(await producer.close(), { sent: 0, leftover: [] })
    assert.equal(producer.worker.state, 'ended')
  })

  it('tells who runs its thread elsewhere', () => {
    assert.throws(runWorker, /runs in a thread that createWorkerProducer\(\) has started/)
  })
})
