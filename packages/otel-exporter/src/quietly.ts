import type { Logger } from '@kinesis-producer/core'
import { RECORDS_HOLD_LOGS } from '@kinesis-producer/core/adapter'
import { context, createContextKey, diag, ROOT_CONTEXT } from '@opentelemetry/api'

/** The SDK's own key for "make no spans of this": the same symbol in all its versions. */
const SUPPRESSED = ROOT_CONTEXT.setValue(
  createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING'),
  true,
)

/**
 * Runs work outside the caller's trace: no spans of ours in the user's traces. Timers and promises
 * that begin in it stay in it.
 */
export const quietly = <T>(work: () => T): T => context.with(SUPPRESSED, work)

/** Only to `diag`: anything else might come back as a log, and so for ever. */
export const diagLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: message => diag.warn(message),
  error: message => diag.error(message),
}

/** A producer's messages, in terms of logs. */
export const inLogs = (logger: Logger): Logger & { readonly [RECORDS_HOLD_LOGS]: true } => ({
  debug: message => logger.debug(message),
  info: message => logger.info(message),
  warn: message => logger.warn(message),
  error: message => logger.error(message),
  [RECORDS_HOLD_LOGS]: true,
})
