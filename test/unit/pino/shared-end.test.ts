import assert from 'node:assert/strict'
import { BroadcastChannel } from 'node:worker_threads'
import { SharedEnd } from '@kinesis-producer/pino-transport/internal/worker/shared-end'
import fc from 'fast-check'

interface Logger {
  readonly end: SharedEnd
  /** It hears of another, which it learns by reading the clock. */
  heard: () => void
}

const nothing = (): void => {}

/** Loggers of one process, each of which hears of the others, on one clock. */
class Loggers {
  now = 0
  readonly #all: Logger[]

  constructor(count: number) {
    this.#all = Array.from({ length: count }, () => {
      const logger: Logger = {
        heard: nothing,
        end: new SharedEnd(() => {
          logger.heard()
          return this.now
        }),
      }
      return logger
    })
  }

  /** How long one may take that begins to end now; the others have heard of it afterwards. */
  begin(which: number, timeout: number): Promise<number> {
    return this.#told(which, one => one.begin(timeout))
  }

  /** One has ended, and is gone. */
  async end(which: number): Promise<void> {
    await this.#told(which, one => one.end())
    this.#all.splice(which, 1)
  }

  close(): void {
    for (const { end } of this.#all) end.end()
  }

  async #told<T>(which: number, tell: (one: SharedEnd) => T): Promise<T> {
    const logger = this.#all[which]
    assert.ok(logger !== undefined)
    logger.heard = nothing
    const others = this.#all.filter(other => other !== logger)
    const heard = others.map(
      other =>
        new Promise<void>(resolve => {
          other.heard = resolve
        }),
    )
    const result = tell(logger.end)
    await Promise.all(heard)
    return result
  }
}

describe('the end that the loggers of a process share', () => {
  let loggers: Loggers
  beforeEach(() => (loggers = new Loggers(3)))
  afterEach(() => loggers.close())

  it('leaves one that ends alone its whole time', async () => {
    assert.equal(await loggers.begin(0, 5000), 5000)
  })

  it('counts from when the first began', async () => {
    await loggers.begin(0, 5000)
    loggers.now = 3000
    assert.equal(await loggers.begin(1, 5000), 2000)
    assert.equal(await loggers.begin(2, 9000), 6000)
  })

  it('leaves each a second, but never more than its own time', async () => {
    await loggers.begin(0, 5000)
    loggers.now = 5900
    assert.equal(await loggers.begin(1, 5000), 1000)
    assert.equal(await loggers.begin(2, 300), 300)
  })

  it('goes on while the next begins within a second of the last end, and no longer', async () => {
    await loggers.begin(0, 5000)
    loggers.now = 2000
    await loggers.end(0)
    loggers.now = 3000
    assert.equal(await loggers.begin(0, 5000), 2000)
    await loggers.end(0)
    loggers.now = 4001
    assert.equal(await loggers.begin(0, 5000), 5000)
  })

  it('is over a second after the time of one that never says it has ended', async () => {
    await loggers.begin(0, 2000)
    loggers.now = 3001
    assert.equal(await loggers.begin(1, 2000), 2000)
  })

  it('knows no limit where there is none', async () => {
    assert.equal(await loggers.begin(0, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
    loggers.now = 1e9
    assert.equal(await loggers.begin(1, Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
    assert.equal(await loggers.begin(2, 5000), 1000)
  })

  it('minds nothing that others say on its channel', async () => {
    const channel = new BroadcastChannel('@kinesis-producer/pino-transport, ends, 1')
    for (const word of [null, 5, 'ends', {}, { ends: '5000' }, { ends: null }])
      channel.postMessage(word)
    // Messages come in order: when this word is heard, the others were.
    await loggers.begin(1, 0)
    loggers.now = 500
    assert.equal(await loggers.begin(0, 5000), 4500)
    channel.close()
  })

  it('however long each takes, all of them end in one time and a second for each more', async () => {
    const logger = fc.record({
      takes: fc.double({ min: 0, max: 1, noNaN: true }),
      gap: fc.integer({ min: 0, max: 1000 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 20_000 }),
        fc.array(logger, { minLength: 1, maxLength: 6 }),
        async (timeout, each) => {
          const many = new Loggers(each.length)
          let gaps = 0
          for (const { takes, gap } of each) {
            const left = await many.begin(0, timeout)
            assert.ok(left >= Math.min(timeout, 1000) && left <= timeout)
            many.now += left * takes
            assert.ok(many.now <= timeout + (each.length - 1) * 1000 + gaps)
            await many.end(0)
            many.now += gap
            gaps += gap
          }
        },
      ),
      { numRuns: 40 },
    )
  })
})
