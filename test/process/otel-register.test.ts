import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { decodeLogs } from '@kinesis-producer/otel-exporter/decode'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { logsIn, registeredEnv, runRegistered } from '../support/otel/run-registered.js'
import { QUIET, runProgram } from '../support/run-program.js'

const EMIT = `
const logger = require('@opentelemetry/api-logs').logs.getLogger('app')
const emit = (count, what = 'log') => { for (let i = 0; i < count; i++) logger.emit({ body: what + ' ' + i }) }
`
/** As the package of that name has them: at once, later, and one that fails. */
const AWS_DETECTORS = `
exports.awsEcsDetector = { detect: () => ({ attributes: { 'cloud.provider': 'aws' } }) }
exports.awsEc2Detector = { detect: () => ({ attributes: {
  'host.id': new Promise(resolve => setTimeout(resolve, 100, 'i-1')) } }) }
exports.awsEc2DetectorSync = exports.awsEc2Detector
exports.awsEksDetector = { detect: () => ({ attributes: { 'k8s.cluster.name': Promise.reject(new Error('none')) } }) }
`

/** A folder with our packages, the SDK, and one package more. */
const applicationWith = (name: string, code: string): { cwd: string; register: string } => {
  const cwd = mkdtempSync(join(tmpdir(), 'otel-app-'))
  const modules = join(cwd, 'node_modules')
  mkdirSync(join(modules, name), { recursive: true })
  writeFileSync(join(modules, name, 'index.js'), code)
  for (const one of ['api', 'api-logs', 'sdk-logs'])
    symlinkSync(resolve('node_modules/@opentelemetry', one), join(modules, '@opentelemetry', one))
  const register = pathToFileURL(resolve('packages/otel-exporter/dist/register.js')).href
  return { cwd, register }
}

const SHORT = { OTEL_EXPORTER_KINESIS_SHUTDOWN_TIMEOUT: '300' }

