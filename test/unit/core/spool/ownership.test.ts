import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DISK } from '@kinesis-producer/core/internal/spool/file-system'
import { SOCKET_LOCKS } from '@kinesis-producer/core/internal/spool/lock'
import { adopt, makeHome } from '@kinesis-producer/core/internal/spool/ownership'
import { MemoryDisk } from '../../../support/core/memory-disk.js'
import { TestSpool } from '../../../support/core/spools.js'

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

describe('ownership of a directory', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'spool-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('is seen by others only while it is held', async () => {
    const home = makeHome(DISK, SOCKET_LOCKS, directory)
    assert.equal(await SOCKET_LOCKS.isHeld(`${home.path}/lock`), true)
    assert.equal(home.isThere(), true)
    home.release()
    assert.equal(await SOCKET_LOCKS.isHeld(`${home.path}/lock`), false)
    assert.deepEqual(readdirSync(home.path), [])
  })

  it('works where the path is longer than a socket may have', async () => {
    const deep = join(directory, 'd'.repeat(120), 'e'.repeat(120))
    const home = makeHome(DISK, SOCKET_LOCKS, deep)
    assert.equal(await SOCKET_LOCKS.isHeld(`${home.path}/lock`), true)
    home.release()
    assert.equal(await SOCKET_LOCKS.isHeld(`${home.path}/lock`), false)
  })

  it('is for the user alone', () => {
    const home = makeHome(DISK, SOCKET_LOCKS, `${directory}/parent`)
    assert.equal(lstatSync(`${directory}/parent`).mode & 0o777, 0o700)
    assert.equal(lstatSync(home.path).mode & 0o777, 0o700)
    DISK.close(DISK.create(`${home.path}/file`))
    assert.equal(lstatSync(`${home.path}/file`).mode & 0o777, 0o600)
    home.release()
  })

  it('follows no symbolic link', async () => {
    mkdirSync(`${directory}/elsewhere`)
    writeFileSync(`${directory}/elsewhere/0000000000000001.seg`, 'x')
    symlinkSync(`${directory}/elsewhere`, `${directory}/owner-0000000001-01234567`)
    const home = makeHome(DISK, SOCKET_LOCKS, directory)
    assert.deepEqual(await adopt(DISK, SOCKET_LOCKS, directory, home), [])
    symlinkSync(`${directory}/elsewhere/0000000000000001.seg`, `${home.path}/link`)
    assert.throws(() => DISK.open(`${home.path}/link`), { code: 'ELOOP' })
    assert.throws(() => DISK.append(`${home.path}/link`), { code: 'ELOOP' })
    home.release()
  })

  it('passes on what has no owner, oldest first, with what that had taken over', async () => {
    const owners = [1, 2, 3].map(() => makeHome(DISK, SOCKET_LOCKS, directory))
    const [oldest, middle, living] = owners
    assert.ok(oldest !== undefined && middle !== undefined && living !== undefined)
    oldest.release()
    assert.deepEqual((await adopt(DISK, SOCKET_LOCKS, directory, middle)).map(nameOf), [
      nameOf(oldest.path),
    ])
    middle.release()
    const last = makeHome(DISK, SOCKET_LOCKS, directory)
    const adopted = await adopt(DISK, SOCKET_LOCKS, directory, last)
    assert.deepEqual(adopted.map(nameOf), [nameOf(oldest.path), nameOf(middle.path)])
    assert.deepEqual(
      readdirSync(directory).toSorted(),
      [nameOf(living.path), nameOf(last.path)].toSorted(),
    )
    living.release()
    last.release()
  })

  it('takes each orphan once, however many look for it at the same time', async () => {
    for (let i = 0; i < 10; i++) makeHome(DISK, SOCKET_LOCKS, directory).release()
    const homes = Array.from({ length: 4 }, () => makeHome(DISK, SOCKET_LOCKS, directory))
    const adopted = await Promise.all(homes.map(home => adopt(DISK, SOCKET_LOCKS, directory, home)))
    const names = adopted.flat().map(nameOf)
    assert.equal(new Set(names).size, 10)
    assert.equal(names.length, 10)
    for (const home of homes) home.release()
  })

  it('ends when the process is killed, and not before', async () => {
    const { pathname } = new URL('../../../support/core/hold-a-home.js', import.meta.url)
    const child = spawn(
      process.execPath,
      ['--conditions=@kinesis-producer/internal', pathname, directory],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    await new Promise(resolve => child.stdout.once('data', resolve))
    const home = makeHome(DISK, SOCKET_LOCKS, directory)
    assert.deepEqual(await adopt(DISK, SOCKET_LOCKS, directory, home), [])
    const ended = new Promise(resolve => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
    assert.equal((await adopt(DISK, SOCKET_LOCKS, directory, home)).length, 1)
    home.release()
  })

  it('clears away what was prepared and never used', async () => {
    mkdirSync(`${directory}/new-00000001`)
    writeFileSync(`${directory}/new-00000001/lock`, '')
    mkdirSync(`${directory}/new-00000002`)
    const home = makeHome(DISK, SOCKET_LOCKS, directory)
    await adopt(DISK, SOCKET_LOCKS, directory, home)
    assert.equal(existsSync(`${directory}/new-00000001`), false)
    assert.equal(existsSync(`${directory}/new-00000002`), true, 'it may be in the making')
    home.release()
  })

  it('leaves no trace of a try that failed', () => {
    if (process.getuid?.() === 0) return
    chmodSync(directory, 0o500)
    assert.throws(() => makeHome(DISK, SOCKET_LOCKS, directory), { code: 'EACCES' })
    chmodSync(directory, 0o700)
    assert.deepEqual(readdirSync(directory), [])
  })
})

describe('two owners', () => {
  it('do not see each other’s records while both live', async () => {
    const disk = new MemoryDisk()
    const [a, b] = [await new TestSpool(disk).start(), await new TestSpool(disk).start()]
    a.append('of a')
    b.append('of b')
    a.spool.flush()
    b.spool.flush()
    const c = await new TestSpool(disk).start()
    assert.deepEqual(c.texts(), [])
    for (const { spool } of [a, b, c]) spool.close([])
  })

  it('deliver what one of them left while the other goes on', async () => {
    const disk = new MemoryDisk()
    const [a, b] = [await new TestSpool(disk).start(), await new TestSpool(disk).start()]
    a.append('of a')
    a.spool.flush()
    a.spool.close([])
    b.append('of b')
    await b.clock.advance(60_000)
    assert.deepEqual(b.texts(), ['of a'])
    b.spool.close([])
  })
})
