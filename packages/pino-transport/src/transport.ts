import type { DroppedRecord, Logger, ProducerStats } from '@kinesis-producer/core'
import { checkFunction, checkMethods, LogKeys, openProducer } from '@kinesis-producer/core/adapter'
import { type LineFeed, lineFeed } from './lines/line-feed.js'
import { type LineCounts, lineSender } from './lines/line-sender.js'
import { LineSplitter } from './lines/line-splitter.js'
import {
  DEFAULTS,
  OWN_NAMES,
  type PinoKinesisOptions,
  resolveLineOptions,
  UNLISTED_NAMES,
} from './options.js'
import { linesLost } from './report.js'
import { Undelivered } from './undelivered/undelivered.js'

/** Payload of `kinesis:stats`: the producer's, and what the transport did itself. */
export interface TransportStats extends ProducerStats {
  readonly streamName: string
  readonly filtered: number
  readonly truncated: number
  /** Lines sent with a repaired partition key. */
  readonly keysRepaired: number
  /** Lines that were lost, and those among them that are in the dead letter file. */
  readonly lost: number
  readonly deadLettered: number
}

/** Payload of `kinesis:error`: a warning or an error of the producer, rate-limited. */
export interface ErrorReport {
  readonly streamName: string
  readonly level: 'warn' | 'error'
  readonly message: string
}

export interface FlushSummary {
  readonly delivered: number
  /** Waiting for delivery. */
  readonly remaining: number
  /** Lines that were lost. */
  readonly count: number
  /** Lines left out for their level. */
  readonly filtered: number
}

export interface TransportSummary extends FlushSummary {
  /** All that is known to be lost, in words; absent if nothing is. */
  readonly loss?: string
}

export interface Voice {
  emit(name: string, payload: object): void
  warn(message: string): void
}

/** From line to record to stream, without any thread or stream of Node around it. */
export interface LineTransport {
  readonly closeTimeout: number
  readonly flushTimeout: number
  /** Sends the lines in these bytes; the last one may end in a later chunk. */
  write(chunk: Buffer): void
  /** The same with `whenFull: 'wait'`: resolves when the producer has taken all of them. */
  readonly feed: LineFeed
  /** Resolves when all lines so far are settled, or at the timeout. Never rejects. */
  flush(timeout?: number): Promise<FlushSummary>
  stats(): TransportStats
  /** Delivers what it can within the timeout. Idempotent; never rejects. */
  close(timeout?: number): Promise<TransportSummary>
}

/**
 * At least a millisecond: to the producer 0 means no limit. Beyond what it can count, nobody lives to
 * see the end.
 */
const wholeMs = (timeout: number): number =>
  timeout > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(timeout))

const nothing = (): void => {}

/** @throws {ConfigError} naming the option that is missing, unknown or wrong */
export const openTransport = (options: PinoKinesisOptions, voice: Voice): LineTransport => {
  const own = resolveLineOptions(options)
  const { deadLetterFile, deadLetterMaxBytes, closeTimeout, flushTimeout, statsInterval } = own
  const counts: LineCounts = { filtered: 0, truncated: 0, keysRepaired: 0 }
  const streamName = String(options.streamArn ?? options.streamName)
  const theirLogger =
    options.logger === false
      ? false
      : checkMethods('pino-transport: logger', options.logger ?? undefined, [
          'debug',
          'info',
          'warn',
          'error',
        ])
  const theirOnDrop = checkFunction('pino-transport: onDrop', options.onDrop ?? undefined)
  const tell =
    (level: ErrorReport['level']) =>
    (message: string): void => {
      voice.emit('kinesis:error', { streamName, level, message } satisfies ErrorReport)
      if (theirLogger === undefined) voice.warn(message)
      else if (theirLogger !== false) theirLogger[level](message)
    }
  const logger: Logger = { debug: nothing, info: nothing, warn: tell('warn'), error: tell('error') }

  const undelivered = new Undelivered(
    streamName,
    deadLetterFile === undefined
      ? undefined
      : { path: deadLetterFile, maxBytes: deadLetterMaxBytes },
    report => voice.emit('kinesis:dropped', report),
    message => logger.warn(message),
  )
  // What the user's own returns is waited for by the producer, and logged if it rejects.
  let lastDropError: string | undefined
  const onDrop = (dropped: DroppedRecord): unknown => {
    undelivered.dropped(dropped)
    if (dropped.error instanceof Error) lastDropError = dropped.error.message
    return theirOnDrop?.(dropped)
  }
  const { producer, release } = openProducer(
    'pino-transport',
    { ...options, logger, onDrop },
    [...OWN_NAMES, ...UNLISTED_NAMES],
    DEFAULTS,
  )
  producer.start()

  const keys = new LogKeys({
    where: 'pino-transport',
    warn: message => logger.warn(message),
    repaired: () => counts.keysRepaired++,
  })
  const end = own.newline ? '\n' : ''
  const sender = lineSender(producer, own, undelivered, counts, keys)
  const splitter = new LineSplitter(end, sender.send)
  const stats = (): TransportStats => ({
    ...producer.stats(),
    streamName,
    filtered: counts.filtered,
    truncated: counts.truncated,
    keysRepaired: counts.keysRepaired,
    lost: undelivered.losses.count,
    deadLettered: undelivered.deadLettered,
  })
  const timer =
    statsInterval === 0
      ? undefined
      : setInterval(() => voice.emit('kinesis:stats', stats()), statsInterval).unref()

  const finish = async (timeout: number): Promise<TransportSummary> => {
    splitter.end()
    try {
      const { leftover } = await producer.close(wholeMs(timeout))
      undelivered.leftover(leftover)
    } catch (error) {
      logger.error(error instanceof Error ? error.message : String(error))
    }
    clearInterval(timer)
    undelivered.end()
    voice.emit('kinesis:stats', stats())
    release()
    const last = producer.stats()
    const { losses, deadLettered } = undelivered
    const { delivered, consecutiveErrors } = last
    const loss = linesLost(streamName, losses, {
      cause: last.lastError ?? lastDropError,
      consecutiveErrors,
      deadLettered,
      deadLetterFile,
    })
    const { count } = losses
    const { filtered } = counts
    return { delivered, remaining: 0, count, filtered, ...(loss !== undefined && { loss }) }
  }
  let closing: Promise<TransportSummary> | undefined

  return {
    closeTimeout,
    flushTimeout,
    write: chunk => splitter.write(chunk),
    feed: lineFeed(end, sender),
    stats,
    flush: async (timeout = flushTimeout) => {
      try {
        await producer.drain(wholeMs(timeout))
      } catch {
        // Closed meanwhile: what is left is told there.
      }
      undelivered.flush()
      const { delivered, remaining } = producer.stats()
      const { filtered } = counts
      return { delivered, remaining, count: undelivered.losses.count, filtered }
    },
    close: (timeout = closeTimeout) => (closing ??= finish(timeout)),
  }
}
