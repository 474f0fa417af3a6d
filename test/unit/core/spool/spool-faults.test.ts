import assert from 'node:assert/strict'
import type { FileSystem } from '@kinesis-producer/core/internal/spool/file-system'
import { segmentHeader } from '@kinesis-producer/core/internal/spool/format'
import { MemoryDisk, systemError } from '../../../support/core/memory-disk.js'
import { SpoolLife } from '../../../support/core/spool-life.js'
import { TestSpool } from '../../../support/core/spools.js'

const CODES = ['ENOSPC', 'EDQUOT', 'EIO', 'EACCES', 'EROFS', 'EMFILE']

/** What a spool lives through, with every kind of system call. */
const live = async (life: SpoolLife): Promise<void> => {
  await life.start()
  for (let i = 0; i < 20; i++) life.append(100, true)
  await life.addAndWait(10)
  await life.pass(1100)
  life.settle(0, 5)
  for (let i = 0; i < 60; i++) life.append(8000, false)
  await life.pass(20)
  life.read(40)
  life.settle(0, 50)
  await life.pass(1100)
  life.append(300_000, true)
  await life.pass(20)
  await life.addAndWait(10)
  life.read(10)
  await life.pass(1100)
}

const recover = async (
  life: SpoolLife,
  disk: MemoryDisk,
  ending: 'kill' | 'close',
): Promise<void> => {
  disk.before = () => {}
  await life.pass(40_000)
  assert.equal(life.spool.stats().state, 'open', life.spool.stats().lastError)
  life.checkAll()
  life.append(50, false)
  await life.pass(20)
  await life[ending]()
  life.checkAll()
  life.spool.close([])
}

