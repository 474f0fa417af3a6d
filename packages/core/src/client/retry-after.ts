import { property, textProperty } from '../errors/bounded-text.js'

/** Statuses with which a service, or a proxy before it, may say when it wants to be asked again. */
const TELLING_STATUS: ReadonlySet<unknown> = new Set([429, 503])
/** RFC 9110, 10.2.3: a number of seconds, or a date. Fractions are not in it, but are sent. */
const SECONDS = /^\d{1,15}(\.\d{1,9})?$/
/** The only kinds of dates in HTTP: others, such as a bare year, `Date.parse` would take as well. */
const HTTP_DATE = /^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/

/** Of responses of which the error does not keep the headers. */
const told = new WeakMap<object, number>()

/** Remembers with an error what its response said, as its headers go no further. */
export const noteRetryAfter = (error: unknown, response: unknown): void => {
  const ms = retryAfterIn(response)
  if (ms > 0 && typeof error === 'object' && error !== null) told.set(error, ms)
}

/**
 * Milliseconds that the response to a failed request asks to wait before the next one (`Retry-After`
 * with status 429 or 503); 0 if it does not. Total, and not bounded: the header may say anything.
 */
export const retryAfterOf = (error: unknown): number => {
  const noted = typeof error === 'object' && error !== null ? told.get(error) : undefined
  // Where the SDK's pipeline leaves the response.
  return noted ?? retryAfterIn(property(error, '$response'))
}

const retryAfterIn = (response: unknown): number => {
  if (!TELLING_STATUS.has(property(response, 'statusCode'))) return 0
  const headers = property(response, 'headers')
  const value = headerIn(headers, 'retry-after')
  if (value === undefined) return 0
  if (SECONDS.test(value)) return Number(value) * 1000
  const until = dateIn(value)
  if (until === undefined) return 0
  // By the clock of who sent it, if that is told: ours may be wrong.
  const now = dateIn(headerIn(headers, 'date') ?? '') ?? Date.now()
  return Math.max(0, until - now)
}

const dateIn = (text: string): number | undefined => {
  const ms = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}

const headerIn = (headers: unknown, name: string): string | undefined => {
  const own = textProperty(headers, name)
  if (own !== undefined) return own.trim()
  if (typeof headers !== 'object' || headers === null) return undefined
  for (const key of Object.keys(headers))
    if (key.toLowerCase() === name) return textProperty(headers, key)?.trim()
  return undefined
}
