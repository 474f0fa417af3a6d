import assert from 'node:assert/strict'
import {
  type Action,
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
    'retry',
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
  ['an unknown host', coded('ENOTFOUND'), 'retry', false],
  ['a broken resolver', coded('EAI_AGAIN'), 'retry', false],
  ['a certificate that is not trusted', coded('SELF_SIGNED_CERT_IN_CHAIN'), 'pause', false],
  [
    'a page of HTML with 400',
    Object.assign(new SyntaxError('not JSON'), { $metadata: { httpStatusCode: 400 } }),
    'retry',
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
