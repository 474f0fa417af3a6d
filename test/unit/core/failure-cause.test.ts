import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { RequestTimeoutError } from '@kinesis-producer/core'
import { failureOf } from '@kinesis-producer/core/internal/settling/failure-cause'

const TOKEN = 'FwoGZXIvYXdzEXAMPLETOKEN=='
const SIGNATURE = '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7'
const PASSWORD = 'hunter2'

/** An error as HTTP clients make them, with all of the exchange hanging on it. */
const leaky = (): Error => {
  const message =
    'The request signature we calculated does not match.\n\nThe Canonical String for this request should have been\n' +
    `'POST\n/\n\nhost:kinesis\nx-amz-security-token:${TOKEN}\n\nhost\n${SIGNATURE}'; ` +
    `Authorization=AWS4-HMAC-SHA256 Credential=AKID, Signature=${SIGNATURE}, https://user:${PASSWORD}@proxy/`
  const exchange: Record<string, unknown> = {
    headers: { authorization: `Signature=${SIGNATURE}`, 'x-amz-security-token': TOKEN },
  }
  exchange['self'] = exchange
  return Object.assign(new Error(message, { cause: Object.assign(new Error('inner'), exchange) }), {
    name: 'InvalidSignatureException',
    $response: exchange,
    request: exchange,
    config: { headers: TOKEN },
    $metadata: { httpStatusCode: 403, requestId: 'r-1', cfId: exchange },
  })
}

describe('the error that the records of a failed request keep', () => {
  it('has the name, the code, the status and the request id, and no part of the exchange', () => {
    const { error, verdict } = failureOf(leaky())
    assert.equal(error.name, 'InvalidSignatureException')
    assert.deepEqual(Reflect.get(error, '$metadata'), { httpStatusCode: 403, requestId: 'r-1' })
    assert.equal(verdict.action, 'pause')
    assert.ok(error.cause instanceof Error)
    assert.equal(error.cause.message, 'inner')
    const told = `${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)}`
    for (const secret of [TOKEN, SIGNATURE, PASSWORD]) assert.ok(!told.includes(secret), told)
    assert.match(told, /does not match/)
  })

  it('has one line of at most 256 characters', () => {
    const { message, error } = failureOf(new Error(`a\r\nb\u2028${'<p>'.repeat(1e6)}`))
    assert.ok(message.startsWith('a b <p>') && message.length <= 256)
    assert.equal(error.message, message)
    assert.ok(error.stack !== undefined && error.stack.length < 5000)
  })

  it('tells where it was thrown', () => {
    const thrown = new TypeError('x is not a function')
    const { error } = failureOf(thrown)
    assert.equal(error.stack?.split('\n')[0], 'TypeError: x is not a function')
    assert.match(error.stack ?? '', /failure-cause\.test/)
  })

  it('says in words where an answer or an error says nothing', () => {
    const page = Object.assign(new SyntaxError('Unexpected token <'), {
      $response: { body: '<html><style>a{}</style><h1>The proxy\nsays no</h1></html>' },
      $metadata: { httpStatusCode: 403 },
    })
    const wordless = Object.assign(new Error('UnknownError'), {
      name: 'Unknown',
      $metadata: { httpStatusCode: 502 },
    })
    const any = Object.assign(
      new AggregateError([Object.assign(new Error('x'), { code: 'EPIPE' })]),
      {
        message: 'All promises were rejected',
      },
    )
    assert.deepEqual(
      [page, wordless, any, new Error(''), new Error('', { cause: new Error('inner') })].map(
        error => failureOf(error).message,
      ),
      [
        'the answer is not the service’s: The proxy says no',
        'HTTP 502 without a word',
        'All promises were rejected: EPIPE',
        'an error without a message',
        'inner',
      ],
    )
    assert.equal(failureOf(page).verdict.code, 'HTTP 403')
  })

  it('names all addresses that were tried', () => {
    const tried = (code: string, address: string): Error =>
      Object.assign(new Error(), { code, address, port: 443 })
    const error = new AggregateError([
      tried('ECONNREFUSED', '::1'),
      tried('ENETUNREACH', '10.0.0.1'),
    ])
    assert.equal(failureOf(error).message, 'ECONNREFUSED ::1:443, ENETUNREACH 10.0.0.1:443')
  })

  for (const [what, value, message] of [
    ['a code alone', Object.assign(new Error(), { code: 'EWHAT' }), 'EWHAT'],
    ['a cause that says more', new Error('', { cause: new Error('deep') }), 'deep'],
    ['no word but its name', new RangeError(), 'RangeError'],
    ['a string', 'boo', 'boo'],
    ['an empty string', '', 'an error without a message'],
    ['undefined', undefined, 'undefined'],
    ['an object', {}, 'an error without a message'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    [
      'getters that throw',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no')
          },
          getPrototypeOf: () => {
            throw new Error('no')
          },
        },
      ),
      'an error without a message',
    ],
  ] as const) {
    it(`is an error with a reason for ${what}`, () => {
      const failure = failureOf(value)
      assert.ok(failure.error instanceof Error)
      assert.equal(failure.message, message)
      assert.doesNotThrow(() => JSON.stringify(failure.error))
    })
  }

  it('keeps its causes, but not without end', () => {
    const loop = new Error('again')
    loop.cause = { name: 'Error', message: 'middle', cause: loop }
    let depth = 0
    for (let at: unknown = failureOf(loop).error; at instanceof Error; at = at.cause) depth++
    assert.ok(depth > 1 && depth < 10)
  })

  it('is the producer’s own error as it is', () => {
    const own = new RequestTimeoutError(5)
    assert.equal(failureOf(own).error, own)
  })
})
