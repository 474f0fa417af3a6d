import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendWhole } from '@kinesis-producer/pino-transport/internal/undelivered/append-whole'
import { DeadLetterFile } from '@kinesis-producer/pino-transport/internal/undelivered/dead-letter-file'
import { FileLock } from '@kinesis-producer/pino-transport/internal/undelivered/file-lock'
import {
  dataOf,
  letterOf,
  parseLetter,
} from '@kinesis-producer/pino-transport/internal/undelivered/letter'
import { readLetters } from '@kinesis-producer/pino-transport/internal/undelivered/read-letters'
import fc from 'fast-check'

const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'dead-letters-')), 'dead.ndjson')
const lines = (...texts: string[]): Buffer[] => texts.map(text => Buffer.from(`${text}\n`))
const MKFIFO = 'mkfifo'
const failed = (): never => assert.fail('a letter was lost')

describe('a dead letter file', () => {
  it('is its owner’s alone', () => {
    const path = fresh()
    assert.equal(new DeadLetterFile(path, 1000, failed).written, 0)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(existsSync(`${path}.lock`), false)
  })

  it('is refused by name when it is a link, a folder or a special file', () => {
    const link = fresh()
    symlinkSync(fresh(), link)
    const folder = fresh()
    mkdirSync(folder)
    const fifo = fresh()
    execFileSync(MKFIFO, [fifo])
    for (const path of [link, folder, fifo, '/dev/null'])
      assert.throws(() => new DeadLetterFile(path, 1000, failed), /null|dead\.ndjson/)
  })

  it('takes lines as a whole up to its size', () => {
    const path = fresh()
    assert.deepEqual(appendWhole(path, lines('a', 'b', 'c'), 5), {
      lines: 2,
      why: `${path} has reached deadLetterMaxBytes`,
    })
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n')
  })

  it('has a torn line ended before the next', () => {
    const path = fresh()
    writeFileSync(path, 'torn')
    assert.deepEqual(appendWhole(path, lines('a'), 100), { lines: 1 })
    assert.equal(readFileSync(path, 'utf8'), 'torn\na\n')
  })

  it('holds no half of a line after a full disk, and what is told is what is there', () => {
    const path = fresh()
    // A limit of the shell on the size of a file cuts a write short as a full disk does.
    const program = `
      const { appendWhole } = require('@kinesis-producer/pino-transport/internal/undelivered/append-whole')
      const lines = Array.from({ length: 200 }, (_, i) => Buffer.from(i + 'x'.repeat(50) + '\\n'))
      console.log(JSON.stringify(appendWhole(process.argv[1], lines, 1e9)))`
    const told = JSON.parse(
      execFileSync(
        'sh',
        [
          '-c',
          'ulimit -f 8; exec "$0" "$@"',
          process.execPath,
          '--conditions=@kinesis-producer/internal',
          '-e',
          program,
          path,
        ],
        { encoding: 'utf8' },
      ),
    ) as { lines: number; why: string }
    const text = readFileSync(path, 'utf8')
    assert.ok(text.endsWith('\n'))
    const there = text.split('\n').slice(0, -1)
    assert.ok(there.length > 0 && there.length < 200)
    assert.ok(there.every((line, i) => line === i + 'x'.repeat(50)))
    assert.equal(told.lines, there.length)
    assert.match(told.why, /dead\.ndjson: EFBIG/)
  })
})

describe('letters', () => {
  const read = async (path: string): Promise<{ data: string[]; other: string }> => {
    const data: string[] = []
    const other: Buffer[] = []
    for await (const line of readLetters(path))
      if (line.kind === 'letter') data.push(dataOf(line.letter).toString())
      else other.push(line.bytes)
    return { data, other: Buffer.concat(other).toString() }
  }

  it('come back as they were, whatever their line holds', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u2028', '\u2029', '\u0085', '\n', '\r\n{"data":"x"}'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(text).map(parts => parts.join(''))), async datas => {
        const path = fresh()
        const file = new DeadLetterFile(path, 1e9, failed)
        for (const data of datas) file.add({ data, reason: 'closed', attempts: 0 })
        file.flush()
        assert.deepEqual(await read(path), { data: datas, other: '' })
      }),
      { numRuns: 50 },
    )
    const bytes = Buffer.from([0xff, 0x00, 0xe9])
    const letter = parseLetter(JSON.stringify(letterOf({ data: bytes, reason: 'x', attempts: 0 })))
    assert.deepEqual(letter && dataOf(letter), bytes)
  })

  it('are letters only if all their fields are what they should be, and their own', () => {
    const good = { time: 't', reason: 'closed', attempts: 0, data: 'x', more: 1 }
    assert.deepEqual(parseLetter(JSON.stringify(good)), good)
    for (const bad of [
      { time: 5 },
      { attempts: -1 },
      { attempts: '1' },
      { data: undefined },
      { partitionKey: 5 },
      { explicitHashKey: null },
      { possiblyDelivered: 'yes' },
      { encoding: 'hex' },
    ])
      assert.equal(parseLetter(JSON.stringify({ ...good, ...bad })), undefined, JSON.stringify(bad))
    for (const text of [
      '',
      '5',
      'null',
      '[]',
      '{"__proto__":{"time":"t","reason":"r","attempts":0,"data":"x"}}',
    ])
      assert.equal(parseLetter(text), undefined)
  })

  it('are read around what is none, which is passed on as it is', async () => {
    const path = fresh()
    const letter = (data: string): string =>
      `${JSON.stringify(letterOf({ data, reason: 'x', attempts: 0 }))}\n`
    const torn = letter('torn').slice(0, 60)
    writeFileSync(path, `${letter('a')}${torn}\n\n  \n${letter('b')}garbage`)
    assert.deepEqual(await read(path), { data: ['a', 'b'], other: `${torn}\ngarbage\n` })
  })
})

describe('the lock of a file', () => {
  const other = (pid: number): string => `${pid} ${hostname()} 0 x`

  it('is held by one at a time', () => {
    const path = `${fresh()}.lock`
    const [one, two] = [new FileLock(path, 60_000), new FileLock(path, 60_000)]
    assert.equal(one.tryTake(), true)
    assert.equal(two.tryTake(), false)
    assert.equal(two.takeWithin(20), false)
    two.release()
    assert.equal(existsSync(path), true, 'only the holder removes it')
    one.release()
    assert.equal(two.tryTake(), true)
    assert.match(one.holder(), new RegExp(`process ${process.pid} on ${hostname()}`))
  })

  it('is free when its process has ended, or did not touch it for long', () => {
    const path = `${fresh()}.lock`
    const ended = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })
    writeFileSync(path, other(Number(ended)))
    assert.equal(new FileLock(path, 60_000).tryTake(), true)
    writeFileSync(path, other(process.pid))
    assert.equal(new FileLock(path, 60_000).tryTake(), false)
    utimesSync(path, 0, 0)
    const mine = new FileLock(path, 60_000)
    assert.equal(mine.tryTake(), true)
    utimesSync(path, 0, 0)
    mine.touch()
    assert.equal(new FileLock(path, 60_000).tryTake(), false)
    appendFileSync(path, 'changed')
    mine.release()
    assert.equal(existsSync(path), true)
  })

  it('says why it cannot be taken', () => {
    assert.throws(() => new FileLock(join(fresh(), 'no', 'folder'), 1).tryTake(), /ENOENT/)
  })
})
