import { Converter } from './converter.js'
import { wellFormed } from './json-text.js'
import { FLAT } from './json-values.js'
import { truncated } from './truncated.js'
import { BODY_DEPTH } from './values.js'

/** Longest text of a value that stands where it does not belong. */
const MAX_LENGTH = 256

/** Any value as a short text: its JSON, if it is none. Never throws. */
export const printed = (value: unknown): string => {
  const text =
    typeof value === 'string'
      ? value
      : wellFormed(new Converter(FLAT, 4 * MAX_LENGTH).value(value, BODY_DEPTH))
  return text.length > MAX_LENGTH ? truncated(text, MAX_LENGTH) : text
}

/** A name as text; '': not given. */
export const nameOf = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  return typeof value === 'symbol' || typeof value === 'function'
    ? `[${typeof value}]`
    : printed(value)
}
