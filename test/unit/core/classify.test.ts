import assert from 'node:assert/strict'
import { markUnsent } from '@kinesis-producer/core/internal/client/unsent'
import {
  type Action,
  classifyRecordError,
  classifyRequestError,
} from '@kinesis-producer/core/internal/settling/classify'
import { serviceError } from '../../support/core/fake-client.js'

const coded = (code: string, extra: object = {}): Error =>
  Object.assign(new Error(`${code} happened`), { code, ...extra })

/** What the SDK was seen to throw, and what is to be done about it. */
const SEEN: readonly (readonly [
  what: string,
  error: unknown,
  action: Action,
  ambiguous: boolean,
])[] = [
  [
    'an HTTP/2 stream cancelled, nobody listening',
    coded('ERR_HTTP2_STREAM_CANCEL', { cause: coded('ECONNREFUSED') }),
    'retry',
    false,
  ],
  [
    'an HTTP/2 stream cancelled, no such host',
    coded('ERR_HTTP2_STREAM_CANCEL', { cause: coded('ENOTFOUND') }),
    'pause',
    false,
  ],
  [
    'an HTTP/2 stream cancelled, certificate not trusted',
    coded('ERR_HTTP2_STREAM_CANCEL', { cause: coded('DEPTH_ZERO_SELF_SIGNED_CERT') }),
    'pause',
    false,
  ],
  ['an HTTP/2 stream refused', coded('ERR_HTTP2_STREAM_ERROR'), 'retry', true],
  ['an HTTP/2 client on an HTTP/1 server', coded('ERR_HTTP2_ERROR'), 'retry', true],
  [
    'no answer over HTTP/2',
    Object.assign(new Error('http2 request did not get a response'), { name: 'TimeoutError' }),
    'retry',
    true,
  ],
  ['a hang-up', coded('ECONNRESET', { name: 'TimeoutError' }), 'retry', true],
  [
    'an answer cut short',
    coded('ECONNRESET', { $metadata: { httpStatusCode: 200 } }),
    'retry',
    true,
  ],
  ['a timeout', coded('ETIMEDOUT', { name: 'TimeoutError' }), 'retry', true],
  ['an unknown host', coded('ENOTFOUND'), 'pause', false],
  ['a broken resolver', coded('EAI_AGAIN'), 'retry', false],
  ['a certificate that is not trusted', coded('SELF_SIGNED_CERT_IN_CHAIN'), 'pause', false],
  [
    'a page of HTML with 400',
    Object.assign(new SyntaxError('not JSON'), { $metadata: { httpStatusCode: 400 } }),
    'pause',
    false,
  ],
  [
    'a page of HTML with 503',
    Object.assign(new SyntaxError('not JSON'), { $metadata: { httpStatusCode: 503 } }),
    'retry',
    true,
  ],
  [
    'half a JSON with 200',
    Object.assign(new SyntaxError('Unexpected end'), { $metadata: { httpStatusCode: 200 } }),
    'retry',
    true,
  ],
  ['an empty 413', serviceError('Unknown', 413), 'isolate', false],
  ['an empty 500', serviceError('Unknown', 500), 'retry', true],
  ['an empty 403', serviceError('Unknown', 403), 'pause', false],
  ['a 429', serviceError('Unknown', 429), 'retry', false],
  ['no region', new Error('Region is missing'), 'pause', false],
  [
    'no credentials',
    Object.assign(new Error('Could not load'), { name: 'CredentialsProviderError' }),
    'pause',
    false,
  ],
  [
    'a validation error about the stream',
    serviceError('ValidationException', 400, "Value 'x!' at 'streamName' failed"),
    'pause',
    false,
  ],
  ['an abort', Object.assign(new Error('Request aborted'), { name: 'AbortError' }), 'retry', true],
  ['a string', 'boo', 'retry', true],
  ['nothing', undefined, 'retry', true],
  [
    'a cause that is itself',
    (() => {
      const loop = coded('EWHAT')
      return Object.assign(loop, { cause: loop })
    })(),
    'retry',
    true,
  ],
]

describe('the table of request errors', () => {
  for (const [what, error, action, ambiguous] of SEEN) {
    it(`says ${action} to ${what}${ambiguous ? ', and that it may have been stored' : ''}`, () => {
      const verdict = classifyRequestError(error)
      assert.deepEqual(
        { action: verdict.action, ambiguous: verdict.ambiguous },
        { action, ambiguous },
      )
      assert.notEqual(verdict.code, '')
    })
  }
})

