import assert from 'node:assert/strict'
import {
  type Capacity,
  CapacityWaiters,
} from '@kinesis-producer/core/internal/admission/capacity-waiters'
import { Steps } from '@kinesis-producer/core/internal/steps/steps'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import { TestClock } from '../../../support/core/test-clock.js'

interface Shard {
  readonly name: string
}
const HOT: Shard = { name: 'hot' }
const OTHER: Shard = { name: 'other' }

interface Wait {
  readonly name: string
  readonly bytes?: number
  readonly key?: string
  readonly signal?: AbortSignal
}

const make = () => {
  const clock = new TestClock()
  const timers = new Timers(clock)
  const steps = new Steps(error => assert.fail(String(error)))
  const waiters = new CapacityWaiters<Shard>(timers, steps)
  const events: string[] = []
  const wait = ({ name, bytes = 1, key, signal }: Wait): void =>
    waiters.push(
      {
        bytes,
        partitionKey: key,
        explicitHashKey: undefined,
        admit: () => void events.push(name),
        refuse: error => void events.push(`${name}: ${error.message}`),
      },
      signal,
      reason => new Error(`aborted ${String(reason)}`),
    )
  /** Admits while there are bytes; keys named here wait for their shard. */
  const admit = (bytes: number, shards: Readonly<Record<string, Shard>> = {}): string[] => {
    let left = bytes
    events.length = 0
    waiters.admit((waiter): Capacity<Shard> => {
      const shard = waiter.partitionKey === undefined ? undefined : shards[waiter.partitionKey]
      if (shard !== undefined) return shard
      return waiter.bytes <= left ? 'fits' : 'bufferFull'
    })
    return [...events]
  }
  /** Admits by count of bytes that shrink as records are admitted. */
  const admitUpTo = (bytes: number): string[] => {
    events.length = 0
    let left = bytes
    const judged = new Set<string>()
    waiters.admit(waiter => {
      if (waiter.bytes > left) return 'bufferFull'
      left -= waiter.bytes
      judged.add(String(waiter.bytes))
      return 'fits'
    })
    return [...events]
  }
  return { clock, timers, steps, waiters, events, wait, admit, admitUpTo }
}

describe('adds that wait for capacity', () => {
  it('are admitted first come first served, as far as the capacity goes', () => {
    const { wait, admitUpTo, waiters } = make()
    for (const name of ['a', 'b', 'c']) wait({ name, bytes: 2 })
    assert.equal(waiters.length, 3)
    assert.deepEqual(admitUpTo(5), ['a', 'b'])
    assert.deepEqual(admitUpTo(1), [])
    assert.deepEqual(admitUpTo(2), ['c'])
    assert.equal(waiters.length, 0)
  })

  it('do not pass a larger one that came before', () => {
    const { wait, admitUpTo } = make()
    wait({ name: 'large', bytes: 10 })
    wait({ name: 'small', bytes: 1 })
    assert.deepEqual(admitUpTo(9), [])
    assert.deepEqual(admitUpTo(11), ['large', 'small'])
  })

  it('make a new one wait behind them', () => {
    const { wait, waiters, admitUpTo } = make()
    assert.equal(waiters.isBehind(undefined, 'k'), false)
    wait({ name: 'a', key: 'a' })
    assert.equal(waiters.isBehind(undefined, undefined), true)
    assert.equal(waiters.isBehind(undefined, 'other'), true)
    admitUpTo(1)
    assert.equal(waiters.isBehind(undefined, 'a'), false)
  })

  it('are all refused at once, each with an error of its own', () => {
    const { wait, waiters, events, admit } = make()
    for (const name of ['a', 'b']) wait({ name, key: name })
    admit(0, { a: HOT })
    let errors = 0
    waiters.refuseAll(() => new Error(`stopped ${++errors}`))
    assert.deepEqual(events.toSorted(), ['a: stopped 2', 'b: stopped 1'])
    assert.equal(waiters.length, 0)
    assert.equal(waiters.isBehind(HOT, 'a'), false)
  })

  it('keep the process alive while they wait, and not longer', () => {
    const { wait, waiters, timers, clock, admitUpTo } = make()
    timers.after(1000, () => {})
    assert.equal(clock.armed.keepingAlive, 0)
    wait({ name: 'a' })
    wait({ name: 'b' })
    assert.equal(clock.armed.keepingAlive, 1)
    admitUpTo(1)
    assert.equal(clock.armed.keepingAlive, 1)
    waiters.refuseAll(() => new Error('stopped'))
    assert.equal(clock.armed.keepingAlive, 0)
  })
})

