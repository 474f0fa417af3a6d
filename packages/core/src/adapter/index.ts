/**
 * For packages that feed a producer from somewhere else, such as a logger. `./rules` has the same
 * without what needs the AWS SDK.
 */

export type { OfferResult } from '../base-producer.js'
export { abandon, bytesOver, maxDataBytes, offer } from '../base-producer.js'
export { KeptOnDiskError } from '../errors/errors.js'
export type { ExportedRecord, SpoolOwner, SpoolReport } from '../spool/inspect.js'
export { exportSpool, inspectSpool } from '../spool/inspect.js'
export type { OpenedProducer } from './open-producer.js'
export { openProducer } from './open-producer.js'
export type { ExitSignalCloser, LossReason, LossReport, SharedOptions } from './rules/index.js'
export {
  ConfigError,
  checkBoolean,
  checkFunction,
  checkHashKey,
  checkInteger,
  checkKeys,
  checkMethods,
  checkMilliseconds,
  checkOneOf,
  checkOptionNames,
  checkPartitionKey,
  checkText,
  DEFAULT_MAX_RECORD_BYTES,
  LogKeys,
  LossTally,
  lossReasonOf,
  lossReasonOfError,
  lossSentence,
  MAX_PARTITION_KEY_CHARACTERS,
  MAX_RECORD_BYTES,
  MAX_TIMEOUT_MS,
  onExitSignal,
  PRODUCER_METRICS,
  prometheusName,
  RECORDS_HOLD_LOGS,
  REQUEST_DURATION,
  RETRY_DEFAULTS,
  show,
  WarningLimiter,
} from './rules/index.js'
export type { Target } from './target.js'
export { targetOf } from './target.js'
