import type { Transform } from 'node:stream'
import { ConfigError, openProducer } from '@kinesis-producer/core'
import build from 'pino-abstract-transport'
import { DEFAULTS, PINO_NAMES, type PinoKinesisOptions } from './options.js'
import { reportLoss, warnings } from './report.js'

export type { PinoKinesisOptions } from './options.js'

const DEFAULT_CLOSE_TIMEOUT_MS = 5000
const DEFAULT_FLUSH_TIMEOUT_MS = 8000

/** The transport's stream; `flush` is what `logger.flush(callback)` reaches. */
export type PinoKinesisStream = Transform & {
  /** Calls back when everything logged so far is delivered, or at `flushTimeout`. Never fails. */
  flush(callback: () => void): void
}

/** Handed back for each line instead of parsing it: the raw line is what is sent. */
const UNPARSED = Object.freeze({})

/**
 * Pino transport that writes each log line, with its newline, as one record.
 * @throws {ConfigError} naming the option that is missing, unknown or wrong
 */
export const pinoKinesis = (options: PinoKinesisOptions): PinoKinesisStream => {
  const {
    producer,
    stream: name,
    release,
  } = openProducer('pino-transport', options, ['closeTimeout', 'flushTimeout', ...PINO_NAMES], {
    ...DEFAULTS,
    logger: warnings(),
  })
  const closeTimeout = milliseconds('closeTimeout', options.closeTimeout, DEFAULT_CLOSE_TIMEOUT_MS)
  const flushTimeout = milliseconds('flushTimeout', options.flushTimeout, DEFAULT_FLUSH_TIMEOUT_MS)
  producer.start()

  const stream = build(
    source => {
      source.on('data', (line: unknown) => {
        if (typeof line === 'string' && line !== '') producer.tryAdd(`${line}\n`)
      })
    },
    {
      parse: 'lines',
      parseLine: () => UNPARSED,
      metadata: false,
      close: async () => {
        await producer.close(closeTimeout)
        release()
        reportLoss(name, producer.stats())
      },
    },
  )
  return Object.assign(stream, {
    flush: (callback: () => void): void => {
      // Lines already written may still be on their way through the line splitter.
      setImmediate(() => {
        producer.drain(flushTimeout).then(
          () => callback(),
          () => callback(),
        )
      })
    },
  })
}

export default pinoKinesis

const milliseconds = (option: string, value: number | undefined, fallback: number): number => {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value
  throw new ConfigError(
    `pino-transport: ${option} must be a whole number of milliseconds above 0, not ${String(value)}`,
  )
}
