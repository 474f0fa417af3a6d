import { resolveConfig } from '@kinesis-producer/core/internal/config/resolve'
import { remoteProducer } from '@kinesis-producer/core/internal/worker/worker-producer'
import fc from 'fast-check'
import { InThreadWorkers } from '../support/core/in-thread.js'
import { KNOWN_LIVES } from './known-lives.js'
import { liveWith } from './live.js'
import { lives } from './lives.js'

describe('with a producer whose work is done by a worker', () => {
  const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 1000)
  const { PROPERTY_SEED: given = '161' } = process.env
  const seed = given === 'random' ? Date.now() % 2 ** 31 : Number(given)

  it(`the same lives are lived (${numRuns} lives, seed ${seed})`, async function () {
    this.timeout(1_800_000)
    await fc.assert(
      fc.asyncProperty(lives, life =>
        liveWith(life, {
          isRemote: true,
          make: (client, settings) => {
            const config = resolveConfig(settings)
            return remoteProducer(new InThreadWorkers(client).starter(config), 's', config, 3)
          },
        }),
      ),
      {
        numRuns,
        seed,
        examples: KNOWN_LIVES.map(life => [life]),
        endOnFailure: process.env['PROPERTY_SHRINK'] === undefined,
      },
    )
  })
})
