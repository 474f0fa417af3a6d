import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { KinesisLogRecordProcessor } from '@kinesis-producer/otel-exporter'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider } from '@opentelemetry/sdk-logs'
import { type FakeKinesis, startFakeKinesis } from '../support/endpoint/index.js'
import { logsIn } from '../support/otel/run-registered.js'
import { runProgram } from '../support/run-program.js'

const README = readFileSync('packages/otel-exporter/README.md', 'utf8')

/** The example of the README that holds this text. */
const example = (text: string): string => {
  const found = [...README.matchAll(/```js\n([^]*?)```/g)].find(([, code]) => code?.includes(text))
  assert.ok(found?.[1] !== undefined, `no example with ${text}`)
  return found[1]
}

/** The AWS SDK's own client warns on Node 20. */
const withoutSdkWarning = (stderr: string): string =>
  /NodeDeprecationWarning|NodeVersionSupportWarning|no longer support Node/.test(stderr)
    ? ''
    : stderr

const ENV = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
}

describe('the README of the exporter', function () {
  this.slow(4000)
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { 'my-stream': 1, s: 1 } })
  })
  afterEach(() => fake.close())

  const run = (code: string, endpoint: string, act?: (child: { kill(): unknown }) => void) =>
    runProgram(['--input-type=module', '-e', code], {
      env: { ...ENV, AWS_ENDPOINT_URL_KINESIS: endpoint },
      ...(act !== undefined && { act: child => child.stdout.once('data', () => act(child)) }),
    })
  const bodies = (): unknown[] => logsIn(fake, 'my-stream').map(({ body }) => body)

  it('delivers with the batch processor', async () => {
    const { stderr, code } = await run(example('new BatchLogRecordProcessor'), fake.endpoint)
    assert.deepEqual([stderr, code], ['', 0])
    assert.deepEqual(bodies(), ['hello'])
  })

  it('delivers with NodeSDK, at SIGTERM', async () => {
    const code = `${example('new NodeSDK')}
      const { logs } = await import('@opentelemetry/api-logs')
      logs.getLogger('app').emit({ body: 'hello' }); setInterval(() => {}, 1000); console.log('ready')`
    const { stderr, code: exit } = await run(code, fake.endpoint, child => child.kill())
    assert.deepEqual([stderr, exit], ['', 0])
    assert.deepEqual(bodies(), ['hello'])
  })

  for (const compression of ['none', 'gzip'] as const)
    it(`reads by GetRecords what was written (${compression})`, async () => {
      const processor = new KinesisLogRecordProcessor({
        streamName: 'my-stream',
        region: 'us-east-1',
        endpoint: fake.endpoint,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        packing: { kind: 'concat', compression },
      })
      const provider = new LoggerProvider({ processors: [processor] })
      for (let i = 0; i < 3; i++)
        provider.getLogger('app').emit({ body: `log ${i}`, attributes: { i } })
      await provider.shutdown()
      const { stdout, stderr, code } = await run(example('GetRecordsCommand'), fake.endpoint)
      assert.deepEqual([withoutSdkWarning(stderr), code], ['', 0])
      assert.equal(stdout, 'log 0 { i: 0 }\nlog 1 { i: 1 }\nlog 2 { i: 2 }\n')
    })

  it('reads what a Lambda function is called with', async () => {
    const processor = new KinesisLogRecordProcessor({
      streamName: 's',
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
    const provider = new LoggerProvider({
      processors: [processor],
      resource: resourceFromAttributes({ 'service.name': 'shop' }),
    })
    provider.getLogger('app').emit({ body: { n: 1 }, severityText: 'INFO', timestamp: [1, 2] })
    await provider.shutdown()
    const Records = fake.records('s').map(({ data, partitionKey }) => ({
      kinesis: { partitionKey, data: Buffer.from(data).toString('base64') },
      eventSource: 'aws:kinesis',
    }))
    const code = `${example('of decodeLogs(record))\n      console.log(time')}
      await handler(${JSON.stringify({ Records })})`
    const { stdout, stderr } = await run(code, fake.endpoint)
    assert.equal(stderr, '')
    assert.equal(stdout, '1000000002n INFO { n: 1 } {} undefined shop\n')
  })

  const LAMBDA = (): string =>
    `${example('export const handler = async event => {\n  try')}
     const began = performance.now(); await handler({}); console.log(performance.now() - began); process.exit(0)`

  it('delivers from a Lambda function before its handler returns', async () => {
    assert.equal((await run(LAMBDA(), fake.endpoint)).code, 0)
    assert.deepEqual(bodies(), ['called'])
  })

  it('takes at most 2 s from an invocation in an outage', async () => {
    const dead = createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(dead, 'listening')
    const address = dead.address()
    assert.ok(typeof address === 'object' && address !== null)
    const { stdout } = await run(LAMBDA(), `http://127.0.0.1:${address.port}`)
    dead.close()
    assert.ok(Number(stdout) < 2000, stdout)
  })
})
