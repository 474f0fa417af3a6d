import type { AddOptions, BatchProducer } from '@kinesis-producer/core'
import type { LineOptions } from '../options.js'
import type { Undelivered } from '../undelivered/undelivered.js'
import { enricher } from './enrich.js'
import { levelOf } from './level.js'
import { keyAt } from './partition-key.js'
import { truncateLine } from './truncate.js'

/** Counts of what the transport itself did to lines. */
export interface LineCounts {
  /** Left out, being below `minLevel`. */
  filtered: number
  /** Cut to the largest size of a record. */
  truncated: number
  /** Refused by the producer and settled by us in another way. */
  reoffered: number
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
): ((line: string) => void) => {
  const { minLevel, partitionKey, partitionKeyPath, explicitHashKey, maxRecordBytes } = options
  const filters = minLevel !== Number.NEGATIVE_INFINITY
  const enrich = enricher(options.fields)
  const end = options.newline ? '\n' : ''
  const addOptions: AddOptions | undefined =
    explicitHashKey === undefined ? undefined : { explicitHashKey }

  const refused = (text: string, key: string | undefined): void => {
    const room = maxRecordBytes - Buffer.byteLength(key ?? '')
    // Refused for another reason (closed): the producer has counted it.
    if (Buffer.byteLength(text) <= room) return
    if (options.oversize === 'truncate') {
      // Keys the producer draws itself have up to 20 digits; leave them room.
      const line = text.slice(0, text.length - end.length)
      if (producer.tryAdd(truncateLine(line, room - end.length - 40) + end, key, addOptions)) {
        counts.truncated++
        counts.reoffered++
      }
      return
    }
    counts.reoffered++
    undelivered.tooLarge(text, key)
  }

  return line => {
    if (filters) {
      const level = levelOf(line)
      if (level !== undefined && level < minLevel) {
        counts.filtered++
        return
      }
    }
    const text = enrich === undefined ? line : enrich(line)
    const key = partitionKeyPath === undefined ? partitionKey : keyAt(line, partitionKeyPath)
    if (!producer.tryAdd(text, key, addOptions)) refused(text, key)
  }
}
