import type { PinoKinesisOptions } from '../options.js'
import type { KinesisTransportHelperOptions } from './helper-options.js'
import { KinesisTransport } from './kinesis-transport.js'
import { ask, isWorkerStream, type PinoTransportStream } from './messages.js'

export type { Oversize, PinoKinesisOptions } from '../options.js'
export type { ErrorReport, TransportStats } from '../transport.js'
export type { DroppedReport } from '../undelivered/loss-reporter.js'
export type { Fallback } from './fallback.js'
export type { KinesisTransportHelperOptions } from './helper-options.js'
export type { Delivery, KinesisTransportEvents } from './kinesis-transport.js'
export { KinesisTransport } from './kinesis-transport.js'

/**
 * Starts pino's transport to Kinesis in a worker and looks after it: `pino(createKinesisTransport({
 * streamName }))`. The AWS SDK is loaded in the worker alone.
 */
export const createKinesisTransport = (
  options: PinoKinesisOptions,
  helper: KinesisTransportHelperOptions = {},
): KinesisTransport => new KinesisTransport(options, helper)

/**
 * Resolves when the Kinesis transports of a `pino.transport(...)` have delivered all lines so far,
 * also with several targets and pipelines, where pino's own flush does not reach them. True if all
 * was delivered within the timeout. Never rejects.
 * @param timeout milliseconds
 */
export const flushTransport = async (
  stream: PinoTransportStream,
  timeout = 8000,
): Promise<boolean> => {
  if (!isWorkerStream(stream)) return false
  const answers = await ask(stream, 'flush', timeout, timeout + 1000)
  return (
    answers !== undefined &&
    answers.length > 0 &&
    answers.every(answer => Reflect.get(answer, 'remaining') === 0)
  )
}
