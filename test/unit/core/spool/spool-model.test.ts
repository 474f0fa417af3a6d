import fc from 'fast-check'
import { SpoolLife } from '../../../support/core/spool-life.js'

type Step = (life: SpoolLife) => void | Promise<void>

const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 100_000 }))
const named = (text: string, step: Step): Step => Object.assign(step, { toString: () => text })

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(size, fc.boolean())
      .map(([bytes, memory]) =>
        named(`append ${bytes} ${memory}`, life => life.append(bytes, memory)),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 40 }), size, fc.boolean())
      .map(([count, bytes, memory]) =>
        named(`append ${count} x ${bytes} ${memory}`, life => {
          for (let i = 0; i < count; i++) life.append(bytes, memory)
        }),
      ),
  },
  {
    weight: 2,
    arbitrary: size.map(bytes => named(`add ${bytes}`, life => life.addAndWait(bytes))),
  },
  {
    weight: 5,
    arbitrary: fc
      .integer({ min: 1, max: 60 })
      .map(count => named(`read ${count}`, life => life.read(count))),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 60 }))
      .map(([nth, count]) => named(`settle ${nth} ${count}`, life => life.settle(nth, count))),
  },
  {
    weight: 4,
    arbitrary: fc
      .integer({ min: 0, max: 3000 })
      .map(ms => named(`pass ${ms}`, life => life.pass(ms))),
  },
  { weight: 1, arbitrary: fc.constant(named('kill', life => life.kill())) },
  { weight: 1, arbitrary: fc.constant(named('close', life => life.close())) },
)

describe('Spool, beside a model', function () {
  this.timeout(60_000)

  it('keeps what it has to, in its order, through kills and restarts', async () => {
    const runs = Number(process.env['PROPERTY_RUNS'] ?? 150)
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 60 }), async list => {
        const life = new SpoolLife()
        await life.start()
        for (const step of list) await step(life)
        life.checkAll()
        await life.close()
        life.checkAll()
        life.spool.close([])
      }),
      { numRuns: runs, ...(process.env['PROPERTY_SEED'] === 'random' ? {} : { seed: 17 }) },
    )
  })
})
