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
        // Says who it is: what decides over its shard.
        explicitHashKey: name,
        admit: () => void events.push(name),
        refuse: error => void events.push(`${name}: ${error.message}`),
      },
      signal,
      reason => new Error(`aborted ${String(reason)}`),
    )
  /** Admits what fits into so many bytes; those named here wait for their shard. */
  const admit = (bytes: number, shards: Readonly<Record<string, Shard>> = {}): string[] => {
    let left = bytes
    events.length = 0
    waiters.admit((waiter): Capacity<Shard> => {
      const shard = shards[waiter.explicitHashKey ?? '']
      if (shard !== undefined) return shard
      if (waiter.bytes > left) return 'bufferFull'
      left -= waiter.bytes
      return 'fits'
    })
    return [...events]
  }
  return { clock, timers, steps, waiters, events, wait, admit }
}

describe('adds that wait for capacity', () => {
  it('are admitted first come first served, as far as the capacity goes', () => {
    const { wait, admit, waiters } = make()
    for (const name of ['a', 'b', 'c']) wait({ name, bytes: 2 })
    assert.equal(waiters.length, 3)
    assert.deepEqual(admit(5), ['a', 'b'])
    assert.deepEqual(admit(1), [])
    assert.deepEqual(admit(2), ['c'])
    assert.equal(waiters.length, 0)
  })

  it('do not pass a larger one that came before', () => {
    const { wait, admit } = make()
    wait({ name: 'large', bytes: 10 })
    wait({ name: 'small', bytes: 1 })
    assert.deepEqual(admit(9), [])
    assert.deepEqual(admit(11), ['large', 'small'])
  })

  it('make a new one wait behind them', () => {
    const { wait, waiters, admit } = make()
    assert.equal(waiters.isBehind(undefined, 'k'), false)
    wait({ name: 'a', key: 'a' })
    assert.equal(waiters.isBehind(undefined, undefined), true)
    assert.equal(waiters.isBehind(undefined, 'other'), true)
    admit(1)
    assert.equal(waiters.isBehind(undefined, 'a'), false)
  })

  it('are all refused at once, each with an error of its own', () => {
    const { wait, waiters, events, admit } = make()
    for (const name of ['a', 'b']) wait({ name, key: name })
    admit(0, { a: HOT })
    let errors = 0
    waiters.refuseAll(() => new Error(`stopped ${++errors}`))
    assert.deepEqual(events, ['a: stopped 1', 'b: stopped 2'])
    assert.equal(waiters.length, 0)
    assert.equal(waiters.isBehind(HOT, 'a'), false)
  })

  it('keep the process alive while they wait, and not longer', () => {
    const { wait, waiters, timers, clock, admit } = make()
    timers.after(1000, () => {})
    assert.equal(clock.armed.keepingAlive, 0)
    wait({ name: 'a' })
    wait({ name: 'b' })
    assert.equal(clock.armed.keepingAlive, 1)
    admit(1)
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
    admit(10, { hot: HOT })
    assert.equal(waiters.isBehind(HOT, 'new'), true)
    assert.equal(waiters.isBehind(OTHER, 'new'), false)
    assert.equal(waiters.isBehind(undefined, 'new'), false)
    assert.equal(waiters.isBehind(undefined, undefined), false)
    assert.equal(waiters.isBehind(undefined, 'k'), true)
    admit(10)
    assert.equal(waiters.isBehind(HOT, 'k'), false)
  })

  it('let those of other shards pass, though several of one key wait', () => {
    const { wait, admit } = make()
    wait({ name: 'hot 1', key: 'k' })
    wait({ name: 'hot 2', key: 'k' })
    wait({ name: 'free', key: 'free' })
    assert.deepEqual(admit(10, { 'hot 1': HOT, 'hot 2': HOT }), ['free'])
    assert.deepEqual(admit(10), ['hot 1', 'hot 2'])
  })

  it('are not passed by one of their key that belongs to another shard', () => {
    const { wait, admit } = make()
    wait({ name: 'first', key: 'k' })
    wait({ name: 'second', key: 'k' })
    wait({ name: 'third', key: 'k' })
    wait({ name: 'free', key: 'free' })
    assert.deepEqual(admit(10, { first: HOT, third: OTHER }), ['free'])
    assert.deepEqual(admit(10, { first: HOT }), [])
    assert.deepEqual(admit(10), ['first', 'second', 'third'])
  })

  it('and need more than there is have the first claim on it', () => {
    const { wait, admit, waiters } = make()
    wait({ name: 'large', bytes: 10, key: 'large' })
    admit(5, { large: HOT })
    wait({ name: 'small', key: 'small' })
    assert.deepEqual(admit(5), [])
    assert.equal(waiters.isBehind(undefined, 'new'), true)
    assert.deepEqual(admit(11), ['large', 'small'])
  })

  it('claim nothing while they wait for their shard, or when they have left', () => {
    const { wait, admit, waiters } = make()
    const controller = new AbortController()
    wait({ name: 'large', bytes: 10, key: 'large', signal: controller.signal })
    wait({ name: 'hot', key: 'hot' })
    admit(5, { large: HOT, hot: OTHER })
    admit(5, { hot: OTHER })
    assert.equal(waiters.isBehind(undefined, 'new'), true)
    admit(5, { large: HOT, hot: OTHER })
    assert.equal(waiters.isBehind(undefined, 'new'), false)
    admit(5, { hot: OTHER })
    controller.abort()
    admit(5, { hot: OTHER })
    assert.equal(waiters.isBehind(undefined, 'new'), false)
  })
})

describe('an add whose signal aborts', () => {
  it('is refused with the reason, and the others wait on', () => {
    const { wait, waiters, events, admit } = make()
    const controller = new AbortController()
    wait({ name: 'a', signal: controller.signal, key: 'a' })
    wait({ name: 'b' })
    controller.abort('enough')
    assert.deepEqual(events, ['a: aborted enough'])
    assert.equal(waiters.length, 1)
    assert.deepEqual(admit(1), ['b'])
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
    const { wait, events, admit } = make()
    const controller = new AbortController()
    wait({ name: 'a', signal: controller.signal })
    admit(1)
    controller.abort()
    assert.deepEqual(events, ['a'])
  })

  it('shares one listener with all that have the same signal, and leaves none behind', () => {
    const { wait, admit, waiters } = make()
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
    assert.equal(admit(999).length, 999)
    assert.equal(listeners, 1)
    assert.equal(admit(1).length, 1)
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
