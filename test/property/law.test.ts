import fc from 'fast-check'
import { KNOWN_LIVES } from './known-lives.js'
import { live } from './live.js'
import { lives } from './lives.js'

describe('under random schedules of adds, faults, stops, flushes and freezes', () => {
  const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 5000)
  // The same lives each time, so that a change is judged and not luck; `npm run test:nightly` draws others.
  const { PROPERTY_SEED: given = '991' } = process.env
  const seed = given === 'random' ? Date.now() % 2 ** 31 : Number(given)

  it(`the law, the limits, the order and the memory bounds hold, and nothing settles twice (${numRuns} lives, seed ${seed})`, async function () {
    this.timeout(1_800_000)
    await fc.assert(fc.asyncProperty(lives, live), {
      numRuns,
      seed,
      examples: KNOWN_LIVES.map(life => [life]),
      endOnFailure: process.env['PROPERTY_SHRINK'] === undefined,
    })
  })
})
