import { MAX_PARTITION_KEY_CHARACTERS } from '../../config/aws-limits.js'
import { show } from '../../config/check.js'
import { ConfigError } from '../../errors/errors.js'
import { isHashKey } from '../../record/hash-key.js'

/**
 * A partition key from whatever was found where it should be: text, numbers and booleans, cut to the
 * longest key. Undefined (any shard) if there is nothing to make one of.
 */
export const partitionKeyFrom = (found: unknown): string | undefined => {
  if (typeof found === 'number' || typeof found === 'boolean') return String(found)
  return typeof found === 'string' && found !== ''
    ? found.slice(0, MAX_PARTITION_KEY_CHARACTERS)
    : undefined
}

/** An explicit hash key given as an option; undefined and null mean that none is given. */
export const checkHashKey = (name: string, value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined
  if (isHashKey(value)) return value
  throw new ConfigError(
    `${name} must be a decimal number below 2^128, in a string, not ${show(value)}`,
  )
}
