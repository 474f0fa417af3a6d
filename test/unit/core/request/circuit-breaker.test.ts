import assert from 'node:assert/strict'
import { CircuitBreaker } from '@kinesis-producer/core/internal/request/circuit-breaker'
import { InFlightLimit } from '@kinesis-producer/core/internal/request/in-flight-limit'

/** Jitter at its longest, so that delays are those of the table. */
const LONGEST = () => 0.999_999_999
const make = (maxInFlight = 8, random: () => number = LONGEST): CircuitBreaker =>
  new CircuitBreaker(new InFlightLimit(maxInFlight), random)
const withLimit = (maxInFlight: number): { breaker: CircuitBreaker; limit: InFlightLimit } => {
  const limit = new InFlightLimit(maxInFlight)
  return { breaker: new CircuitBreaker(limit, LONGEST), limit }
}

/** The delay that a failure brings, in whole milliseconds. */
const delayOf = (breaker: CircuitBreaker, pause = false, records = 1): number => {
  breaker.failed(breaker.started(), 0, pause, records)
  return Math.round(breaker.wait(0))
}

describe('a circuit breaker', () => {
  it('allows as many requests as configured while nothing fails', () => {
    const breaker = make(3)
    assert.deepEqual([breaker.allows(0, 2), breaker.allows(0, 3)], [true, false])
    assert.equal(breaker.wait(0), 0)
  })

  it('is open for a backoff after a failure, then allows one probe', () => {
    const breaker = make()
    breaker.failed(breaker.started(), 1000, false, 10)
    assert.equal(breaker.allows(1000, 0), false)
    assert.equal(breaker.allows(1049, 0), false)
    assert.equal(Math.round(breaker.wait(1020)), 30)
    assert.equal(breaker.allows(1050, 0), true)
    assert.equal(breaker.wait(1060), 0)
    breaker.started()
    assert.equal(breaker.allows(1050, 1), false, 'a second probe')
  })

  it('never has more in flight than configured, when a probe would be one more', () => {
    const breaker = make(2)
    const generation = breaker.started()
    breaker.started()
    breaker.failed(generation, 0, false, 1)
    assert.equal(breaker.allows(60, 2), false)
    assert.equal(breaker.allows(60, 1), true)
  })

  it('doubles the backoff up to 10 s', () => {
    const breaker = make()
    const delays = Array.from({ length: 10 }, () => delayOf(breaker))
    assert.deepEqual(delays, [50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
    assert.equal(breaker.consecutiveErrors, 10)
  })

  it('waits as long as the service asks for, up to a minute', () => {
    for (const [asked, granted] of [
      [10, 50],
      [7000, 7000],
      [1e15, 60_000],
    ] as const) {
      const breaker = make()
      breaker.failed(breaker.started(), 1000, false, 1, asked)
      assert.equal(Math.round(breaker.wait(1000)), granted)
    }
  })

  it('keeps to the longest that requests ask for which fail together', () => {
    const breaker = make()
    const generations = [breaker.started(), breaker.started(), breaker.started()]
    generations.forEach((generation, i) =>
      breaker.failed(generation, 0, false, 1, [5000, 9000, 0][i]),
    )
    assert.equal(breaker.wait(0), 9000)
    assert.equal(breaker.consecutiveErrors, 1)
  })

  it('waits too when the request is bisected for which the service asks for time', () => {
    const breaker = make()
    breaker.refused(breaker.started(), 0, 3000)
    assert.equal(breaker.wait(0), 3000)
    assert.equal(breaker.allows(2999, 0), false)
    assert.equal(breaker.allows(3000, 0), true)
  })

  it('begins again at 50 ms after a success', () => {
    const breaker = make()
    for (let i = 0; i < 5; i++) delayOf(breaker)
    breaker.succeeded(breaker.started())
    assert.deepEqual([breaker.consecutiveErrors, breaker.wait(0)], [0, 0])
    assert.equal(delayOf(breaker), 50)
  })

  it('counts requests that failed together as one failure', () => {
    const { breaker, limit } = withLimit(4)
    const generations = [breaker.started(), breaker.started(), breaker.started()]
    for (const generation of generations) breaker.failed(generation, 0, false, 1)
    assert.equal(breaker.consecutiveErrors, 1)
    assert.equal(limit.current, 2)
  })

  it('is free for the next probe, when a probe succeeded and the one after it failed', () => {
    const breaker = make()
    delayOf(breaker)
    breaker.succeeded(breaker.started())
    delayOf(breaker)
    assert.equal(breaker.allows(60, 0), true)
  })

  it('is not closed by a success of a request that left before the failure', () => {
    const breaker = make()
    const [early, failing] = [breaker.started(), breaker.started()]
    breaker.failed(failing, 0, false, 1)
    breaker.succeeded(early)
    assert.equal(breaker.consecutiveErrors, 1)
    assert.equal(breaker.allows(0, 0), false)
    assert.equal(breaker.successes, 1)
    assert.equal(breaker.serviceWorks, true)
  })

  it('waits for its probe, though a request that left earlier succeeds meanwhile', () => {
    const breaker = make()
    const [early, failing] = [breaker.started(), breaker.started()]
    breaker.failed(failing, 0, false, 1)
    breaker.started()
    breaker.succeeded(early)
    assert.equal(breaker.allows(60_000, 1), false)
  })

  it('takes the service for broken by a failure of now, and not by an early one', () => {
    const breaker = make()
    assert.equal(breaker.serviceWorks, false, 'nothing is known yet')
    const [early, failing] = [breaker.started(), breaker.started()]
    breaker.failed(failing, 0, false, 1)
    breaker.succeeded(breaker.started())
    breaker.failed(early, 0, false, 1)
    assert.equal(breaker.serviceWorks, true)
    breaker.failed(breaker.started(), 0, false, 1)
    assert.equal(breaker.serviceWorks, false)
  })

  it('halves the limit with each failure, down to one', () => {
    const { breaker, limit } = withLimit(4)
    const limits = Array.from({ length: 5 }, () => {
      delayOf(breaker)
      return limit.current
    })
    assert.deepEqual(limits, [2, 1, 1, 1, 1])
  })

  it('raises the limit by one a round of successes, up to four', () => {
    const { breaker, limit } = withLimit(8)
    for (let i = 0; i < 4; i++) delayOf(breaker)
    const limits: number[] = []
    for (let i = 0; i < 12; i++) {
      breaker.succeeded(breaker.started())
      limits.push(limit.current)
    }
    assert.deepEqual(limits, [2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4])
    assert.deepEqual([breaker.allows(0, 3), breaker.allows(0, 4)], [true, false])
  })

  it('allows by the limit as it is, when it has fallen', () => {
    const breaker = make(8)
    delayOf(breaker)
    breaker.succeeded(breaker.started())
    assert.deepEqual([breaker.allows(0, 1), breaker.allows(0, 2)], [true, false])
  })

  it('lets a fresh start probe at once, with a single request', () => {
    const breaker = make()
    delayOf(breaker)
    breaker.probeNow()
    assert.equal(breaker.allows(0, 0), true)
    breaker.started()
    assert.equal(breaker.allows(0, 1), false)
  })
})

describe('the probes of an outage', () => {
  it('carry whole requests up to the fifth failure, then half as many records each', () => {
    const breaker = make()
    const sizes: number[] = []
    for (let i = 0; i < 9; i++) {
      delayOf(breaker, false, Math.min(500, breaker.maxRecords))
      sizes.push(breaker.maxRecords)
    }
    const all = Number.POSITIVE_INFINITY
    assert.deepEqual(sizes, [all, all, all, all, 250, 125, 63, 32, 16])
  })

  it('carry one record at least, and everything again after a success', () => {
    const breaker = make()
    for (let i = 0; i < 20; i++) delayOf(breaker, false, Math.min(500, breaker.maxRecords))
    assert.equal(breaker.maxRecords, 1)
    breaker.failed(breaker.started(), 0, false, 0)
    assert.equal(breaker.maxRecords, 1)
    breaker.succeeded(breaker.started())
    assert.equal(breaker.maxRecords, Number.POSITIVE_INFINITY)
  })

  it('are known to carry one record once they do', () => {
    const breaker = make()
    for (let i = 0; i < 4; i++) delayOf(breaker, false, 2)
    assert.equal(breaker.probesOneRecord, false, 'probes are not small yet')
    delayOf(breaker, false, 500)
    assert.deepEqual([breaker.maxRecords, breaker.probesOneRecord], [250, false])
    for (let i = 0; i < 20; i++) delayOf(breaker, false, Math.min(500, breaker.maxRecords))
    assert.deepEqual([breaker.maxRecords, breaker.probesOneRecord], [1, true])
    breaker.succeeded(breaker.started())
    assert.equal(breaker.probesOneRecord, false)
  })
})

describe('a pause', () => {
  it('is probed after 1 s, doubling up to 30 s', () => {
    const breaker = make()
    const delays = Array.from({ length: 7 }, () => delayOf(breaker, true))
    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    assert.equal(breaker.paused, true)
  })

  it('keeps at least half of each delay, however the jitter falls', () => {
    const breaker = make(8, () => 0)
    assert.deepEqual(
      Array.from({ length: 3 }, () => delayOf(breaker, true)),
      [500, 1000, 2000],
    )
    assert.equal(delayOf(make(8, () => 0)), 0, 'a backoff may fall to nothing')
    assert.equal(
      delayOf(
        make(8, () => 0.5),
        true,
      ),
      750,
    )
  })

  it('begins with its first delay, whatever the count of the outage before', () => {
    const breaker = make()
    for (let i = 0; i < 6; i++) delayOf(breaker)
    assert.equal(delayOf(breaker, true), 1000)
    assert.equal(breaker.consecutiveErrors, 1)
  })

  it('ends with a success, and with a failure of another kind', () => {
    const breaker = make()
    delayOf(breaker, true)
    delayOf(breaker, false)
    assert.equal(breaker.paused, false)
    delayOf(breaker, true)
    breaker.succeeded(breaker.started())
    assert.equal(breaker.paused, false)
  })
})

describe('refused requests', () => {
  const refuse = (breaker: CircuitBreaker, times: number): void => {
    for (let i = 0; i < times; i++) breaker.refused(breaker.started(), 0)
  }

  it('are free up to twenty in a row, enough to find one record among 500', () => {
    const breaker = make()
    refuse(breaker, 20)
    assert.deepEqual([breaker.consecutiveErrors, breaker.allows(0, 0)], [0, true])
  })

  it('are slowed down after twenty in a row', () => {
    const breaker = make()
    refuse(breaker, 21)
    assert.deepEqual([breaker.consecutiveErrors, breaker.allows(0, 0)], [1, false])
    assert.equal(breaker.allows(50, 0), true)
    refuse(breaker, 1)
    assert.equal(Math.round(breaker.wait(0)), 100)
  })

  it('are counted anew after a success', () => {
    const breaker = make()
    refuse(breaker, 20)
    breaker.succeeded(breaker.started())
    refuse(breaker, 20)
    assert.equal(breaker.consecutiveErrors, 0)
    refuse(breaker, 1)
    assert.equal(breaker.consecutiveErrors, 1)
  })

  it('free the place of a probe', () => {
    const breaker = make()
    delayOf(breaker)
    const probe = breaker.started()
    assert.equal(breaker.allows(60, 0), false)
    breaker.refused(probe, 60)
    assert.equal(breaker.allows(60, 0), true)
  })

  it('do not open it for what left before a failure, nor free the place of its probe', () => {
    const breaker = make()
    const early = Array.from({ length: 25 }, () => breaker.started())
    breaker.failed(breaker.started(), 0, false, 1)
    breaker.started()
    for (const generation of early) breaker.refused(generation, 0)
    assert.equal(breaker.consecutiveErrors, 1)
    assert.equal(breaker.allows(60, 1), false)
  })
})
