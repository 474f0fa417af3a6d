import assert from 'node:assert/strict'
import { mock } from 'node:test'
import type { Clock } from '@kinesis-producer/core'
import { ArmedTimer } from '@kinesis-producer/core/internal/time/armed-timer'
import { SYSTEM_CLOCK } from '@kinesis-producer/core/internal/time/clock'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import FakeTimers from '@sinonjs/fake-timers'
import fc from 'fast-check'

const MAX_TIMER_MS = 2 ** 31 - 1

/** A clock that stands still, and whose timers fire when a test says so. */
class ManualClock implements Clock {
  time: number | (() => number) = 0
  readonly armed: { callback: () => void; ms: number; calls: string[] }[] = []

  now = (): number => (typeof this.time === 'function' ? this.time() : this.time)

  setTimeout(callback: () => void, ms: number): unknown {
    const calls: string[] = []
    this.armed.push({ callback, ms, calls })
    return {
      ref: () => calls.push('ref'),
      unref: () => calls.push('unref'),
      close: () => calls.push('close'),
    }
  }

  fire(index = 0): void {
    this.armed[index]?.callback()
  }
}

const create = (): { clock: ManualClock; timers: Timers; fired: string[] } => {
  const clock = new ManualClock()
  return { clock, timers: new Timers(clock), fired: [] }
}

describe('a timer', () => {
  it('fires once, at its time', () => {
    const clock = FakeTimers.createClock()
    const timers = new Timers(clock)
    const fired: number[] = []
    timers.after(100, () => fired.push(timers.now()))
    clock.tick(99)
    assert.deepEqual(fired, [])
    clock.tick(1)
    clock.tick(1000)
    assert.deepEqual(fired, [100])
  })

  it('with a fraction of a millisecond fires after it, not before', () => {
    const { clock, timers } = create()
    timers.after(49.2, () => {})
    assert.equal(clock.armed[0]?.ms, 50)
  })

  for (const ms of [0, -1, -Infinity, Number.NaN]) {
    it(`of ${ms} ms is due at once`, () => {
      const { clock, timers, fired } = create()
      timers.after(ms, () => fired.push('fired'))
      assert.equal(clock.armed[0]?.ms, 0)
      clock.fire()
      assert.deepEqual(fired, ['fired'])
      assert.equal(timers.now(), 0)
    })
  }

  it('of infinite time arms nothing and can be cancelled', () => {
    const { clock, timers } = create()
    const cancel = timers.after(Infinity, () => assert.fail('never'))
    cancel()
    const alarm = timers.alarm(() => assert.fail('never'))
    alarm.set(100)
    alarm.set(Infinity)
    assert.equal(alarm.armed, false)
    assert.deepEqual(clock.armed[0]?.calls, ['unref', 'close'])
    assert.equal(clock.armed.length, 1)
    alarm.cancel()
  })

  it('that was cancelled does not fire, even by a clock that cannot cancel', () => {
    const { clock, timers } = create()
    const cancel = timers.after(100, () => assert.fail('cancelled'))
    cancel()
    clock.fire()
    cancel()
    assert.deepEqual(clock.armed[0]?.calls, ['unref', 'close'])
  })

  it('fires once where the clock calls back twice', () => {
    const { clock, timers, fired } = create()
    timers.after(100, () => fired.push('fired'))
    clock.fire()
    clock.fire()
    assert.deepEqual(fired, ['fired'])
  })

  it('whose effect throws leaves everything in order', () => {
    const { clock, timers, fired } = create()
    const alarm = timers.alarm(() => {
      fired.push('fired')
      throw new Error('of the effect')
    })
    alarm.set(10)
    assert.throws(() => clock.fire(), /of the effect/)
    assert.equal(alarm.armed, false)
    timers.hold()
    assert.deepEqual(clock.armed[0]?.calls, ['unref'], 'it is over: nobody refs it')
    alarm.set(10)
    assert.throws(() => clock.fire(1), /of the effect/)
    assert.deepEqual(fired, ['fired', 'fired'])
  })
})

