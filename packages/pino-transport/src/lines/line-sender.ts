import type { AddOptions, BatchProducer } from '@kinesis-producer/core'
import {
  bytesOver,
  type LogKeys,
  lossReasonOf,
  lossReasonOfError,
  type OfferResult,
  offer,
} from '@kinesis-producer/core/adapter'
import type { LineOptions } from '../options.js'
import type { Undelivered } from '../undelivered/undelivered.js'
import { enricher } from './enrich.js'
import { levelOf } from './level.js'
import type { Line, TakeLine } from './line-splitter.js'
import { valueAt } from './partition-key.js'
import { truncateLine } from './truncate.js'

/** Counts of what the transport itself did to lines. */
export interface LineCounts {
  /** Left out, being below `minLevel`. */
  filtered: number
  /** Cut to the largest size of a record. */
  truncated: number
  /** Sent with another partition key than was found, which was no well-formed text. */
  keysRepaired: number
}

export interface LineSender {
  /** Gives a line to the producer. What that does not take is cut, or lost for a reason. */
  readonly send: TakeLine
  /** The same for a producer whose `whenFull` is `wait`: a promise if there is no room yet. */
  readonly sendWaiting: (line: Line, missing: number) => Promise<void> | undefined
}

/** A line that was not taken. */
interface Refused {
  readonly data: Line
  /** What would have been sent of one that is too large. */
  readonly cut?: Buffer
  readonly key: string | undefined
  readonly missing: number
  readonly why: Exclude<OfferResult, 'admitted'>
}

/**
 * Makes a record of each line, which comes with the newline it is to have, and gives it to the
 * producer. A line is parsed only if an option needs it.
 */
export const lineSender = (
  producer: BatchProducer,
  options: LineOptions,
  undelivered: Undelivered,
  counts: LineCounts,
  keys: LogKeys,
): LineSender => {
  const { minLevel, partitionKey, partitionKeyPath, explicitHashKey } = options
  const { belowLevel, levels } = options
  const filters = minLevel !== Number.NEGATIVE_INFINITY || belowLevel !== Number.POSITIVE_INFINITY
  const enrich = enricher(options.fields)
  const end = Buffer.from(options.newline ? '\n' : '')
  const addOptions: AddOptions | undefined =
    explicitHashKey === undefined ? undefined : { explicitHashKey }

  /** The line, cut to what the producer takes with this key; undefined if it cannot be. */
  const cutToFit = (data: Line, key: string | undefined, missing: number): Buffer | undefined => {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    const over = bytesOver(producer, bytes, key)
    const line = bytes.subarray(0, bytes.length - end.length)
    const cut = truncateLine(line, line.length - over, line.length + missing)
    return cut && Buffer.concat([cut, end])
  }
  const lost = ({ data, key, missing, why }: Refused): void => {
    const error =
      missing > 0 ? new Error(`the last ${missing} bytes of the line are not kept`) : undefined
    undelivered.refused(data, key, explicitHashKey, lossReasonOf(why), error)
  }

  /** What is left to be sent of a line: undefined if it was filtered, taken, or lost. */
  const offered = (line: Line, missing: number): Refused | undefined => {
    const text = (): string => (typeof line === 'string' ? line : line.toString())
    if (filters) {
      const level = levelOf(text(), levels)
      if (level !== undefined && (level < minLevel || level >= belowLevel)) {
        counts.filtered++
        return undefined
      }
    }
    const data = enrich === undefined ? line : enrich(line)
    const key =
      partitionKeyPath === undefined ? partitionKey : keys.from(valueAt(text(), partitionKeyPath))
    const why = missing > 0 ? 'tooLarge' : offer(producer, data, key, addOptions)
    if (why === 'admitted') return undefined
    if (why !== 'tooLarge' || options.oversize !== 'truncate') return { data, key, missing, why }
    const cut = cutToFit(data, key, missing)
    if (cut === undefined) return { data, key, missing, why }
    const again = offer(producer, cut, key, addOptions)
    if (again !== 'admitted') return { data, cut, key, missing, why: again }
    counts.truncated++
    return undefined
  }

  const addWaiting = async (refused: Refused): Promise<void> => {
    try {
      await producer.add(refused.cut ?? refused.data, refused.key, addOptions)
      if (refused.cut !== undefined) counts.truncated++
    } catch (error) {
      const reason = lossReasonOfError(error)
      undelivered.refused(refused.data, refused.key, explicitHashKey, reason, error)
    }
  }

  return {
    send: (line, missing) => {
      const refused = offered(line, missing)
      if (refused !== undefined) lost(refused)
    },
    sendWaiting: (line, missing) => {
      const refused = offered(line, missing)
      if (refused === undefined) return undefined
      if (refused.why === 'full') return addWaiting(refused)
      lost(refused)
      return undefined
    },
  }
}
