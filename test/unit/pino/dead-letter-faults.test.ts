import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { DeadLetterFile } from '@kinesis-producer/pino-transport/internal/undelivered/dead-letter-file'
import { parseLetter } from '@kinesis-producer/pino-transport/internal/undelivered/letter'
import fc from 'fast-check'

const MKFIFO = 'mkfifo'
const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'dead-letters-')), 'dead.ndjson')
const sorry = (code: string): never => {
  throw Object.assign(new Error(`${code}: sorry, write`), { code, syscall: 'write' })
}

/** About the length of a letter here. */
const LETTER = 80

/** What a disk does with the next writes: how many bytes it takes of each, or how it fails. */
type Disk = readonly (number | string)[]

const [OPENING, NEWLINE] = Buffer.from('{\n')

/** Plays a disk for the writes of letters, or else of locks; those after the last go through. */
const play = (disk: Disk, what: 'letters' | 'locks' = 'letters'): void => {
  const { writeSync } = fs
  const next = [...disk]
  mock.method(fs, 'writeSync', (file: number, bytes: Uint8Array, from = 0): number => {
    const ofLetters = bytes[0] === OPENING || bytes[0] === NEWLINE
    if (ofLetters !== (what === 'letters')) return writeSync(file, bytes, from)
    const does = next.shift() ?? Number.POSITIVE_INFINITY
    if (typeof does === 'string') return sorry(does)
    return writeSync(file, bytes, from, Math.min(does, bytes.length - from))
  })
}

/** Where letters went: what the file tells of them, and what is there. */
interface Outcome {
  readonly told: number
  readonly there: readonly string[]
  readonly lost: number
  readonly why: string
}

const TEXTS = ['a', 'b\u2028', 'c😀'] as const

/** Adds three letters while something is wrong, then one more when it is not. */
const outcome = (path: string, wrong: () => void, right: () => void = () => {}): Outcome => {
  let lost = 0
  let why = ''
  const file = new DeadLetterFile(path, 1e6, (letters, reason) => {
    lost += letters
    why ||= reason
  })
  wrong()
  for (const data of TEXTS) file.add({ data, reason: 'closed', attempts: 0 })
  file.flush()
  mock.restoreAll()
  right()
  file.add({ data: 'later', reason: 'closed', attempts: 0 })
  file.flush()
  const there = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap(line => parseLetter(line)?.data ?? [])
  return { told: file.written, there, lost, why }
}

describe('dead letters that cannot be written', () => {
  afterEach(() => mock.restoreAll())

  for (const [name, disk, kept, code] of [
    ['a full disk', ['ENOSPC'], 0, 'ENOSPC'],
    ['a quota used up', ['EDQUOT'], 0, 'EDQUOT'],
    ['a broken disk', ['EIO'], 0, 'EIO'],
    ['a disk that takes half a letter, then is full', [LETTER / 2, 'ENOSPC'], 0, 'ENOSPC'],
    ['a disk that takes one and a half', [LETTER * 1.5, 'EDQUOT'], 1, 'EDQUOT'],
    ['a disk that takes no more and says nothing', [LETTER * 1.5, 0], 1, 'nothing more'],
    ['a disk that takes a few bytes at a time', [1, 1, 10, 100, 3], 3, ''],
  ] as const)
    it(`are told, and those are whole that are there: ${name}`, () => {
      const { told, there, lost, why } = outcome(fresh(), () => play(disk))
      assert.deepEqual(there, [...TEXTS.slice(0, kept), 'later'])
      assert.deepEqual([told, lost], [kept + 1, 3 - kept])
      assert.ok(code === '' ? why === '' : why.includes(code), why)
    })

  for (const disk of [['ENOSPC'], [5, 'ENOSPC'], [30, 'EDQUOT']])
    it(`leave no lock that could not be written: ${disk.join(', ')}`, () => {
      const path = fresh()
      const { told, there, lost } = outcome(path, () => play(disk, 'locks'))
      assert.deepEqual([told, lost, there], [1, 3, ['later']])
      assert.equal(fs.existsSync(`${path}.lock`), false)
    })

  it('are told as lost when the disk says so only as the file is closed', () => {
    const { closeSync } = fs
    const { told, lost, why } = outcome(fresh(), () => {
      mock.method(fs, 'closeSync', (file: number) => {
        const { size } = fs.fstatSync(file)
        closeSync(file)
        // A lock is shorter.
        if (size > 2 * LETTER) sorry('EDQUOT')
      })
    })
    assert.deepEqual([told, lost], [1, 3])
    assert.match(why, /EDQUOT/)
  })

  it('are not glued to half a letter that could not be cut off', () => {
    const { told, there, lost } = outcome(fresh(), () => {
      play([LETTER * 1.5, 'ENOSPC'])
      mock.method(fs, 'ftruncateSync', () => sorry('EIO'))
    })
    assert.deepEqual([told, lost, there], [2, 2, ['a', 'later']])
  })

  it('end a line that a crash tore, also when the disk is full at once', () => {
    const path = fresh()
    writeFileSync(path, '{"time":"t","reason":"closed","attempts":0,"data":"torn')
    const { told, there, lost } = outcome(path, () => play([1, 'ENOSPC']))
    assert.deepEqual([told, lost, there], [1, 3, ['later']])
  })

  for (const [what, make] of [
    ['a symbolic link', (path: string) => symlinkSync(fresh(), path)],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a special file', (path: string) => execFileSync(MKFIFO, [path])],
  ] as const)
    it(`go nowhere when the file has become ${what} since the start`, () => {
      const path = fresh()
      const swap = (): void => {
        rmSync(path)
        make(path)
      }
      const back = (): void => rmSync(path, { recursive: true })
      const { told, there, lost, why } = outcome(path, swap, back)
      assert.deepEqual([told, lost, there], [1, 3, ['later']])
      assert.match(why, /dead\.ndjson/)
    })

  it('are counted as what is there, whatever the disk does', () => {
    const write = fc.oneof(
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom('ENOSPC', 'EDQUOT', 'EIO', 'EINTR'),
    )
    fc.assert(
      fc.property(fc.array(write, { maxLength: 6 }), fc.boolean(), (disk, torn) => {
        const path = fresh()
        if (torn) writeFileSync(path, 'torn')
        const { told, there, lost } = outcome(path, () => play(disk))
        assert.equal(told, there.length)
        assert.equal(told + lost, TEXTS.length + 1)
        assert.deepEqual(there, [...TEXTS.slice(0, told - 1), 'later'])
      }),
      { numRuns: 50 },
    )
  })
})
