/**
 * Rules that adapters share. Nothing here loads the AWS SDK, so that a thread that sends nothing
 * itself may use it.
 */

export {
  DEFAULT_MAX_RECORD_BYTES,
  MAX_PARTITION_KEY_CHARACTERS,
  MAX_RECORD_BYTES,
} from '../../config/aws-limits.js'
export {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkKeys,
  checkMethods,
  checkMilliseconds,
  checkOneOf,
  checkText,
  MAX_TIMEOUT_MS,
  show,
} from '../../config/check.js'
export { ConfigError } from '../../errors/errors.js'
export { RECORDS_HOLD_LOGS } from '../../stats/event-log.js'
export type { MetricKind, ProducerMetric } from '../../stats/metrics.js'
export { PRODUCER_METRICS, prometheusName, REQUEST_DURATION } from '../../stats/metrics.js'
export { WarningLimiter } from '../../stats/warning-limiter.js'
export type { ExitSignalCloser } from './exit-signals.js'
export { onExitSignal } from './exit-signals.js'
export type { LogKeysOptions } from './keys.js'
export { checkHashKey, checkPartitionKey, LogKeys } from './keys.js'
export type { LossReason, LossReport } from './losses.js'
export { LossTally, lossReasonOf, lossReasonOfError, lossSentence } from './losses.js'
export type { SharedOptions } from './shared-options.js'
export { checkOptionNames, RETRY_DEFAULTS } from './shared-options.js'
