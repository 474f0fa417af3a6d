import type { Adds, Life, Step } from './lives.js'

const add = (how: Adds['do'], count: number, keys: number, size: number, signal = false): Step => ({
  do: how,
  count,
  keys,
  size,
  bytes: true,
  hashKey: false,
  signal,
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
  // The poison record is the oldest that waits for a throttled shard: each probe would carry it.
  {
    ...plain,
    settings: {
      batchSize: 13,
      bufferSize: 52,
      bufferBytes: 13_846,
      maxRecordBytes: 300,
      flushInterval: 50,
      whenFull: 'dropNewest',
      ordering: 'none',
      packing: { kind: 'none' },
      maxAttemptsPerRecord: 2,
      recordTtl: 0,
      retryTimeout: 0,
      maxInFlight: 3,
      requestTimeout: 100,
      statInterval: 700,
    },
    shards: 4,
    queries: 'garbles',
    poisonEvery: 9,
    steps: [
      { do: 'start' },
      { do: 'faults', faults: ['long', 'hotShard', 'oddThrow', 'reset'] },
      { do: 'advance', ms: 3590 },
      { do: 'faults', faults: ['kms', 'oddThrow', 'oddCodes'] },
      { do: 'tryAdd', count: 38, keys: 2, size: 160, bytes: true, hashKey: true, signal: true },
      { do: 'faults', faults: ['oddThrow', 'throttle'] },
      { do: 'poison', poison: 'fails500' },
      { do: 'faults', faults: ['throttle', 'noResults'] },
    ],
    heals: 'butPoison',
  },
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
      { do: 'advance', ms: 200 },
      { do: 'advance', ms: 5000 },
    ],
  },
  // What waits for capacity by bytes cannot fill a batch.
  {
    ...plain,
    settings: { ...plain.settings, flushInterval: 0, batchSize: 30, bufferBytes: 2000 },
    steps: [{ do: 'start' }, add('add', 40, 0, 250)],
  },
  // The first of those that wait for capacity is aborted, and the next one is smaller.
  {
    ...plain,
    settings: { ...plain.settings, bufferBytes: 2000, requestTimeout: 5000 },
    steps: [
      { do: 'start' },
      { do: 'faults', faults: ['hang'] },
      add('tryAdd', 8, 0, 200),
      add('add', 1, 0, 250, true),
      add('add', 1, 0, 10),
      { do: 'abort' },
    ],
  },
  // A record larger than the stream said it takes.
  {
    ...plain,
    settings: { ...plain.settings, maxRecordBytes: 'discover', bufferBytes: 4_000_000 },
    steps: [{ do: 'start' }, { do: 'advance', ms: 1 }, add('tryAdd', 2, 0, 330)],
  },
  // Aggregates of a shard that was split meanwhile: consumers drop half of their records.
  {
    ...plain,
    settings: { ...plain.settings, packing: { kind: 'kpl', groupBy: 'shard', maxBytes: 300 } },
    steps: [
      { do: 'start' },
      { do: 'advance', ms: 1 },
      { do: 'reshard', how: 'split', at: 0 },
      add('tryAdd', 40, 8, 5),
      { do: 'advance', ms: 5000 },
    ],
  },
  // Probes of one record take turns twice: with parts of bisected requests, and with untried records.
  {
    settings: {
      batchSize: 2,
      bufferSize: 34,
      flushInterval: 50,
      whenFull: 'dropNewest',
      ordering: 'partitionKey',
      packing: { kind: 'none' },
      maxAttemptsPerRecord: 5,
      recordTtl: 0,
      retryTimeout: 0,
      maxInFlight: 4,
      requestTimeout: 100,
      statInterval: 60000,
      maxRecordBytes: 300,
      bufferBytes: 10035,
    },
    shards: 3,
    latency: 0,
    queries: 'answers',
    poisonEvery: 6,
    reactions: { onDrop: 'stop', onRequest: 'nothing', statReceiver: 'start', logger: 'nothing' },
    steps: [
      { do: 'start' },
      { do: 'put', count: 31, keys: 0, size: 52, bytes: true, hashKey: false, signal: false },
      { do: 'advance', ms: 4 },
      { do: 'advance', ms: 723 },
      { do: 'tryAdd', count: 11, keys: 8, size: 88, bytes: false, hashKey: true, signal: true },
      { do: 'faults', faults: ['throttleUnnamed', 'oddCodes', 'throttle', 'noResults'] },
      { do: 'queries', queries: 'answers' },
      { do: 'abort' },
      { do: 'poison', poison: 'fails500' },
      { do: 'add', count: 31, keys: 7, size: 6, bytes: true, hashKey: false, signal: true },
      { do: 'faults', faults: ['throttle', 'denied'] },
      { do: 'stop' },
      { do: 'abort' },
    ],
    heals: 'butPoison',
    ending: 'closeThenDispose',
  },
]
