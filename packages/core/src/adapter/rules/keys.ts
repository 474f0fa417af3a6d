import { MAX_PARTITION_KEY_CHARACTERS } from '../../config/aws-limits.js'
import { checkText, show } from '../../config/check.js'
import { ConfigError } from '../../errors/errors.js'
import { isHashKey } from '../../record/hash-key.js'
import { WarningLimiter } from '../../stats/warning-limiter.js'

export interface LogKeysOptions {
  /** The adapter's name, for messages. */
  readonly where: string
  readonly warn: (message: string) => void
  /** Told of each key that was repaired. */
  readonly repaired: () => void
  /** Milliseconds from any fixed point; for tests. */
  readonly now?: () => number
}

/** Draws partition keys from logs. What it draws is never refused: no log is lost for its key. */
export class LogKeys {
  readonly #options: LogKeysOptions
  readonly #limiter: WarningLimiter

  constructor(options: LogKeysOptions) {
    this.#options = options
    this.#limiter = new WarningLimiter(options.now ?? (() => performance.now()))
  }

  /**
   * A partition key from whatever was found where it should be: text, numbers and booleans, cut to
   * the longest key. Undefined (any shard) if there is nothing to make one of. Halves of surrogate
   * pairs become U+FFFD, which is counted, and told from time to time.
   */
  from(found: unknown): string | undefined {
    if (typeof found === 'number' || typeof found === 'boolean') return String(found)
    if (typeof found !== 'string' || found === '') return undefined
    const key = cut(found)
    return key.isWellFormed() ? key : this.#repair(key)
  }

  #repair(key: string): string {
    const { where, warn, repaired } = this.#options
    repaired()
    const more = this.#limiter.allows('repaired')
    if (more !== undefined)
      warn(
        `${where}: a partition key held half of a surrogate pair, which no UTF-8 has; U+FFFD is sent in its place` +
          (more === 0 ? '' : ` (and ${more} more like it since the last message)`),
      )
    return key.toWellFormed()
  }
}

/** The beginning of a text, as long as a key may be; never half of a character. */
const cut = (text: string): string => {
  if (text.length <= MAX_PARTITION_KEY_CHARACTERS) return text
  const last = text.charCodeAt(MAX_PARTITION_KEY_CHARACTERS - 1)
  const next = text.charCodeAt(MAX_PARTITION_KEY_CHARACTERS)
  const parts = isHighSurrogate(last) && isLowSurrogate(next)
  return text.slice(0, MAX_PARTITION_KEY_CHARACTERS - (parts ? 1 : 0))
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** A partition key given as an option; undefined and null mean that none is given. */
export const checkPartitionKey = (name: string, value: unknown): string | undefined => {
  const key = checkText(name, value, MAX_PARTITION_KEY_CHARACTERS)
  if (key === undefined || key.isWellFormed()) return key
  throw new ConfigError(
    `${name} must be well-formed text, and it holds half of a surrogate pair: ${show(key)}`,
  )
}

/** An explicit hash key given as an option; undefined and null mean that none is given. */
export const checkHashKey = (name: string, value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined
  if (isHashKey(value)) return value
  throw new ConfigError(
    `${name} must be a decimal number below 2^128, in a string, not ${show(value)}`,
  )
}
