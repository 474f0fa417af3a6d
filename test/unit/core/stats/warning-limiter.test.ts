import assert from 'node:assert/strict'
import { WarningLimiter } from '@kinesis-producer/core/internal/stats/warning-limiter'

const make = () => {
  let now = 0
  const limiter = new WarningLimiter(() => now)
  return { limiter, at: (time: number) => (now = time) }
}

describe('warnings of one kind', () => {
  it('pass once in 30 s, and then with the count of those held back', () => {
    const { limiter, at } = make()
    at(1000)
    assert.equal(limiter.allows('a'), 0)
    assert.equal(limiter.allows('a'), undefined)
    at(30_999)
    assert.equal(limiter.allows('a'), undefined)
    at(31_000)
    assert.equal(limiter.allows('a'), 2)
    assert.equal(limiter.allows('a'), undefined)
    at(61_000)
    assert.equal(limiter.allows('a'), 1)
    at(91_000)
    assert.equal(limiter.allows('a'), 0)
  })

  it('count all events that a message stands for', () => {
    const { limiter, at } = make()
    assert.equal(limiter.allows('a', 5000), 0)
    limiter.allows('a', 300)
    limiter.allows('a', 20)
    at(30_000)
    assert.equal(limiter.allows('a', 7), 320)
  })

  it('do not hold back those of another', () => {
    const { limiter } = make()
    assert.deepEqual([limiter.allows('a'), limiter.allows('b')], [0, 0])
  })
})

describe('kinds of warnings', () => {
  it('beyond fifty share one', () => {
    const { limiter, at } = make()
    for (let i = 0; i < 50; i++) assert.equal(limiter.allows(`kind ${i}`), 0, `kind ${i}`)
    assert.equal(limiter.allows('kind 50'), 0, 'the first of the others')
    for (let i = 51; i < 1000; i++) assert.equal(limiter.allows(`kind ${i}`), undefined)
    at(30_000)
    assert.equal(limiter.allows('kind 49'), 0, 'a known one is told apart as before')
    assert.equal(limiter.allows('new'), 949)
  })
})
