import assert from 'node:assert/strict'
import { AgeIndex } from '@kinesis-producer/core/internal/queue/age-index'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { type Home, RecordList } from '@kinesis-producer/core/internal/queue/record-list'
import fc from 'fast-check'
import { recordOf, recordsOf, sequencesOf } from '../../../support/core/queue.js'

/** An age index and the lists around it, moved as the queue moves them. */
class Bench {
  readonly index = new AgeIndex()
  readonly lists: Record<'ready' | 'again' | 'held' | 'delay', RecordList> = {
    ready: new RecordList('ready'),
    again: new RecordList('again'),
    held: new RecordList('held'),
    delay: new RecordList('delay'),
  }

  enter(record: PendingRecord, home: keyof Bench['lists']): void {
    this.lists[home].push(record)
    if (home !== 'ready') record.setAside(this.index)
  }

  leave(record: PendingRecord): void {
    const { list } = record
    if (list === undefined) return
    record.leaveAside(this.index)
    list.remove(record)
  }
}

const aside = (records: readonly PendingRecord[]): PendingRecord[] =>
  records.filter(({ list }) => list !== undefined && list.home !== 'ready')

describe('AgeIndex', () => {
  it('knows the oldest record outside the ready list, wherever it waits', () => {
    const homes: Exclude<Home, 'shard' | 'part'>[] = ['ready', 'again', 'held', 'delay']
    const step = fc.record({ at: fc.nat(30), home: fc.constantFrom(undefined, ...homes) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), steps => {
        const bench = new Bench()
        const records = recordsOf(31)
        for (const { at, home } of steps) {
          const record = records[at]
          if (record === undefined) return
          bench.leave(record)
          if (home !== undefined) bench.enter(record, home)
          const [oldest] = aside(records)
          assert.equal(bench.index.oldest(), oldest)
          const known = sequencesOf(bench.index.records()).toSorted((a, b) => a - b)
          assert.deepEqual(known, sequencesOf(aside(records)))
        }
      }),
    )
  })

  it('sweeps out the entries of those that left once there are 1000, and not before', () => {
    for (const count of [999, 1000]) {
      const bench = new Bench()
      const records = recordsOf(count)
      for (const record of records) bench.enter(record, 'held')
      // The youngest leave, so that none of them comes to the top.
      for (const record of records.slice(1).toReversed()) bench.leave(record)
      if (count === 999) assert.equal(bench.index.size, 999)
      else assert.ok(bench.index.size <= 999, `${bench.index.size}`)
      assert.deepEqual(sequencesOf(bench.index.records()), [1])
    }
  })

  it('sweeps when half of them have left, so that each costs little', () => {
    const bench = new Bench()
    const records = recordsOf(3000)
    for (const record of records) bench.enter(record, 'held')
    const youngest = records.slice(1500).toReversed()
    for (const record of youngest.slice(0, -1)) bench.leave(record)
    assert.equal(bench.index.size, 3000, 'one less than half')
    for (const record of youngest.slice(-1)) bench.leave(record)
    assert.equal(bench.index.size, 1500)
    assert.equal(bench.index.oldest(), records[0])
  })

  it('lets go of a record that leaves, so that what is settled can be collected', () => {
    const index = new AgeIndex()
    const entry = index.add(recordOf(2))
    index.add(recordOf(1))
    index.remove(entry)
    assert.equal(entry.record, undefined)
    assert.equal(index.size, 2)
  })

  it('knows a record again that comes back', () => {
    const bench = new Bench()
    const records = recordsOf(2000)
    for (const record of records) bench.enter(record, 'held')
    for (const record of records.toReversed()) bench.leave(record)
    for (const record of records) bench.enter(record, 'again')
    assert.equal(bench.index.oldest(), records[0])
    assert.equal(bench.index.records().length, 2000, 'each once')
  })

  it('is empty when all have left', () => {
    const bench = new Bench()
    const record = recordOf(1)
    assert.equal(bench.index.oldest(), undefined)
    bench.enter(record, 'delay')
    bench.leave(record)
    assert.equal(bench.index.oldest(), undefined)
    assert.equal(bench.index.size, 0)
  })
})
