import type { ProducerConfig, SharedOptions } from '@kinesis-producer/core'

/** Options of the transport. All plain data, since they cross into a worker thread. */
export interface PinoKinesisOptions extends SharedOptions {
  /**
   * Longest time the end of the process waits for deliveries, in milliseconds. Pino gives up after
   * 10 s, so stay below.
   * @default 5000
   */
  readonly closeTimeout?: number | undefined
  /**
   * Longest time `logger.flush(callback)` waits for deliveries, in milliseconds.
   * @default 8000
   */
  readonly flushTimeout?: number | undefined
}

/** The producer's options, tuned for logs: an outage must cost old lines, never the application. */
export const DEFAULTS: ProducerConfig = {
  batchSize: 500,
  bufferSize: 200_000,
  bufferBytes: 16 * 1024 * 1024,
  flushInterval: 200,
  whenFull: 'dropOldest',
  requestTimeout: 10_000,
}

/** What pino itself adds to the options of a transport. */
export const PINO_NAMES: readonly string[] = ['$context', 'pinoWillSendConfig']
