import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKinesisClient } from '@kinesis-producer/core'
import { withDeadline } from '@kinesis-producer/core/internal/client/credentials'
import { streamClientOf } from '@kinesis-producer/core/internal/client/stream-client'
import { classifyRequestError } from '@kinesis-producer/core/internal/settling/classify'
import { CapturingHandler } from '../../support/core/capturing-handler.js'
import { plain } from '../../support/core/outgoing.js'

const CREDENTIALS = { accessKeyId: 'a', secretAccessKey: 'b' }

describe('a credentials provider', () => {
  it('that never answers is given up, so that the next call asks again', async () => {
    let calls = 0
    const provider = withDeadline(() => (++calls === 1 ? new Promise(() => {}) : answer()), 1)
    const answer = () => Promise.resolve(CREDENTIALS)
    assert.ok(typeof provider === 'function')
    // Its timer keeps no process alive, this one not either.
    const alive = setInterval(() => {}, 1000)
    await assert.rejects(provider(), (error: unknown) => {
      const { action, ambiguous } = classifyRequestError(error)
      assert.deepEqual([action, ambiguous], ['pause', false])
      return true
    })
    clearInterval(alive)
    assert.equal(await provider(), CREDENTIALS)
  })

  it('keeps the marks that the SDK set on it', () => {
    const provider = Object.assign(() => Promise.resolve(CREDENTIALS), { memoized: true })
    assert.equal(Reflect.get(withDeadline(provider), 'memoized'), true)
    assert.equal(withDeadline(CREDENTIALS), CREDENTIALS)
  })
})

describe('a credentials file', () => {
  const NAMES = ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE'] as const
  const before = NAMES.map(name => process.env[name])
  let folder = ''

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credentials-'))
    for (const name of NAMES) Reflect.deleteProperty(process.env, name)
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'credentials')
  })
  afterEach(async () => {
    NAMES.forEach((name, i) => {
      const value = before[i]
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    })
    await rm(folder, { recursive: true })
  })

  it('that was rewritten is read again once its credentials are refused', async () => {
    const write = (key: string): Promise<void> =>
      writeFile(
        join(folder, 'credentials'),
        `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`,
      )
    await write('OLD')
    const handler = new CapturingHandler()
    const client = createKinesisClient({
      region: 'us-east-1',
      endpoint: 'http://localhost',
      requestHandler: { handle: handler.handle.bind(handler) },
    })
    const stream = streamClientOf(client, { StreamName: 's' })
    const put = (): Promise<unknown> =>
      stream.putRecords([plain('x', 'k')], new AbortController().signal)
    await put()
    await write('NEW')
    handler.answer = () => ({ status: 400, body: '{"__type":"ExpiredTokenException"}' })
    await assert.rejects(put())
    handler.answer = undefined
    await put()
    const keys = handler.requests.map(
      ({ headers }) => /Credential=(\w+)\//.exec(headers['authorization'] ?? '')?.[1],
    )
    assert.deepEqual(keys, ['OLD', 'OLD', 'NEW'])
  })
})
