import assert from 'node:assert/strict'
import {
  InFlightLimit,
  type Throttling,
} from '@kinesis-producer/core/internal/request/in-flight-limit'
import fc from 'fast-check'

/** A way to the service and back: requests pass a place one by one, then travel. */
interface Way {
  readonly distance: number
  /** Milliseconds that each request occupies the place that all of them pass: our process, or a link. */
  readonly each: number
}

interface Flight {
  readonly number: number
  readonly startedAt: number
  readonly arrivesAt: number
}

/** Full batches without end go a way, in time of its own. */
class Traffic {
  readonly limit: InFlightLimit
  way: Way
  now = 0
  answered = 0
  durations = 0
  /** The limit after each answer. */
  readonly limits: number[] = []
  readonly #jitter: () => number
  #flights: Flight[] = []
  #freeAt = 0

  constructor(maxInFlight: number, way: Way, jitter: () => number = () => 1) {
    this.limit = new InFlightLimit(maxInFlight)
    this.way = way
    this.#jitter = jitter
  }

  /** @param waits whether a full batch waits when no place is free */
  run(ms: number, waits = true, throttling: Throttling = 'none'): void {
    const end = this.now + ms
    for (;;) {
      while (this.#flights.length < this.limit.current) this.#send()
      this.limit.batchWaits = waits
      this.#flights.sort((a, b) => a.arrivesAt - b.arrivesAt)
      const [next] = this.#flights
      if (next === undefined || next.arrivesAt > end) break
      this.#flights.shift()
      this.now = next.arrivesAt
      const { number, startedAt } = next
      const duration = this.now - startedAt
      this.limit.answered({ number, duration, throttling, at: this.now })
      this.answered++
      this.durations += duration
      this.limits.push(this.limit.current)
    }
    this.now = end
  }

  /** Requests a second, and their mean duration, during so many milliseconds. */
  measure(ms: number): { rate: number; duration: number } {
    this.answered = 0
    this.durations = 0
    this.limits.length = 0
    this.run(ms)
    return { rate: (this.answered * 1000) / ms, duration: this.durations / this.answered }
  }

  /** The highest limit since the last call of `measure`. */
  get most(): number {
    return this.limits.reduce((most, limit) => Math.max(most, limit), 0)
  }

  #send(): void {
    const { each, distance } = this.way
    this.#freeAt = Math.max(this.now, this.#freeAt) + each
    this.#flights.push({
      number: this.limit.started(),
      startedAt: this.now,
      arrivesAt: this.#freeAt + distance * this.#jitter(),
    })
  }
}

const FAR = { distance: 100, each: 1 }
const NEAR = { distance: 0.5, each: 1 }

