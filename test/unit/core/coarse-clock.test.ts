import assert from 'node:assert/strict'
import { SYSTEM_CLOCK } from '@kinesis-producer/core/internal/time/clock'
import { createCoarseClock } from '@kinesis-producer/core/internal/time/coarse-clock'
import { nextTurn } from '@kinesis-producer/core/internal/time/next-turn'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import FakeTimers from '@sinonjs/fake-timers'

describe('the coarse clock', () => {
  let fake: ReturnType<typeof FakeTimers.install>
  let timers: Timers
  beforeEach(() => {
    fake = FakeTimers.install()
    timers = new Timers(SYSTEM_CLOCK)
  })
  afterEach(() => fake.uninstall())

  it('is read once a turn, though setImmediate is faked', async () => {
    const time = createCoarseClock(timers, false)
    const start = time()
    fake.tick(5000)
    assert.equal(time(), start, 'the same turn')
    await nextTurn()
    await nextTurn()
    assert.equal(time(), start + 5000)
    fake.tick(1000)
    assert.equal(time(), start + 5000, 'the same turn again')
    assert.equal(fake.countTimers(), 0)
  })

  it('is refreshed when anybody reads the time', () => {
    const time = createCoarseClock(timers, false)
    const start = time()
    fake.tick(5000)
    timers.now()
    assert.equal(time(), start + 5000)
  })

  it('is refreshed when a timer fires', () => {
    const time = createCoarseClock(timers, false)
    const start = time()
    timers.after(100, () => {})
    fake.tick(100)
    assert.equal(time(), start + 100)
  })

  it('is read each time where exactness is wanted', () => {
    const time = createCoarseClock(timers, true)
    const start = time()
    fake.tick(5000)
    assert.equal(time(), start + 5000)
  })

  it('gives whole milliseconds', () => {
    for (const exact of [true, false]) {
      const time = createCoarseClock(new Timers({ ...SYSTEM_CLOCK, now: 1.75 }), exact)
      assert.equal(time(), 1)
    }
    fake.tick(0.4)
    assert.ok(Number.isInteger(createCoarseClock(timers, false)()))
  })

  it('reads a clock that was given each time: it may move at any moment', () => {
    const clock = FakeTimers.createClock()
    const time = createCoarseClock(new Timers(clock), false)
    assert.equal(time(), 0)
    clock.tick(7)
    assert.equal(time(), 7)
  })
})
