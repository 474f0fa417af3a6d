import type { AddOptions, BatchProducer } from '@kinesis-producer/core'
import { type LogKeys, lossReasonOf, type OfferResult, offer } from '@kinesis-producer/core/adapter'
import type { LineOptions } from '../options.js'
import type { Undelivered } from '../undelivered/undelivered.js'
import { enricher } from './enrich.js'
import { levelOf } from './level.js'
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

/** What a cut line leaves free: for a key that the producer draws, and for what packing adds. */
const CUT_MARGIN_BYTES = 40

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
): ((line: string) => void) => {
  const { minLevel, partitionKey, partitionKeyPath, explicitHashKey, maxRecordBytes } = options
  const { belowLevel, levels } = options
  const filters = minLevel !== Number.NEGATIVE_INFINITY || belowLevel !== Number.POSITIVE_INFINITY
  const enrich = enricher(options.fields)
  const end = options.newline ? '\n' : ''
  const addOptions: AddOptions | undefined =
    explicitHashKey === undefined ? undefined : { explicitHashKey }

  /** The producer did not take the line: it is cut, or it is lost for a reason. */
  const refused = (
    text: string,
    key: string | undefined,
    why: Exclude<OfferResult, 'admitted'>,
  ): void => {
    let refusal = why
    if (why === 'tooLarge' && options.oversize === 'truncate') {
      const line = text.slice(0, text.length - end.length)
      const free = Buffer.byteLength(key ?? '') + end.length + CUT_MARGIN_BYTES
      const result = offer(
        producer,
        truncateLine(line, maxRecordBytes - free) + end,
        key,
        addOptions,
      )
      if (result === 'admitted') {
        counts.truncated++
        return
      }
      refusal = result
    }
    undelivered.refused(text, key, explicitHashKey, lossReasonOf(refusal))
  }

  return line => {
    if (filters) {
      const level = levelOf(line, levels)
      if (level !== undefined && (level < minLevel || level >= belowLevel)) {
        counts.filtered++
        return
      }
    }
    const text = enrich === undefined ? line : enrich(line)
    const key =
      partitionKeyPath === undefined ? partitionKey : keys.from(valueAt(line, partitionKeyPath))
    const result = offer(producer, text, key, addOptions)
    if (result !== 'admitted') refused(text, key, result)
  }
}