describe('the number of requests in flight', function () {
  this.timeout(20_000)

  it('begins with four, or with maxInFlight where that is less', () => {
    assert.equal(new InFlightLimit(32).current, 4)
    assert.equal(new InFlightLimit(3).current, 3)
  })

  it('reaches maxInFlight within five round trips when the service is far', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(5.5 * 101)
    assert.equal(traffic.limit.current, 32)
  })

  it('stays there, but for a few measurements', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(1000)
    const { rate } = traffic.measure(10 * 60_000)
    const best = (32 * 1000) / 101
    assert.ok(rate > 0.97 * best, `${rate} of ${best} a second`)
    const falls = traffic.limits.filter((limit, i) => limit < (traffic.limits[i - 1] ?? 0))
    assert.deepEqual(new Set(falls), new Set([4]), 'it falls for measurements only')
    assert.ok(falls.length <= 13, `${falls.length} measurements in ten minutes`)
  })

  it('stays small near the service', () => {
    const traffic = new Traffic(32, NEAR)
    traffic.measure(60_000)
    assert.ok(traffic.most <= 8, String(traffic.most))
  })

  it('falls when code that was slow at first has made the service look far', () => {
    const traffic = new Traffic(32, { distance: 20, each: 4 })
    traffic.run(1000)
    traffic.way = NEAR
    traffic.run(3000)
    traffic.measure(10_000)
    assert.ok(traffic.most <= 8, String(traffic.most))
  })

  it('follows when the service moves away, and when it comes near', () => {
    const traffic = new Traffic(32, NEAR)
    traffic.run(60_000)
    traffic.way = FAR
    traffic.run(70_000)
    assert.equal(traffic.limit.current, 32)
    traffic.way = NEAR
    traffic.run(70_000)
    assert.ok(traffic.limit.current <= 8, String(traffic.limit.current))
  })

  it('does not grow while no full batch waits for a place', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(10_000, false)
    assert.equal(traffic.limit.current, 4)
  })

  it('does not grow while some records are throttled', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(10_000, true, 'some')
    assert.equal(traffic.limit.current, 4)
  })

  it('is four at once when many records are throttled, and stays so while they are', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(1000)
    traffic.limit.answered({ number: 0, duration: 100, throttling: 'much', at: traffic.now })
    assert.equal(traffic.limit.current, 4)
    traffic.run(10_000, true, 'much')
    assert.equal(traffic.limit.current, 4)
  })

  it('grows to half of what was too much, and then by one a round', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(1000)
    traffic.limit.answered({ number: 0, duration: 100, throttling: 'much', at: traffic.now })
    traffic.limits.length = 0
    traffic.run(2000)
    const steps = [...new Set(traffic.limits)]
    assert.deepEqual(steps.slice(0, 5), [4, 8, 16, 17, 18])
  })

  it('falls with a failure as far as it would have from four', () => {
    const traffic = new Traffic(32, FAR)
    traffic.run(1000)
    const seen = Array.from({ length: 3 }, () => {
      traffic.limit.failed()
      return traffic.limit.current
    })
    assert.deepEqual(seen, [2, 1, 1])
  })

  it('is small while it may be less than four: requests that are not full may use what there is', () => {
    const limit = new InFlightLimit(32)
    assert.equal(limit.few, 4)
    limit.failed()
    assert.equal(limit.few, 2)
  })

  const ways = fc.record({
    distance: fc.integer({ min: 0, max: 300 }),
    each: fc.integer({ min: 5, max: 40 }).map(tenths => tenths / 10),
    maxInFlight: fc.integer({ min: 1, max: 64 }),
  })

  it('uses the way there is, at any distance, and makes nobody wait for it', () => {
    fc.assert(
      fc.property(ways, ({ distance, each, maxInFlight }) => {
        const traffic = new Traffic(maxInFlight, { distance, each })
        traffic.run(Math.max(3000, 20 * distance))
        const { rate, duration } = traffic.measure(30_000)
        const best = Math.min(1000 / each, (maxInFlight * 1000) / (distance + each))
        assert.ok(rate >= 0.85 * best, `${rate} of ${best} a second`)
        assert.ok(traffic.most <= maxInFlight)
        const alone = Math.max(distance + each, Math.min(4, maxInFlight) * each)
        assert.ok(duration <= 2.1 * alone, `${duration} ms instead of ${alone}`)
      }),
      { numRuns: 40 },
    )
  })

  it('is not kept small by answers that take now longer, now shorter', () => {
    const rates = Array.from({ length: 40 }, (_, i) => {
      let state = 1 + i * 7_919_317
      const jitter = (): number => {
        state = (state * 48_271) % 2_147_483_647
        return -Math.log((state + 1) / 2_147_483_648)
      }
      const traffic = new Traffic(32, { distance: 60, each: 0.1 }, jitter)
      traffic.run(3000)
      return traffic.measure(20_000).rate / (32 / 0.06)
    })
    // Exponential times, ten times the mean now and then: one in a hundred lives has less than 0.7, as chance will.
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
    assert.ok(mean >= 0.85, `${mean}`)
    assert.ok(Math.min(...rates) >= 0.5, `${Math.min(...rates)}`)
  })

  it('is between one and maxInFlight, whatever happens', () => {
    const event = fc.oneof(
      fc.constant('failed'),
      fc.constant('succeeded'),
      fc.constant('waits'),
      fc.record({
        ago: fc.integer({ min: 0, max: 40 }),
        duration: fc.integer({ min: 0, max: 1000 }),
        throttling: fc.constantFrom<Throttling>('none', 'none', 'none', 'some', 'much'),
      }),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 256 }),
        fc.array(event, { maxLength: 500 }),
        (most, all) => {
          const limit = new InFlightLimit(most)
          let at = 0
          for (const one of all) {
            const number = limit.started()
            at += 7
            if (one === 'failed') limit.failed()
            else if (one === 'succeeded') limit.succeeded()
            else if (one === 'waits') limit.batchWaits = true
            else if (typeof one !== 'string')
              limit.answered({ ...one, number: Math.max(0, number - one.ago), at })
            assert.ok(limit.current >= 1 && limit.current <= most, String(limit.current))
            assert.ok(limit.few >= 1 && limit.few <= 4)
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
