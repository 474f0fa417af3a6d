import assert from 'node:assert/strict'
import type { DroppedRecord, Logger } from '@kinesis-producer/core'
import {
  UserCallbacks,
  type UserFunctions,
} from '@kinesis-producer/core/internal/callbacks/user-callbacks'
import { deferred } from '../../../support/core/fake-client.js'
import { createHarness } from '../../../support/core/harness.js'
import { settle } from '../../../support/core/test-clock.js'

const drop = (data: string): DroppedRecord => ({
  record: { data },
  reason: 'expired',
  attempts: [],
  possiblyDelivered: false,
})
const REPORT = { duration: 1, records: 1, kinesisRecords: 1 }

const make = (functions: Partial<UserFunctions> = {}) => {
  const order: string[] = []
  const say =
    (level: keyof Logger) =>
    (message: string): void =>
      void order.push(`${level} ${message}`)
  const callbacks = new UserCallbacks({
    onDrop: ({ record }) => void order.push(`drop ${String(record.data)}`),
    onRequest: ({ records }) => void order.push(`request ${records}`),
    statReceiver: undefined,
    logger: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    ...functions,
  })
  callbacks.reportFailuresTo((name, error) => callbacks.log('error', `${name}: ${String(error)}`))
  return { callbacks, order }
}

describe('callbacks of the user', () => {
  it('run at the end of the step, in the order of the events, each once', async () => {
    const { callbacks, order } = make()
    callbacks.dropped(drop('a'))
    callbacks.log('info', 'hello')
    callbacks.requestEnded(REPORT)
    callbacks.dropped(drop('b'))
    assert.deepEqual(order, [])
    assert.equal(callbacks.waiting, true)
    callbacks.run()
    assert.deepEqual(order, ['drop a', 'info hello', 'request 1', 'drop b'])
    assert.deepEqual([callbacks.waiting, callbacks.busy], [false, false])
    await settle()
    assert.equal(order.length, 4)
  })

  it('run soon for what happened outside of a step', async () => {
    const { callbacks, order } = make()
    callbacks.dropped(drop('a'))
    callbacks.dropped(drop('b'))
    await Promise.resolve()
    assert.deepEqual(order, ['drop a', 'drop b'])
  })

  it('never run inside each other', async () => {
    let depth = 0
    let deepest = 0
    let calls = 0
    const { callbacks } = make({
      onDrop: () => {
        deepest = Math.max(deepest, ++depth)
        if (++calls < 5) {
          callbacks.dropped(drop('again'))
          callbacks.run()
        }
        depth--
      },
    })
    callbacks.dropped(drop('first'))
    callbacks.run()
    assert.equal(calls, 1, 'what it brought about waits')
    await settle()
    await settle()
    assert.deepEqual([calls, deepest], [5, 1])
  })

  it('that bring about their own next call leave the program its turns', async () => {
    let calls = 0
    let stop = false
    const { callbacks } = make({
      onDrop: () => {
        calls++
        if (!stop) callbacks.dropped(drop('again'))
      },
    })
    callbacks.dropped(drop('first'))
    callbacks.run()
    // Without turns of the loop in between this would never come back.
    await settle()
    stop = true
    await settle()
    assert.ok(calls >= 2 && calls < 100, `${calls} calls`)
  })

  it('that throw are told of at once, and harm neither others nor the caller', () => {
    const { callbacks, order } = make({
      onDrop: () => {
        throw new Error('mine')
      },
    })
    callbacks.dropped(drop('a'))
    callbacks.requestEnded(REPORT)
    assert.doesNotThrow(() => callbacks.run())
    assert.deepEqual(order, ['request 1', 'error onDrop: Error: mine'])
  })

  it('whose promise rejects are told of, whichever they are', async () => {
    const rejects = () => Promise.reject(new Error('later'))
    const { callbacks, order } = make({
      onDrop: rejects,
      onRequest: rejects,
      statReceiver: { receive: rejects },
    })
    callbacks.dropped(drop('a'))
    callbacks.requestEnded(REPORT)
    const { producer } = createHarness()
    callbacks.stats({
      ...producer.stats(),
      bufferSize: 0,
      kinesisErrorsSinceLastStat: 0,
      recordsSentSuccessfullySinceLastStat: 0,
      recordsDroppedSinceLastStat: 0,
    })
    callbacks.run()
    await settle()
    assert.deepEqual(order.toSorted(), [
      'error onDrop: Error: later',
      'error onRequest: Error: later',
      'error statReceiver.receive: Error: later',
    ])
  })

  it('whose result is a thenable that throws are told of', async () => {
    const { callbacks, order } = make({
      onDrop: () =>
        // oxlint-disable-next-line unicorn/no-thenable -- callbacks may return one
        Object.defineProperty({}, 'then', {
          get: () => {
            throw new Error('getter')
          },
        }),
    })
    callbacks.dropped(drop('a'))
    callbacks.run()
    await settle()
    assert.deepEqual(order, ['error onDrop: Error: getter'])
  })

  it('may return whatever they like', async () => {
    for (const result of [undefined, null, 0, '', 'then', {}, [], () => {}, Symbol('s')]) {
      const { callbacks, order } = make({ onDrop: () => result })
      callbacks.dropped(drop('a'))
      callbacks.run()
      await settle()
      assert.deepEqual([order, callbacks.busy], [[], false])
    }
  })

  it('that are not there are not called, and nothing waits for them', () => {
    const { callbacks } = make({ onDrop: undefined, onRequest: undefined })
    assert.deepEqual(
      [callbacks.wantsDrops, callbacks.wantsRequests, callbacks.wantsStats],
      [false, false, false],
    )
    callbacks.dropped(drop('a'))
    callbacks.requestEnded(REPORT)
    assert.equal(callbacks.waiting, false)
    const { callbacks: all } = make({ statReceiver: { receive: () => {} } })
    assert.deepEqual([all.wantsDrops, all.wantsRequests, all.wantsStats], [true, true, true])
  })

  it('keep their object: a logger and a receiver are called as methods', () => {
    class Keeper {
      readonly kept: unknown[] = []
      debug(message: string): void {
        this.kept.push(message)
      }
      info(): void {}
      warn(): void {}
      error(): void {}
      receive(stats: unknown): void {
        this.kept.push(stats)
      }
    }
    const keeper = new Keeper()
    const { callbacks } = make({ logger: keeper, statReceiver: keeper })
    callbacks.log('debug', 'hello')
    callbacks.run()
    assert.deepEqual(keeper.kept, ['hello'])
  })
})

