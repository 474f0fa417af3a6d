import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { pinoKinesis } from '@kinesis-producer/pino-transport'
import { FakeClient } from '../support/core/fake-client.js'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'

const APP = fileURLToPath(new URL('./fixtures/pino-app.js', import.meta.url))

const run = async (endpoint: string, how: string, count: number) => {
  const child = spawn(process.execPath, [APP, endpoint, how, String(count)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', chunk => (stderr += String(chunk)))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, stderr }
}

describe('an application that logs through pino.transport', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4 } })
  })
  afterEach(() => fake.close())

  const assertAll = (count: number): void => {
    const texts = fake.texts('s')
    assert.ok(texts.every(text => text.endsWith('\n')))
    const numbers = texts
      .map(text => (JSON.parse(text) as { i: number; msg: string }).i)
      .toSorted((a, b) => a - b)
    assert.deepEqual(
      numbers,
      Array.from({ length: count }, (_, i) => i),
    )
    assert.match(texts[0] ?? '', /ü😀/)
    assert.deepEqual(fake.violations, [])
  }

  it('delivers every line when the event loop empties', async () => {
    assert.deepEqual(await run(fake.endpoint, 'end', 10_000), { code: 0, signal: null, stderr: '' })
    assertAll(10_000)
  })

  it('delivers every line when process.exit is called at once, and keeps the exit code', async () => {
    assert.deepEqual(await run(fake.endpoint, 'exit', 10_000), {
      code: 3,
      signal: null,
      stderr: '',
    })
    assertAll(10_000)
  })

  it('delivers every line when the application throws, and keeps its stack', async () => {
    const { code, stderr } = await run(fake.endpoint, 'throw', 1000)
    assert.equal(code, 1)
    assert.match(stderr, /the app’s own/)
    assertAll(1000)
  })

  it('has delivered every line when logger.flush calls back, even if it is killed then', async () => {
    assert.equal((await run(fake.endpoint, 'flush-kill', 5000)).signal, 'SIGKILL')
    assertAll(5000)
  })

  it('delivers every line through throttling and failures', async () => {
    fake.script(
      faults.requestError('ProvisionedThroughputExceededException'),
      faults.requestError('InternalFailure'),
    )
    assert.equal((await run(fake.endpoint, 'end', 2000)).code, 0)
    assertAll(2000)
  })

  it('says exactly how many lines were lost when nobody listens, and keeps the exit code', async () => {
    const { endpoint } = fake
    await fake.close()
    const { code, stderr } = await run(endpoint, 'exit', 500)
    fake = await startFakeKinesis({ streams: { s: 4 } })
    assert.equal(code, 3)
    assert.match(stderr, /stream s: 500 log lines lost: 500 not delivered in time/)
  })

  it('says so too when the endpoint hangs', async () => {
    fake.always(faults.hang())
    const { code, stderr } = await run(fake.endpoint, 'exit', 500)
    assert.equal(code, 3)
    assert.match(stderr, /500 log lines lost/)
  })
})

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
      /closeTimeout must be a whole number/,
    )
  })

  it('is one and the same by import and require', () => {
    const required: unknown = createRequire(import.meta.url)('@kinesis-producer/pino-transport')
    assert.ok(typeof required === 'object' && required !== null)
    assert.equal(Reflect.get(required, 'pinoKinesis'), pinoKinesis)
    assert.equal(Reflect.get(required, 'default'), pinoKinesis)
  })
})
