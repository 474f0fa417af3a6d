import {
  boundedMessage,
  boundedText,
  MAX_CODE_CHARACTERS,
  property,
  shownAs,
  textProperty,
} from '../errors/bounded-text.js'
import { ProducerError } from '../errors/errors.js'
import { classifyRequestError, type Verdict } from './classify.js'

/** A failed request, as its records keep it. */
export interface RequestFailure {
  readonly verdict: Verdict
  /** Fit to be kept and logged: see `sanitized`. */
  readonly error: Error
  /** The error's message: one line, bounded, never empty. */
  readonly message: string
}

const MAX_CAUSES = 3
const MAX_INNER_ERRORS = 4
const MAX_FRAMES = 10
const MAX_FRAME_CHARACTERS = 300
/** As much of a stack as is searched for its frames: a message of megabytes stands before them. */
const MAX_STACK_CHARACTERS = 20_000

/** Total: any value may have been thrown. */
export const failureOf = (error: unknown): RequestFailure => {
  const verdict = classifyRequestError(error)
  const kept = sanitized(error, 0)
  return { verdict, error: kept, message: messageOf(kept, 0) }
}

/**
 * An error in place of the one that was thrown: its name, message, code, HTTP status and request id,
 * the frames of its stack, and the same of its causes. What else hangs on errors of the SDK and of
 * HTTP clients (responses, headers, requests with a token and a signature) must neither be kept as
 * long as a record waits nor be written to a log.
 */
const sanitized = (error: unknown, depth: number): Error => {
  if (isOurs(error)) return error
  const message = messageOf(error, 0)
  const name = boundedText(textProperty(error, 'name') ?? 'Error', MAX_CODE_CHARACTERS) || 'Error'
  const cause = property(error, 'cause')
  const kept =
    depth < MAX_CAUSES && isObject(cause) && cause !== error
      ? new Error(message, { cause: sanitized(cause, depth + 1) })
      : new Error(message)
  define(kept, 'name', name)
  define(kept, 'stack', [`${name}: ${message}`, ...framesOf(error)].join('\n'))
  const code = property(error, 'code')
  if (typeof code === 'string' || typeof code === 'number')
    Object.assign(kept, { code: boundedText(String(code), MAX_CODE_CHARACTERS) })
  const metadata = metadataOf(error)
  if (metadata !== undefined) Object.assign(kept, { $metadata: metadata })
  return kept
}

/** Our own errors are small, hold nothing of a request, and are told apart by their class. */
const isOurs = (error: unknown): error is ProducerError => {
  try {
    return error instanceof ProducerError
  } catch {
    return false
  }
}

/** Like an error's own properties: not enumerable. */
const define = (error: Error, name: 'name' | 'stack', value: string): void => {
  Object.defineProperty(error, name, { value, configurable: true, writable: true })
}

const messageOf = (error: unknown, depth: number): string => {
  if (!isObject(error)) return boundedMessage(shownAs(error)) || NO_WORDS
  const own = boundedMessage(textProperty(error, 'message') ?? '')
  if (own !== '') return own
  const inner = boundedMessage(innerErrors(error).map(shownInner).join(', '))
  if (inner !== '') return inner
  const cause = property(error, 'cause')
  if (depth < MAX_CAUSES && isObject(cause)) return messageOf(cause, depth + 1)
  return (
    boundedMessage(textProperty(error, 'code') ?? textProperty(error, 'name') ?? '') || NO_WORDS
  )
}

const NO_WORDS = 'an error without a message'

/** Of all addresses of a host that were tried: why each failed. */
const innerErrors = (error: object): readonly unknown[] => {
  const inner = property(error, 'errors')
  const found: unknown[] = []
  for (let i = 0; i < MAX_INNER_ERRORS; i++) {
    const one = property(inner, String(i))
    if (one === undefined) break
    found.push(one)
  }
  return found
}

const shownInner = (error: unknown): string => {
  const [code, address, port] = ['code', 'address', 'port'].map(key => property(error, key))
  if (typeof code !== 'string') return textProperty(error, 'message') ?? ''
  return typeof address === 'string' ? `${code} ${address}:${shownAs(port)}` : code
}

const framesOf = (error: unknown): readonly string[] =>
  (textProperty(error, 'stack') ?? '')
    .slice(-MAX_STACK_CHARACTERS)
    .split('\n')
    .filter(line => /^ {4}at /.test(line))
    .slice(0, MAX_FRAMES)
    .map(line => `    ${boundedText(line, MAX_FRAME_CHARACTERS)}`)

const metadataOf = (
  error: unknown,
): { readonly httpStatusCode?: number; readonly requestId?: string } | undefined => {
  const metadata = property(error, '$metadata')
  const [status, requestId] = [
    property(metadata, 'httpStatusCode'),
    textProperty(metadata, 'requestId'),
  ]
  if (typeof status !== 'number' && requestId === undefined) return undefined
  return {
    ...(typeof status === 'number' && { httpStatusCode: status }),
    ...(requestId !== undefined && { requestId: boundedText(requestId, MAX_CODE_CHARACTERS) }),
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' || typeof value === 'function') && value !== null