describe('an armed timer', () => {
  it('calls back once, and never after it was cancelled', () => {
    const { clock, fired } = create()
    const timer = new ArmedTimer(clock, 10, () => fired.push('first'))
    clock.fire(0)
    clock.fire(0)
    timer.cancel()
    new ArmedTimer(clock, 10, () => fired.push('cancelled')).cancel()
    clock.fire(1)
    assert.deepEqual(fired, ['first'])
  })
})

describe('a delay longer than 2^31-1 ms', () => {
  it('ends after exactly that time, however long', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 ** 36 }), { minLength: 1, maxLength: 5 }),
        delays => {
          const clock = FakeTimers.createClock()
          const timers = new Timers(clock)
          const fired = new Map<number, number>()
          for (const [index, ms] of delays.entries()) {
            timers.after(ms, () => fired.set(index, clock.now))
          }
          clock.runAll()
          assert.deepEqual(
            delays.map((_, index) => fired.get(index)),
            delays,
          )
          assert.equal(clock.countTimers(), 0)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('can be cancelled in any piece of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 34 - 1 }), at => {
        const clock = FakeTimers.createClock()
        const timers = new Timers(clock)
        const cancel = timers.after(2 ** 34, () => assert.fail('cancelled'))
        clock.tick(at)
        cancel()
        assert.equal(clock.countTimers(), 0)
      }),
      { numRuns: 100 },
    )
  })

  it('ends at once after a freeze that was longer', () => {
    const { clock, timers, fired } = create()
    timers.after(MAX_TIMER_MS * 3, () => fired.push('fired'))
    clock.time = MAX_TIMER_MS * 4
    clock.fire()
    assert.deepEqual(fired, ['fired'])
  })

  it('keeps the process alive in every piece while somebody holds', () => {
    const { clock, timers } = create()
    timers.hold()
    timers.after(MAX_TIMER_MS * 2, () => {})
    clock.fire()
    timers.release()
    assert.deepEqual(
      clock.armed.map(({ calls, ms }) => ({ calls, ms })),
      [
        { calls: [], ms: MAX_TIMER_MS },
        { calls: ['unref'], ms: MAX_TIMER_MS },
      ],
    )
  })
})

describe('holding', () => {
  it('keeps the process alive from the first hold to the last release', () => {
    const { clock, timers } = create()
    timers.after(10, () => {})
    timers.hold()
    timers.hold()
    timers.after(10, () => {})
    timers.release()
    timers.release()
    assert.deepEqual(
      clock.armed.map(({ calls }) => calls),
      [['unref', 'ref', 'unref'], ['unref']],
    )
  })
})

