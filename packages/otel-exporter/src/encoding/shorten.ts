import type { ReadableLogRecordLike } from '../log-record.js'
import type { LogChunk } from './encoder.js'
import { plain } from './plain.js'
import { truncated } from './protobuf-writer.js'

/** Room for the mark. */
const MARK_BYTES = 64

/**
 * Replaces the chunk's only log, which is too large, by one that is not: with the beginning of its
 * body, and if that is not enough without its attributes.
 */
export const shorten = (chunk: LogChunk, log: ReadableLogRecordLike, maxBytes: number): void => {
  const text = textOf(log.body)
  let keep = text.length
  while (chunk.bytes > maxBytes && keep > 0) {
    // A character is a byte at least, so this is the least that has to go.
    keep = Math.max(0, Math.min(keep - 1, keep - (chunk.bytes - maxBytes) - MARK_BYTES))
    replace(chunk, copyOf(log, truncated(text, keep)))
  }
  if (chunk.bytes <= maxBytes) return
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
