import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pinoKinesis } from '@kinesis-producer/pino-transport'
import { FakeClient } from '../support/core/fake-client.js'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'

const CLI = createRequire(import.meta.url)
  .resolve('@kinesis-producer/pino-transport')
  .replace(/index\.js$/, 'cli/main.js')
const APP = fileURLToPath(new URL('./fixtures/pino-app.js', import.meta.url))

const run = async (
  endpoint: string,
  how: string,
  count: number,
  options: object = {},
  nodeArgs: readonly string[] = [],
) => {
  const child = spawn(
    process.execPath,
    [...nodeArgs, APP, endpoint, how, String(count), JSON.stringify(options)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => (stdout += String(chunk)))
  child.stderr.on('data', chunk => (stderr += String(chunk)))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  // Node's own, in a worker that ends while coverage is taken.
  stderr = stderr.replaceAll('Failed to stringify coverage profile result\n', '')
  return { code, signal, stdout, stderr }
}
/** The program, with a text as its standard input. */
const pipe = async (
  args: readonly string[],
  input: string,
  act: (child: ChildProcessWithoutNullStreams) => void = child => child.stdin.end(input),
) => {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => (stdout += String(chunk)))
  child.stderr.on('data', chunk => (stderr += String(chunk)))
  child.stdin.on('error', () => {})
  act(child)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
const QUIET = { signal: null, stdout: '', stderr: '' }

describe('an application that logs through pino.transport', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4, t: 2 } })
  })
  afterEach(() => fake.close())

  const assertAll = (count: number, stream = 's'): void => {
    const texts = fake.texts(stream)
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
    assert.deepEqual(await run(fake.endpoint, 'plain:end', 10_000), { ...QUIET, code: 0 })
    assertAll(10_000)
  })

  it('delivers every line when process.exit is called at once, and keeps the exit code', async () => {
    assert.deepEqual(await run(fake.endpoint, 'plain:exit', 10_000), { ...QUIET, code: 3 })
    assertAll(10_000)
  })

  it('delivers every line when the application throws, and keeps its stack', async () => {
    const { code, stderr } = await run(fake.endpoint, 'plain:throw', 1000)
    assert.equal(code, 1)
    assert.match(stderr, /the app’s own/)
    assertAll(1000)
  })

  it('has delivered every line when logger.flush calls back, even if it is killed then', async () => {
    assert.equal((await run(fake.endpoint, 'plain:flush-kill', 5000)).signal, 'SIGKILL')
    assertAll(5000)
  })

  it('delivers every line through throttling and failures', async () => {
    fake.script(
      faults.requestError('ProvisionedThroughputExceededException'),
      faults.requestError('InternalFailure'),
    )
    assert.equal((await run(fake.endpoint, 'plain:end', 2000)).code, 0)
    assertAll(2000)
  })

  it('says exactly how many lines were lost when nobody listens, and keeps the exit code', async () => {
    const { endpoint } = fake
    await fake.close()
    const { code, stderr } = await run(endpoint, 'plain:exit', 500)
    fake = await startFakeKinesis({ streams: { s: 4, t: 2 } })
    assert.equal(code, 3)
    assert.match(stderr, /stream s: 500 log lines lost: 500 not delivered in time/)
  })

  it('says so too when the endpoint hangs', async () => {
    fake.always(faults.hang())
    const { code, stderr } = await run(fake.endpoint, 'plain:exit', 500)
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
      assert.deepEqual(await run(fake.endpoint, how, count), { ...QUIET, code })
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
      assert.equal((await run(fake.endpoint, `${mode}:flushed-kill`, 1000)).signal, 'SIGKILL')
      assertAll(1000)
    })
  }

  it('calls back once for each of two flushes at once', async () => {
    for (const mode of ['plain', 'helper'])
      assert.equal(
        (await run(fake.endpoint, `${mode}:flush-twice`, 10)).stderr,
        'flushed\nflushed\n',
      )
  })

  it('calls back in time, and harms nothing, when nothing can be delivered', async () => {
    fake.always(faults.hang())
    const { code, stderr } = await run(fake.endpoint, 'plain:flush-twice', 10, {
      flushTimeout: 300,
      closeTimeout: 300,
    })
    assert.equal(code, 0)
    assert.match(stderr, /^flushed\nflushed\n/)
    assert.match(stderr, /10 log lines lost: 10 not delivered in time/)
  })

  it('keeps the stack and the code of an unhandled rejection', async () => {
    const { code, stderr } = await run(fake.endpoint, 'plain:reject', 100)
    assert.equal(code, 1)
    assert.match(stderr, /the app’s own/)
    assertAll(100)
  })

  it('loses only what had not left yet when a signal ends the process, and all its records are whole', async () => {
    const { signal } = await run(fake.endpoint, 'plain:signal', 100, { flushInterval: 60_000 })
    assert.equal(signal, 'SIGTERM')
    for (const text of fake.texts('s')) JSON.parse(text)
  })

  it('delivers before a signal ends the process, with the helper', async () => {
    assert.equal(
      (await run(fake.endpoint, 'helper:signal', 100, { flushInterval: 60_000 })).signal,
      'SIGTERM',
    )
    assertAll(100)
  })

  it('delivers for a logger nobody holds any more, with the helper', async () => {
    const { code } = await run(fake.endpoint, 'helper:collect', 300, { flushInterval: 2000 }, [
      '--expose-gc',
    ])
    assert.equal(code, 0)
    assertAll(300)
  })

  for (const [death, nodeArgs] of [
    ['die', []],
    ['oom', ['--max-old-space-size=60']],
  ] as const) {
    it(`outlives its worker (${death}): starts another, then writes to standard error`, async () => {
      const { code, stdout, stderr } = await run(fake.endpoint, `frail:${death}`, 100, {}, nodeArgs)
      assert.equal(code, 0)
      const [first, second] = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { restarted: boolean; atRisk: number })
      assert.equal(first?.restarted, true)
      assert.ok(first.atRisk <= 1, `${first.atRisk} at risk`)
      assert.equal(second?.restarted, false)
      assert.match(stderr, /the worker died .*; it is started again\n/)
      assert.match(stderr, /lines go to stderr now\n\{"level":30.*"msg":"after death 1/)
      assertAll(101)
    })
  }

  it('closes: delivers, ends the worker, and says what it did', async () => {
    const { code, stdout } = await run(fake.endpoint, 'helper:close', 500)
    assert.equal(code, 0)
    const { delivered, remaining, dropped } = JSON.parse(stdout) as Record<string, number>
    assert.deepEqual([delivered, remaining, dropped], [500, 0, 0])
  })

  it('closes in time when nothing can be delivered, and says what is lost', async () => {
    fake.always(faults.hang())
    const { stdout, stderr } = await run(fake.endpoint, 'helper:close', 500, { closeTimeout: 300 })
    assert.equal((JSON.parse(stdout) as { dropped: number }).dropped, 500)
    assert.match(stderr, /500 log lines lost: 500 not delivered in time/)
  })

  it('tells of trouble by events, never by an error', async () => {
    fake.always(faults.requestError('AccessDeniedException'))
    for (const mode of ['plain', 'targets', 'helper']) {
      const { code, stdout } = await run(fake.endpoint, `${mode}:events`, 300, {
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
    fake.on(() => faults.partial({ by: 'share', share: 0.3 }, 'InternalFailure'))
    const options = { maxAttemptsPerRecord: 100 }
    assert.equal((await run(fake.endpoint, 'plain:flushed-kill', 5000, options)).signal, 'SIGKILL')
    assertAll(5000)
    // Scattered failures must not make the retries small, which took 400 requests once.
    assert.ok(fake.counts.putRequests < 100, `${fake.counts.putRequests} requests`)
  })

  it('delivers through an outage of many requests while the application goes on', async () => {
    fake.script(...Array.from({ length: 8 }, () => faults.html(503)))
    const { code, stderr } = await run(fake.endpoint, 'plain:wait-end', 5000)
    assert.equal(code, 0)
    assert.equal(stderr.split('KinesisProducerWarning').length <= 2, true, stderr)
    assertAll(5000)
  })

  it('delivers what fits into closeTimeout when the service is slow, and counts the rest', async () => {
    fake.always(faults.slow(700))
    const { code, stderr } = await run(fake.endpoint, 'plain:exit', 20_000, { maxInFlight: 2 })
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
      [APP, fake.endpoint, 'plain:wait-end', '300', '{"requestTimeout":1500}'],
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
    const { code, stdout, stderr } = await run(fake.endpoint, 'plain:flood', 0, {
      bufferBytes: 4_000_000,
      closeTimeout: 300,
    })
    assert.equal(code, 0)
    const { written, rss } = JSON.parse(stdout) as { written: number; rss: number }
    assert.match(stderr, new RegExp(`${written} log lines lost: .*dropped \\(bufferFull\\)`))
    assert.ok(rss < 350, `${rss} MiB`)
  })

  it('says at once what is wrong with the options', async () => {
    const plain = await run(fake.endpoint, 'plain:end', 1, { minLevel: 'loud' })
    assert.equal(plain.code, 1)
    assert.match(plain.stderr, /minLevel must be a number or one of/)
    const helper = await run(fake.endpoint, 'helper:close', 1, { minLevel: 'loud' })
    assert.equal(helper.code, 0)
    assert.match(helper.stderr, /could not start: pino-transport: minLevel must be a number/)
  })

  it('puts what is lost into the dead letter file, which can be sent again', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'letters-')), 'dead.ndjson')
    const { endpoint, port } = fake
    await fake.close()
    const { code, stderr } = await run(endpoint, 'plain:exit', 500, {
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
    const again = await pipe([...target, '--replay', file], '')
    assert.deepEqual(
      [again.code, again.stderr],
      [0, `pino-kinesis: 500 lines of ${file} delivered\n`],
    )
    assertAll(500)
    assert.ok(fake.records('s').every(({ partitionKey }) => partitionKey === 'k'))
    assert.deepEqual(readdirSync(dirname(file)), [])
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

describe('pino-kinesis', () => {
  let fake: FakeKinesis
  let target: string[]
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4 } })
    target = ['--stream', 's', '--endpoint', fake.endpoint, '--region', 'us-east-1']
  })
  afterEach(() => fake.close())
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `{"level":${(i % 2) * 30 + 10},"i":${i}}\n`).join('')

  it('sends its input to the end, quietly, last line without newline included', async () => {
    assert.deepEqual(await pipe(target, `${lines(10_000)}the last`), {
      code: 0,
      stdout: '',
      stderr: '',
    })
    const texts = fake.texts('s')
    assert.equal(texts.length, 10_001)
    assert.equal(texts.filter(text => text === 'the last\n').length, 1)
  })

  it('loses nothing of an input larger than its buffer, however slow the service', async () => {
    fake.script(faults.slow(300), faults.requestError('ProvisionedThroughputExceededException'))
    const { code } = await pipe([...target, '--buffer-bytes', '2000000'], lines(150_000))
    assert.equal(code, 0)
    assert.equal(fake.texts('s').length, 150_000)
  })

  it('passes its input through, and goes on when nobody reads that', async () => {
    const through = await pipe([...target, '--echo'], lines(1000))
    assert.equal(through.stdout, lines(1000))
    const broken = await pipe([...target, '--echo'], '', child => {
      child.stdout.destroy()
      child.stdin.end(lines(50_000))
    })
    assert.equal(broken.code, 0)
    assert.equal(fake.texts('s').length, 51_000)
  })

  it('delivers what it has read at Ctrl-C', async () => {
    const { code } = await pipe(target, '', child => {
      child.stdin.write(lines(100))
      const interrupt = async (): Promise<void> => {
        await fake.waitForRecords(100)
        child.stdin.write('more\n', () => setImmediate(() => child.kill('SIGINT')))
      }
      void interrupt()
    })
    assert.equal(code, 0)
    assert.ok(fake.texts('s').length >= 100)
  })

  it('exits with 1 and the count when something was lost', async () => {
    fake.always(faults.requestError('AccessDeniedException'))
    const { code, stderr } = await pipe([...target, '--close-timeout', '300'], lines(10))
    assert.equal(code, 1)
    assert.match(stderr, /10 log lines lost: 10 not delivered in time/)
  })

  it('rehearses', async () => {
    const { code, stderr } = await pipe(
      [...target, '--dry-run', '--packing', 'concat'],
      lines(1000),
    )
    assert.equal(code, 0)
    assert.match(stderr, /1000 lines would have been 1 records of \d+ bytes/)
    assert.equal(fake.counts.requests, 0)
  })

  it('takes flags, the environment and a settings file, and says what is wrong with them', async () => {
    const all = await pipe(
      [
        ...target,
        '--min-level',
        'info',
        '--field',
        'app=shop',
        '--partition-key-field',
        'i',
        '--no-newline',
      ],
      lines(4),
    )
    assert.equal(all.code, 0)
    assert.deepEqual(fake.texts('s').toSorted(), [
      '{"app":"shop","level":40,"i":1}',
      '{"app":"shop","level":40,"i":3}',
    ])
    assert.deepEqual(
      fake
        .records('s')
        .map(({ partitionKey }) => partitionKey)
        .toSorted(),
      ['1', '3'],
    )
    for (const [args, message] of [
      [[], /needs streamName/],
      [['--nonsense'], /--nonsense/],
      [['--stream', 's', '--packing', 'zip'], /--packing must be none, concat, gzip or kpl/],
      [['--stream', 's', '--buffer-bytes', 'many'], /--buffer-bytes must be a whole number/],
    ] as const) {
      const { code, stderr } = await pipe([...args], '')
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
    assert.match((await pipe(['--help'], '')).stdout, /Usage: app \| pino-kinesis --stream NAME/)
    assert.match((await pipe(['--version'], '')).stdout, /^\d+\.\d+\.\d+/)
  })
})
