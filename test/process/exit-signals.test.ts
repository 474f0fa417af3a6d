import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { runProgram } from '../support/run-program.js'

const ROOT = process.cwd()
const { resolve } = createRequire(`${ROOT}/package.json`)
const RULES = JSON.stringify(resolve('@kinesis-producer/core/adapter/rules'))
const SIGNAL_EXIT = JSON.stringify(resolve('signal-exit'))

/** What each program begins with. A line on standard output keeps the order of what happens. */
const PRELUDE = `
const { onExitSignal } = require(${RULES})
const sleep = ms => new Promise(r => setTimeout(r, ms))
const say = word => require('node:fs').writeSync(1, word + ' ')
const closer = (name, ms = 50, more = {}) => onExitSignal({
  close: async signal => { say(name + ':' + signal); await sleep(ms); say(name + ' closed') },
  timeoutMs: 5000, ...more,
})
const alive = setInterval(() => {}, 1000)
const ready = () => say('ready')
`

type Sends = readonly (NodeJS.Signals | number)[]

const send = async (child: ChildProcess, sends: Sends): Promise<void> => {
  for (const one of sends) {
    if (typeof one === 'number') await new Promise(done => setTimeout(done, one))
    else child.kill(one)
  }
}

/** Runs a program, sends it signals (a number is a pause in milliseconds), and says how it ended. */
const ends = async (code: string, sends: Sends = ['SIGTERM']): Promise<string> => {
  const ran = await runProgram(['-e', `${PRELUDE}${code}\nready()`], {
    act: child => child.stdout.once('data', () => void send(child, sends)),
  })
  const said = ran.stdout.replace('ready', '').replaceAll(/\s+/g, ' ').trim()
  return `${said} -> ${ran.signal ?? ran.code}${ran.stderr}`.trim()
}

