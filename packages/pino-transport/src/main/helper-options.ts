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
 * @throws {TypeError} naming the option that is unknown or wrong. No `ConfigError`, since that would
 * load the producer, and the AWS SDK with it, in the main thread.
 */
export const resolveHelperOptions = (
  helper: KinesisTransportHelperOptions,
): { signals: readonly NodeJS.Signals[]; restarts: number; fallback: Fallback } => {
  for (const name of Object.keys(helper))
    if (!NAMES.includes(name))
      throw new TypeError(
        `createKinesisTransport has no option "${name}"; its second argument has ${NAMES.join(', ')}`,
      )
  const { signals = [], restarts = 5, fallback = 'stderr' } = helper
  if (!Number.isSafeInteger(restarts) || restarts < 0)
    throw new TypeError(`restarts must be a whole number from 0 on, not ${String(restarts)}`)
  if (fallback !== 'stderr' && fallback !== 'none' && typeof fallback.file !== 'string')
    throw new TypeError(
      `fallback must be stderr, none or { file: path }, not ${JSON.stringify(fallback)}`,
    )
  return { signals, restarts, fallback }
}
