import { isMainThread } from 'node:worker_threads'
import { ExitSignalOwner, type ExitSignals } from './exit-signal-owner.js'

/** What is to be done when a signal is about to end the process. */
export interface ExitSignalCloser {
  /**
   * Delivers what there is, and ends. Called once, when the process ends by the signal as soon as
   * all closers are done. What it throws or rejects with is its own business: it is not told.
   */
  readonly close: (signal: NodeJS.Signals) => unknown
  /**
   * Called instead when the application has a handler for the signal: it decides when the process
   * ends and goes on logging until then, so deliver what there is and keep running.
   */
  readonly flush?: (signal: NodeJS.Signals) => unknown
  /** The process waits no longer for `close`, in milliseconds. */
  readonly timeoutMs: number
  /** @default SIGTERM, SIGINT and SIGHUP */
  readonly signals?: readonly NodeJS.Signals[]
}

const EXIT_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

/** One owner in a process, however many copies of this package are loaded; its shape must not change. */
const OWNER = Symbol.for('@kinesis-producer/core: exit signals, 1')

const isOwner = (value: unknown): value is ExitSignals =>
  typeof value === 'object' && value !== null && 'register' in value

const owner = (): ExitSignals => {
  const found: unknown = Reflect.get(globalThis, OWNER)
  if (isOwner(found)) return found
  const made = new ExitSignalOwner()
  Object.defineProperty(globalThis, OWNER, { value: made })
  return made
}

/**
 * Has something closed when the process is told to stop. All closers run in parallel; then the
 * signal does what it would have done without us:
 *
 * - If nobody else handles it, the process ends by it.
 * - If the application handles it, the application decides when the process ends; closers are
 *   flushed now. When it ends the process by sending it the signal again, as frameworks do, that
 *   waits until the closers are done.
 * - A second signal ends the process at once, unless it comes within a second: terminals and
 *   launchers such as npm send two for one Ctrl-C.
 *
 * Node shows signals to the main thread alone; in a worker nothing is registered.
 * @returns how to unregister; without closers no listener is installed
 */
export const onExitSignal = (closer: ExitSignalCloser): (() => void) => {
  const { close, flush = () => undefined, timeoutMs, signals = EXIT_SIGNALS } = closer
  return isMainThread ? owner().register({ close, flush, timeoutMs, signals }) : () => {}
}
