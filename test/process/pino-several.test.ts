import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { runProgram } from '../support/run-program.js'

const APP = fileURLToPath(new URL('fixtures/pino-several.js', import.meta.url))
const CLOSE_TIMEOUT_MS = 3000
const LOST = /: (\d+) log lines? lost: \d+ not delivered in time/g

/** Four loggers with two lines each: how they ended, and how far apart the first and the last said so. */
const ends = async (fake: FakeKinesis, kind: string, end: string) => {
  const times: number[] = []
  const { stderr, code, signal } = await runProgram(
    [APP, fake.endpoint, kind, end, String(CLOSE_TIMEOUT_MS)],
    { act: child => child.stderr.on('data', () => times.push(performance.now())) },
  )
  const lost = [...stderr.matchAll(LOST)].reduce((all, [, count]) => all + Number(count), 0)
  return { apart: (times.at(-1) ?? 0) - (times[0] ?? 0), end: signal ?? code, lost, stderr }
}

/**
 * The last number: how far apart they end at most, in times of `closeTimeout`. If each took its own, it would be
 * three.
 */
const CASES = [
  ['helper', 'exit', 3, 1],
  ['helper', 'signal', 'SIGTERM', 1],
  ['helper', 'close', 0, 1],
  // Those without the helper have a second each at least.
  ['plain', 'exit', 3, 2],
  ['both', 'exit', 3, 2],
] as const

describe('several loggers of one process', () => {
  let hanging: FakeKinesis
  let working: FakeKinesis
  let ran: Awaited<ReturnType<typeof ends>>[]
  // Together, since they only wait.
  before(async function () {
    this.timeout(60_000)
    hanging = await startFakeKinesis({ streams: { s: 4 } })
    hanging.always(faults.hang())
    working = await startFakeKinesis({ streams: { s: 4 } })
    ran = await Promise.all([
      ...CASES.map(([kind, end]) => ends(hanging, kind, end)),
      ends(working, 'both', 'exit'),
    ])
  })
  after(() => Promise.all([hanging.close(), working.close()]))

  for (const [i, [kind, end, expected, most]] of CASES.entries())
    it(`end within one closeTimeout when nothing can be delivered: ${kind}, ${end}`, () => {
      const one = ran[i]
      assert.deepEqual([one?.end, one?.lost], [expected, 8], one?.stderr)
      assert.ok(one !== undefined && one.apart < CLOSE_TIMEOUT_MS * most, `${one?.apart} ms apart`)
    })

  it('deliver all when the service works', () => {
    assert.deepEqual([ran.at(-1)?.end, ran.at(-1)?.stderr], [3, ''])
    assert.equal(working.texts('s').length, 8)
  })
})
