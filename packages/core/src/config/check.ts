import { ConfigError } from '../errors/errors.js'

const MAX_SHOWN_CHARACTERS = 60

/** How a wrong value is shown in a message: a short plain value as it is, all else by its kind. */
export const show = (value: unknown): string => {
  if (typeof value === 'string')
    return value.length > MAX_SHOWN_CHARACTERS
      ? `a string of ${value.length} characters`
      : JSON.stringify(value)
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') {
    const text = String(value)
    return text.length > MAX_SHOWN_CHARACTERS ? `a ${typeof value}` : text
  }
  return Array.isArray(value) ? 'an array' : value instanceof Date ? 'a Date' : 'an object'
}

/** The nearest of the known names, if it is near enough to be what was meant. */
const nearest = (name: string, known: readonly string[]): string | undefined => {
  let best: string | undefined
  let least = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  // `stream` for `streamName`, `key` for `partitionKey`: too far by their letters.
  return best ?? known.find(candidate => name.length > 2 && isPartOf(name, candidate))
}

const isPartOf = (name: string, candidate: string): boolean =>
  candidate.toLowerCase().startsWith(name.toLowerCase()) ||
  candidate.toLowerCase().endsWith(name.toLowerCase())

const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/**
 * Refuses keys that no option has: a typo in a JSON file must not silently mean the default.
 * @param unlisted taken as well, but no advice to anybody
 */
export const checkKeys = (
  where: string,
  given: unknown,
  known: readonly string[],
  unlisted: readonly string[] = [],
): void => {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw new ConfigError(`${where} must be an object, not ${show(given)}`)
  }
  for (const key of Object.keys(given)) {
    if (known.includes(key) || unlisted.includes(key)) continue
    const meant = nearest(key, known)
    throw new ConfigError(
      `${where} has no option ${show(key)}` +
        (meant === undefined
          ? `; the options are ${known.join(', ')}`
          : `; did you mean ${show(meant)}?`),
    )
  }
}

export const checkInteger = (name: string, value: unknown, min: number, max: number): number => {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new ConfigError(`${name} must be a whole number, not ${show(value)}`)
  }
  if (value < min || value > max) {
    const bounds = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `between ${min} and ${max}`
    throw new ConfigError(`${name} must be ${bounds}, not ${value}`)
  }
  return value
}

/** Longest delay of a timer in Node.js: a longer one would end at once. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1

/** A duration for a timer of Node's. */
export const checkMilliseconds = (name: string, value: unknown, min: number): number => {
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= min &&
    value <= MAX_TIMEOUT_MS
  )
    return value
  throw new ConfigError(
    `${name} must be a whole number of milliseconds, ${min} to ${MAX_TIMEOUT_MS}, not ${show(value)}`,
  )
}

/** A string that is not empty; undefined and null mean that none is given. */
export const checkText = (name: string, value: unknown, max: number): string | undefined => {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value !== '' && value.length <= max) return value
  throw new ConfigError(`${name} must be a string of 1 to ${max} characters, not ${show(value)}`)
}

export const checkBoolean = (name: string, value: unknown): boolean => {
  if (typeof value === 'boolean') return value
  throw new ConfigError(`${name} must be true or false, not ${show(value)}`)
}

export const checkOneOf = <T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): T => {
  const found = allowed.find(candidate => candidate === value)
  if (found !== undefined) return found
  throw new ConfigError(`${name} must be one of ${allowed.join(', ')}, not ${show(value)}`)
}

/** Requires an object (or instance) with the named methods, as a logger or a receiver has. */
export const checkMethods = <T extends object>(
  name: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
): T | undefined => {
  if (value === undefined) return undefined
  for (const method of methods) {
    if (value === null || typeof value !== 'object' || typeof value[method] !== 'function') {
      throw new ConfigError(`${name} must have the method ${method}()`)
    }
  }
  return value
}

export const checkFunction = <T>(name: string, value: T | undefined): T | undefined => {
  if (value === undefined || typeof value === 'function') return value
  throw new ConfigError(`${name} must be a function, not ${show(value)}`)
}

/** Milliseconds; 0 and `Infinity` both mean none. */
export const checkDeadline = (name: string, value: unknown): number =>
  value === Number.POSITIVE_INFINITY || value === undefined || value === null
    ? 0
    : checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER)

/** Signals of other realms are taken as well; an AbortController is what people pass by mistake. */
export const checkSignal = (call: string, value: unknown): AbortSignal | undefined => {
  if (value === undefined || value === null) return undefined
  if (isSignal(value)) return value
  const isController = typeof value === 'object' && 'signal' in value && isSignal(value.signal)
  throw new ConfigError(
    isController
      ? `${call}: signal must be an AbortSignal, not an AbortController: pass its .signal`
      : `${call}: signal must be an AbortSignal, not ${show(value)}`,
  )
}

const isSignal = (value: unknown): value is AbortSignal =>
  typeof value === 'object' &&
  value !== null &&
  'aborted' in value &&
  typeof value.aborted === 'boolean' &&
  'addEventListener' in value &&
  typeof value.addEventListener === 'function'
