import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mock } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterThisTurn, nextTurn } from '@kinesis-producer/core/internal/time/next-turn'
import FakeTimers from '@sinonjs/fake-timers'

const FILE = fileURLToPath(import.meta.resolve('@kinesis-producer/core/internal/time/next-turn'))
const IMPORT = `const { afterThisTurn, nextTurn } = require(${JSON.stringify(FILE)});`

/** What a program of its own prints until it ends by itself. */
const outputOf = (body: string, before = ''): string => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', before + IMPORT + body], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

/** Counts turns of the event loop until stopped. */
const countTurns = (): (() => number) => {
  let turns = 0
  let pending = setImmediate(function count() {
    turns++
    pending = setImmediate(count)
  })
  return () => {
    clearImmediate(pending)
    return turns
  }
}

describe('the next turn of the event loop', () => {
  it('comes each time after the loop has turned', async () => {
    await nextTurn()
    const stop = countTurns()
    for (let i = 0; i < 500; i++) await nextTurn()
    const turns = stop()
    assert.ok(turns >= 499, `${turns} turns`)
  })

  it('is not this one: promises settle before it', async () => {
    const order: string[] = []
    const turn = nextTurn().then(() => order.push('turn'))
    for (let i = 0; i < 100; i++) await Promise.resolve()
    order.push('promises')
    await turn
    assert.deepEqual(order, ['promises', 'turn'])
  })

  it('is one for all who wait for it', async () => {
    await nextTurn()
    const stop = countTurns()
    await Promise.all(Array.from({ length: 10_000 }, nextTurn))
    const turns = stop()
    assert.ok(turns <= 3, `${turns} turns`)
  })

  it('calls back in the order of the calls, and a call from inside in a later turn', async () => {
    const order: string[] = []
    await new Promise<void>(resolve => {
      afterThisTurn(() => {
        order.push('first')
        afterThisTurn(() => {
          order.push('from inside')
          resolve()
        })
      })
      afterThisTurn(() => order.push('second'))
    })
    assert.deepEqual(order, ['first', 'second', 'from inside'])
  })

  it('comes with every timer faked by sinon', async () => {
    const clock = FakeTimers.install()
    try {
      for (let i = 0; i < 10; i++) await nextTurn()
      assert.equal(clock.countTimers(), 0)
    } finally {
      clock.uninstall()
    }
  })

  it('comes with every timer faked by node:test', async () => {
    mock.timers.enable()
    try {
      for (let i = 0; i < 10; i++) await nextTurn()
    } finally {
      mock.timers.reset()
    }
  })

  it('comes where everything was faked before the module was loaded', () => {
    const fakes = 'globalThis.setTimeout = globalThis.setImmediate = process.nextTick = () => ({});'
    // Streams need what was faked.
    const print = 'nextTurn().then(() => require("node:fs").writeSync(1, "came"))'
    assert.equal(outputOf(print, fakes), 'came')
  })

  it('keeps the process alive while somebody waits, and not longer', () => {
    assert.equal(outputOf('nextTurn().then(nextTurn).then(() => console.log("came"))'), 'came')
  })

  it('comes for all, though a callback throws', () => {
    assert.equal(
      outputOf(`
        process.on('uncaughtException', error => console.log(error.message))
        afterThisTurn(() => { throw new Error('of the callback') })
        afterThisTurn(() => console.log('second'))
        nextTurn().then(nextTurn).then(() => console.log('later'))
      `),
      'second\nof the callback\nlater',
    )
  })

  it('does not keep the async context of whoever waited first', () => {
    assert.equal(
      outputOf(`
        const { AsyncLocalStorage } = require('node:async_hooks')
        const storage = new AsyncLocalStorage()
        storage.run('first', () => afterThisTurn(() => {}))
        const second = storage.run('second', async () => {
          await nextTurn()
          console.log(storage.getStore())
        })
        second.then(() => afterThisTurn(() => console.log(storage.getStore())))
      `),
      'second\nundefined',
    )
  })

  it('comes in a worker thread, which then ends by itself', async () => {
    const program = `${IMPORT}
      const { parentPort } = require('node:worker_threads')
      nextTurn().then(nextTurn).then(() => parentPort.postMessage('came'))`
    const worker = new Worker(program, { eval: true })
    const said: unknown[] = []
    worker.on('message', message => said.push(message))
    const code = await new Promise(resolve => worker.on('exit', resolve))
    assert.deepEqual({ said, code }, { said: ['came'], code: 0 })
  })
})
