import assert from 'node:assert/strict'
import { fullJitter, randomFraction } from '@kinesis-producer/core/internal/time/backoff'
import fc from 'fast-check'

describe('backoff with full jitter', () => {
  it('is drawn below a bound that doubles from the base up to the cap', () => {
    const most = (failures: number): number =>
      Math.round(fullJitter(failures, 50, 10_000, () => 1 - 1e-12))
    assert.deepEqual(
      [0, 1, 2, 3, 8, 9, 1000, Infinity].map(most),
      [50, 50, 100, 200, 6400, 10_000, 10_000, 10_000],
    )
    assert.equal(
      fullJitter(3, 50, 10_000, () => 0.25),
      50,
    )
  })

  it('stays in its bounds whatever the source of random numbers gives', () => {
    fc.assert(
      fc.property(fc.double(), fc.integer({ min: 0, max: 50 }), (value, failures) => {
        const delay = fullJitter(failures, 50, 10_000, () => value)
        assert.ok(delay >= 0 && delay < 10_000, String(delay))
      }),
    )
  })
})

describe('a fraction of a source of random numbers', () => {
  it('is cut off at 0 and just below 1', () => {
    assert.equal(
      randomFraction(() => -3),
      0,
    )
    assert.equal(
      randomFraction(() => 0.5),
      0.5,
    )
    for (const value of [1, 7, Infinity]) {
      const fraction = randomFraction(() => value)
      assert.ok(fraction < 1 && fraction > 0.999)
    }
  })

  it('is a random one where the source throws or gives no number', () => {
    const sources: (() => number)[] = [
      () => Number.NaN,
      () => {
        throw new Error('no number')
      },
      () => JSON.parse('"0.5"'),
      () => JSON.parse('null'),
    ]
    for (const source of sources) {
      const drawn = new Set(Array.from({ length: 20 }, () => randomFraction(source)))
      assert.ok(drawn.size > 1)
      assert.ok([...drawn].every(value => value >= 0 && value < 1))
    }
  })
})
