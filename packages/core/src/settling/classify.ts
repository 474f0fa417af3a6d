import { isUnsent } from '../client/unsent.js'
import { boundedText, MAX_CODE_CHARACTERS, property, textProperty } from '../errors/bounded-text.js'
import { BY_CODE, BY_CODE_FAMILY, BY_SDK_NAME, BY_SERVICE_NAME, BY_WORDS } from './error-table.js'
import { BROKEN, ISOLATE, PAUSE, type Row, THROTTLE, UNREACHED } from './rows.js'
import { setUpFaultOf } from './set-up-faults.js'

/**
 * - `retry`: the same again after a backoff.
 * - `pause`: an operator has to correct something; keep the records, probe slowly, log an error.
 * - `isolate`: one of the records is refused; bisect the request until it stands alone.
 * - `fail`: this record will never be taken.
 */
export type Action = 'retry' | 'pause' | 'isolate' | 'fail'

export interface Verdict {
  readonly action: Action
  /** The service asks for less, as opposed to being broken. */
  readonly throttled: boolean
  /** The request may have been carried out although it failed. */
  readonly ambiguous: boolean
  /** Name for statistics, attempts and messages: one line, bounded, never empty. */
  readonly code: string
}

/** What to do about a failed request, and what whoever set up the client can. */
export interface RequestVerdict extends Verdict {
  /** Names the option that is wrong; undefined if none is. */
  readonly wayOut: string | undefined
}

/** These speak of the stream itself: halving the records would refuse them all, one by one. */
const ABOUT_THE_STREAM = /stream ?(name|arn|id)\b/i
/** As much of a message as is searched for known phrases. */
const MAX_SEARCHED_CHARACTERS = 2048
const MAX_CAUSES = 5

/**
 * What to do about a failed request. Total: any value may be thrown at it.
 *
 * The HTTP status decides first, for a page of HTML has one as well; then what the SDK says of
 * itself; then a code of the network, which is more exact than what wraps it ('TimeoutError' with
 * ECONNRESET, say); then the name.
 */
export const classifyRequestError = (error: unknown): RequestVerdict => {
  const name = textProperty(error, 'name')
  const status = httpStatus(error)
  const network = networkRow(error)
  const service = name === undefined ? undefined : BY_SERVICE_NAME.get(baseName(name))
  const row =
    (status === undefined ? undefined : byStatus(status, service)) ??
    (name === undefined ? undefined : BY_SDK_NAME.get(name)) ??
    byWords(error) ??
    network?.row ??
    service ??
    BROKEN
  const aboutStream = row === ISOLATE && row === service && ABOUT_THE_STREAM.test(wordsOf(error))
  const [action, throttled, ambiguous] = aboutStream ? PAUSE : row
  const code = network?.code ?? textProperty(error, 'code')
  const fault = setUpFaultOf(error, code)
  return {
    action,
    throttled,
    ambiguous: ambiguous && !isUnsent(error),
    code: labelOf(
      fault !== undefined && code !== undefined ? undefined : name,
      fault?.code ?? code,
      status,
    ),
    wayOut: fault?.wayOut,
  }
}

/** What to do about one record that failed within a response. */
export const classifyRecordError = (errorCode: string): Verdict => {
  const [action, throttled, ambiguous] = BY_SERVICE_NAME.get(baseName(errorCode)) ?? BROKEN
  return {
    // The service answered for this very record: there is nothing left to isolate.
    action: action === 'isolate' ? 'fail' : action,
    throttled,
    ambiguous,
    code: boundedText(errorCode, MAX_CODE_CHARACTERS) || 'Unknown',
  }
}

/** Undefined: the status says nothing. */
const byStatus = (status: number, service: Row | undefined): Row | undefined => {
  if (status >= 500) return service === THROTTLE ? THROTTLE : BROKEN
  if (status === 413) return ISOLATE
  if (status === 429) return THROTTLE
  if (status === 401 || status === 403) return PAUSE
  if (status < 300) return undefined
  // Something on the way timed out before it had the whole request.
  if (status === 408) return service ?? UNREACHED
  // A redirection, or a refusal that is not known: probably not by the service itself.
  return service ?? PAUSE
}

const byWords = (error: unknown): Row | undefined => {
  const words = wordsOf(error)
  return BY_WORDS.find(([pattern]) => pattern.test(words))?.[1]
}

/** Steps of a connection before the first byte of a request can leave. */
const BEFORE_SENDING =
  /^(connect|bind|socket|lookup|getaddrinfo|getnameinfo|query\w*|open|spawn.*)$/

/** The first known code along the causes: HTTP/2 errors hide the socket's in theirs. */
const networkRow = (error: unknown): { row: Row; code: string } | undefined => {
  for (let at = error, depth = 0; depth < MAX_CAUSES && at !== undefined; depth++) {
    const code = textProperty(at, 'code')
    if (code !== undefined) {
      const row = rowOfCode(code, textProperty(at, 'syscall'))
      if (row !== undefined) return { row, code }
    }
    // All addresses of a host were tried, and each failed in its own way.
    const [inner] = innerErrors(at)
    at = property(at, 'cause') ?? inner
  }
  return undefined
}

const rowOfCode = (code: string, syscall: string | undefined): Row | undefined => {
  const row = BY_CODE.get(code) ?? BY_CODE_FAMILY.find(([family]) => family.test(code))?.[1]
  if (syscall === undefined || !BEFORE_SENDING.test(syscall)) return row
  return row === PAUSE ? PAUSE : UNREACHED
}

const innerErrors = (error: unknown): readonly unknown[] => {
  const inner = property(error, 'errors')
  return isArray(inner) ? [property(inner, '0')] : []
}

/** `Array.isArray` throws for a proxy that was revoked. */
const isArray = (value: unknown): boolean => {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** The name, or where that says nothing the code, or else the status. */
const labelOf = (
  name: string | undefined,
  code: string | undefined,
  status: number | undefined,
): string => {
  const telling = name !== undefined && !SILENT_NAMES.has(name) && !hidesStatus(name, status)
  const failed = status !== undefined && status >= 300 ? `HTTP ${status}` : undefined
  const label = telling
    ? name
    : (failed ?? code ?? (status === undefined ? name : `HTTP ${status}`))
  return boundedText(label ?? '', MAX_CODE_CHARACTERS) || 'Unknown'
}

const SILENT_NAMES: ReadonlySet<string> = new Set(['Error', 'Unknown', 'AggregateError'])

/** The status of an answer that cannot be read says more than why it cannot. */
const hidesStatus = (name: string, status: number | undefined): boolean =>
  UNREADABLE_NAMES.has(name) && status !== undefined && status >= 300

const UNREADABLE_NAMES: ReadonlySet<string> = new Set([
  'SyntaxError',
  'AnswerTooLargeError',
  'TimeoutError',
])

const baseName = (name: string): string => name.replace(/Exception$/, '')

const wordsOf = (error: unknown): string =>
  (textProperty(error, 'message') ?? '').slice(0, MAX_SEARCHED_CHARACTERS)

const httpStatus = (error: unknown): number | undefined => {
  const status = property(property(error, '$metadata'), 'httpStatusCode')
  return typeof status === 'number' && status >= 100 ? status : undefined
}
