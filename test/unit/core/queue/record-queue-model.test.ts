import fc from 'fast-check'
import { FATES, QueueModel, type QueueStep } from '../../../support/core/queue-model.js'

const pick = fc.nat(20)
const steps: fc.Arbitrary<QueueStep[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('admit' as const),
        count: fc.integer({ min: 1, max: 20 }),
        // 0: records without a key.
        keys: fc.integer({ min: 0, max: 9 }),
        bytes: fc.integer({ min: 1, max: 120 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('take' as const),
        limit: fc.integer({ min: 1, max: 12 }),
        maxRecords: fc.constantFrom(1, 5, Number.POSITIVE_INFINITY),
        all: fc.boolean(),
        alternates: fc.boolean(),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        pick,
        fates: fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 5 }),
        named: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('store' as const, 'requeue' as const, 'bisect' as const),
        pick,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('advance' as const),
        ms: fc.integer({ min: 1, max: 4000 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom(
          'expire' as const,
          'recovered' as const,
          'reshard' as const,
          'markDue' as const,
        ),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('evict' as const), key: fc.nat(9) }) },
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
)

describe('the record queue beside a simple model of it', () => {
  const numRuns = Number(process.env['QUEUE_RUNS'] ?? 100)
  const seed = process.env['PROPERTY_SEED']

  for (const ordered of [false, true])
    for (const packed of [false, true])
      it(`holds, counts and orders the same records, ${ordered ? 'ordered' : 'unordered'} and ${packed ? 'packed' : 'unpacked'}`, () => {
        fc.assert(
          fc.property(
            steps,
            fc.boolean(),
            fc.double({ min: 0, max: 0.999, noNaN: true }),
            (all, heals, jitter) => {
              const model = new QueueModel(ordered, packed, () => jitter)
              for (const step of all) {
                model.step(step)
                model.check()
              }
              if (heals) model.heal()
              else model.abandon()
            },
          ),
          { numRuns, ...(seed !== undefined && { seed: Number(seed) }) },
        )
      })
})
