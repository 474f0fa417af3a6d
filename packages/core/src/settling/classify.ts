/**
 * What to do when a request, or one record of it, fails. One table, read from top to bottom; the
 * sources of the codes are the API model of Kinesis and what the SDK was seen to throw.
 */

/**
 * - `retry`: the same again after a backoff.
 * - `pause`: an operator must mend something; keep the records, probe slowly, warn once and loudly.
 * - `isolate`: one of the records is refused; halve the request until it stands alone.
 * - `fail`: this record will never be taken.
 */
export type Action = 'retry' | 'pause' | 'isolate' | 'fail'

export interface Verdict {
  readonly action: Action
  /** The service asks for less, as opposed to being broken. */
  readonly throttled: boolean
  /** The request may have been carried out although it failed. */
  readonly ambiguous: boolean
  /** Name for statistics, attempts and messages. */
  readonly code: string
}

type Row = readonly [action: Action, throttled: boolean, ambiguous: boolean]

const THROTTLE: Row = ['retry', true, false]
const BROKEN: Row = ['retry', false, true]
const UNREACHED: Row = ['retry', false, false]
const PAUSE: Row = ['pause', false, false]
const ISOLATE: Row = ['isolate', false, false]

/** Error names of the service (with and without the suffix `Exception`) and of the SDK. */
const BY_NAME: Readonly<Record<string, Row>> = {
  ProvisionedThroughputExceeded: THROTTLE,
  LimitExceeded: THROTTLE,
  Throttling: THROTTLE,
  Throttled: THROTTLE,
  RequestLimitExceeded: THROTTLE,
  TooManyRequests: THROTTLE,
  SlowDown: THROTTLE,
  KMSThrottling: THROTTLE,

  InternalFailure: BROKEN,
  InternalError: BROKEN,
  ServiceUnavailable: BROKEN,
  RequestTimeout: BROKEN,
  RequestTimeoutError: BROKEN,
  TimeoutError: BROKEN,
  ShortResponseError: BROKEN,
  // A body that is no JSON: a proxy's page, or an answer cut short after the work was done.
  SyntaxError: BROKEN,

  // The SDK learns the clock's skew from the refusal and signs the next try with it.
  InvalidSignature: UNREACHED,
  SignatureDoesNotMatch: UNREACHED,
  RequestExpired: UNREACHED,
  RequestTimeTooSkewed: UNREACHED,
  RequestInTheFuture: UNREACHED,

  AccessDenied: PAUSE,
  NotAuthorized: PAUSE,
  UnauthorizedOperation: PAUSE,
  ResourceNotFound: PAUSE,
  ResourceInUse: PAUSE,
  KMSAccessDenied: PAUSE,
  KMSDisabled: PAUSE,
  KMSInvalidState: PAUSE,
  KMSNotFound: PAUSE,
  KMSOptInRequired: PAUSE,
  OptInRequired: PAUSE,
  ExpiredToken: PAUSE,
  UnrecognizedClient: PAUSE,
  InvalidClientTokenId: PAUSE,
  InvalidAccessKeyId: PAUSE,
  MissingAuthenticationToken: PAUSE,
  IncompleteSignature: PAUSE,
  UnknownOperation: PAUSE,
  DryRunOperation: PAUSE,
  CredentialsProviderError: PAUSE,
  TokenProviderError: PAUSE,

  Validation: ISOLATE,
  ValidationError: ISOLATE,
  InvalidArgument: ISOLATE,
  Serialization: ISOLATE,
}

/** Codes of Node's sockets, DNS and TLS, found on the error or on its cause. */
const BY_CODE: Readonly<Record<string, Row>> = {
  ECONNREFUSED: UNREACHED,
  ENOTFOUND: UNREACHED,
  EAI_AGAIN: UNREACHED,
  ENETUNREACH: UNREACHED,
  EHOSTUNREACH: UNREACHED,
  // The connection existed: whether the request was carried out is unknown.
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ETIMEDOUT: BROKEN,
  ABORT_ERR: BROKEN,
  DEPTH_ZERO_SELF_SIGNED_CERT: PAUSE,
  SELF_SIGNED_CERT_IN_CHAIN: PAUSE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: PAUSE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: PAUSE,
  CERT_HAS_EXPIRED: PAUSE,
  ERR_TLS_CERT_ALTNAME_INVALID: PAUSE,
}

/** For errors that no row names. */
const byStatus = (status: number): Row | undefined => {
  if (status === 413) return ISOLATE
  if (status === 429) return THROTTLE
  if (status === 401 || status === 403) return PAUSE
  if (status >= 500) return BROKEN
  return undefined
}

/** These speak of the stream itself: halving the records would refuse them all, one by one. */
const ABOUT_THE_STREAM = /stream ?(name|arn|id)\b/i

/** What to do about a failed request. Total: any value may be thrown at it. */
export const classifyRequestError = (error: unknown): Verdict => {
  const name = text(error, 'name')
  const code = networkCode(error)
  const status = httpStatus(error)
  const label =
    name === undefined || name === 'Error' || name === 'Unknown'
      ? (code ?? (status === undefined ? (name ?? 'Unknown') : `HTTP ${status}`))
      : name

  const row =
    // A code of the network is more exact than the SDK's wrapper; 'TimeoutError' with ECONNRESET, say.
    (code === undefined ? undefined : BY_CODE[code]) ??
    (name === undefined ? undefined : BY_NAME[name.replace(/Exception$/, '')]) ??
    (/region is missing/i.test(text(error, 'message') ?? '') ? PAUSE : undefined) ??
    (status === undefined ? undefined : byStatus(status)) ??
    BROKEN
  const [action, throttled, ambiguous] =
    row === ISOLATE && ABOUT_THE_STREAM.test(text(error, 'message') ?? '') ? PAUSE : row
  // A page of HTML with status 4xx (a proxy, a captive portal) did not reach the service.
  const reached = !(name === 'SyntaxError' && status !== undefined && status >= 400 && status < 500)
  return { action, throttled, ambiguous: ambiguous && reached, code: label }
}

/** What to do about one record that failed within a response. */
export const classifyRecordError = (errorCode: string): Verdict => {
  const [action, throttled, ambiguous] = BY_NAME[errorCode.replace(/Exception$/, '')] ?? BROKEN
  // The service answered for this very record: there is nothing left to isolate.
  return { action: action === 'isolate' ? 'fail' : 'retry', throttled, ambiguous, code: errorCode }
}

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

const text = (value: unknown, key: string): string | undefined => {
  const found = property(value, key)
  return typeof found === 'string' && found !== '' ? found : undefined
}

const httpStatus = (error: unknown): number | undefined => {
  const status = property(property(error, '$metadata'), 'httpStatusCode')
  return typeof status === 'number' ? status : undefined
}

/** The first known code along the chain of causes: HTTP/2 errors hide the socket's in theirs. */
const networkCode = (error: unknown): string | undefined => {
  let outermost: string | undefined
  for (
    let at = error, depth = 0;
    at !== undefined && depth < 5;
    at = property(at, 'cause'), depth++
  ) {
    const code = text(at, 'code')
    if (code !== undefined && code in BY_CODE) return code
    outermost ??= code
  }
  return outermost
}
