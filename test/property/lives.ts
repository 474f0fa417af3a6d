import type { PackingConfig, ProducerConfig } from '@kinesis-producer/core'
import fc from 'fast-check'
import type { QueryAnswer } from './fake-service.js'
import { FAULTS, type FaultName, POISONS, type PoisonName } from './faults.js'

/** One step of a life. */
export type Step =
  | {
      readonly do: 'add' | 'tryAdd' | 'put'
      readonly count: number
      /** 0: records without a key. */
      readonly keys: number
      readonly size: number
      readonly bytes: boolean
      readonly hashKey: boolean
      readonly signal: boolean
    }
  | { readonly do: 'advance' | 'freeze' | 'flush' | 'drain' | 'close'; readonly ms: number }
  | { readonly do: 'start' | 'stop' | 'abort' | 'dispose' }
  | { readonly do: 'faults'; readonly faults: readonly FaultName[] }
  | { readonly do: 'poison'; readonly poison: PoisonName | undefined }
  | { readonly do: 'reshard'; readonly how: 'split' | 'merge'; readonly at: number }
  | { readonly do: 'queries'; readonly queries: QueryAnswer }

export type Adds = Extract<Step, { do: 'add' | 'tryAdd' | 'put' }>

/** What a callback does besides looking. */
export const REACTIONS = [
  'nothing',
  'add',
  'tryAdd',
  'start',
  'stop',
  'flush',
  'drain',
  'close',
  'throw',
  'reject',
  'linger',
] as const
export type Reaction = (typeof REACTIONS)[number]

export interface Reactions {
  readonly onDrop: Reaction
  readonly onRequest: Reaction
  readonly statReceiver: Reaction
  readonly logger: Reaction
}

/** How a life ends. */
export type Ending = 'close' | 'closeTwice' | 'dispose' | 'disposeThenClose' | 'closeThenDispose'

export interface Life {
  readonly settings: ProducerConfig & { readonly bufferSize: number; readonly bufferBytes: number }
  readonly shards: number
  /** Milliseconds that each request takes. */
  readonly latency: number
  readonly queries: QueryAnswer
  /** Each so many records one is poison. */
  readonly poisonEvery: number
  readonly reactions: Reactions
  readonly steps: readonly Step[]
  /** Whether the service gets well before the end: quite, but for the poison records, or not. */
  readonly heals: 'quite' | 'butPoison' | 'no'
  readonly ending: Ending
}

export const MAX_RECORD_BYTES = 300
/** Records of a life that discovers the limit of the stream are so many times larger. */
export const DISCOVER_SCALE = 3500
const MIB = 1024 * 1024

const ms = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })

const queries: fc.Arbitrary<QueryAnswer> = fc.constantFrom(
  'answers',
  'answers',
  'denies',
  'hangs',
  'garbles',
)

const adds: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('add', 'tryAdd', 'put'),
  count: fc.integer({ min: 1, max: 40 }),
  keys: fc.integer({ min: 0, max: 8 }),
  size: fc.integer({ min: 0, max: 350 }),
  bytes: fc.boolean(),
  hashKey: fc.boolean(),
  signal: fc.boolean(),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 40, arbitrary: adds },
  { weight: 32, arbitrary: fc.record({ do: fc.constant('advance'), ms: ms(5000) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('freeze'), ms: ms(100_000) }) },
  { weight: 16, arbitrary: fc.record({ do: fc.constantFrom('start', 'stop') }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('flush', 'drain'), ms: ms(3000) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('abort') }) },
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('faults'),
      faults: fc.oneof(
        {
          weight: 3,
          arbitrary: fc.array(fc.constantFrom(...FAULTS), { minLength: 1, maxLength: 4 }),
        },
        // By those alone no record can have got into the stream.
        {
          weight: 1,
          arbitrary: fc.array(fc.constantFrom('unreached', 'denied', 'throttle'), {
            minLength: 1,
            maxLength: 2,
          }),
        },
      ),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('poison'),
      poison: fc.constantFrom(...POISONS, undefined),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('reshard'),
      how: fc.constantFrom('split', 'merge'),
      at: fc.nat(7),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('queries'),
      queries,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close'), ms: ms(3000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dispose') }) },
)

const packing: fc.Arbitrary<PackingConfig> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'none' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('concat'),
      maxBytes: fc.integer({ min: 64, max: MAX_RECORD_BYTES }),
      maxRecords: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('kpl'),
      maxBytes: fc.integer({ min: 64, max: MAX_RECORD_BYTES }),
      maxRecords: fc.integer({ min: 1, max: 20 }),
      groupBy: fc.constantFrom('partitionKey', 'shard'),
    }),
  },
)

const limits = fc.oneof(
  {
    weight: 25,
    arbitrary: fc.record({
      maxRecordBytes: fc.constant(MAX_RECORD_BYTES),
      bufferBytes: fc.integer({ min: 2000, max: 20_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      maxRecordBytes: fc.constant('discover'),
      bufferBytes: fc.integer({ min: MIB, max: 4 * MIB }),
    }),
  },
)

const settings: fc.Arbitrary<Life['settings']> = fc
  .tuple(
    limits,
    fc.record({
      batchSize: fc.integer({ min: 1, max: 30 }),
      bufferSize: fc.integer({ min: 30, max: 120 }),
      flushInterval: fc.constantFrom(0, 50, 1000),
      whenFull: fc.constantFrom(
        'reject',
        'wait',
        'dropOldest',
        'dropNewest',
        'rejectThenDropBatch',
        'waitThenDropBatch',
      ),
      ordering: fc.constantFrom('none', 'partitionKey'),
      packing,
      maxAttemptsPerRecord: fc.integer({ min: 1, max: 5 }),
      recordTtl: fc.constantFrom(0, 2000, 20_000),
      retryTimeout: fc.constantFrom(0, 500, 10_000),
      maxInFlight: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(32)),
      requestTimeout: fc.constantFrom(100, 5000),
      statInterval: fc.constantFrom(700, 60_000, 60_000),
    }),
  )
  .map(([sizes, others]) => Object.assign({}, others, sizes))

const reaction: fc.Arbitrary<Reaction> = fc.oneof(
  { weight: 20, arbitrary: fc.constant('nothing') },
  { weight: 1, arbitrary: fc.constantFrom(...REACTIONS) },
)

export const lives: fc.Arbitrary<Life> = fc.record({
  settings,
  shards: fc.integer({ min: 1, max: 4 }),
  latency: fc.constantFrom(0, 0, 15, 60),
  queries,
  poisonEvery: fc.integer({ min: 5, max: 40 }),
  reactions: fc.record({
    onDrop: fc.constantFrom(...REACTIONS),
    onRequest: reaction,
    statReceiver: fc.constantFrom(...REACTIONS),
    logger: reaction,
  }),
  steps: fc
    .array(step, { minLength: 1, maxLength: 20 })
    .map((steps): readonly Step[] => steps.toSpliced(0, 0, { do: 'start' })),
  heals: fc.constantFrom('quite', 'quite', 'butPoison', 'no'),
  ending: fc.constantFrom('close', 'closeTwice', 'dispose', 'disposeThenClose', 'closeThenDispose'),
})
