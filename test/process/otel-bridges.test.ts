import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type FakeKinesis, startFakeKinesis } from '../support/endpoint/index.js'
import { logsIn, runRegistered } from '../support/otel/run-registered.js'
import { runProgram } from '../support/run-program.js'

const NODE_SDK = fileURLToPath(new URL('./fixtures/node-sdk-app.js', import.meta.url))
const BRIDGES = new URL('./fixtures/bridges.js', import.meta.url).href

const LOGGERS = {
  winston: `const { createLogger, transports } = require('winston')
    createLogger({ transports: [new transports.Console()] }).info('bought', { user: 'u1' })`,
  pino: `require('pino')().info({ user: 'u1' }, 'bought')`,
  bunyan: `require('bunyan').createLogger({ name: 'shop' }).info({ user: 'u1' }, 'bought')`,
}

describe('logs of an application', function () {
  this.slow(4000)
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 1 } })
  })
  afterEach(() => fake.close())

  for (const [name, code] of Object.entries(LOGGERS))
    it(`that logs with ${name} arrive, through its instrumentation and register`, async () => {
      const {
        stderr,
        stdout,
        code: exit,
      } = await runRegistered(fake, code, { OTEL_SERVICE_NAME: 'shop' }, { before: [BRIDGES] })
      assert.equal(exit, 0)
      assert.equal(stderr, '')
      assert.match(stdout, /bought/)
      const [log, ...others] = logsIn(fake)
      assert.deepEqual(others, [])
      assert.equal(log?.body, 'bought')
      assert.equal(log.severityNumber, 9)
      assert.equal(log.attributes['user'], 'u1')
      assert.equal(log.resource['service.name'], 'shop')
    })

  for (const how of ['processor', 'batch'])
    it(`with the SDK’s NodeSDK arrive when it is told to stop, with the ${how}`, async () => {
      const { stderr, code } = await runProgram([NODE_SDK, fake.endpoint, how], {
        env: { OTEL_SERVICE_NAME: 'shop' },
        act: child => child.stdout.once('data', () => child.kill('SIGTERM')),
      })
      assert.equal(stderr, '')
      assert.equal(code, 0)
      assert.deepEqual(
        logsIn(fake).map(({ body }) => body),
        ['started', 'stopping'],
      )
      assert.equal(logsIn(fake)[0]?.resource['service.name'], 'shop')
    })
})