describe('Spool, on a disk that fails', function () {
  this.timeout(60_000)

  it('survives the failure of any one system call, and takes records again by itself', async () => {
    const probe = new SpoolLife()
    await live(probe)
    const calls = probe.disk.calls
    assert.ok(calls > 60, `${calls}`)
    probe.spool.close([])
    for (let failing = 1; failing <= calls; failing++) {
      const life = new SpoolLife()
      const code = CODES[failing % CODES.length] ?? 'EIO'
      life.faulty = true
      life.disk.before = call => {
        if (life.disk.calls === failing)
          throw systemError(code === 'EIO' && call === 'read' ? 'EMFILE' : code)
      }
      await live(life)
      await recover(life, life.disk, failing % 2 === 0 ? 'kill' : 'close')
    }
  })

  it('loses nothing that is on disk to a death between any two system calls', async () => {
    for (let last = 1; last <= 200; last++) {
      const life = new SpoolLife()
      life.faulty = true
      life.isDead = () => life.disk.calls > last
      // A dead process makes no calls; what runs on here cannot reach the disk.
      life.disk.before = () => {
        if (life.isDead()) throw systemError('EINTR')
      }
      await live(life)
      await life.kill()
      life.checkAll()
      const { lost, badFrames } = life.spool.stats()
      assert.deepEqual({ lost, badFrames }, { lost: 0, badFrames: 0 }, `after call ${last}`)
      life.spool.close([])
    }
  })

  for (const code of CODES) {
    it(`survives a disk on which everything fails with ${code} for a while`, async () => {
      for (let failing = 1; failing < 160; failing += 7) {
        const life = new SpoolLife()
        life.faulty = true
        life.disk.before = call => {
          // A place that cannot be read is damaged for good: another test.
          const isDamage = code === 'EIO' && call === 'read'
          if (life.disk.calls >= failing && !isDamage) throw systemError(code)
        }
        await live(life)
        await recover(life, life.disk, failing % 2 === 0 ? 'kill' : 'close')
      }
    })
  }

  it('survives a disk that is full, and goes on where it stopped', async () => {
    for (let room = 0; room < 700_000; room += 23_456) {
      const life = new SpoolLife()
      life.faulty = true
      life.disk.room = room
      await live(life)
      life.disk.room = Number.POSITIVE_INFINITY
      await recover(life, life.disk, 'kill')
    }
  })

  it('loses what lies in a block that cannot be read, and nothing else', async () => {
    const disk = new MemoryDisk()
    const first = await new TestSpool(disk).start()
    for (let i = 0; i < 3000; i++) first.append(`${i}:${'x'.repeat(200)}`, false)
    first.spool.flush()
    disk.kill()
    const { fs } = disk
    const damaged: FileSystem = {
      ...fs,
      read: (fd, into, at, length, position) => {
        if (position < 300_000 && position + length > 300_000) throw systemError('EIO')
        return fs.read(fd, into, at, length, position)
      },
    }
    const next = await new TestSpool(new DamagedDisk(disk, damaged)).start()
    const read = next.readAll().length
    const { recovered, lost, badFrames } = next.spool.stats()
    assert.equal(recovered, 3000)
    assert.equal(read + lost, 3000)
    assert.equal(next.lost, lost)
    assert.ok(lost > 0 && lost < 320, `${lost}`)
    assert.equal(badFrames, 1)
    assert.match(next.warnings[0] ?? '', /damaged/)
    assert.equal(next.spool.unloaded, 0)
  })

  it('notices that its directory was removed, and makes another one', async () => {
    const disk = new MemoryDisk()
    const test = await new TestSpool(disk).start()
    test.append('gone', false)
    await test.clock.advance(10)
    disk.delete('/spool')
    await test.clock.advance(1000)
    test.append('noticed', false)
    await test.clock.advance(10)
    assert.equal(test.spool.stats().state, 'failing')
    assert.match(test.warnings[0] ?? '', /was removed/)
    assert.equal(test.lost, 1)
    await test.clock.advance(1000)
    assert.equal(test.spool.stats().state, 'open')
    assert.notEqual(test.append('kept', false), 0)
    await test.clock.advance(10)
    disk.kill()
    assert.deepEqual((await new TestSpool(disk).start()).texts(), ['noticed', 'kept'])
  })

  it('writes a segment anew when fdatasync fails, and syncs nothing twice', async () => {
    const disk = new MemoryDisk()
    const test = await new TestSpool(disk, { fsync: 'batch' }).start()
    test.append('settled')
    test.append('kept')
    await test.spool.written()
    test.spool.settled(1, 1)
    let failures = 0
    disk.before = call => {
      if (call !== 'sync' || failures > 0) return
      failures++
      throw systemError('EIO')
    }
    test.append('also kept')
    await test.spool.written()
    assert.equal(failures, 1)
    assert.match(test.warnings[0] ?? '', /fdatasync/)
    disk.loseUnsynced()
    assert.deepEqual((await new TestSpool(disk).start()).texts(), ['kept', 'also kept'])
  })

  describe('closed while things go wrong', () => {
    /** Calls after the end, when everything that was on its way has come back. */
    const callsAfterClose = async (disk: MemoryDisk, test: TestSpool): Promise<string[]> => {
      const calls: string[] = []
      test.spool.close([])
      disk.before = call => calls.push(call)
      disk.finishSyncs()
      await test.clock.advance(60_000)
      return calls
    }
    /** Four segments, the first of which is being synced. */
    const syncing = async (disk: MemoryDisk, onDisk: MemoryDisk = disk): Promise<TestSpool> => {
      disk.syncsByItself = false
      const test = await new TestSpool(onDisk, { maxBytes: 4 * 1024 * 1024 }).start()
      for (let i = 0; i < 16; i++) test.append('x'.repeat(60_000), false)
      await test.clock.advance(10)
      await test.clock.advance(1000)
      return test
    }

    it('syncs and writes nothing when a call on its way comes back, and closes its file', async () => {
      const disk = new MemoryDisk()
      const test = await syncing(disk)
      assert.deepEqual(await callsAfterClose(disk, test), ['close'])
      assert.equal(disk.openFiles, 0)
      disk.loseUnsynced()
      assert.equal((await new TestSpool(disk).start()).texts().length, 16)
    })

    it('leaves a file alone that fails to be synced after the end, and says so', async () => {
      const disk = new MemoryDisk()
      const { fs } = disk
      const failing: FileSystem = {
        ...fs,
        sync: (fd, done) => fs.sync(fd, () => done(systemError('EIO'))),
      }
      const test = await syncing(disk, new DamagedDisk(disk, failing))
      assert.deepEqual(await callsAfterClose(disk, test), ['close'])
      assert.match(test.warnings.join(), /fdatasync .* closed meanwhile/)
    })

    for (const call of ['write', 'syncNow', 'rename'] as const)
      it(`closes all files though ${call} fails, and does no more`, async () => {
        const disk = new MemoryDisk()
        const test = await syncing(disk)
        test.append('more')
        disk.before = made => {
          const isRenewal = call === 'rename' && made === 'syncNow'
          if (made === call || isRenewal) throw systemError('EIO')
        }
        const calls = await callsAfterClose(disk, test)
        assert.ok(calls.every(made => made === 'close') && calls.length <= 2, calls.join())
        assert.equal(disk.openFiles, 0)
      })

    it('closes all files of a directory that was removed', async () => {
      const disk = new MemoryDisk()
      const test = await syncing(disk)
      disk.delete('/spool')
      await test.clock.advance(1000)
      test.append('noticed')
      await test.clock.advance(10)
      assert.equal(test.spool.stats().state, 'failing')
      const calls = await callsAfterClose(disk, test)
      assert.ok(
        calls.every(made => made === 'close'),
        calls.join(),
      )
      assert.equal(disk.openFiles, 0)
    })
  })

  it('survives anything in its directory', async () => {
    const disk = new MemoryDisk()
    disk.fs.makeDirectories('/spool/owner-0000000001-01234567/owner-0000000001-00000000')
    const owner = '/spool/owner-0000000001-01234567'
    disk.setContent(`${owner}/0000000000000001.seg`, Buffer.alloc(0))
    disk.setContent(`${owner}/0000000000000002.seg`, Buffer.alloc(10, 1))
    disk.setContent(`${owner}/0000000000000003.seg`, Buffer.alloc(5000, 'KSF1'))
    disk.setContent(`${owner}/0000000000000003.ack`, Buffer.alloc(5000, 'KSN1'))
    disk.setContent(`${owner}/9999999999999999.seg`, Buffer.alloc(100))
    disk.setContent(`${owner}/notes.txt`, Buffer.from('mine'))
    disk.setContent('/spool/owner-0000000009-ffffffff', Buffer.from('a file'))
    disk.fs.makeDirectory(`${owner}/0000000000000004.seg`)
    const later = Buffer.alloc(48)
    segmentHeader(5, 0, Buffer.alloc(16)).copy(later)
    later.writeUInt32LE(2, 8)
    disk.setContent(`${owner}/0000000000000005.seg`, later)
    const test = await new TestSpool(disk).start()
    assert.equal(test.spool.stats().state, 'open')
    assert.deepEqual(test.texts(), [])
    test.append('works')
    test.spool.flush()
    test.spool.close([])
    assert.deepEqual((await new TestSpool(disk).start()).texts(), ['works'])
    assert.ok(disk.files('notes.txt').length === 1, 'what is not ours stays')
  })
})

/** A disk whose calls go to others. */
class DamagedDisk extends MemoryDisk {
  override readonly fs: FileSystem
  override readonly locks: MemoryDisk['locks']

  constructor(disk: MemoryDisk, fs: FileSystem) {
    super()
    this.fs = fs
    this.locks = disk.locks
  }
}