describe('signals that end the process', function () {
  this.slow(2000)

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    it(`ends by ${signal} when what is registered has been closed`, async () => {
      assert.equal(await ends(`closer('a')`, [signal]), `a:${signal} a closed -> ${signal}`)
    })

  it('closes all in parallel, each within its own time', async () => {
    const code = `closer('a', 300)\ncloser('b', 100)\ncloser('stuck', 60_000, { timeoutMs: 20 })`
    assert.equal(await ends(code), 'a:SIGTERM b:SIGTERM stuck:SIGTERM b closed a closed -> SIGTERM')
  })

  it('ends when a close throws or rejects', async () => {
    const code = `onExitSignal({ close: () => { throw new Error('a') }, timeoutMs: 5000 })
      onExitSignal({ close: async () => { throw new Error('b') }, timeoutMs: 5000 })`
    assert.equal(await ends(code), '-> SIGTERM')
  })

  it('closes what unregisters itself while it closes', async () => {
    const code = `const off = onExitSignal({ close: async () => { off(); await sleep(50); say('closed') }, timeoutMs: 5000 })`
    assert.equal(await ends(code), 'closed -> SIGTERM')
  })

  it('closes only those that asked for this signal', async () => {
    const code = `closer('a', 50, { signals: ['SIGINT'] })\ncloser('b', 50, { signals: ['SIGTERM'] })`
    assert.equal(await ends(code), 'b:SIGTERM b closed -> SIGTERM')
    assert.equal(await ends(code, ['SIGHUP']), '-> SIGHUP')
  })

  it('has one listener for all, and none when all are unregistered', async () => {
    const code = `const count = () => say(process.listenerCount('SIGTERM') + '')
      const a = closer('a'), b = closer('b'); count(); a(); count(); b(); count(); b(); clearInterval(alive)`
    assert.equal(await ends(code, []), '1 1 0 -> 0')
    assert.equal(await ends(`closer('a')()`), '-> SIGTERM')
  })

  it('is one in the process when there are two copies of the package', async () => {
    const code = `closer('a')
      for (const file of Object.keys(require.cache)) delete require.cache[file]
      require(${RULES}).onExitSignal({ close: async () => { await sleep(10); say('copy') }, timeoutMs: 5000 })
      say(process.listenerCount('SIGTERM') + '')`
    assert.equal(await ends(code), '1 a:SIGTERM copy a closed -> SIGTERM')
  })

  it('takes two signals within a second for one', async () => {
    assert.equal(
      await ends(`closer('a', 300)`, ['SIGINT', 50, 'SIGINT']),
      'a:SIGINT a closed -> SIGINT',
    )
  })

  it('ends at once by a second signal after that', async () => {
    assert.equal(
      await ends(`closer('a', 30_000, { timeoutMs: 30_000 })`, ['SIGTERM', 1100, 'SIGINT']),
      'a:SIGTERM -> SIGINT',
    )
  })

  describe('beside handlers of others', () => {
    it('leaves the end to the application, and flushes meanwhile', async () => {
      const code = `closer('a', 50, { flush: async signal => say('flushed:' + signal) })
        process.on('SIGTERM', async () => { await sleep(200); say('app'); process.exit(7) })`
      assert.equal(await ends(code), 'flushed:SIGTERM app -> 7')
    })

    it('closes nothing when the application lives on, as after a SIGHUP that reloads', async () => {
      const code = `closer('a', 50, { flush: signal => say('flushed:' + signal) })
        process.on('SIGHUP', () => say('reloaded'))`
      assert.equal(
        await ends(code, ['SIGHUP', 100, 'SIGHUP', 100, 'SIGTERM']),
        'reloaded flushed:SIGHUP reloaded flushed:SIGHUP a:SIGTERM a closed -> SIGTERM',
      )
    })

    const PASSIVE = `const lib = () => {
        if (process.listenerCount('SIGTERM') > 1) return
        process.off('SIGTERM', lib); process.kill(process.pid, 'SIGTERM')
      }`
    for (const [order, code] of [
      ['before', `process.on('SIGTERM', lib); closer('a')`],
      ['after', `closer('a'); process.on('SIGTERM', lib)`],
    ] as const)
      it(`ends beside a library that ends the process when it listens alone, registered ${order}`, async () => {
        assert.equal(await ends(`${PASSIVE}\n${code}`), 'a:SIGTERM a closed -> SIGTERM')
      })

    it('ends beside signal-exit, which sees its exit once', async () => {
      const code = `require(${SIGNAL_EXIT}).onExit((exit, signal) => say('exit:' + (exit ?? signal)))
        closer('a'); closer('b', 10)`
      assert.equal(
        await ends(code),
        'exit:SIGTERM a:SIGTERM b:SIGTERM b closed a closed -> SIGTERM',
      )
    })

    it('leaves the end to the application beside signal-exit too', async () => {
      const code = `require(${SIGNAL_EXIT}).onExit(() => say('exit'))
        closer('a'); process.on('SIGTERM', () => { say('app'); setTimeout(() => process.exit(3), 100) })`
      assert.equal(await ends(code), 'app exit -> 3')
    })

    it('waits for the closers when a framework sends itself the signal after its own shutdown', async () => {
      // As Nest's enableShutdownHooks does.
      const code = `closer('a', 200)
        let once = false
        const hooks = async signal => {
          if (once) return
          once = true
          say('hooks'); await sleep(100); say('log'); process.off('SIGTERM', hooks); process.kill(process.pid, signal)
        }
        process.on('SIGTERM', hooks)`
      assert.equal(await ends(code), 'hooks log a:SIGTERM a closed -> SIGTERM')
    })

    it('waits for the closers when a handler sends the signal by number, at once', async () => {
      const code = `closer('a')
        process.once('SIGTERM', () => { say('app'); process.kill(process.pid, 15) })`
      assert.equal(await ends(code), 'app a:SIGTERM a closed -> SIGTERM')
    })

    it('lets signals to other processes pass', async () => {
      const code = `closer('a'); process.on('SIGTERM', () => {
          say(String(process.kill(process.pid, 0)))
          try { process.kill(2 ** 30, 'SIGTERM') } catch (error) { say(error.code) }
          process.exit(0) })`
      assert.equal(await ends(code), 'true ESRCH -> 0')
    })

    it('gives process.kill back when nobody is registered', async () => {
      const code = `const kill = process.kill
        const off = closer('a'); process.on('SIGTERM', () => setTimeout(() => {
          say(String(process.kill === kill)); off(); say(String(process.kill === kill)); process.exit(0) }, 20))`
      assert.equal(await ends(code), 'false true -> 0')
    })
  })
})
