import assert from 'node:assert/strict'
import { Runs } from '@kinesis-producer/core/internal/spool/runs'
import fc from 'fast-check'

describe('Runs', () => {
  it('is a set of sequences, whatever is added in whatever order', () => {
    const run = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.array(run, { maxLength: 30 }), run, (added, [from, length]) => {
        const runs = new Runs()
        const model = new Set<number>()
        for (const [first, count] of added) {
          const before = model.size
          for (let i = first; i < first + count; i++) model.add(i)
          assert.equal(runs.add(first, count), model.size - before)
        }
        assert.equal(runs.total, model.size)
        for (let i = -1; i < 75; i++) assert.equal(runs.has(i), model.has(i))
        const inRun = [...model].filter(i => i >= from && i < from + length)
        assert.equal(runs.countIn(from, length), inRun.length)
        const listed = runs.list.flatMap(({ first, count }) =>
          Array.from({ length: count }, (_, i) => first + i),
        )
        assert.deepEqual(
          listed,
          [...model].toSorted((a, b) => a - b),
        )
        const [starts, ends] = [runs.list.slice(1), runs.list.slice(0, -1)]
        starts.forEach(({ first }, i) =>
          assert.ok(first > (ends[i]?.first ?? 0) + (ends[i]?.count ?? 0)),
        )
      }),
      { numRuns: 500 },
    )
  })
})
