import type { Adds, Life, Step } from './lives.js'

const add = (how: Adds['do'], count: number, keys: number, size: number): Step => ({
  do: how,
  count,
  keys,
  size,
  bytes: true,
  hashKey: false,
  signal: false,
})

const plain: Life = {
  settings: {
    batchSize: 10,
    bufferSize: 50,
    bufferBytes: 20_000,
    maxRecordBytes: 300,
    flushInterval: 1000,
    whenFull: 'wait',
    ordering: 'none',
    packing: { kind: 'none' },
    maxInFlight: 1,
    requestTimeout: 100,
    statInterval: 700,
  },
  shards: 1,
  latency: 0,
  queries: 'answers',
  poisonEvery: 40,
  reactions: {
    onDrop: 'nothing',
    onRequest: 'nothing',
    statReceiver: 'nothing',
    logger: 'nothing',
  },
  steps: [],
  heals: 'quite',
  ending: 'close',
}

/** Lives that once went wrong, and are too rare to come by chance. */
export const KNOWN_LIVES: readonly Life[] = [
  // The buffers of adds that wait are reused.
  { ...plain, steps: [{ do: 'start' }, add('put', 40, 0, 250), add('put', 40, 0, 250)] },
  // A record that was tried stands behind one that was only held, and no batch fills.
  {
    ...plain,
    settings: { ...plain.settings, ordering: 'partitionKey', flushInterval: 0, batchSize: 7 },
    steps: [
      { do: 'start' },
      { do: 'faults', faults: ['kms'] },
      add('tryAdd', 4, 2, 10),
      { do: 'drain', ms: 10 },
      { do: 'advance', ms: 20 },
    ],
  },
  // A flush takes over from a stop and leaves a request in flight; the producer is started again.
  {
    ...plain,
    steps: [
      { do: 'start' },
      { do: 'faults', faults: ['hang'] },
      add('tryAdd', 10, 0, 10),
      { do: 'advance', ms: 1 },
      { do: 'stop' },
      { do: 'flush', ms: 1 },
      { do: 'advance', ms: 2 },
      { do: 'start' },
      { do: 'advance', ms: 5000 },
    ],
  },
]
