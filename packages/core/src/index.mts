export {
  AbortedError,
  AlreadyStartedError,
  AlreadyStoppedError,
  BufferFullError,
  ClosedError,
  ConfigError,
  DeliveryError,
  ERROR_CODES,
  InvalidRecordError,
  NotRunningError,
  ProducerError,
  RecordTooLargeError,
  RequestTimeoutError,
  ShortResponseError,
} from './index.js'
export { DEFAULT_CONFIG, ORDERINGS, PACKINGS, WHEN_FULL } from './index.js'
export { MAX_KINESIS_BATCH_SIZE } from './index.js'
export { OPTION_NAMES } from './index.js'
export { openProducer } from './index.js'
export { BatchProducer, DEFAULT_CLOSE_TIMEOUT_MS } from './index.js'
export { DROP_REASONS } from './index.js'
export { createKinesisClient } from './index.js'

export type { ErrorCode } from './index.js'
export type { CloseResult, FlushResult } from './index.js'
export type { State } from './index.js'
export type { Logger, Ordering, PackingConfig, ProducerConfig, WhenFull } from './index.js'
export type { OpenedProducer, SharedOptions } from './index.js'
export type { AddOptions, WaitSignal } from './index.js'
export type { Attempt } from './index.js'
export type { DropReason, DroppedRecord } from './index.js'
export type { Leftover, Receipt, RecordData, UserRecord } from './index.js'
export type {
  BatchingKinesisClient,
  KinesisClientLike,
  KinesisCommandClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
  PutRecordsResult,
  WireRecord,
} from './index.js'
export type { Latency, ProducerStats, StatReceiver, StatsBatch } from './index.js'
export type { Clock, ClockTimer } from './index.js'
