import { resolveConfig } from '@kinesis-producer/core/internal/config/resolve'
import { remoteProducer } from '@kinesis-producer/core/internal/worker/worker-producer'
import fc from 'fast-check'
import { InThreadWorkers } from '../support/core/in-thread.js'
import { KNOWN_LIVES } from './known-lives.js'
import { liveWith } from './live.js'
import { type Life, lives } from './lives.js'

describe('with a producer whose work is done by a worker', () => {
  const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 200)
  const { PROPERTY_SEED: given = '161' } = process.env
  const seed = given === 'random' ? Date.now() % 2 ** 31 : Number(given)

  /** Lives with a worker that may be killed after some of the steps. */
  const liveRemotely = (life: Life, kills: readonly number[]): Promise<void> => {
    let workers: InThreadWorkers | undefined
    return liveWith(life, {
      isRemote: true,
      disturb: step => {
        if (!kills.includes(step)) return false
        workers?.kill()
        return true
      },
      make: (client, settings) => {
        const config = resolveConfig(settings)
        workers = new InThreadWorkers(client)
        return remoteProducer(workers.starter(config), 's', config, 1000)
      },
    })
  }

  it(`the same lives are lived (${numRuns} lives, seed ${seed})`, async function () {
    this.timeout(1_800_000)
    await fc.assert(
      fc.asyncProperty(lives, life => liveRemotely(life, [])),
      {
        numRuns,
        seed,
        examples: KNOWN_LIVES.map(life => [life]),
        endOnFailure: process.env['PROPERTY_SHRINK'] === undefined,
      },
    )
  })

  it(`nothing is lost or settled twice when workers are killed (${numRuns} lives, seed ${seed})`, async function () {
    this.timeout(1_800_000)
    const kills = fc.array(fc.nat(30), { minLength: 1, maxLength: 6 })
    await fc.assert(fc.asyncProperty(lives, kills, liveRemotely), {
      numRuns,
      seed,
      endOnFailure: process.env['PROPERTY_SHRINK'] === undefined,
    })
  })
})