describe('the time', () => {
  it('has come when a timer fired, though the clock stands still', () => {
    const { clock, timers } = create()
    timers.after(1000, () => {})
    clock.fire()
    assert.equal(timers.now(), 1000)
    clock.time = 5
    assert.equal(timers.now(), 1005, 'moved forward for good')
    timers.after(2000, () => {})
    clock.fire(1)
    assert.equal(timers.now(), 3005)
  })

  it('has come when many short timers fired, though the clock stands still', () => {
    const { clock, timers } = create()
    for (let i = 0; i < 100; i++) {
      timers.after(7, () => {})
      clock.fire(i)
      assert.equal(timers.now(), 7 * (i + 1))
    }
    clock.time = 50
    assert.ok(timers.now() >= 740, 'the clock is behind by at most the tolerance')
  })

  it('is not moved forward by a timer in time or late', () => {
    const { clock, timers } = create()
    timers.after(10, () => {})
    timers.after(10, () => {})
    clock.time = 10
    clock.fire(0)
    clock.time = 500
    clock.fire(1)
    assert.equal(timers.now(), 500)
  })

  it('does not drift away from the clock by timers that fire within a millisecond of their time', () => {
    const delay = fc.double({ min: 0, max: 50, noNaN: true })
    const life = fc.array(fc.record({ wait: delay, ms: delay, latency: delay }), { maxLength: 200 })
    fc.assert(
      fc.property(life, steps => {
        const { clock, timers } = create()
        let time = 0.7
        clock.time = () => time
        for (const [index, { wait, ms, latency }] of steps.entries()) {
          time += wait
          timers.after(ms, () => {})
          // As in Node: time is cut to whole milliseconds when a timer is armed and when it is due.
          const due = Math.floor(time) + Math.max(clock.armed[index]?.ms ?? 0, 1)
          time = due + latency / 50
          clock.fire(index)
          const ahead = timers.now() - time
          assert.ok(ahead >= 0 && ahead <= 1, `ahead by ${ahead}`)
        }
      }),
    )
  })

  it('never goes back', () => {
    const { clock, timers } = create()
    clock.time = 100
    assert.equal(timers.now(), 100)
    clock.time = 40
    assert.equal(timers.now(), 100)
    clock.time = 101
    assert.equal(timers.now(), 101)
  })

  it('goes on from where it was when a timer shows that the clock was set back', () => {
    const { clock, timers } = create()
    clock.time = 1_000_000
    timers.after(500, () => {})
    clock.time = 500
    clock.fire()
    assert.equal(timers.now(), 1_000_500)
    clock.time = 600
    assert.equal(timers.now(), 1_000_600)
  })

  it('stays where it was while the clock throws or gives no number', () => {
    const { clock, timers } = create()
    clock.time = 100
    assert.equal(timers.now(), 100)
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      clock.time = value
      assert.equal(timers.now(), 100)
    }
    clock.time = () => {
      throw new Error('no time')
    }
    assert.equal(timers.now(), 100)
    timers.after(50, () => {})
    clock.fire()
    assert.equal(timers.now(), 150)
    assert.equal(timers.lastRead, 150)
  })

  it('starts at 0 with a clock that throws from the beginning', () => {
    const broken = new ManualClock()
    broken.time = () => {
      throw new Error('no time')
    }
    assert.equal(new Timers(broken).now(), 0)
  })
})

describe('a clock that throws', () => {
  it('when a timer is armed is replaced by the timers of the system, faked or not', async () => {
    const fake = FakeTimers.install()
    try {
      let cleared = 0
      const timers = new Timers({
        now: () => 0,
        setTimeout: () => {
          throw new Error('no timer')
        },
        clearTimeout: () => cleared++,
      })
      timers.after(1, () => assert.fail('cancelled'))()
      timers.hold()
      await new Promise<void>(resolve => void timers.after(1, resolve))
      assert.equal(timers.now(), 1)
      assert.equal(cleared, 0, 'not a timer of this clock')
    } finally {
      fake.uninstall()
    }
  })

  it('when a timer is cancelled, reffed or unreffed harms nothing', () => {
    const fail = (): never => {
      throw new Error('no')
    }
    const callbacks: (() => void)[] = []
    const clock: Clock = {
      now: 0,
      setTimeout: callback => {
        callbacks.push(callback)
        return { ref: fail, unref: fail, close: fail }
      },
    }
    const timers = new Timers(clock)
    const cancel = timers.after(10, () => assert.fail('cancelled'))
    timers.hold()
    timers.release()
    cancel()
    callbacks[0]?.()
    new Timers({ ...clock, clearTimeout: fail }).after(10, () => {})()
  })
})

describe('a clock that calls back at once', () => {
  it('does not run the effect inside the call that arms the timer', async () => {
    const timers = new Timers({ now: 0, setTimeout: callback => callback() })
    let returned = false
    await new Promise<void>(resolve => {
      timers.after(10, () => {
        assert.ok(returned)
        resolve()
      })
      returned = true
    })
    timers.after(10, () => assert.fail('cancelled'))()
  })
})

