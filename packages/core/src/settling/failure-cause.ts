import { firstWordsOf, NOT_THE_SERVICES } from '../client/first-words.js'
import { retryAfterOf } from '../client/retry-after.js'
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
  /** What the error says, and the way out where the client's options are wrong: one line, bounded, never empty. */
  readonly message: string
  /** Milliseconds that the service asks to wait before the next request; 0: it does not. */
  readonly retryAfter: number
}

const MAX_CAUSES = 3
const MAX_INNER_ERRORS = 4
const MAX_FRAMES = 10
const MAX_FRAME_CHARACTERS = 300
/** As much of a stack as is searched for its frames: a message of megabytes stands before them. */
const MAX_STACK_CHARACTERS = 20_000

/** Total: any value may have been thrown. */
export const failureOf = (error: unknown): RequestFailure => {
  const { wayOut, ...verdict } = classifyRequestError(error)
  const kept = sanitized(error, 0)
  const message = messageOf(kept, 0)
  return {
    verdict,
    error: kept,
    message: wayOut === undefined ? message : `${message}: ${wayOut}`,
    retryAfter: retryAfterOf(error),
  }
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
  const own = ownWords(error)
  const inner = innerErrors(error)
    .map(shownInner)
    .filter(words => words !== '' && !own.includes(words))
    .join(', ')
  const words = boundedMessage(own === '' || inner === '' ? own + inner : `${own}: ${inner}`)
  if (words !== '') return words
  const cause = property(error, 'cause')
  if (depth < MAX_CAUSES && isObject(cause)) return messageOf(cause, depth + 1)
  const name = textProperty(error, 'code') ?? textProperty(error, 'name') ?? ''
  if (name !== 'Error' && !SAYS_NOTHING.test(name) && name !== '')
    return boundedMessage(name) || NO_WORDS
  const status = metadataOf(error)?.httpStatusCode
  return status === undefined ? NO_WORDS : `HTTP ${status} without a word`
}

/** The SDK's own hint, to a response that is not kept. */
const HINT = /\s*Deserialization error: to see the raw response, inspect the hidden field.*$/s
/** What the SDK and this package say where an answer says nothing. */
const SAYS_NOTHING = /^Unknown(Error)?$/

const ownWords = (error: object): string => {
  const message = textProperty(error, 'message') ?? ''
  const words = boundedMessage(message.slice(0, MAX_STACK_CHARACTERS).replace(HINT, ''))
  if (textProperty(error, 'name') !== 'SyntaxError') return SAYS_NOTHING.test(words) ? '' : words
  // The words of a page say more than those of the parser that failed on it.
  const page = firstWordsOf(error)
  return page === '' ? words : boundedMessage(`${NOT_THE_SERVICES}: ${page}`)
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