describe('adds whose shard has its share of the buffer', () => {
  it('let those of other shards pass', () => {
    const { wait, admit } = make()
    wait({ name: 'hot', key: 'hot' })
    wait({ name: 'free', key: 'free' })
    assert.deepEqual(admit(10, { hot: HOT }), ['free'])
    assert.deepEqual(admit(10), ['hot'])
  })

  it('are admitted in their order when the shard has capacity again', () => {
    const { wait, admit } = make()
    for (const name of ['1', '2', '3']) wait({ name, key: name })
    assert.deepEqual(admit(10, { 1: HOT, 2: OTHER, 3: HOT }), [])
    assert.deepEqual(admit(10, { 1: HOT, 3: HOT }), ['2'])
    assert.deepEqual(admit(10, { 3: HOT }), ['1'])
    assert.deepEqual(admit(10), ['3'])
  })

  it('do not pass one of their shard that came before', () => {
    const { wait, admit } = make()
    wait({ name: 'first', key: 'first' })
    wait({ name: 'second', key: 'second' })
    admit(10, { first: HOT, second: HOT })
    assert.deepEqual(admit(10, { first: HOT }), [], 'the second waits in the same line')
  })

  it('make new ones of that shard, and of their key, wait behind them', () => {
    const { wait, admit, waiters } = make()
    wait({ name: 'hot', key: 'k' })
    admit(10, { k: HOT })
    assert.equal(waiters.isBehind(HOT, 'new'), true)
    assert.equal(waiters.isBehind(OTHER, 'new'), false)
    assert.equal(waiters.isBehind(undefined, 'new'), false)
    assert.equal(waiters.isBehind(undefined, undefined), false)
    assert.equal(waiters.isBehind(undefined, 'k'), true)
  })

  it('do not let a later one of their key pass, though its shard changed meanwhile', () => {
    const { wait, admit } = make()
    wait({ name: 'first', key: 'k' })
    admit(10, { k: HOT })
    wait({ name: 'second', key: 'k' })
    // The shard is no longer hot for new records, but the first one still waits in its line.
    assert.deepEqual(admit(10), ['first', 'second'])
  })

  it('leave what they could take to a larger one of the line that came before them', () => {
    const { wait, admit } = make()
    wait({ name: 'hot 1', key: 'hot1' })
    admit(10, { hot1: HOT })
    wait({ name: 'large', bytes: 10 })
    wait({ name: 'hot 2', key: 'hot2' })
    assert.deepEqual(admit(5), ['hot 1'], 'it came before the large one')
    assert.deepEqual(admit(5), [], 'the others wait behind it')
    assert.deepEqual(admit(10), ['large', 'hot 2'])
  })

  it('wait for the first of the line, once they stand in a line of their own, if it came before', () => {
    const { wait, admit } = make()
    wait({ name: 'small', bytes: 1, key: 'small' })
    wait({ name: 'hot', bytes: 1, key: 'hot' })
    assert.deepEqual(admit(0, { hot: HOT }), [], 'the first waits for the buffer')
    assert.deepEqual(admit(1, { hot: HOT }), ['small'])
    wait({ name: 'large', bytes: 10 })
    assert.deepEqual(admit(5), ['hot'], 'the large one came later')
  })
})

describe('an add whose signal aborts', () => {
  it('is refused with the reason, and the others wait on', () => {
    const { wait, waiters, events, admitUpTo } = make()
    const controller = new AbortController()
    wait({ name: 'a', signal: controller.signal, key: 'a' })
    wait({ name: 'b' })
    controller.abort('enough')
    assert.deepEqual(events, ['a: aborted enough'])
    assert.equal(waiters.length, 1)
    assert.deepEqual(admitUpTo(1), ['b'])
  })

  it('is a step, so that those behind it are looked at', () => {
    const { wait, steps } = make()
    let stages = 0
    steps.atEnd(() => stages++)
    const controller = new AbortController()
    wait({ name: 'a', signal: controller.signal })
    controller.abort()
    assert.equal(stages, 1)
  })

  it('is not refused once it was admitted', () => {
    const { wait, events, admitUpTo } = make()
    const controller = new AbortController()
    wait({ name: 'a', signal: controller.signal })
    admitUpTo(1)
    controller.abort()
    assert.deepEqual(events, ['a'])
  })

  it('shares one listener with all that have the same signal, and leaves none behind', () => {
    const { wait, admitUpTo, waiters } = make()
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    for (let i = 0; i < 1000; i++) wait({ name: String(i), signal })
    assert.equal(listeners, 1)
    assert.equal(admitUpTo(999).length, 999)
    assert.equal(listeners, 1)
    assert.equal(admitUpTo(1).length, 1)
    assert.equal(listeners, 0)
    wait({ name: 'again', signal })
    assert.equal(listeners, 1)
    waiters.refuseAll(() => new Error('stopped'))
    assert.equal(listeners, 0)
  })

  it('is refused together with all that have the same signal, and with none of another', () => {
    const { wait, events } = make()
    const [one, two] = [new AbortController(), new AbortController()]
    wait({ name: 'a', signal: one.signal })
    wait({ name: 'b', signal: two.signal })
    wait({ name: 'c', signal: one.signal })
    one.abort('1')
    assert.deepEqual(events, ['a: aborted 1', 'c: aborted 1'])
  })
})
