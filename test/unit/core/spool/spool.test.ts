import assert from 'node:assert/strict'
import { MemoryDisk } from '../../../support/core/memory-disk.js'
import { TestSpool } from '../../../support/core/spools.js'
import { settle } from '../../../support/core/test-clock.js'

const names = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `r${first + i}`)

describe('Spool', () => {
  let disk: MemoryDisk
  beforeEach(() => {
    disk = new MemoryDisk()
  })

  const open = (options = {}, bootId?: Buffer): Promise<TestSpool> =>
    new TestSpool(disk, options, bootId).start()

  /** The process dies; the next one reads what is there. */
  const afterKill = async (options = {}, bootId?: Buffer): Promise<TestSpool> => {
    disk.kill()
    return open(options, bootId)
  }

  describe('after a kill', () => {
    it('gives back what was written 10 ms after it was appended', async () => {
      const { spool, clock, append } = bind(await open())
      for (const name of names(1, 5)) append(name)
      await clock.advance(10)
      append('too young')
      assert.equal(spool.isBehind, false)
      const next = await afterKill()
      assert.equal(next.spool.isBehind, true)
      assert.equal(next.spool.stats().recovered, 5)
      assert.deepEqual(next.texts(), names(1, 5))
      assert.equal(next.spool.isBehind, false)
      assert.deepEqual(next.warnings, [])
    })

    it('gives back what filled 256 KiB, though the event loop never turned', async () => {
      const { append } = bind(await open())
      const large = 'x'.repeat(1000)
      for (let i = 0; i < 1000; i++) append(large)
      const found = (await afterKill()).texts().length
      assert.ok(1000 - found <= 262, `${found}`)
    })

    it('gives back every record whose add was told that it is written', async () => {
      const { spool, append } = bind(await open())
      append('promised')
      await spool.written()
      assert.deepEqual((await afterKill()).texts(), ['promised'])
    })

    it('gives back what process.exit leaves no time for', async () => {
      const { append } = bind(await open())
      append('last words')
      process.emit('exit', 0)
      assert.deepEqual((await afterKill()).texts(), ['last words'])
    })

    it('forgets what was settled and noted', async () => {
      const { spool, clock, append } = bind(await open())
      const ids = names(1, 6).map(name => append(name))
      await clock.advance(10)
      spool.settled(ids[1] ?? 0, 2)
      await clock.advance(10)
      assert.deepEqual((await afterKill()).texts(), ['r1', 'r4', 'r5', 'r6'])
    })

    it('sends again, and marks, what was settled and not noted', async () => {
      const { spool, clock, append } = bind(await open())
      const ids = names(1, 2).map(name => append(name))
      await clock.advance(10)
      spool.settled(ids[0] ?? 0, 1)
      const next = await afterKill()
      assert.deepEqual(
        next.readAll().map(({ data, maybeSent }) => [data, maybeSent]),
        [
          ['r1', true],
          ['r2', true],
        ],
      )
    })

    it('notes what was settled before it was written', async () => {
      const { spool, clock, append } = bind(await open())
      const ids = names(1, 3).map(name => append(name))
      spool.settled(ids[0] ?? 0, 2)
      await clock.advance(10)
      assert.deepEqual((await afterKill()).texts(), ['r3'])
    })

    it('marks nothing that was on disk alone', async () => {
      const { clock, append } = bind(await open())
      append('in memory')
      append('on disk', false)
      await clock.advance(10)
      const marks = (await afterKill()).readAll().map(({ maybeSent }) => maybeSent)
      assert.deepEqual(marks, [true, false])
    })

    it('marks what had been read back', async () => {
      const first = await open()
      first.append('r1', false)
      first.append('r2', false)
      assert.deepEqual(first.texts(), ['r1', 'r2'])
      const marks = (await afterKill()).readAll().map(({ maybeSent }) => maybeSent)
      assert.deepEqual(marks, [true, true])
    })

    it('marks everything when the system was started anew', async () => {
      const { clock, append } = bind(await open())
      append('on disk', false)
      await clock.advance(10)
      const next = await afterKill({}, Buffer.alloc(16, 7))
      assert.deepEqual(
        next.readAll().map(({ maybeSent }) => maybeSent),
        [true],
      )
    })

    it('keeps keys, bytes and the time of admission', async () => {
      const first = await open()
      await first.clock.advance(5000)
      first.append(Uint8Array.of(0, 255), true, 'schlüssel', '7')
      await first.clock.advance(10)
      disk.kill()
      const next = new TestSpool(disk)
      next.wall += 60_000
      await next.start()
      const [record] = next.readAll()
      assert.deepEqual(record?.data, Uint8Array.of(0, 255))
      assert.equal(record?.partitionKey, 'schlüssel')
      assert.equal(record?.explicitHashKey, '7')
      assert.equal(record?.admittedAt, 1_005_000)
    })
  })

  describe('after a loss of power', () => {
    it('gives back what was synced, with fsync: 1000', async () => {
      const { clock, append } = bind(await open({ fsync: 1000 }))
      append('r1')
      await clock.advance(10)
      await clock.advance(1000)
      await settle()
      append('r2')
      await clock.advance(10)
      disk.loseUnsynced()
      assert.deepEqual((await open()).texts(), ['r1'])
    })

    it("gives back every record whose add was told so, with fsync: 'batch'", async () => {
      disk.syncsByItself = false
      const { spool, append } = bind(await open({ fsync: 'batch' }))
      append('r1')
      let isTold = false
      const told = spool.written()
      void told.finally(() => {
        isTold = true
      })
      await settle()
      await settle()
      assert.equal(isTold, false)
      disk.finishSyncs()
      await settle()
      disk.finishSyncs()
      await told
      disk.loseUnsynced()
      assert.deepEqual((await open()).texts(), ['r1'])
    })
  })

  describe('closed', () => {
    it('leaves nothing when all is settled', async () => {
      const { spool, clock, append } = bind(await open())
      const id = append('r1')
      await clock.advance(10)
      spool.settled(id, 1)
      spool.close([])
      assert.deepEqual(disk.names('/spool'), [])
      assert.equal(disk.openFiles, 0)
      assert.equal(clock.armed.all, 0)
    })

    it('keeps the rest for the next owner, and knows exactly what may have been sent', async () => {
      const { spool, append } = bind(await open())
      const ids = names(1, 4).map(name => append(name))
      spool.settled(ids[0] ?? 0, 1)
      spool.flush()
      spool.close([ids[2] ?? 0])
      assert.equal(disk.openFiles, 0)
      const next = await open()
      assert.deepEqual(
        next.readAll().map(({ data, maybeSent }) => [data, maybeSent]),
        [
          ['r2', false],
          ['r3', true],
          ['r4', false],
        ],
      )
    })

    it('does not listen to the end of the process any more', async () => {
      const { spool, append } = bind(await open())
      spool.close([])
      append('too late')
      process.emit('exit', 0)
      assert.deepEqual(disk.names('/spool'), [])
    })
  })

  describe('behind a backlog', () => {
    it('gives records back in their order, from every owner, the oldest first', async () => {
      for (let owner = 0; owner < 3; owner++) {
        const { clock, append, spool } = bind(await open())
        // The last one dies with what it took over.
        append(`owner ${owner}`)
        await clock.advance(10)
        assert.equal(spool.isBehind, owner > 0)
        disk.kill()
      }
      const last = await open()
      last.append('new', false)
      assert.deepEqual(last.texts(), ['owner 0', 'owner 1', 'owner 2', 'new'])
      assert.equal(last.spool.stats().recovered, 3)
    })

    it('reads what it wrote itself, in turns with what is in memory', async () => {
      const { spool, append, texts } = bind(await open())
      append('m1')
      append('d1', false)
      append('d2', false)
      assert.deepEqual(texts(), ['d1', 'd2'])
      assert.equal(spool.isBehind, false)
      append('m2')
      append('d3', false)
      assert.deepEqual(texts(), ['d3'])
      append('d4', false)
      assert.equal(spool.peek()?.data, 'd4')
      append('d5', false)
      assert.deepEqual(texts(), ['d4', 'd5'])
      assert.equal(spool.stats().lost, 0)
    })

    it('removes the files of what was settled', async () => {
      const { spool, append, readAll } = bind(await open({ maxBytes: 4 * 1024 * 1024 }))
      const large = 'z'.repeat(10_000)
      for (let i = 0; i < 300; i++) assert.notEqual(append(large, false), 0)
      const records = readAll()
      assert.equal(records.length, 300)
      assert.ok(spool.stats().segments > 5)
      for (const { id } of records) spool.settled(id, 1)
      assert.equal(spool.stats().segments, 1)
      assert.equal(spool.stats().records, 0)
    })

    it('takes nothing beyond maxBytes, and again when records are settled', async () => {
      const { spool, append, readAll } = bind(await open({ maxBytes: 4 * 1024 * 1024 }))
      const large = 'z'.repeat(10_000)
      let taken = 0
      while (append(large, false) !== 0) taken++
      assert.ok(taken > 300 && taken < 420)
      assert.equal(spool.stats().state, 'full')
      assert.ok(disk.used <= 4 * 1024 * 1024)
      for (const { id } of readAll()) spool.settled(id, 1)
      assert.notEqual(append(large, false), 0)
      assert.equal(spool.stats().state, 'open')
    })

    it('writes segments anew that hold little, when the disk is full', async () => {
      const { spool, append, readAll, clock } = bind(await open({ maxBytes: 4 * 1024 * 1024 }))
      const large = 'z'.repeat(10_000)
      while (append(large, false) !== 0) continue
      const records = readAll()
      records.forEach(({ id }, i) => {
        if (i % 20 !== 0) spool.settled(id, 1)
      })
      await clock.advance(1000)
      assert.notEqual(append(large, false), 0)
      assert.ok(spool.stats().bytes < 1024 * 1024)
      const next = await afterKill()
      const kept = records.filter((_, i) => i % 20 === 0).length
      assert.equal(next.readAll().length, kept)
      assert.equal(next.spool.stats().lost, 0)
      assert.equal(next.spool.stats().badFrames, 0)
    })
  })

  it('has no file open that it does not need', async () => {
    const { append, readAll, spool, clock } = bind(await open({ maxBytes: 4 * 1024 * 1024 }))
    for (let i = 0; i < 250; i++) append('z'.repeat(10_000), false)
    for (const { id } of readAll()) spool.settled(id, 1)
    await clock.advance(5000)
    await settle()
    assert.ok(disk.openFiles <= 3, `${disk.openFiles}`)
  })
})

const bind = (
  given: TestSpool,
): Pick<TestSpool, 'spool' | 'clock' | 'warnings'> & {
  append: TestSpool['append']
  readAll: TestSpool['readAll']
  texts: TestSpool['texts']
} => ({
  spool: given.spool,
  clock: given.clock,
  warnings: given.warnings,
  append: (...args) => given.append(...args),
  readAll: () => given.readAll(),
  texts: () => given.texts(),
})
