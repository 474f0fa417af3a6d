import { type KinesisOptions, startKinesis, type TestKinesis } from '@kinesis-producer/testing'

export {
  AWS_SHARD_LIMITS,
  type Counts,
  type Fault,
  type FaultChooser,
  type FaultKind,
  type FaultRecord,
  type FaultRequest,
  faults,
  type KinesisOptions as FakeOptions,
  listShards,
  type ReadRecord,
  type RequestEntry,
  readAll,
  type Selection,
  type ShardLimits,
  type StoredRecord,
  type StreamOptions,
  type Summary as FakeSummary,
  seededRandom,
  TestKinesis as FakeKinesis,
} from '@kinesis-producer/testing'
export { createStream, waitForActive } from './create-stream.js'
export {
  defaultHandlerClient,
  TEST_CREDENTIALS,
  testClient,
  testHandler,
  withoutNodeWarning,
} from './sdk-client.js'
export { codes, entries, errorOf, type SeenError } from './sdk-helpers.js'

export const startFakeKinesis = (
  options: KinesisOptions = { streams: { s: 4 } },
): Promise<TestKinesis> => startKinesis(options)
