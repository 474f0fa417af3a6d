import assert from 'node:assert/strict'
import { Counters } from '@kinesis-producer/core/internal/stats/counters'

const CODES = ['constructor', '__proto__', 'toString', '', '42']

describe('counters', () => {
  it('count drops by reason and in all', () => {
    const counters = new Counters()
    counters.drop('expired')
    counters.drop('expired')
    counters.drop('closed')
    assert.equal(counters.dropped, 3)
    assert.deepEqual(Object.fromEntries(counters.droppedByReason), {
      maxAttempts: 0,
      retryTimeout: 0,
      expired: 2,
      rejected: 0,
      bufferFull: 0,
      workerDied: 0,
      lost: 0,
      closed: 1,
    })
  })

  it('count codes whatever their names are', () => {
    const counters = new Counters()
    for (const code of [...CODES, ...CODES]) counters.requestFailed(code)
    assert.deepEqual(
      [...counters.requestErrorsByCode],
      CODES.map(code => [code, 2]),
    )
    assert.equal(counters.requestErrors, 10)
  })

  it('count a thousand shards and codes apart, and the rest under other', () => {
    const counters = new Counters()
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 1500; i++) {
        counters.throttled(`shard ${i}`)
        counters.requestFailed(`code ${i}`)
      }
    for (const [counts, name] of [
      [counters.throttledByShard, 'shard'],
      [counters.requestErrorsByCode, 'code'],
    ] as const) {
      assert.equal(counts.size, 1001)
      assert.equal(counts.get(`${name} 999`), 2)
      assert.equal(counts.get(`${name} 1000`), undefined)
      assert.equal(counts.get('other'), 1000)
      assert.equal(
        [...counts.values()].reduce((sum, count) => sum + count, 0),
        3000,
        'none is lost',
      )
    }
    assert.equal(counters.requestErrors, 3000)
  })

  it('count a shard named other like any', () => {
    const counters = new Counters()
    counters.throttled('other')
    for (let i = 0; i < 1000; i++) counters.throttled(`shard ${i}`)
    assert.equal(counters.throttledByShard.get('other'), 2)
    assert.equal(counters.throttledByShard.size, 1000)
  })

  it('tell the durations of requests in milliseconds, fractions included', () => {
    const counters = new Counters()
    assert.deepEqual(counters.latency(), { p50: 0, p90: 0, p99: 0, max: 0 })
    counters.requestEnded(0.5)
    assert.deepEqual(counters.latency(), { p50: 0.5, p90: 0.5, p99: 0.5, max: 0.5 })
    for (let i = 0; i < 98; i++) counters.requestEnded(i < 85 ? 2 : 20)
    counters.requestEnded(100)
    const { p50, p90, p99, max } = counters.latency()
    const near = (value: number, expected: number) =>
      assert.ok(Math.abs(value - expected) <= expected / 100, `${value} is not ${expected}`)
    near(p50, 2)
    near(p90, 20)
    near(p99, 20)
    near(max, 100)
    assert.equal(counters.requests, 100)
  })

  it('take a request of no time at all', () => {
    const counters = new Counters()
    counters.requestEnded(0)
    assert.equal(counters.requests, 1)
    assert.equal(counters.latency().max, 0.001)
  })

  it('take one of any time, since the user’s clock may jump', () => {
    const counters = new Counters()
    for (const ms of [-5, 1e300, Number.POSITIVE_INFINITY])
      assert.doesNotThrow(() => counters.requestEnded(ms))
    assert.equal(counters.requests, 3)
  })
})
