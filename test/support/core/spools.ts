import type { ResolvedSpool } from '@kinesis-producer/core/internal/config/spool-options'
import { Spool } from '@kinesis-producer/core/internal/spool/spool'
import type { SpooledRecord } from '@kinesis-producer/core/internal/spool/spool-types'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import type { MemoryDisk } from './memory-disk.js'
import { settle, TestClock } from './test-clock.js'

/** A spool on a disk in memory, and what it said. */
export class TestSpool {
  readonly clock: TestClock = new TestClock()
  readonly warnings: string[] = []
  readonly infos: string[] = []
  readonly spool: Spool
  wall = 1_000_000
  changes = 0
  lost = 0

  constructor(disk: MemoryDisk, options: Partial<ResolvedSpool> = {}, bootId: Buffer = BOOT) {
    this.spool = new Spool({
      fs: disk.fs,
      locks: disk.locks,
      timers: new Timers(this.clock),
      wallClock: () => this.wall + this.clock.now(),
      bootId,
      options: { directory: '/spool', maxBytes: 64 * 1024 * 1024, fsync: 1000, ...options },
      log: {
        warn: (_kind, message) => this.warnings.push(message),
        info: message => this.infos.push(message),
      },
      changed: () => {
        this.changes++
      },
      lost: count => {
        this.lost += count
      },
    })
  }

  /** Starts, and knows what earlier owners left. */
  async start(): Promise<this> {
    this.spool.start()
    await settle()
    return this
  }

  /** Appends a text; returns its id. */
  append(data: string | Uint8Array, inMemory = true, key?: string, hashKey?: string): number {
    const bytes = data.length * 3 + 100
    return this.spool.append(data, key, hashKey, bytes, this.clock.now(), inMemory)
  }

  /** Reads all that is not in memory. */
  readAll(): SpooledRecord[] {
    const records: SpooledRecord[] = []
    for (let record = this.spool.peek(); record !== undefined; record = this.spool.peek()) {
      const { data } = record
      records.push(typeof data === 'string' ? record : { ...record, data: Uint8Array.from(data) })
      this.spool.shift()
    }
    return records
  }

  texts(): unknown[] {
    return this.readAll().map(({ data }) => data)
  }
}

export const BOOT: Buffer = Buffer.from('0123456789abcdef', 'latin1')
