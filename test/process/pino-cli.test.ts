import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { runPinoKinesis } from '../support/pino-programs.js'
import { type ProgramOptions, QUIET, type Ran } from '../support/run-program.js'

const folder = (): string => mkdtempSync(join(tmpdir(), 'pino-kinesis-'))

describe('pino-kinesis', () => {
  let fake: FakeKinesis
  let target: string[]
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4 } })
    target = ['--stream', 's', '--endpoint', fake.endpoint, '--region', 'us-east-1']
  })
  afterEach(() => fake.close())
  const pipe = (
    args: readonly string[],
    input: string,
    act?: ProgramOptions['act'],
  ): Promise<Ran> => runPinoKinesis(args, act === undefined ? { input } : { act })
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `{"level":${(i % 2) * 30 + 10},"i":${i}}\n`).join('')

  it('sends its input to the end, quietly, last line without newline included', async () => {
    assert.deepEqual(await pipe(target, `${lines(10_000)}the last`), QUIET)
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

  it('takes flags', async () => {
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
  })

  it('takes its options from a file, the environment and flags, the last of them winning', async () => {
    const settings = join(folder(), 'settings.json')
    writeFileSync(settings, JSON.stringify({ fields: { from: 'file' }, partitionKey: 'file' }))
    const { code, stderr } = await runPinoKinesis(
      [...target, '--settings', settings, '--partition-key', 'flag'],
      {
        input: '{"i":1}\n',
        env: { PINO_KINESIS_FIELD: 'from=env', PINO_KINESIS_PARTITION_KEY: 'env' },
      },
    )
    assert.equal(code, 0, stderr)
    assert.deepEqual(
      fake.records('s').map(({ partitionKey }) => [partitionKey, fake.texts('s')[0]]),
      [['flag', '{"from":"env","i":1}\n']],
    )
  })

  it('says what is wrong with its flags, and helps', async () => {
    const list = join(folder(), 'list.json')
    writeFileSync(list, '[]')
    for (const [args, message] of [
      [[], /needs streamName/],
      [['--nonsense'], /--nonsense/],
      [['--stream', 's', '--packing', 'zip'], /--packing must be one of none, concat, gzip, kpl/],
      [['--stream', 's', '--field', 'x'], /--field must be NAME=VALUE, not "x"/],
      [['--stream', 's', '--settings', list], /list.json must hold a JSON object/],
      [['--stream', 's', '--settings', `${list}.gone`], /ENOENT/],
      [['--stream', 's', '--buffer-bytes', 'many'], /--buffer-bytes must be a whole number/],
    ] as const) {
      const { code, stderr } = await runPinoKinesis([...args])
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
    assert.match(
      (await runPinoKinesis(['--help'])).stdout,
      /Usage: app \| pino-kinesis --stream NAME/,
    )
    assert.match((await runPinoKinesis(['--version'])).stdout, /^\d+\.\d+\.\d+/)
  })

  describe('--replay', () => {
    const letter = (i: number, more: object = {}): string =>
      `${JSON.stringify({ time: '2026-01-01T00:00:00.000Z', reason: 'closed', attempts: 1, data: `line ${i}\n`, ...more })}\n`
    const letters = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => letter(from + i)).join('')
    const numbers = (): number[] =>
      fake
        .texts('s')
        .map(text => Number(/^line (\d+)\n$/.exec(text)?.[1]))
        .toSorted((a, b) => a - b)
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
    let file: string
    beforeEach(() => {
      file = join(folder(), 'dead.ndjson')
    })
    const replay = (...flags: string[]): Promise<Ran> =>
      runPinoKinesis([...target, '--replay', file, ...flags])

    it('sends all letters with their keys and leaves no file', async () => {
      writeFileSync(
        file,
        letters(0, 499) + letter(499, { partitionKey: 'k', explicitHashKey: '7' }),
      )
      assert.deepEqual(await replay(), {
        ...QUIET,
        stderr: `pino-kinesis: 500 lines of ${file} delivered\n`,
      })
      assert.deepEqual(numbers(), upTo(500))
      assert.equal(fake.records('s').filter(({ partitionKey }) => partitionKey === 'k').length, 1)
      assert.deepEqual(readdirSync(dirname(file)), [])
      assert.deepEqual((await replay('--quiet')).code, 0)
    })

    it('repairs keys that are no text, and says so', async () => {
      writeFileSync(file, letter(0, { partitionKey: 'a\ud83d' }) + letter(1, { partitionKey: '' }))
      const { code, stderr } = await replay()
      assert.equal(code, 0)
      assert.match(stderr, /pino-kinesis: a partition key held half of a surrogate pair/)
      assert.deepEqual(numbers(), [0, 1])
      assert.ok(fake.records('s').some(({ partitionKey }) => partitionKey === 'a\ufffd'))
    })

    it('puts back what is not delivered, and what is no letter, and says so', async () => {
      writeFileSync(file, `${letters(0, 300)}garbage\n{"data":1}\n\n`)
      fake.always(faults.requestError('AccessDeniedException'))
      const { code, stderr } = await replay('--close-timeout', '300')
      assert.equal(code, 1)
      assert.match(stderr, /0 lines of .* delivered; 302 not delivered are back in /)
      assert.deepEqual(readdirSync(dirname(file)), ['dead.ndjson'])
      fake.always(faults.ok())
      const again = await replay()
      // What was no letter is one now: its text is its line.
      assert.deepEqual([again.code, fake.texts('s').length], [0, 302])
      assert.ok(fake.texts('s').includes('garbage'))
      assert.deepEqual(readdirSync(dirname(file)), [])
    })

    it('begins again what a killed replay left, and then sends what came since', async () => {
      writeFileSync(file, letters(0, 200))
      fake.always(faults.hang())
      const killed = await runPinoKinesis([...target, '--replay', file], {
        act: child => void fake.waitForRequests(1).then(() => child.kill('SIGKILL')),
      })
      assert.equal(killed.signal, 'SIGKILL')
      assert.deepEqual(readdirSync(dirname(file)), ['dead.ndjson.replaying'])
      // A program goes on writing letters meanwhile.
      writeFileSync(file, letters(200, 300))
      fake.always(faults.ok())
      assert.match((await replay()).stderr, /300 lines of .* delivered\n$/)
      assert.deepEqual(numbers(), upTo(300))
      assert.deepEqual(readdirSync(dirname(file)), [])
    })
  })
})