describe('a logger that fails', () => {
  it('is not told about itself, and stops nothing', async () => {
    const warnings: string[] = []
    const listen = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listen)
    const throws = (): never => {
      throw new Error('disk full')
    }
    const order: string[] = []
    const { callbacks } = make({
      onDrop: () => void order.push('drop'),
      logger: {
        debug: throws,
        info: throws,
        warn: throws,
        error: throws,
      },
    })
    for (let i = 0; i < 3; i++) callbacks.log('warn', 'hello')
    callbacks.dropped(drop('a'))
    callbacks.run()
    await settle()
    process.off('warning', listen)
    assert.deepEqual(order, ['drop'])
    // Once in a process, and another test may have been first.
    assert.ok(warnings.length <= 1)
    for (const warning of warnings)
      assert.match(warning, /the logger failed, and messages are lost/)
  })
})

describe('what onDrop promised', () => {
  it('is waited for, one round after the other', async () => {
    const [first, second] = [deferred<void>(), deferred<void>()]
    const promises = [first.promise, second.promise]
    const { callbacks } = make({ onDrop: () => promises.shift() })
    let finished = false
    callbacks.dropped(drop('a'))
    callbacks.run()
    assert.equal(callbacks.busy, true)
    const all = callbacks.finished().then(() => (finished = true))
    callbacks.dropped(drop('b'))
    first.resolve()
    await settle()
    assert.equal(finished, false)
    second.resolve()
    await all
    assert.equal(callbacks.busy, false)
  })

  it('ends the wait as well when it rejects', async () => {
    const { callbacks, order } = make({ onDrop: () => Promise.reject(new Error('no')) })
    callbacks.dropped(drop('a'))
    await callbacks.finished()
    assert.deepEqual(order, ['error onDrop: Error: no'])
  })

  it('is all that is waited for: other callbacks may take as long as they like', async () => {
    const { callbacks } = make({ onRequest: () => new Promise(() => {}) })
    callbacks.requestEnded(REPORT)
    callbacks.run()
    assert.equal(callbacks.busy, false)
    await callbacks.finished()
  })

  it('is not all: calls that wait are made first', async () => {
    const { callbacks, order } = make()
    callbacks.dropped(drop('a'))
    assert.equal(callbacks.busy, true)
    await callbacks.finished()
    assert.deepEqual(order, ['drop a'])
  })
})
