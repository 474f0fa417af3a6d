export type { FaultChooser, FaultRequest } from './faults/fault-source.js'
export type {
  FailingRecords,
  Fault,
  FaultKind,
  FaultRecord,
  PartialFault,
  Selection,
} from './faults/faults.js'
export * as faults from './faults/faults.js'
export type { KinesisOptions } from './options.js'
export { seededRandom } from './random.js'
export { listShards, type ReadRecord, readAll } from './read-all.js'
export type { Counts, RequestEntry } from './request-log.js'
export type { HashRange } from './streams/hash-ranges.js'
export type { StoredRecord } from './streams/record-log.js'
export { AWS_SHARD_LIMITS, type ShardLimits } from './streams/shard-limiter.js'
export type { StreamOptions } from './streams/stream.js'
export { type Summary, startKinesis, TestKinesis } from './test-kinesis.js'
export type { UserRecord } from './user-records.js'
