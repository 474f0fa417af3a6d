import assert from 'node:assert/strict'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { RecordList } from '@kinesis-producer/core/internal/queue/record-list'
import fc from 'fast-check'
import { recordOf, sequencesOf } from '../../../support/core/queue.js'

/** Forwards and backwards, with the counts and links checked. */
const contentsOf = (list: RecordList): number[] => {
  const records = [...list]
  assert.equal(list.length, records.length)
  assert.equal(
    list.bytes,
    records.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  assert.equal(list.head, records[0])
  assert.equal(list.tail, records.at(-1))
  assert.equal(list.head?.previous, undefined)
  const backwards: PendingRecord[] = []
  for (let at = list.tail; at !== undefined; at = at.previous) backwards.unshift(at)
  assert.deepEqual(sequencesOf(backwards), sequencesOf(records))
  for (const record of records) assert.equal(record.list, list)
  return sequencesOf(records)
}

const isUnlinked = ({ list, previous, next }: PendingRecord): boolean =>
  list === undefined && previous === undefined && next === undefined

describe('RecordList', () => {
  it('is empty at first, and knows what its records wait for', () => {
    const list = new RecordList('shard')
    assert.equal(list.home, 'shard')
    assert.deepEqual(contentsOf(list), [])
  })

  it('holds records in the order in which they came, and gives any of them away', () => {
    const step = fc.record({
      do: fc.constantFrom('push' as const, 'remove' as const),
      at: fc.nat(100),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
        const list = new RecordList('again')
        const model: PendingRecord[] = []
        steps.forEach(({ do: what, at }, i) => {
          if (what === 'push') {
            const record = recordOf(i, { bytes: at })
            list.push(record)
            model.push(record)
          } else if (model.length > 0) {
            const [record] = model.splice(at % model.length, 1)
            if (record === undefined) return
            list.remove(record)
            assert.ok(isUnlinked(record))
          }
          assert.deepEqual(contentsOf(list), sequencesOf(model))
        })
      }),
    )
  })

  for (const near of ['Head', 'Tail'] as const)
    it(`puts a record in its place by age, looking from its ${near.toLowerCase()}`, () => {
      const sequences = fc.uniqueArray(fc.nat(1000), { maxLength: 40, size: 'max' })
      fc.assert(
        fc.property(sequences, all => {
          const list = new RecordList('ready')
          all.forEach((sequence, i) => {
            const record = recordOf(sequence, { bytes: sequence })
            if (near === 'Head') list.insertNearHead(record)
            else list.insertNearTail(record)
            const soFar = all.slice(0, i + 1).toSorted((a, b) => a - b)
            assert.deepEqual(contentsOf(list), soFar)
          })
        }),
      )
    })

  it('puts a record before the first younger one, or behind the last older one, of a list out of order', () => {
    const list = new RecordList('again')
    for (const sequence of [5, 2, 9, 4]) list.push(recordOf(sequence))
    list.insertNearHead(recordOf(3))
    assert.deepEqual(contentsOf(list), [3, 5, 2, 9, 4])
    list.insertNearTail(recordOf(6))
    assert.deepEqual(contentsOf(list), [3, 5, 2, 9, 4, 6])
    list.insertNearTail(recordOf(1))
    assert.deepEqual(contentsOf(list), [1, 3, 5, 2, 9, 4, 6])
  })

  it('forgets the links that a record had', () => {
    const [first, second] = [new RecordList('ready'), new RecordList('again')]
    const records = [recordOf(1), recordOf(2), recordOf(3)] as const
    for (const record of records) first.push(record)
    first.remove(records[1])
    second.push(records[1])
    assert.deepEqual(contentsOf(first), [1, 3])
    assert.deepEqual(contentsOf(second), [2])
  })
})