/** What became of a request with this status, whatever the body said. */
const STATUSES: readonly (readonly [
  status: number,
  action: Action,
  throttled: boolean,
  ambiguous: boolean,
])[] = [
  [301, 'pause', false, false],
  [307, 'pause', false, false],
  [401, 'pause', false, false],
  [403, 'pause', false, false],
  [413, 'isolate', false, false],
  [429, 'retry', true, false],
  [500, 'retry', false, true],
  [502, 'retry', false, true],
  [503, 'retry', false, true],
  [504, 'retry', false, true],
  [599, 'retry', false, true],
]
/** Bodies, as the SDK and the short way make errors of them. */
const BODIES: readonly (readonly [what: string, make: (status: number) => unknown])[] = [
  ['an empty body', status => serviceError('Unknown', status)],
  ['a body without a name', status => serviceError('Error', status)],
  [
    'a page of HTML',
    status =>
      Object.assign(new SyntaxError('Unexpected token <'), {
        $metadata: { httpStatusCode: status },
      }),
  ],
  ['a name nobody knows', status => serviceError('WhateverException', status)],
  ['a name of an object’s own', status => serviceError('constructor', status)],
  ['a validation error', status => serviceError('ValidationException', status)],
  ['a refusal', status => serviceError('AccessDeniedException', status)],
  ['a failure', status => serviceError('InternalFailure', status)],
  [
    'a body that broke off',
    status => coded('ECONNRESET', { $metadata: { httpStatusCode: status } }),
  ],
  [
    'a body that is too large',
    status =>
      Object.assign(new Error('too large'), {
        name: 'AnswerTooLargeError',
        $metadata: { httpStatusCode: status },
      }),
  ],
]

describe('the HTTP status of a failed request', () => {
  for (const [status, action, throttled, ambiguous] of STATUSES) {
    for (const [what, make] of BODIES) {
      // Redirections and other 4xx follow a name of the service, if there is one.
      if (status < 400 && /validation|failure/.test(what)) continue
      it(`decides: ${status} with ${what} leads to ${action}`, () => {
        const verdict = classifyRequestError(make(status))
        assert.deepEqual(
          [verdict.action, verdict.throttled, verdict.ambiguous],
          [action, throttled, ambiguous],
        )
      })
    }
  }

  for (const status of [302, 400, 402, 404, 405, 407, 409, 415, 421, 451, 499]) {
    it(`${status} pauses unless the service names what it is`, () => {
      for (const name of ['Unknown', 'WhateverException', 'SyntaxError', 'toString']) {
        const { action, ambiguous } = classifyRequestError(serviceError(name, status))
        assert.deepEqual([action, ambiguous], ['pause', false], name)
      }
      const named = (name: string): Action =>
        classifyRequestError(serviceError(name, status)).action
      assert.equal(named('ValidationException'), 'isolate')
      assert.equal(named('ProvisionedThroughputExceededException'), 'retry')
      assert.equal(named('ResourceNotFoundException'), 'pause')
    })
  }

  it('408 is a proxy that lost its patience: tried again', () => {
    const { action, ambiguous } = classifyRequestError(serviceError('Unknown', 408))
    assert.deepEqual([action, ambiguous], ['retry', false])
  })

  it('keeps a throttling by its name with 503', () => {
    assert.equal(classifyRequestError(serviceError('SlowDown', 503)).throttled, true)
  })

  it('names the verdict where the body’s error says nothing', () => {
    const page = (status: number): string =>
      classifyRequestError(
        Object.assign(new SyntaxError('<'), { $metadata: { httpStatusCode: status } }),
      ).code
    assert.equal(page(413), 'HTTP 413')
    assert.equal(page(200), 'SyntaxError')
    assert.equal(
      classifyRequestError(serviceError('AccessDeniedException', 403)).code,
      'AccessDeniedException',
    )
  })
})

