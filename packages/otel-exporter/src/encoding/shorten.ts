import type { ReadableLogRecordLike } from '../log-record.js'
import type { LogChunk } from './encoder.js'
import { plain } from './plain.js'
import { truncated } from './protobuf-writer.js'

/** Room for the mark. */
const MARK_BYTES = 64
const SHRINK = 0.8

/**
 * Replaces the chunk's only log, which is too large, by one that is not: with the beginning of its
 * body, and if that is not enough without its attributes.
 */
export const shorten = (chunk: LogChunk, log: ReadableLogRecordLike, maxBytes: number): void => {
  const text = textOf(log.body)
  const full = chunk.bytes
  replace(chunk, copyOf(log, ''))
  const room = maxBytes - chunk.bytes - MARK_BYTES
  // As if all characters were encoded at the same length; then less and less, for they are not.
  let keep = Math.floor(text.length * Math.min(1, room / (full - chunk.bytes)))
  for (; keep > 0; keep = Math.floor(keep * SHRINK)) {
    replace(chunk, copyOf(log, truncated(text, keep)))
    if (chunk.bytes <= maxBytes) return
  }
  const dropped = log.droppedAttributesCount + Object.keys(log.attributes).length
  replace(chunk, {
    ...copyOf(log, truncated(text, Math.min(text.length, 1024))),
    attributes: {},
    droppedAttributesCount: dropped,
  })
}

const replace = (chunk: LogChunk, log: ReadableLogRecordLike): void => {
  chunk.undo()
  chunk.add(log)
}

/** A body that is no text is shortened as the text it would be in JSON. */
const textOf = (body: unknown): string =>
  typeof body === 'string' ? body : (JSON.stringify(plain(body)) ?? '')

/** Field by field: the SDK's records have getters, which a spread does not copy. */
const copyOf = (log: ReadableLogRecordLike, body: string): ReadableLogRecordLike => ({
  hrTime: log.hrTime,
  hrTimeObserved: log.hrTimeObserved,
  spanContext: log.spanContext,
  severityText: log.severityText,
  severityNumber: log.severityNumber,
  eventName: log.eventName,
  resource: log.resource,
  instrumentationScope: log.instrumentationScope,
  attributes: log.attributes,
  droppedAttributesCount: log.droppedAttributesCount,
  body,
})