describe('clocks of test runners', () => {
  it('with setTimeout and clearTimeout alone, whose timers are numbers, are enough', () => {
    const cleared: unknown[] = []
    const callbacks: (() => void)[] = []
    const timers = new Timers({
      setTimeout: callback => callbacks.push(callback),
      clearTimeout: (timer: number) => cleared.push(timer),
    })
    const before = timers.now()
    timers.hold()
    timers.after(60_000, () => {})
    timers.after(60_000, () => assert.fail('cancelled'))()
    timers.release()
    assert.deepEqual(cleared, [2])
    callbacks[0]?.()
    assert.ok(timers.now() >= before + 60_000)
  })

  it('cancel by the clearTimeout that was global when the timer was armed', () => {
    const cleared: unknown[] = []
    const clear = mock.method(globalThis, 'clearTimeout', (timer: unknown) => cleared.push(timer))
    const cancels: (() => void)[] = []
    for (const timer of [7, { id: 8 }, undefined]) {
      cancels.push(new Timers({ now: 0, setTimeout: () => timer }).after(10, () => {}))
    }
    clear.mock.restore()
    for (const cancel of cancels) cancel()
    assert.deepEqual(cleared, [7, { id: 8 }, undefined])
  })

  it('tell the time by performance.now where they have none', () => {
    const read = mock.method(performance, 'now', () => 1234)
    try {
      assert.equal(new Timers({ setTimeout: () => 1 }).now(), 1234)
    } finally {
      read.mock.restore()
    }
  })

  it('prefer their own clearTimeout to the timer’s close', () => {
    const calls: string[] = []
    const timers = new Timers({
      now: 0,
      setTimeout: () => ({ close: () => calls.push('close') }),
      clearTimeout: () => calls.push('clearTimeout'),
    })
    timers.after(10, () => {})()
    assert.deepEqual(calls, ['clearTimeout'])
  })

  it('of sinon: a clock object is a clock as it is', () => {
    const clock = FakeTimers.createClock(5000)
    const timers = new Timers(clock)
    const fired: number[] = []
    timers.after(1000, () => fired.push(timers.now()))
    timers.after(1000, () => assert.fail('cancelled'))()
    assert.equal(clock.countTimers(), 1)
    clock.tick(1000)
    assert.deepEqual(fired, [6000])
  })

  it('of sinon: installed after the timers were made', () => {
    const timers = new Timers(SYSTEM_CLOCK)
    const real = timers.after(1000, () => assert.fail('cancelled'))
    const clock = FakeTimers.install()
    try {
      const start = timers.now()
      let fired = false
      timers.after(1000, () => (fired = true))
      timers.after(1000, () => assert.fail('cancelled'))()
      assert.equal(clock.countTimers(), 1)
      clock.tick(999)
      assert.equal(fired, false)
      clock.tick(1)
      assert.equal(fired, true)
      assert.ok(timers.now() >= start + 1000)
      const warn = mock.method(process, 'emitWarning')
      real()
      assert.equal(warn.mock.callCount(), 0, 'a real timer is closed by itself')
      warn.mock.restore()
    } finally {
      clock.uninstall()
    }
  })

  it('of node:test: the time moves with the timers though performance.now does not', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const timers = new Timers(SYSTEM_CLOCK)
      const start = timers.now()
      const fired: number[] = []
      const again = timers.alarm(() => {
        fired.push(timers.now() - start)
        if (fired.length < 3) again.set(60_000)
      })
      again.set(60_000)
      timers.after(60_000, () => assert.fail('cancelled'))()
      mock.timers.tick(59_999)
      assert.equal(fired.length, 0)
      for (let i = 0; i < 3; i++) mock.timers.tick(60_000)
      assert.equal(fired.length, 3)
      assert.ok(fired.every((time, index) => time >= 60_000 * (index + 1)))
    } finally {
      mock.timers.reset()
    }
  })
})
