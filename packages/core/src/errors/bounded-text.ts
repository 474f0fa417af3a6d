/**
 * Texts that came with answers and errors, made fit to be kept: one line, of bounded length, and a
 * copy. A slice of a string keeps the whole string alive in V8, and an error page may have megabytes.
 */

export const MAX_CODE_CHARACTERS = 100
export const MAX_MESSAGE_CHARACTERS = 256

/** Read before it is shortened, so that nothing is searched through a page of megabytes. */
const MAX_READ_CHARACTERS = 2048

/** White space and control characters, line ends of all kinds among them. */
const BLANKS = /[\s\p{Cc}\u2028\u2029]+/gu

/** Elements whose text is not shown, and tags; bounded, as the text before them is. */
const TAGS = /<(style|script)\b[^>]*>[^<]*<\/\1>|<[^<>]*>/giu

/** What must not be written to a log: a token, a signature, a password in a URL. */
const SECRETS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [
    /(security-?token|session-?_?token|secret-?_?access-?_?key)(["'\s:=]+)[^\s"',;&]+/giu,
    '$1$2[redacted]',
  ],
  [/(signature)(["']?\s*[:=]\s*["']?)[0-9a-f]{16,}/giu, '$1$2[redacted]'],
  [/\b[0-9a-f]{64}\b/giu, '[redacted]'],
  [/(\/\/)[^\s/@]+@/gu, '$1[redacted]@'],
]

/** One line of at most `max` characters that keeps no longer string alive. */
export const boundedText = (text: string, max: number): string => {
  const line = text.slice(0, Math.max(MAX_READ_CHARACTERS, max)).replace(BLANKS, ' ').trim()
  const cut = line.length > max ? `${line.slice(0, max - 1)}…` : line
  // A lone half of a surrogate pair, where it was cut, becomes a replacement character.
  return Buffer.from(cut, 'utf8').toString('utf8')
}

/** As `boundedText`, without what the service repeats of a request's signature and token. */
export const boundedMessage = (text: string): string => {
  let safe = text.slice(0, MAX_READ_CHARACTERS)
  for (const [pattern, replacement] of SECRETS) safe = safe.replace(pattern, replacement)
  return boundedText(safe, MAX_MESSAGE_CHARACTERS)
}

/** The first words of an answer that is not the service's, such as a page of HTML; empty if it has none. */
export const wordsOfBody = (body: string): string =>
  boundedMessage(body.slice(0, MAX_READ_CHARACTERS).replace(TAGS, ' '))

/** A property of any value; undefined too if there is none, or if reading it throws. */
export const property = (value: unknown, key: string): unknown => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  try {
    const found: unknown = Reflect.get(value, key)
    return found
  } catch {
    return undefined
  }
}

/** A property that is a text and not empty. */
export const textProperty = (value: unknown, key: string): string | undefined => {
  const found = property(value, key)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** Any value as text, also one whose own way to say it throws. */
export const shownAs = (value: unknown): string => {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}
