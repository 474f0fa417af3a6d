export type { OpenedProducer } from './adapter/open-producer.js'
export { openProducer } from './adapter/open-producer.js'
export type { SharedOptions } from './adapter/rules/shared-options.js'
export type { AddOptions, Producer, WaitSignal } from './base-producer.js'
export { DEFAULT_CLOSE_TIMEOUT_MS } from './base-producer.js'
export type {
  BatchingKinesisClient,
  KinesisClientLike,
  KinesisCommandClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
  PutRecordsResult,
} from './client/client-types.js'
export type { ProducerClientConfig } from './client/create-client.js'
export { createKinesisClient } from './client/create-client.js'
export { WIRE_FORMATS } from './client/wire-formats.js'
export { MAX_KINESIS_BATCH_SIZE } from './config/aws-limits.js'
export type { Logger, Ordering, ProducerConfig, RequestReport, WhenFull } from './config/options.js'
export { DEFAULT_CONFIG, ORDERINGS, WHEN_FULL } from './config/options.js'
export type {
  ConcatPacking,
  KplPacking,
  NoPacking,
  PackingConfig,
} from './config/packing-options.js'
export { COMPRESSIONS, GROUPINGS, PACKINGS } from './config/packing-options.js'
export { OPTION_NAMES } from './config/resolve.js'
export type { SpoolConfig, SpoolFsync } from './config/spool-options.js'
export type { ErrorCode } from './errors/errors.js'
export {
  AbortedError,
  AlreadyStartedError,
  AlreadyStoppedError,
  BufferFullError,
  ClosedError,
  ConfigError,
  CorruptRecordError,
  DeliveryError,
  ERROR_CODES,
  InvalidRecordError,
  KeptOnDiskError,
  NotRunningError,
  ProducerError,
  RecordTooLargeError,
  RequestTimeoutError,
  ShortResponseError,
} from './errors/errors.js'
export type { CloseResult, FlushResult } from './lifecycle/lifecycle.js'
export { BatchProducer } from './producer.js'
export type { Attempt } from './record/attempt.js'
export type { DroppedRecord, DropReason } from './record/dropped.js'
export { DROP_REASONS } from './record/dropped.js'
export type { Leftover, Receipt, RecordData, UserRecord } from './record/record.js'
export type { RecordInput } from './record/record-input.js'
export type { WireRecord } from './record/wire-record.js'
export type { SpoolStats } from './spool/spool-types.js'
export type { Latency, ProducerStats, StatReceiver, StatsBatch } from './stats/stats.js'
export type { State } from './steps/state.js'
export type { Clock, ClockTimer } from './time/clock.js'
