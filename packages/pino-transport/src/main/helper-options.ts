import { constants } from 'node:os'
import {
  ConfigError,
  checkBoolean,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkText,
  show,
} from '@kinesis-producer/core/adapter/rules'
import type {
  TransportBaseOptions,
  TransportMultiOptions,
  TransportPipelineOptions,
  TransportTargetOptions,
} from 'pino'
import type { Fallback } from './fallback.js'

/** A target beside Kinesis. */
export type HelperTarget = TransportMultiOptions['targets'][number]

/** How the helper looks after the worker; the second argument of `createKinesisTransport`. */
export interface KinesisTransportHelperOptions {
  /**
   * Other targets, as in `pino.transport({ targets })`, in a worker of their own. Where there are
   * several, one without `level` gets lines from `info` on, as always with pino.
   */
  readonly targets?: readonly HelperTarget[] | undefined
  /**
   * Lowest level of Kinesis: a number, or a name of pino's or the logger's.
   * @default every line that the logger writes
   */
  readonly level?: number | string | undefined
  /** Custom levels by name, as in `pino.transport({ levels })`; those of the logger are known. */
  readonly levels?: Readonly<Record<string, number>> | undefined
  /** The same, by the name that `pino()` has for it. */
  readonly customLevels?: Readonly<Record<string, number>> | undefined
  /** Each line goes to those targets alone, Kinesis included, whose level is next to its own. */
  readonly dedupe?: boolean | undefined
  /** Options of the worker threads, as in `pino.transport({ worker })`. */
  readonly worker?: TransportBaseOptions['worker'] | undefined
  /** Steps before Kinesis, as in `pino.transport({ pipeline })`. */
  readonly pipeline?:
    | readonly (TransportTargetOptions | TransportPipelineOptions['pipeline'][number])[]
    | undefined
  /**
   * Signals at which all is delivered (within `closeTimeout`) before the process ends by them. If the
   * application handles the signal too, it is delivered, and the end is left to the application.
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

const NAMES = [
  'targets',
  'level',
  'levels',
  'customLevels',
  'dedupe',
  'worker',
  'pipeline',
  'signals',
  'restarts',
  'fallback',
]

/**
 * The helper's options with their defaults.
 * @throws {ConfigError} naming the option that is unknown or wrong
 */
export const resolveHelperOptions = (
  helper: KinesisTransportHelperOptions,
): { signals: readonly NodeJS.Signals[]; restarts: number; fallback: Fallback } => {
  checkKeys('the second argument of createKinesisTransport', helper, NAMES)
  if (helper.dedupe !== undefined && helper.dedupe !== null) checkBoolean('dedupe', helper.dedupe)
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
