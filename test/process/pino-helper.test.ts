import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKinesisTransport } from '@kinesis-producer/pino-transport/main'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { assertLines, runPinoApp } from '../support/pino-programs.js'

describe('the helper around the transport', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4 } })
  })
  afterEach(() => fake.close())
  const run = (how: string, count: number, options?: object, nodeArgs?: readonly string[]) =>
    runPinoApp(fake.endpoint, how, count, options, nodeArgs)
  const assertAll = (count: number): void => assertLines(fake, count)

  it('delivers before a signal ends the process, with the helper', async () => {
    assert.equal((await run('helper:signal', 100, { flushInterval: 60_000 })).signal, 'SIGTERM')
    assertAll(100)
  })

  it('delivers for a logger nobody holds any more, with the helper', async () => {
    const { code } = await run('helper:collect', 300, { flushInterval: 2000 }, ['--expose-gc'])
    assert.equal(code, 0)
    assertAll(300)
  })

  for (const [death, nodeArgs] of [
    ['die', []],
    ['oom', ['--max-old-space-size=60']],
  ] as const) {
    it(`outlives its worker (${death}): starts another, then writes to standard error`, async () => {
      const { code, stdout, stderr } = await run(`frail:${death}`, 100, {}, nodeArgs)
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

  it('writes to a file, by option, when its worker died too often', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'fallback-')), 'lines.ndjson')
    const { code, stderr } = await runPinoApp(fake.endpoint, 'frail:die', 10, {}, [], file)
    assert.equal(code, 0)
    assert.match(stderr, /lines go to .*lines\.ndjson now\n$/)
    assert.match(readFileSync(file, 'utf8'), /^\{"level":30.*"msg":"after death 1 ü😀"\}\n$/)
  })

  it('counts what it cannot write anywhere', async () => {
    const { code, stderr } = await runPinoApp(fake.endpoint, 'frail:die', 10, {}, [], 'none')
    assert.equal(code, 0)
    assert.match(stderr, /stream s: 1 log line lost: 1 without a worker\n$/)
  })

  it('says what may be lost when its worker dies while it closes', async () => {
    const { code, stdout, stderr } = await run('frail:die-close', 100)
    assert.equal(code, 0)
    assert.match(stderr, /the worker (gave no answer|died .*); up to 1 log lines it held are lost/)
    assert.ok((JSON.parse(stdout) as { remaining: number }).remaining === 0)
    assertAll(100)
  })

  it('takes lines while it closes and afterwards to the fallback: none vanishes', async () => {
    fake.always(faults.hang())
    const { stdout, stderr } = await run('helper:late-close', 50, { closeTimeout: 300 })
    assert.equal((JSON.parse(stdout) as { dropped: number }).dropped, 50)
    assert.match(stderr, /50 log lines lost: 50 not delivered in time/)
    assert.match(stderr, /"msg":"while it closes"[^]*"msg":"after it closed"/)
  })

  it('holds 64 MiB for a worker that cannot keep up, and counts what it does not take', async () => {
    const { stdout, stderr } = await run('helper:burst', 0, {
      bufferBytes: 200_000_000,
      closeTimeout: 40_000,
    })
    const { delivered, remaining, dropped } = JSON.parse(stdout) as Record<string, number>
    assert.equal(remaining, 0)
    assert.equal(Number(delivered) + Number(dropped), 150_000)
    assert.ok(Number(delivered) > 60_000 && Number(delivered) < 75_000, `${delivered} delivered`)
    assert.match(
      stderr,
      new RegExp(`${dropped} log lines lost: ${dropped} dropped \\(bufferFull\\)`),
    )
    assert.equal(new Set(fake.texts('s')).size, delivered)
  }).timeout(60_000)

  it('says that it could not start, and how many lines that cost', async () => {
    const { code, stderr } = await run('helper:close', 7, { minLevel: 'loud' })
    assert.equal(code, 0)
    assert.match(stderr, /could not start: pino-transport: minLevel must be a number/)
    // Which of the two depends on whether the worker's end or its error is seen first.
    assert.match(stderr, /7 log lines (lost: 7 without a worker|it held are lost)/)
  })

  it('refuses options it does not have', () => {
    const make = (helper: object) => () =>
      createKinesisTransport({ streamName: 's' }, { ...helper })
    assert.throws(make({ restart: 1 }), /no option "restart"; did you mean "restarts"/)
    assert.throws(make({ restarts: -1 }), /restarts must be at least 0, not -1/)
    assert.throws(make({ fallback: 'stdout' }), /fallback must be stderr, none or/)
  })

  it('asks its worker for stats', async () => {
    const { stdout } = await run('helper:stats', 20)
    const [stats, later] = JSON.parse(stdout) as [Record<string, unknown>, unknown]
    assert.deepEqual([stats['streamName'], stats['delivered'], stats['filtered']], ['s', 20, 0])
    assert.equal(later, null)
  })

  it('closes: delivers, ends the worker, and says what it did', async () => {
    const { code, stdout } = await run('helper:close', 500)
    assert.equal(code, 0)
    const { delivered, remaining, dropped } = JSON.parse(stdout) as Record<string, number>
    assert.deepEqual([delivered, remaining, dropped], [500, 0, 0])
  })

  it('closes in time when nothing can be delivered, and says what is lost', async () => {
    fake.always(faults.hang())
    const { stdout, stderr } = await run('helper:close', 500, { closeTimeout: 300 })
    assert.equal((JSON.parse(stdout) as { dropped: number }).dropped, 500)
    assert.match(stderr, /500 log lines lost: 500 not delivered in time/)
  })
})
