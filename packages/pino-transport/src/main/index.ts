import { DEFAULT_FLUSH_TIMEOUT_MS, type PinoKinesisOptions } from '../options.js'
import type { KinesisTransportHelperOptions } from './helper-options.js'
import { KinesisTransport } from './kinesis-transport.js'
import { ask, isWorkerStream, type PinoTransportStream } from './messages.js'
import { taken } from './taken.js'
import { timeoutOr } from './timeout.js'

export type { Oversize, PinoKinesisOptions } from '../options.js'
export type { ErrorReport, TransportStats } from '../transport.js'
export type { DroppedReport } from '../undelivered/loss-reporter.js'
export type { Fallback } from './fallback.js'
export type { HelperTarget, KinesisTransportHelperOptions } from './helper-options.js'
export type { KinesisTransportEvents } from './kinesis-transport.js'
export { KinesisTransport } from './kinesis-transport.js'
export type { Delivery } from './line-counts.js'

/**
 * Starts pino's transport to Kinesis in a worker and looks after it: `pino(createKinesisTransport({
 * streamName }))`. The AWS SDK is loaded in the worker alone.
 */
export const createKinesisTransport = (
  options: PinoKinesisOptions,
  helper: KinesisTransportHelperOptions = {},
): KinesisTransport => new KinesisTransport(options, helper)

/** Lines that were dropped before, by stream. */
const droppedBefore = new WeakMap<PinoTransportStream, number>()

/**
 * Resolves when the Kinesis transports of a `pino.transport(...)` have delivered all lines so far,
 * also with several targets, where pino's own flush does not reach them. True if all was delivered
 * within the timeout and none was dropped since the last call. False as well if nobody can know:
 * behind a step of a pipeline that filters or is slow, where the helper should be used. Never rejects.
 * @param timeout milliseconds, up to `Infinity`; 8000 by default, and for what is no number
 */
export const flushTransport = async (
  stream: PinoTransportStream,
  timeout: number = DEFAULT_FLUSH_TIMEOUT_MS,
): Promise<boolean> => {
  if (!isWorkerStream(stream)) return false
  const until = performance.now() + timeoutOr(timeout, DEFAULT_FLUSH_TIMEOUT_MS)
  if (!(await taken(stream, until))) return false
  const left = until - performance.now()
  const answers = await ask(stream, 'flush', undefined, left, left + 1000)
  if (answers === undefined || answers.length === 0) return false
  const dropped = answers.reduce((sum, answer) => sum + Number(Reflect.get(answer, 'count')), 0)
  const before = droppedBefore.get(stream) ?? 0
  droppedBefore.set(stream, dropped)
  return (
    dropped === before &&
    answers.every(
      answer =>
        Reflect.get(answer, 'remaining') === 0 && Reflect.get(answer, 'uncounted') === false,
    )
  )
}
