export type { Failure } from './carry-out.js'
export { Emulator, type EmulatorCounters, type EmulatorOptions, startEmulator } from './emulator.js'
export {
  type Counts,
  FakeKinesis,
  type FakeOptions,
  type FakeSummary,
  type FaultChooser,
  type FaultRequest,
  type RequestEntry,
  type StoredRecord,
  type StreamOptions,
  startFakeKinesis,
} from './fake-kinesis.js'
export type {
  Fault,
  FaultKind,
  FaultRecord,
  PlainFault,
  RecordPredicate,
  Selection,
} from './faults.js'
export * as faults from './faults.js'
export {
  type EmulatorProcess,
  type EmulatorProcessOptions,
  type EndpointProcess,
  type FakeProcess,
  type FakeProcessOptions,
  type FetchedRecord,
  startEmulatorProcess,
  startFakeProcess,
} from './processes.js'
export { seededRandom } from './random.js'
export { createStream, listShards, type ReadRecord, readAll, waitForActive } from './read-stream.js'
export {
  defaultHandlerClient,
  TEST_CREDENTIALS,
  testClient,
  testHandler,
  withoutNodeWarning,
} from './sdk-client.js'
export { codes, entries, errorOf, type SeenError } from './sdk-helpers.js'
export { AWS_SHARD_LIMITS, type ShardLimits } from './shard-limiter.js'