describe('register', function () {
  this.slow(4000)
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 1 } })
  })
  afterEach(() => fake.close())

  const run = (
    code: string,
    env?: Readonly<Record<string, string>>,
    options?: Parameters<typeof runRegistered>[3],
  ) => runRegistered(fake, `${EMIT}${code}`, env, options)

  describe('delivers every log, far more than the SDK’s queue holds, when the program', () => {
    it('has nothing left to do', async () => {
      assert.deepEqual(await run('emit(5000)'), QUIET)
      assert.equal(logsIn(fake).length, 5000)
    })

    it('calls process.exit', async () => {
      assert.deepEqual(await run('emit(5000); process.exit(3)'), { ...QUIET, code: 3 })
      assert.equal(logsIn(fake).length, 5000)
    })

    it('calls process.exit while a shutdown is on its way', async () => {
      const code = `emit(5000); process.on('SIGTERM', () => process.exit(4)); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)`
      assert.deepEqual(await run(code), { ...QUIET, code: 4 })
      assert.equal(new Set(logsIn(fake).map(({ body }) => body)).size, 5000)
    })

    it('throws', async () => {
      const { code, stderr } = await run(`emit(5000); throw new Error('mine')`)
      assert.equal(code, 1)
      assert.match(stderr, /mine/)
      assert.equal(logsIn(fake).length, 5000)
    })

    it('leaves a rejection unhandled', async () => {
      assert.equal((await run(`emit(5000); Promise.reject(new Error('mine'))`)).code, 1)
      assert.equal(logsIn(fake).length, 5000)
    })

    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
      it(`is told to stop by ${signal}, and what it logs until then`, async () => {
        const code = `emit(5000); setInterval(() => {}, 1000); setTimeout(() => { process.kill(process.pid, '${signal}'); setImmediate(() => emit(1, 'late')) }, 10)`
        assert.deepEqual(await run(code), { ...QUIET, code: null, signal })
        assert.equal(logsIn(fake).length, 5001)
      })

    for (const signal of ['SIGINT', 'SIGHUP'])
      it(`lives on after ${signal}, which it handles, and after an exception that it catches`, async () => {
        const code = `process.on('uncaughtException', () => { emit(1, 'caught'); process.exit(5) }); process.on('${signal}', () => { emit(1, 'handled'); setTimeout(() => { throw new Error('mine') }, 20) }); emit(10); setInterval(() => {}, 1000); setTimeout(() => process.kill(process.pid, '${signal}'), 10)`
        assert.deepEqual(await run(code), { ...QUIET, code: 5 })
        assert.equal(new Set(logsIn(fake).map(({ body }) => body)).size, 12)
      })

    it('is told to stop with a shutdownTimeout as long as a timer can be', async () => {
      const env = { OTEL_EXPORTER_KINESIS_SHUTDOWN_TIMEOUT: '2147483647' }
      const code = `emit(500); setInterval(() => {}, 1000); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10)`
      assert.deepEqual(await run(code, env), { ...QUIET, code: null, signal: 'SIGTERM' })
      assert.equal(logsIn(fake).length, 500)
    })

    it('is told to stop, with a Pino transport beside it and a second copy of register', async () => {
      const path = (name: string): string => JSON.stringify(resolve('node_modules', name))
      const code = `
        for (const name of Object.keys(require.cache)) if (/otel-exporter.dist.register/.test(name)) delete require.cache[name]
        require(${path('@kinesis-producer/otel-exporter/dist/register.js')})
        const { createKinesisTransport } = require(${path('@kinesis-producer/pino-transport/dist/main/index.js')})
        const lines = createKinesisTransport({ streamName: 's', region: 'us-east-1', endpoint: process.env.OTEL_EXPORTER_KINESIS_ENDPOINT, flushInterval: 60_000 }, { signals: ['SIGTERM'] })
        require(${path('pino')}).pino(lines).info('a line')
        emit(500)
        setInterval(() => {}, 1000)
        setTimeout(() => process.kill(process.pid, 'SIGTERM'), 500)`
      const { signal, stderr } = await run(code)
      assert.equal(signal, 'SIGTERM')
      assert.match(
        stderr,
        /^no log goes to Kinesis: another LoggerProvider is already registered[^\n]*\n$/,
      )
      const texts = fake.records('s').map(({ data }) => Buffer.from(data).toString())
      assert.equal(texts.filter(text => text.includes('"msg":"a line"')).length, 1)
      const logs = fake
        .records('s')
        .flatMap(({ data }) => (data[0] === 0x0a ? decodeLogs(data) : []))
      assert.equal(logs.length, 500)
    })

    it('handles SIGTERM itself, logs its end and exits', async () => {
      const code = `setInterval(() => {}, 1000); process.on('SIGTERM', () => setTimeout(() => { emit(1, 'bye'); process.exit(0) }, 50)); emit(10); setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10)`
      assert.deepEqual(await run(code), QUIET)
      const bodies = logsIn(fake).map(({ body }) => body)
      assert.equal(bodies.at(-1), 'bye 0')
      // A request that was in flight at the exit goes again, since nobody is left to hear its answer.
      assert.equal(new Set(bodies).size, 11)
    })
  })

  describe('says on standard error', () => {
    const says = async (
      pattern: RegExp,
      code: string,
      env?: Readonly<Record<string, string>>,
      options?: Parameters<typeof runRegistered>[3],
    ): Promise<void> => {
      const ran = await run(`${code}; console.log('ran')`, env, options)
      assert.equal(ran.stdout, 'ran\n', ran.stderr)
      assert.equal(ran.code, 0)
      assert.match(ran.stderr, pattern)
      assert.ok(ran.stderr.length < 2000 && ran.stderr.split('\n').length < 8, ran.stderr)
    }

    for (const [name, env, pattern] of [
      [
        'a stream that does not exist',
        { OTEL_EXPORTER_KINESIS_STREAM_NAME: 'wrong' },
        /ResourceNotFoundException.*paused, logs are kept[^]*5 logs lost: 5 not delivered in time/,
      ],
      [
        'that no stream is named',
        { OTEL_EXPORTER_KINESIS_STREAM_NAME: '' },
        /OTEL_EXPORTER_KINESIS_STREAM_NAME .* is not set/,
      ],
      [
        'that there is no region',
        { AWS_REGION: '' },
        /[Rr]egion (is missing|not accepted)[^]*5 logs lost/,
      ],
      ['that there are no credentials', { AWS_ACCESS_KEY_ID: '' }, /[Cc]redentials[^]*5 logs lost/],
      [
        'that it is off',
        { OTEL_SDK_DISABLED: 'true' },
        /^no log goes to Kinesis: OTEL_SDK_DISABLED is true\n$/,
      ],
      [
        'that its exporter is off',
        { OTEL_LOGS_EXPORTER: 'none' },
        /^no log goes to Kinesis: OTEL_LOGS_EXPORTER is none\n$/,
      ],
    ] as const)
      it(name, () => says(pattern, 'emit(5)', { ...SHORT, ...env }))

    it('a missing permission', async () => {
      fake.script(...Array.from({ length: 9 }, () => faults.requestError('AccessDeniedException')))
      await says(/AccessDenied/, 'emit(5)', SHORT)
    })

    it('each variable whose value is wrong, ignores it, and delivers', async () => {
      const wrong = {
        OTEL_BLRP_SCHEDULE_DELAY: '5s',
        OTEL_BLRP_MAX_QUEUE_SIZE: '-1',
        OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '0',
        OTEL_EXPORTER_KINESIS_TIMEOUT: '0',
        OTEL_EXPORTER_KINESIS_SHUTDOWN_TIMEOUT: '1e3',
        OTEL_EXPORTER_KINESIS_BUFFER_BYTES: '5',
        OTEL_EXPORTER_KINESIS_ENCODING: 'otlp_proto',
        OTEL_EXPORTER_KINESIS_COMPRESSION: 'zip',
        OTEL_EXPORTER_KINESIS_PARTITION_KEY: 'resource:',
        OTEL_EXPORTER_KINESIS_PROCESSOR: 'simple',
        OTEL_NODE_RESOURCE_DETECTORS: 'host,nonesuch',
        OTEL_LOG_LEVEL: 'loud',
      }
      const { code, stderr } = await run('emit(5)', wrong)
      assert.equal(code, 0)
      const lines = stderr.trimEnd().split('\n')
      for (const name of Object.keys(wrong))
        assert.equal(lines.filter(line => line.startsWith(name)).length, 1, `${name}\n${stderr}`)
      assert.equal(lines.length, Object.keys(wrong).length)
      assert.equal(logsIn(fake).length, 5)
    })

    it('what the batch processor’s queue dropped, when it is asked for', async () => {
      await says(/the batch processor dropped 2488 logs in all: its queue was full/, 'emit(5000)', {
        OTEL_EXPORTER_KINESIS_PROCESSOR: 'batch',
        OTEL_BLRP_MAX_QUEUE_SIZE: '2000',
      })
      assert.equal(logsIn(fake).length, 5000 - 2488)
    })

    it('that another provider is registered already', async () => {
      const before = [new URL('./fixtures/other-provider.js', import.meta.url).href]
      await says(/another LoggerProvider is already registered/, 'emit(5)', {}, { before })
    })

    it('nothing at all with OTEL_LOG_LEVEL=none', async () => {
      const { stderr } = await run('emit(5)', {
        ...SHORT,
        OTEL_LOG_LEVEL: 'none',
        OTEL_EXPORTER_KINESIS_STREAM_NAME: 'wrong',
      })
      assert.equal(stderr, '')
    })

    it('what the SDK says too with OTEL_LOG_LEVEL', async () => {
      const { stderr } = await run(`require('@opentelemetry/api').diag.debug('a word', 5)`, {
        OTEL_LOG_LEVEL: 'debug',
      })
      assert.match(stderr, /a word 5/)
    })

    for (const [how, code] of [
      ['after process.exit', 'emit(5); process.exit(0)'],
      ['at its end', 'emit(5)'],
    ] as const)
      it(`how many logs an outage took with it ${how}, within the deadline`, async () => {
        const dead = createServer(socket => socket.on('error', () => {})).listen(0, '127.0.0.1')
        await once(dead, 'listening')
        const address = dead.address()
        assert.ok(typeof address === 'object' && address !== null)
        const { stderr, code: exit } = await run(code, {
          ...SHORT,
          OTEL_EXPORTER_KINESIS_ENDPOINT: `http://127.0.0.1:${address.port}`,
        })
        dead.close()
        assert.equal(exit, 0)
        assert.match(stderr, /5 logs lost: 5 not delivered in time; shutdownTimeout is 300 ms\n$/)
      })
  })

  it('finds detectors that the application has installed, such as aws, and waits for them', async () => {
    const { cwd, register } = applicationWith('@opentelemetry/resource-detector-aws', AWS_DETECTORS)
    const { stderr, code } = await runProgram(['--import', register, '-e', `${EMIT}emit(3)`], {
      cwd,
      env: {
        ...registeredEnv(fake),
        OTEL_NODE_RESOURCE_DETECTORS: 'env,aws',
        OTEL_SERVICE_NAME: 'shop',
      },
    })
    rmSync(cwd, { recursive: true })
    assert.deepEqual([stderr, code], ['', 0])
    const logs = logsIn(fake)
    assert.equal(logs.length, 3)
    for (const { resource } of logs) {
      assert.equal(resource['service.name'], 'shop')
      assert.equal(resource['cloud.provider'], 'aws')
      assert.equal(resource['host.id'], 'i-1')
    }
  })

  it('puts into the resource what the detectors find', async () => {
    const resourceOf = async (detectors?: string): Promise<string[]> => {
      const one = await startFakeKinesis({ streams: { s: 1 } })
      await runRegistered(
        one,
        `${EMIT}emit(1)`,
        detectors === undefined ? {} : { OTEL_NODE_RESOURCE_DETECTORS: detectors },
      )
      const [log] = logsIn(one)
      await one.close()
      return Object.keys(log?.resource ?? {})
    }
    const byDefault = await resourceOf()
    for (const name of ['service.name', 'process.pid', 'host.name'])
      assert.ok(byDefault.includes(name), name)
    assert.ok((await resourceOf('os')).includes('os.type'))
    assert.equal((await resourceOf('none')).includes('host.name'), false)
    assert.ok((await resourceOf('all')).includes('service.instance.id'))
  })
})
