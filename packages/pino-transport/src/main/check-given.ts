import { ConfigError } from '@kinesis-producer/core/adapter/rules'
import type { PinoKinesisOptions } from '../options.js'

/**
 * What can be said before there is a worker.
 * @throws {ConfigError} for what cannot cross into it, and for a stream that is missing
 */
export const checkGiven = (options: PinoKinesisOptions): void => {
  const name = functionIn(options, '', 0)
  if (name !== undefined)
    throw new ConfigError(
      `pino-transport: ${name} is or holds a function, which cannot cross into the worker; ` +
        'make it there, in a module of your own that calls pinoKinesis (see "Functions" in the README)',
    )
  if ((options.streamName ?? options.streamArn ?? undefined) === undefined)
    throw new ConfigError('pino-transport needs streamName (or streamArn): the stream to write to')
}

/** The path of the first function in a value. */
const functionIn = (value: unknown, path: string, depth: number): string | undefined => {
  if (typeof value === 'function') return path
  if (typeof value !== 'object' || value === null || depth > 4) return undefined
  for (const [key, inner] of Object.entries(value)) {
    const found = functionIn(inner, path === '' ? key : `${path}.${key}`, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}
