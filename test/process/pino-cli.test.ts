import assert from 'node:assert/strict'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { PINO_CLI, runPinoKinesis } from '../support/pino-programs.js'
import { type ProgramOptions, QUIET, type Ran, runProgram } from '../support/run-program.js'

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
    assert.equal(fake.counts.records, 150_000)
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

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    it(`reads what the writer still says after ${signal}`, async () => {
      const { code, stderr } = await pipe(target, '', child => {
        child.stdin.write(lines(100))
        const interrupt = async (): Promise<void> => {
          await fake.waitForRecords(100)
          child.stderr.once('data', () => child.stdin.end(lines(50)))
          child.kill(signal)
        }
        void interrupt()
      })
      assert.equal(code, 0)
      assert.match(stderr, /reading to the end of the input; a second signal ends at once/)
      assert.equal(fake.texts('s').length, 150)
    })

  it('ends at once at the second signal, with the count of what is lost', async () => {
    fake.always(faults.hang())
    const { code, stderr } = await pipe(target, '', child => {
      child.stdin.write(lines(100))
      const interrupt = async (): Promise<void> => {
        await fake.waitForRequests(1)
        child.stderr.once('data', () => child.kill('SIGINT'))
        child.kill('SIGINT')
      }
      void interrupt()
    })
    assert.equal(code, 1)
    assert.match(stderr, /100 lines were not delivered, and the rest of the input was not read/)
  })

  it('drops nothing for lack of room, however small the buffer', async () => {
    const settings = join(folder(), 'settings.json')
    writeFileSync(
      settings,
      '{"bufferSize":500,"bufferBytes":200000,"maxRecordBytes":100000,"whenFull":"dropOldest"}',
    )
    const ran = await pipe([...target, '--settings', settings], lines(20_000))
    assert.deepEqual(ran, QUIET)
    assert.equal(fake.texts('s').length, 20_000)
  })

  it('passes bytes on that are no UTF-8', async () => {
    const bytes = Buffer.from('{"m":"\xe9"}\n\xff\xfe\n', 'latin1')
    const ran = await runPinoKinesis(target, { act: child => child.stdin.end(bytes) })
    assert.deepEqual(ran, QUIET)
    const there = fake.records('s').map(({ data }) => Buffer.from(data).toString('latin1'))
    assert.deepEqual(there.toSorted(), ['{"m":"\xe9"}\n', '\xff\xfe\n'])
  })

  it('delivers when nobody reads its standard error any more', async () => {
    fake.script(faults.requestError('AccessDeniedException'))
    const { code } = await pipe(target, '', child => {
      child.stderr.destroy()
      child.stdin.end(lines(10))
    })
    assert.equal(code, 0)
    assert.equal(fake.texts('s').length, 10)
  })

  it('runs from a folder with any name', async () => {
    const home = join(folder(), 'a b#c%20d')
    const from = dirname(dirname(dirname(PINO_CLI)))
    cpSync(join(from, 'dist'), join(home, 'dist'), { recursive: true })
    cpSync(join(from, 'package.json'), join(home, 'package.json'))
    symlinkSync(join(from, 'node_modules'), join(home, 'node_modules'))
    const cli = join(home, 'dist/cli/main.js')
    assert.match((await runProgram([cli, '--version'])).stdout, /^\d+\.\d+\.\d+/)
    const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
    assert.deepEqual(await runProgram([cli, ...target], { env, input: lines(3) }), QUIET)
    assert.equal(fake.texts('s').length, 3)
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
      const gone = await replay('--quiet')
      assert.deepEqual([gone.code, gone.stdout], [2, ''])
      assert.match(gone.stderr, /--replay: there is no file .*dead\.ndjson/)
    })

    it('repairs keys that are no text, and says so', async () => {
      writeFileSync(file, letter(0, { partitionKey: 'a\ud83d' }) + letter(1, { partitionKey: '' }))
      const { code, stderr } = await replay()
      assert.equal(code, 0)
      assert.match(stderr, /pino-kinesis: a partition key held half of a surrogate pair/)
      assert.deepEqual(numbers(), [0, 1])
      assert.ok(fake.records('s').some(({ partitionKey }) => partitionKey === 'a\ufffd'))
    })

    it('puts back what is not delivered with all that was known of it, and says so', async () => {
      const known = {
        error: 'why',
        attempts: 7,
        possiblyDelivered: true,
        partitionKey: 'k',
        explicitHashKey: '7',
        more: 1,
      }
      writeFileSync(file, letters(0, 300) + letter(300, known))
      fake.always(faults.requestError('AccessDeniedException'))
      const { code, stderr } = await replay('--close-timeout', '300')
      assert.equal(code, 1)
      assert.match(stderr, /0 lines of .* delivered; 301 not delivered are back in /)
      assert.deepEqual(readdirSync(dirname(file)), ['dead.ndjson'])
      const last = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .find(line => line.includes('"k"'))
      const { attempts, lastReplay, ...rest } = JSON.parse(last ?? '') as {
        attempts: number
        lastReplay: { reason: string }
      }
      assert.ok(attempts >= 7)
      assert.equal(lastReplay.reason, 'closed')
      const { attempts: _, ...expected } = JSON.parse(letter(300, known)) as { attempts: number }
      assert.deepEqual(rest, expected)
      fake.always(faults.ok())
      assert.equal((await replay()).code, 0)
      assert.deepEqual(numbers(), upTo(301))
    })

    it('keeps lines that are no letters in a file of their own, and never sends them', async () => {
      const torn = letter(9).slice(0, 80)
      writeFileSync(file, `${letter(0)}${torn}\n{"data":1}\n\n${letter(1)}`)
      const { code, stderr } = await replay()
      assert.equal(code, 1)
      assert.match(
        stderr,
        /2 lines of .* delivered; 2 lines are no letters, and are in .*unreadable/,
      )
      assert.deepEqual(readdirSync(dirname(file)), ['dead.ndjson.unreadable'])
      assert.equal(readFileSync(`${file}.unreadable`, 'utf8'), `${torn}\n{"data":1}\n`)
      assert.equal(statSync(`${file}.unreadable`).mode & 0o777, 0o600)
      assert.deepEqual(numbers(), upTo(2))
    })

    it('leaves a letter that is too large as it is, or cuts it, or drops it, as asked', async () => {
      const large = letter(0, { reason: 'tooLarge', data: `${'x'.repeat(1_100_000)}\n` })
      writeFileSync(file, large)
      assert.equal((await replay()).code, 1)
      assert.equal((await replay('--oversize', 'truncate')).code, 0)
      const [text = ''] = fake.texts('s')
      const { truncated } = JSON.parse(text) as { truncated: { bytes: number } }
      assert.equal(truncated.bytes, 1_100_000)
      writeFileSync(file, large)
      const { code, stderr } = await replay('--oversize', 'drop')
      assert.equal(code, 1)
      assert.match(stderr, /0 lines .*; 1 too large are dropped/)
      assert.deepEqual(readdirSync(dirname(file)), [])
    })

    it('is refused while another process replays the file', async () => {
      writeFileSync(file, letters(0, 100))
      fake.always(faults.hang())
      const second: Promise<Ran>[] = []
      const first = await runPinoKinesis([...target, '--replay', file], {
        act: () => {
          const meanwhile = async (): Promise<void> => {
            await fake.waitForRequests(1)
            second.push(replay())
            await second[0]
            fake.always(faults.ok())
            fake.releaseHung()
          }
          void meanwhile()
        },
      })
      assert.equal(first.code, 0, first.stderr)
      const ran = await second[0]
      assert.equal(ran?.code, 1)
      assert.match(ran?.stderr ?? '', /is being replayed by process \d+ on .*: nothing was sent/)
      assert.deepEqual(numbers(), upTo(100))
    })

    it('refuses links and special files', async () => {
      const real = join(dirname(file), 'real')
      writeFileSync(real, letters(0, 1))
      symlinkSync(real, file)
      const { code, stderr } = await replay()
      assert.equal(code, 2)
      assert.match(stderr, /dead\.ndjson is a symbolic link/)
      assert.deepEqual(readdirSync(dirname(file)), ['dead.ndjson', 'real'])
    })

    it('sends nothing and changes nothing with --dry-run, whatever else is given', async () => {
      const text = `${letters(0, 3)}garbage\n${letter(3, { data: 'x'.repeat(1_100_000) })}`
      writeFileSync(file, text)
      const other = join(dirname(file), 'other')
      const more = ['--dry-run', '--dead-letter-file', other, '--oversize', 'deadLetter', '--echo']
      const { code, stderr } = await replay(...more)
      assert.equal(code, 1)
      assert.match(
        stderr,
        /dry run: 3 lines of .* would be 3 records of \d+ bytes; 1 could not be sent; 1 lines are no letters/,
      )
      await pipe([...target, ...more], `${lines(2)}${'x'.repeat(1_100_000)}`)
      assert.equal(fake.counts.requests, 0)
      assert.deepEqual(readdirSync(dirname(file)), ['dead.ndjson'])
      assert.equal(readFileSync(file, 'utf8'), text)
      assert.equal((await runPinoKinesis([...target, '--dry-run', '--replay', other])).code, 2)
    })

    it('begins again what a killed replay left, and then sends what came since', async () => {
      writeFileSync(file, letters(0, 200))
      fake.always(faults.hang())
      const killed = await runPinoKinesis([...target, '--replay', file], {
        act: child => void fake.waitForRequests(1).then(() => child.kill('SIGKILL')),
      })
      assert.equal(killed.signal, 'SIGKILL')
      assert.deepEqual(readdirSync(dirname(file)), [
        'dead.ndjson.replaying',
        'dead.ndjson.replaying.lock',
      ])
      // A program goes on writing letters meanwhile.
      writeFileSync(file, letters(200, 300))
      fake.always(faults.ok())
      assert.match((await replay()).stderr, /300 lines of .* delivered\n$/)
      assert.deepEqual(numbers(), upTo(300))
      assert.deepEqual(readdirSync(dirname(file)), [])
    })
  })
})
