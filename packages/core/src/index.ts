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
  NotRunningError,
  ProducerError,
  RecordTooLargeError,
  RequestTimeoutError,
  ShortResponseError,
} from './errors/errors.js'
export type { CloseResult, FlushResult } from './lifecycle/lifecycle.js'
export type { State } from './lifecycle/state.js'
export type { Logger, Ordering, ProducerConfig, RequestReport, WhenFull } from './options/config.js'
export { DEFAULT_CONFIG, ORDERINGS, WHEN_FULL } from './options/config.js'
export { MAX_KINESIS_BATCH_SIZE } from './options/limits.js'
export type { ConcatPacking, KplPacking, NoPacking, PackingConfig } from './options/packing.js'
export { COMPRESSIONS, GROUPINGS, PACKINGS } from './options/packing.js'
export { OPTION_NAMES } from './options/resolve.js'
export type { OpenedProducer, SharedOptions } from './options/shared.js'
export { openProducer } from './options/shared.js'
export type { AddOptions, WaitSignal } from './producer.js'
export { BatchProducer, DEFAULT_CLOSE_TIMEOUT_MS } from './producer.js'
export type { Attempt } from './record/attempt.js'
export type { DroppedRecord, DropReason } from './record/dropped.js'
export { DROP_REASONS } from './record/dropped.js'
export type { Leftover, Receipt, RecordData, UserRecord } from './record/record.js'
export type {
  BatchingKinesisClient,
  KinesisClientLike,
  KinesisCommandClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
  PutRecordsResult,
  WireRecord,
} from './sending/client.js'
export type { ProducerClientConfig } from './sending/create-client.js'
export { createKinesisClient, WIRE_FORMATS } from './sending/create-client.js'
export type { Latency, ProducerStats, StatReceiver, StatsBatch } from './stats/stats.js'
export type { Clock, ClockTimer } from './time/clock.js'