/** Errors of requests that cannot have left, as Node, the SDK and others throw them. */
const NEVER_LEFT: readonly (readonly [what: string, error: unknown, action: Action])[] = [
  ...['ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE', 'EAI_FAIL', 'EAI_NODATA'].map(
    code => [code, coded(code), 'retry'] as const,
  ),
  ...['ENOTFOUND', 'ENODATA', 'ENONAME'].map(code => [code, coded(code), 'pause'] as const),
  ...['ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'UND_ERR_CONNECT_TIMEOUT'].map(
    code => [code, coded(code), 'retry'] as const,
  ),
  ...['ETIMEDOUT', 'EACCES', 'EPERM', 'EINVAL', 'ECONNRESET', 'ENOENT'].map(
    code => [`${code} of connect`, coded(code, { syscall: 'connect' }), 'retry'] as const,
  ),
  ['a failed lookup', coded('EBUSY', { syscall: 'getaddrinfo' }), 'retry'],
  ...['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_TLS_CERT_ALTNAME_INVALID'].map(
    code => [code, coded(code), 'pause'] as const,
  ),
  ...['CERT_NOT_YET_VALID', 'CERT_REVOKED', 'UNABLE_TO_GET_ISSUER_CERT', 'CRL_HAS_EXPIRED'].map(
    code => [code, coded(code), 'pause'] as const,
  ),
  [
    'a socket that closed before TLS',
    coded('ECONNRESET', {
      message: 'Client network socket disconnected before secure TLS connection was established',
    }),
    'retry',
  ],
  [
    'a connection that took too long',
    Object.assign(new Error('the request socket did not establish a connection with the server'), {
      name: 'TimeoutError',
    }),
    'retry',
  ],
  ['an invalid URL', coded('ERR_INVALID_URL'), 'pause'],
  [
    'an endpoint that cannot be told',
    Object.assign(new Error('x'), { name: 'EndpointError' }),
    'pause',
  ],
  ['credentials that are not', new Error('Resolved credential object is not valid'), 'pause'],
  [
    'a credentials provider that could not connect',
    Object.assign(new Error('x', { cause: coded('ECONNRESET') }), {
      name: 'CredentialsProviderError',
    }),
    'pause',
  ],
  [
    'all addresses refused',
    new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
    'retry',
  ],
  ['an error marked by who sends', markUnsent(new Error('the vault is sealed')), 'retry'],
]

describe('what never left', () => {
  for (const [what, error, action] of NEVER_LEFT) {
    it(`is not possibly delivered: ${what}`, () => {
      const verdict = classifyRequestError(error)
      assert.deepEqual([verdict.action, verdict.ambiguous], [action, false])
    })
  }

  for (const code of [
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  ]) {
    it(`does not include ${code} of a connection that was there`, () => {
      assert.equal(classifyRequestError(coded(code, { syscall: 'read' })).ambiguous, true)
    })
  }
})

const throwing: object = new Proxy(
  {},
  {
    get: () => {
      throw new Error('no reading')
    },
    getPrototypeOf: () => {
      throw new Error('no class')
    },
  },
)
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}

describe('the classification of odd values', () => {
  const odd: readonly (readonly [what: string, value: unknown])[] = [
    ['null', null],
    ['undefined', undefined],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['a function', () => {}],
    ['an object whose getters throw', throwing],
    ['a revoked proxy', revoked()],
    ['an error with a hostile cause', new Error('x', { cause: throwing })],
    ['an aggregate of nothing', Object.assign(new Error('x'), { errors: revoked() })],
    ['a name that is no text', { name: 5, code: {}, $metadata: 'x' }],
    ['an object without a prototype', Object.create(null)],
  ]
  for (const [what, value] of odd) {
    it(`retries ${what}, and names it`, () => {
      const { action, ambiguous, code } = classifyRequestError(value)
      assert.deepEqual([action, ambiguous], ['retry', true])
      assert.ok(code.length > 0)
    })
  }

  for (const code of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'Exception']) {
    it(`knows nothing of the code ${JSON.stringify(code)}`, () => {
      assert.equal(classifyRecordError(code).action, 'retry')
      assert.equal(classifyRequestError(coded(code)).action, 'retry')
      assert.equal(classifyRequestError({ name: code, message: 'x' }).action, 'retry')
      assert.notEqual(classifyRecordError(code).code, '')
    })
  }

  it('keeps codes short', () => {
    const long = 'X\n'.repeat(10_000)
    assert.ok(classifyRecordError(long).code.length <= 100)
    assert.ok(
      classifyRequestError(Object.assign(new Error('x'), { name: long })).code.length <= 100,
    )
  })
})

describe('the table of record errors', () => {
  for (const [code, action, throttled] of [
    ['ProvisionedThroughputExceededException', 'retry', true],
    ['KMSThrottlingException', 'retry', true],
    ['KMSAccessDeniedException', 'pause', false],
    ['KMSDisabledException', 'pause', false],
    ['KMSInvalidStateException', 'pause', false],
    ['KMSNotFoundException', 'pause', false],
    ['KMSOptInRequired', 'pause', false],
    ['AccessDeniedException', 'pause', false],
    ['ExpiredTokenException', 'pause', false],
    ['ValidationException', 'fail', false],
    ['InvalidArgumentException', 'fail', false],
    ['SerializationException', 'fail', false],
    ['InternalFailure', 'retry', false],
    ['NoSequenceNumber', 'retry', false],
    ['SyntaxError', 'retry', false],
  ] as const) {
    it(`says ${action} to ${code}`, () => {
      const verdict = classifyRecordError(code)
      assert.deepEqual([verdict.action, verdict.throttled], [action, throttled])
      assert.equal(verdict.code, code)
    })
  }
})
