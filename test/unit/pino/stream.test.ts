import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { pinoKinesis } from '@kinesis-producer/pino-transport'
import { FakeClient } from '../../support/core/fake-client.js'

describe('the transport as a stream', () => {
  it('sends raw lines, skips blank ones, and flushes on demand', async () => {
    const client = new FakeClient()
    const stream = pinoKinesis({ streamName: 's', client })
    stream.write('{"a":1}\n\nnot json\n{"b":')
    stream.write('2}\n')
    await new Promise<void>(resolve => stream.flush(resolve))
    assert.deepEqual(client.stored, ['{"a":1}\n', 'not json\n', '{"b":2}\n'])
    stream.end('{"c":3}\n')
    await once(stream, 'close')
    assert.equal(client.stored.length, 4)
  })

  it('says in one sentence what is wrong with its options', () => {
    const make = (options: object) => () => pinoKinesis(options)
    assert.throws(make({}), /pino-transport needs streamName/)
    assert.throws(make({ streamName: 's', stream: 's' }), /no option "stream"/)
    assert.throws(
      make({ streamName: 's', closeTimeout: 'soon' }),
      /closeTimeout must be a number of milliseconds/,
    )
  })

  it('loads no AWS SDK in the main thread', () => {
    const code = `require('@kinesis-producer/pino-transport/main')
      console.log(Object.keys(require.cache).filter(file => /aws-sdk|smithy/.test(file)).length)`
    assert.equal(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }).trim(), '0')
  })

  it('is one and the same by import and require', () => {
    const required: unknown = createRequire(import.meta.url)('@kinesis-producer/pino-transport')
    assert.ok(typeof required === 'object' && required !== null)
    assert.equal(Reflect.get(required, 'pinoKinesis'), pinoKinesis)
    assert.equal(Reflect.get(required, 'default'), pinoKinesis)
  })
})
