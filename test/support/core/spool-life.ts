import assert from 'node:assert/strict'
import type { ResolvedSpool } from '@kinesis-producer/core/internal/config/spool-options'
import { MemoryDisk } from './memory-disk.js'
import { TestSpool } from './spools.js'
import { settle } from './test-clock.js'

interface Known {
  /** Order in which the records were appended, through all lives. */
  readonly number: number
  id: number
  inMemory: boolean
  /** Of an earlier process, and not read yet: its id is not known. */
  isOld: boolean
  /** It was in the memory of a process that died: it may have been sent. */
  maybeSent: boolean
}

/**
 * A spool through many processes, beside a model of what it has to know. Records are told apart by
 * their text, which is their number.
 */
export class SpoolLife {
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly #options: Partial<ResolvedSpool>
  /** Records that are not settled, by their number, oldest first. */
  #known = new Map<number, Known>()
  /** Settled, but the note may not be on disk yet. */
  #unsure = new Map<number, Known>()
  #next = 1
  #lastRead = 0
  test: TestSpool
  /** Whether the disk ever failed: then things may be lost that were on it alone. */
  faulty = false
  /** Whether the process is dead, though it runs on here. */
  isDead: () => boolean = () => false

  constructor(options: Partial<ResolvedSpool> = {}) {
    this.#options = { maxBytes: 4 * 1024 * 1024, ...options }
    this.test = new TestSpool(this.disk, this.#options)
  }

  get spool(): TestSpool['spool'] {
    return this.test.spool
  }

  get unsettled(): number {
    return this.#known.size
  }

  async start(): Promise<void> {
    await this.test.start()
    this.checkCounts()
  }

  append(bytes: number, wantsMemory: boolean): void {
    const number = this.#next++
    const inMemory = wantsMemory && !this.spool.isBehind
    const id = this.test.append(`${number}:${'x'.repeat(bytes)}`, inMemory)
    // Not taken: it is the caller's.
    if (id !== 0) this.#known.set(number, { number, id, inMemory, isOld: false, maybeSent: false })
  }

  async addAndWait(bytes: number): Promise<void> {
    this.append(bytes, true)
    await Promise.all([this.spool.written(), this.test.clock.advance(1)])
  }

  /** Reads some records back, in their order. */
  read(most: number): void {
    for (let i = 0; i < most; i++) {
      const record = this.spool.peek()
      if (record === undefined || this.isDead()) return
      this.spool.shift()
      assert.ok(typeof record.data === 'string')
      const number = Number(record.data.split(':')[0])
      const known = this.#known.get(number) ?? this.#unsure.get(number)
      assert.ok(known !== undefined, `${number} was never kept, or is settled`)
      assert.ok(number > this.#lastRead, `${number} after ${this.#lastRead}`)
      this.#lastRead = number
      assert.equal(known.inMemory, false, `${number} is in memory`)
      if (known.maybeSent) assert.equal(record.maybeSent, true, `${number} may have been sent`)
      known.inMemory = true
      known.isOld = false
      known.id = record.id
      this.#unsure.delete(number)
      this.#known.set(number, known)
    }
  }

  /** Settles a record in memory: the nth, counted from the oldest. */
  settle(nth: number, count: number): void {
    const inMemory = [...this.#known.values()].filter(known => known.inMemory)
    for (const known of inMemory.slice(nth, nth + count)) {
      this.spool.settled(known.id, 1)
      this.#known.delete(known.number)
      this.#unsure.set(known.number, known)
    }
  }

  async pass(ms: number): Promise<void> {
    await this.test.clock.advance(ms)
    await settle()
    if (ms >= 10) this.#notesWritten()
  }

  /** What this process settled is settled for good; what a dead one did not note stays in doubt. */
  #notesWritten(): void {
    if (this.faulty) return
    for (const { number, isOld } of this.#unsure.values()) if (!isOld) this.#unsure.delete(number)
  }

  async kill(): Promise<void> {
    const kept = new Map(
      [...this.#known].filter(([, { id, isOld }]) => isOld || this.spool.has(id)),
    )
    const gone = [...this.#known.values()].filter(({ number }) => !kept.has(number))
    // What is not on disk is in memory, or in what is to be written.
    if (!this.faulty) for (const { number } of gone) assert.ok(number > this.#next - 2000)
    this.disk.kill()
    this.isDead = () => false
    await this.#restart(kept, true)
  }

  async close(): Promise<void> {
    this.spool.flush()
    const kept = new Map(
      [...this.#known].filter(([, { id, isOld }]) => isOld || this.spool.has(id)),
    )
    if (!this.faulty) assert.equal(kept.size, this.#known.size, 'all is on disk after a flush')
    this.spool.close([])
    await this.#checkClosed()
    this.#notesWritten()
    await this.#restart(kept, false)
  }

  /** A call of fdatasync may still be on its way: its file is closed when it returns. */
  async #checkClosed(): Promise<void> {
    const { before } = this.disk
    const calls: string[] = []
    this.disk.before = call => calls.push(call)
    await settle()
    await this.test.clock.advance(60_000)
    this.disk.before = before
    assert.ok(calls.length <= 1 && calls.every(call => call === 'close'), calls.join())
    assert.equal(this.disk.openFiles, 0, 'files are closed')
  }

  async #restart(kept: Map<number, Known>, marks: boolean): Promise<void> {
    for (const known of [...kept.values(), ...this.#unsure.values()]) {
      if (marks && known.inMemory) known.maybeSent = true
      known.inMemory = false
      known.isOld = true
    }
    this.#known = kept
    this.#lastRead = 0
    this.test = new TestSpool(this.disk, this.#options)
    await this.start()
  }

  /** Reads all there is: nothing that has to be there is missing. */
  checkAll(): void {
    this.read(Number.POSITIVE_INFINITY)
    for (const { number, inMemory } of this.#known.values())
      assert.ok(inMemory, `${number} is missing`)
    assert.equal(this.test.spool.unloaded, 0)
    // What has not come by now never does.
    for (const { number, isOld } of this.#unsure.values()) if (isOld) this.#unsure.delete(number)
    this.checkCounts()
  }

  checkCounts(): void {
    if (this.faulty) return
    const { lost, badFrames, lastError } = this.spool.stats()
    assert.deepEqual(
      { lost, badFrames, lastError },
      { lost: 0, badFrames: 0, lastError: undefined },
    )
    assert.deepEqual(this.test.warnings, [])
  }
}
