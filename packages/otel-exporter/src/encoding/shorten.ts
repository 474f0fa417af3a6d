import type { Costs, LogChunk } from './encoder.js'
import { contentsOf, fit } from './fit.js'
import type { LogFields } from './log-fields.js'
import { objectOf } from './neutral.js'
import { ATTRIBUTE_DEPTH, BODY_DEPTH } from './values.js'

/**
 * Replaces the chunk's only log, which is too large, by a shorter one.
 * @returns false: it is still too large
 */
export const shorten = (
  chunk: LogChunk,
  log: LogFields,
  costs: Costs,
  maxBytes: number,
): boolean => {
  const { body, attributes, invalid, droppedAttributesCount } = log
  return fit({
    contents: contentsOf(
      [log.severityText, log.eventName],
      body === undefined ? undefined : { value: body, depth: BODY_DEPTH },
      attributes,
      invalid,
      ATTRIBUTE_DEPTH,
      maxBytes,
    ),
    costs,
    maxBytes,
    write: ({ texts: [severityText = '', eventName = ''], body: shorter, ...rest }) => {
      log.severityText = severityText
      log.eventName = eventName
      log.body = shorter
      log.attributes = objectOf(rest.attributes.entries)
      log.invalid = []
      log.droppedAttributesCount = droppedAttributesCount + rest.dropped
      chunk.undo()
      chunk.add(log)
      return chunk.bytes
    },
  })
}
