import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { type FakeKinesis, startFakeKinesis } from '../support/endpoint/index.js'
import { runRegistered } from '../support/otel/run-registered.js'

const SIGNAL_EXIT = JSON.stringify(createRequire(import.meta.url).resolve('signal-exit'))

/** Two loggers, to the streams a and b, beside `register`, which logs to s. */
const prelude = (endpoint: string): string => `
const { createKinesisTransport } = require('@kinesis-producer/pino-transport/main')
const pino = require('pino')
const otel = require('@opentelemetry/api-logs').logs.getLogger('app')
const say = word => require('node:fs').writeSync(1, word + ' ')
const helpers = ['a', 'b'].map(streamName => createKinesisTransport(
  { streamName, endpoint: ${JSON.stringify(endpoint)}, flushInterval: 60_000 }, { signals: ['SIGTERM'] }))
const loggers = helpers.map(helper => pino(helper))
const log = text => { for (const one of loggers) one.info(text); otel.emit({ body: text }) }
const busy = setInterval(() => {}, 1000)
log('early')
const go = () => Promise.all(helpers.map(one => one.stats())).then(() => {
  process.kill(process.pid, 'SIGTERM')
})
`

describe('a signal for two helpers and register', function () {
  this.slow(4000)
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { a: 1, b: 1, s: 1 } })
  })
  afterEach(() => fake.close())

  const delivered = (): unknown[] => [
    ...['a', 'b'].map(stream =>
      fake.texts(stream).map(text => (JSON.parse(text) as { msg: string }).msg),
    ),
    fake.records('s').flatMap(({ data }) => decodeLogs(data).map(({ body }) => body)),
  ]
  const run = async (code: string): Promise<string> => {
    const ran = await runRegistered(fake, `${prelude(fake.endpoint)}${code}\ngo()`)
    return `${ran.stdout}-> ${ran.signal ?? ran.code}${ran.stderr}`
  }

  it('ends the process beside signal-exit, all delivered', async () => {
    const code = `require(${SIGNAL_EXIT}).onExit((exit, signal) => {
      say('exit:' + (exit ?? signal)); for (const one of loggers) one.info('late') })`
    assert.equal(await run(code), 'exit:SIGTERM -> SIGTERM')
    assert.deepEqual(delivered(), [['early', 'late'], ['early', 'late'], ['early']])
  })

  it('leaves the end to the application that handles it, all delivered', async () => {
    const code = `process.on('SIGTERM', async () => {
      say('app'); log('bye'); await Promise.all(helpers.map(one => one.close())); process.exit(7) })`
    assert.equal(await run(code), 'app -> 7')
    assert.deepEqual(
      delivered(),
      Array.from({ length: 3 }, () => ['early', 'bye']),
    )
  })
})
