import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { assertLines, PINO_APP, runPinoApp, runPinoKinesis } from '../support/pino-programs.js'
import { QUIET } from '../support/run-program.js'

describe('an application that logs through pino.transport', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4, t: 2 } })
  })
  afterEach(() => fake.close())

  const run = (how: string, count: number, options?: object, nodeArgs?: readonly string[]) =>
    runPinoApp(fake.endpoint, how, count, options, nodeArgs)
  const assertAll = (count: number, stream?: string): void => assertLines(fake, count, stream)

  it('delivers every line when the event loop empties', async () => {
    assert.deepEqual(await run('plain:end', 10_000), { ...QUIET, code: 0 })
    assertAll(10_000)
  })

  it('delivers every line when process.exit is called at once, and keeps the exit code', async () => {
    assert.deepEqual(await run('plain:exit', 10_000), { ...QUIET, code: 3 })
    assertAll(10_000)
  })

  it('delivers every line when the application throws, and keeps its stack', async () => {
    const { code, stderr } = await run('plain:throw', 1000)
    assert.equal(code, 1)
    assert.match(stderr, /the app’s own/)
    assertAll(1000)
  })

  it('has delivered every line when logger.flush calls back, even if it is killed then', async () => {
    assert.equal((await run('plain:flush-kill', 5000)).signal, 'SIGKILL')
    assertAll(5000)
  })

  it('delivers every line through throttling and failures', async () => {
    fake.script(
      faults.requestError('ProvisionedThroughputExceededException'),
      faults.requestError('InternalFailure'),
    )
    assert.equal((await run('plain:end', 2000)).code, 0)
    assertAll(2000)
  })

  it('says exactly how many lines were lost when nobody listens, and keeps the exit code', async () => {
    const { endpoint } = fake
    await fake.close()
    const { code, stderr } = await runPinoApp(endpoint, 'plain:exit', 500)
    fake = await startFakeKinesis({ streams: { s: 4, t: 2 } })
    assert.equal(code, 3)
    assert.match(stderr, /stream s: 500 log lines lost: 500 not delivered in time/)
  })

  it('says so too when the endpoint hangs', async () => {
    fake.always(faults.hang())
    const { code, stderr } = await run('plain:exit', 500)
    assert.equal(code, 3)
    assert.match(stderr, /500 log lines lost/)
  })

  for (const [how, count, code] of [
    ['plain:ready-end', 90, 0],
    ['plain:fatal', 100, 1],
    ['plain:handler', 100, 0],
    ['targets:end', 1000, 0],
    ['targets:exit', 1000, 3],
    ['pipeline:end', 1000, 0],
    ['pipeline:exit', 1000, 3],
    ['dedupe:end', 1000, 0],
    ['helper:end', 1000, 0],
    ['helper:exit', 1000, 3],
    ['helper:fatal', 100, 1],
    ['helperTargets:end', 1000, 0],
    ['helperPipeline:end', 1000, 0],
  ] as const) {
    it(`delivers every line and ends with its own code: ${how}`, async () => {
      assert.deepEqual(await run(how, count), { ...QUIET, code })
      const extra = /fatal|handler/.test(how) ? 1 : how.includes('ready') ? 10 : 0
      if (extra < 10) assertAll(count + extra)
      else assert.equal(fake.texts('s').length, count + extra)
      if (how.startsWith('targets')) assertAll(count, 't')
    })
  }

  for (const mode of [
    'plain',
    'targets',
    'pipeline',
    'helper',
    'helperTargets',
    'helperPipeline',
  ]) {
    it(`has delivered when the flush of the helper resolves: ${mode}`, async () => {
      fake.script(faults.requestError('InternalFailure'))
      assert.equal((await run(`${mode}:flushed-kill`, 1000)).signal, 'SIGKILL')
      assertAll(1000)
    })
  }

  it('calls back once for each of two flushes at once', async () => {
    for (const mode of ['plain', 'helper'])
      assert.equal((await run(`${mode}:flush-twice`, 10)).stderr, 'flushed\nflushed\n')
  })

  it('calls back in time, and harms nothing, when nothing can be delivered', async () => {
    fake.always(faults.hang())
    const { code, stderr } = await run('plain:flush-twice', 10, {
      flushTimeout: 300,
      closeTimeout: 300,
    })
    assert.equal(code, 0)
    assert.match(stderr, /^flushed\nflushed\n/)
    assert.match(stderr, /10 log lines lost: 10 not delivered in time/)
  })

  it('keeps the stack and the code of an unhandled rejection', async () => {
    const { code, stderr } = await run('plain:reject', 100)
    assert.equal(code, 1)
    assert.match(stderr, /the app’s own/)
    assertAll(100)
  })

  it('loses only what had not left yet when a signal ends the process, and all its records are whole', async () => {
    const { signal } = await run('plain:signal', 100, { flushInterval: 60_000 })
    assert.equal(signal, 'SIGTERM')
    for (const text of fake.texts('s')) JSON.parse(text)
  })

  it('tells of trouble by events, never by an error', async () => {
    fake.always(faults.requestError('AccessDeniedException'))
    for (const mode of ['plain', 'targets', 'helper']) {
      const { code, stdout } = await run(`${mode}:events`, 300, {
        bufferSize: 100,
        batchSize: 100,
        statsInterval: 300,
        closeTimeout: 300,
      })
      assert.equal(code, 0, mode)
      const events = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { name: string; payload: Record<string, unknown> })
        .filter(({ payload }) => payload['streamName'] === 's')
      const of = (name: string) => events.filter(event => event.name === name)
      const dropped = of('kinesis:dropped').map(({ payload }) => Number(payload['count']))
      assert.equal(
        dropped.reduce((sum, one) => sum + one, 0),
        200,
      )
      assert.deepEqual(of('kinesis:dropped')[0]?.payload['reasons'], { bufferFull: 200 })
      assert.ok(of('kinesis:error').length <= 3)
      assert.match(JSON.stringify(of('kinesis:error')), /AccessDenied/)
      assert.equal(of('kinesis:stats').at(-1)?.payload['remaining'], 100)
    }
  })

  it('sends again only what failed: nothing is lost and nothing there twice', async () => {
    fake.on(() => faults.partial(faults.share(0.1), 'InternalFailure'))
    const options = { maxAttemptsPerRecord: 100 }
    assert.equal((await run('plain:flushed-kill', 5000, options)).signal, 'SIGKILL')
    assertAll(5000)
    // Scattered failures must not make the retries small, which took 400 requests once.
    assert.ok(fake.counts.putRequests < 100, `${fake.counts.putRequests} requests`)
  })

  it('delivers through an outage of many requests while the application goes on', async () => {
    fake.script(...Array.from({ length: 8 }, () => faults.html(503)))
    const { code, stderr } = await run('plain:wait-end', 5000)
    assert.equal(code, 0)
    assert.equal(stderr.split('KinesisProducerWarning').length <= 2, true, stderr)
    assertAll(5000)
  })

  it('delivers what fits into closeTimeout when the service is slow, and counts the rest', async () => {
    fake.always(faults.slow(700))
    const { code, stderr } = await run('plain:exit', 20_000, { maxInFlight: 2 })
    assert.equal(code, 3)
    const lost = Number(/(\d+) log lines lost/.exec(stderr)?.[1])
    const stored = new Set(fake.texts('s')).size
    // A request that was cut off may have been carried out, so lines may be both stored and counted.
    assert.ok(lost > 0 && lost < 20_000 && stored + lost >= 20_000, `${stored} + ${lost}`)
  })

  it('goes on after the process was frozen with a request in flight', async () => {
    fake.script(faults.hang())
    const child = spawn(
      process.execPath,
      [PINO_APP, fake.endpoint, 'plain:wait-end', '300', '{"requestTimeout":1500}'],
      {
        stdio: 'ignore',
      },
    )
    const ended = once(child, 'close')
    await fake.waitForRequests(1)
    child.kill('SIGSTOP')
    fake.dropConnections()
    child.kill('SIGCONT')
    assert.deepEqual(await ended, [0, null])
    assertAll(300)
  })

  it('stays small when lines flood in and nothing is delivered, and keeps the newest', async () => {
    fake.always(faults.hang())
    const { code, stdout, stderr } = await run('plain:flood', 0, {
      bufferBytes: 4_000_000,
      closeTimeout: 300,
    })
    assert.equal(code, 0)
    const { written, rss } = JSON.parse(stdout) as { written: number; rss: number }
    assert.match(stderr, new RegExp(`${written} log lines lost: .*dropped \\(bufferFull\\)`))
    assert.ok(rss < 350, `${rss} MiB`)
  })

  it('says at once what is wrong with the options', async () => {
    const plain = await run('plain:end', 1, { minLevel: 'loud' })
    assert.equal(plain.code, 1)
    assert.match(plain.stderr, /minLevel must be a number or one of/)
  })

  it('puts what is lost into the dead letter file, which can be sent again', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'letters-')), 'dead.ndjson')
    const { endpoint, port } = fake
    await fake.close()
    const { code, stderr } = await runPinoApp(endpoint, 'plain:exit', 500, {
      deadLetterFile: file,
      closeTimeout: 300,
      partitionKey: 'k',
    })
    assert.equal(code, 3)
    assert.match(
      stderr,
      /500 log lines not delivered: 500 not delivered in time.*; 500 of them are in .*dead.ndjson/,
    )
    fake = await startFakeKinesis({ streams: { s: 4, t: 2 }, port })
    const target = ['--stream', 's', '--endpoint', endpoint, '--region', 'us-east-1']
    const again = await runPinoKinesis([...target, '--replay', file])
    assert.deepEqual(
      [again.code, again.stderr],
      [0, `pino-kinesis: 500 lines of ${file} delivered\n`],
    )
    assertAll(500)
    assert.ok(fake.records('s').every(({ partitionKey }) => partitionKey === 'k'))
    assert.deepEqual(readdirSync(dirname(file)), [])
  })
})
