import { constants } from 'node:os'
import {
  ConfigError,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkText,
  show,
} from '@kinesis-producer/core/adapter/rules'
import type { TransportTargetOptions } from 'pino'
import type { Fallback } from './fallback.js'

/** How the helper looks after the worker; the second argument of `createKinesisTransport`. */
export interface KinesisTransportHelperOptions {
  /** Other targets of the same worker, as in `pino.transport({ targets })`. */
  readonly targets?: readonly TransportTargetOptions[] | undefined
  /** Lowest level of the Kinesis target among `targets`; then pino's worker parses each line. */
  readonly level?: string | undefined
  /** Steps before Kinesis, as in `pino.transport({ pipeline })`. */
  readonly pipeline?: readonly TransportTargetOptions[] | undefined
  /**
   * Signals at which all is delivered (within `closeTimeout`) before the process ends by them. If the
   * application handles the signal too, the end is left to it.
   * @default []
   */
  readonly signals?: readonly NodeJS.Signals[] | undefined
  /**
   * How often within a minute a worker that died is started again.
   * @default 5
   */
  readonly restarts?: number | undefined
  /**
   * Where lines go when the worker has died too often.
   * @default 'stderr'
   */
  readonly fallback?: Fallback | undefined
}

const NAMES = ['targets', 'level', 'pipeline', 'signals', 'restarts', 'fallback']

/**
 * The helper's options with their defaults.
 * @throws {ConfigError} naming the option that is unknown or wrong
 */
export const resolveHelperOptions = (
  helper: KinesisTransportHelperOptions,
): { signals: readonly NodeJS.Signals[]; restarts: number; fallback: Fallback } => {
  checkKeys('the second argument of createKinesisTransport', helper, NAMES)
  return {
    signals: signalsOf(helper.signals),
    restarts: checkInteger('restarts', helper.restarts ?? 5, 0, Number.MAX_SAFE_INTEGER),
    fallback: fallbackOf(helper.fallback ?? 'stderr'),
  }
}

const signalsOf = (
  signals: readonly NodeJS.Signals[] | null | undefined,
): readonly NodeJS.Signals[] => {
  const known = Object.keys(constants.signals)
  if (signals === undefined || signals === null) return []
  if (!Array.isArray(signals))
    throw new ConfigError(`signals must be a list such as ['SIGTERM'], not ${show(signals)}`)
  for (const signal of signals) checkOneOf('signals', signal, known)
  return signals
}

const fallbackOf = (fallback: Fallback): Fallback => {
  if (fallback === 'stderr' || fallback === 'none') return fallback
  if (typeof fallback === 'object' && checkText('fallback.file', fallback.file, 4096) !== undefined)
    return fallback
  throw new ConfigError(`fallback must be stderr, none or { file: path }, not ${show(fallback)}`)
}
