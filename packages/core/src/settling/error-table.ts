import { BROKEN, ISOLATE, PAUSE, type Row, THROTTLE, UNREACHED } from './rows.js'

/**
 * What to do about each error that is known; `docs/errors.md` is the same table for people. Maps, because the
 * names come from outside: one may be `constructor`.
 */

const table = (...rows: readonly (readonly [Row, readonly string[]])[]): ReadonlyMap<string, Row> =>
  new Map(rows.flatMap(([row, names]) => names.map(name => [name, row] as const)))

/**
 * Error names of the service, without the suffix `Exception`: from the API model of Kinesis and the
 * errors common to all services.
 */
export const BY_SERVICE_NAME: ReadonlyMap<string, Row> = table(
  [
    THROTTLE,
    [
      'ProvisionedThroughputExceeded',
      'LimitExceeded',
      'Throttling',
      'Throttled',
      'RequestLimitExceeded',
      'TooManyRequests',
      'SlowDown',
      'KMSThrottling',
    ],
  ],
  [BROKEN, ['InternalFailure', 'InternalError', 'ServiceUnavailable', 'RequestTimeout']],
  [
    // The SDK learns the clock's skew from the refusal and signs the next try with it.
    UNREACHED,
    [
      'InvalidSignature',
      'SignatureDoesNotMatch',
      'RequestExpired',
      'RequestTimeTooSkewed',
      'RequestInTheFuture',
    ],
  ],
  [
    PAUSE,
    [
      'AccessDenied',
      'NotAuthorized',
      'UnauthorizedOperation',
      'ResourceNotFound',
      'ResourceInUse',
      'KMSAccessDenied',
      'KMSDisabled',
      'KMSInvalidState',
      'KMSNotFound',
      'KMSOptInRequired',
      'OptInRequired',
      'ExpiredToken',
      'InvalidToken',
      'UnrecognizedClient',
      'InvalidClientTokenId',
      'InvalidAccessKeyId',
      'MissingAuthenticationToken',
      'IncompleteSignature',
      'UnknownOperation',
      'DryRunOperation',
    ],
  ],
  [ISOLATE, ['Validation', 'ValidationError', 'InvalidArgument', 'Serialization']],
)

/** Names that the SDK or this package gives to what happens on this side. */
export const BY_SDK_NAME: ReadonlyMap<string, Row> = table([
  // Credentials, region and endpoint are looked up before anything is sent.
  PAUSE,
  [
    'CredentialsProviderError',
    'TokenProviderError',
    'ProviderError',
    'EndpointError',
    // Our own: the client and the stream do not belong together.
    'ConfigError',
  ],
])

/** Codes of Node's sockets, DNS and TLS, and of undici; found on the error or on a cause of it. */
export const BY_CODE: ReadonlyMap<string, Row> = table(
  [
    // Not connected: nothing can have left.
    UNREACHED,
    [
      'ECONNREFUSED',
      'ENETUNREACH',
      'ENETDOWN',
      'EHOSTUNREACH',
      'EHOSTDOWN',
      'EADDRNOTAVAIL',
      'EADDRINUSE',
      'EMFILE',
      'ENFILE',
      'ERR_SOCKET_CONNECTION_TIMEOUT',
      'UND_ERR_CONNECT_TIMEOUT',
      'ERR_TLS_HANDSHAKE_TIMEOUT',
      // The resolver's (dns.ERROR_CODES); its own time-out is ETIMEOUT, the socket's ETIMEDOUT.
      'ESERVFAIL',
      'EREFUSED',
      'EFORMERR',
      'EBADRESP',
      'ETIMEOUT',
    ],
  ],
  [
    // The connection existed: whether the request was carried out is unknown.
    BROKEN,
    [
      'ECONNRESET',
      'ECONNABORTED',
      'EPIPE',
      'ETIMEDOUT',
      'ABORT_ERR',
      'ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC',
      'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      'ERR_SSL_UNEXPECTED_EOF_WHILE_READING',
    ],
  ],
  [
    PAUSE,
    [
      // There is no such host: a region or an endpoint that is misspelt. A resolver in trouble says EAI_AGAIN.
      'ENOTFOUND',
      'ENODATA',
      'ENONAME',
      // TLS could not be agreed upon.
      'EPROTO',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'PATH_LENGTH_EXCEEDED',
      'HOSTNAME_MISMATCH',
      // A request that cannot be made of the endpoint and headers it was given.
      'ERR_INVALID_URL',
      'ERR_INVALID_PROTOCOL',
      'ERR_HTTP2_UNSUPPORTED_PROTOCOL',
      'ERR_INVALID_CHAR',
      'ERR_HTTP_INVALID_HEADER_VALUE',
      'ERR_UNESCAPED_CHARACTERS',
    ],
  ],
)

/** Codes that come in dozens. */
export const BY_CODE_FAMILY: readonly (readonly [family: RegExp, row: Row])[] = [
  // Name resolution (getaddrinfo).
  [/^EAI_/, UNREACHED],
  // Certificates, by the names OpenSSL has for what is wrong with them.
  [/^(CERT|CRL|UNABLE_TO|ERROR_IN_CERT|ERROR_IN_CRL|AKID|SUBJECT_ISSUER)_/, PAUSE],
  [/^ERR_(TLS|SSL)_/, PAUSE],
]

/** Errors of the SDK without a name or code of their own, thrown before anything is sent: told by their message. */
export const BY_WORDS: readonly (readonly [words: RegExp, row: Row])[] = [
  [/region is missing/i, PAUSE],
  [/region not accepted|invalid region in client config/i, PAUSE],
  [/credential\S* (object )?(is|are) not (valid|provided)/i, PAUSE],
  [/could not load credentials/i, PAUSE],
  [/(not|without) establish(ing)? a connection/i, UNREACHED],
  [/disconnected before secure TLS connection was established/i, UNREACHED],
]
