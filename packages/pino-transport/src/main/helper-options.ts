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
