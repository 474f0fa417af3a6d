import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@kinesis-producer/core'
import {
  type OpenedProducer,
  openProducer,
  type SharedOptions,
} from '@kinesis-producer/core/adapter'
import { FakeSts } from '../support/endpoint/fake-sts.js'
import { runPinoKinesis } from '../support/pino-programs.js'
import { QUIET, runProgram } from '../support/run-program.js'

const ROLE = 'arn:aws:iam::123456789012:role/team/log-writer'
const MASTER = { accessKeyId: 'MASTER', secretAccessKey: 'master secret' }
const NAMES = [
  'AWS_ENDPOINT_URL_STS',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_PROFILE',
] as const

describe('a role that is to be assumed', () => {
  const before = NAMES.map(name => process.env[name])
  let sts: FakeSts
  let endpoint: string
  let folder: string
  const opened: OpenedProducer[] = []
  const log: string[] = []

  const open = (options: Partial<SharedOptions> = {}): OpenedProducer['producer'] => {
    const write = (message: string): void => void log.push(message)
    const made = openProducer(
      'the adapter',
      {
        streamName: 's',
        region: 'eu-west-1',
        endpoint,
        roleArn: ROLE,
        logger: { debug: () => {}, info: () => {}, warn: write, error: write },
        ...options,
      },
      [],
      { flushInterval: 50 },
    )
    opened.push(made)
    made.producer.start()
    return made.producer
  }

  beforeEach(async () => {
    for (const name of NAMES) Reflect.deleteProperty(process.env, name)
    folder = await mkdtemp(join(tmpdir(), 'role-'))
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'credentials')
    sts = new FakeSts()
    endpoint = await sts.listen()
    process.env['AWS_ENDPOINT_URL_STS'] = endpoint
    log.length = 0
  })
  afterEach(async () => {
    for (const { producer, release } of opened.splice(0)) {
      await producer.close(1)
      release()
    }
    sts.close()
    await rm(folder, { recursive: true })
    NAMES.forEach((name, i) => {
      const value = before[i]
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    })
  })

  it('signs the requests, and the credentials that are given ask for it', async () => {
    const producer = open({
      credentials: MASTER,
      roleSessionName: 'shop@eu',
      externalId: 'partner/7',
    })
    for (let i = 0; i < 3; i++) await producer.put(`${i}`)
    const [asked, ...others] = sts.calls.filter(({ kind }) => kind === 'AssumeRole')
    assert.equal(others.length, 0, 'once for all requests')
    assert.equal(asked?.accessKeyId, 'MASTER')
    const { RoleArn, RoleSessionName, ExternalId } = asked.parameters
    assert.deepEqual([RoleArn, RoleSessionName, ExternalId], [ROLE, 'shop@eu', 'partner/7'])
    const puts = sts.calls.filter(({ kind }) => kind === 'PutRecords')
    assert.equal(puts.length, 3)
    for (const put of puts)
      assert.deepEqual([put.accessKeyId, put.sessionToken], ['ROLE1', 'token of ROLE1'])
  })

  it('has a session name, and no external id, when none is given', async () => {
    await open({ credentials: MASTER }).put('x')
    assert.equal(sts.calls[0]?.parameters['RoleSessionName'], 'kinesis-producer')
    assert.equal(sts.calls[0].parameters['ExternalId'], undefined)
  })

  it('is assumed again before its credentials expire', async () => {
    // The SDK renews what expires within five minutes.
    sts.answer = { livesFor: 240_000 }
    const producer = open({ credentials: MASTER })
    for (let i = 0; i < 3; i++) await producer.put(`${i}`)
    const signers = sts.signers('PutRecords')
    assert.equal(new Set(signers).size, 3, signers.join())
    assert.deepEqual([producer.stats().requestErrors, log], [0, []])
  })

  it('pauses with a sentence while STS refuses it, and goes on when it does not', async () => {
    const message =
      'User: arn:aws:iam::123456789012:user/app is not authorized to perform: sts:AssumeRole'
    sts.answer = { status: 403, code: 'AccessDenied', message }
    const producer = open({ credentials: MASTER })
    const receipt = producer.put('kept')
    await producer.drain(300)
    const { paused, remaining } = producer.stats()
    assert.deepEqual([paused, remaining], [true, 1])
    assert.equal(log.length, 1)
    assert.ok(log[0]?.includes(`cannot assume the role ${ROLE}: AccessDenied: ${message}`), log[0])
    assert.match(
      log[0] ?? '',
      /request error: CredentialsProviderError .*; paused, records are kept/,
    )
    assert.ok(!log.join().includes('secret'))
    sts.answer = { livesFor: 3_600_000 }
    await receipt
    assert.deepEqual(sts.signers('PutRecords'), ['ROLE1'])
  })

  it('is asked for with renewed credentials after the old ones were refused', async () => {
    const write = (key: string): Promise<void> =>
      writeFile(
        join(folder, 'credentials'),
        `[default]\naws_access_key_id = ${key}\naws_secret_access_key = x\n`,
      )
    await write('OLD')
    sts.answer = { status: 403, code: 'InvalidClientTokenId', message: 'no such key' }
    const producer = open()
    const receipt = producer.put('kept')
    await producer.drain(300)
    await write('NEW')
    sts.answer = { livesFor: 3_600_000 }
    await receipt
    assert.deepEqual(
      [...new Set(sts.signers('AssumeRole'))],
      ['OLD', 'NEW'],
      'read again from the file',
    )
  })

  it('is told of, and kept, when STS cannot be reached', async () => {
    process.env['AWS_ENDPOINT_URL_STS'] = 'http://127.0.0.1:1'
    process.env['AWS_MAX_ATTEMPTS'] = '1'
    try {
      const producer = open({ credentials: MASTER })
      assert.ok(producer.tryAdd('kept'))
      await producer.drain(500)
      assert.match(log[0] ?? '', /cannot assume the role arn:\S+: .*ECONNREFUSED/)
      const { leftover } = await producer.close(1)
      assert.equal(leftover.length, 1)
    } finally {
      delete process.env['AWS_MAX_ATTEMPTS']
    }
  })

  it('is checked when the producer is made', () => {
    for (const [options, words] of [
      [
        { roleArn: 'log-writer' },
        /^the adapter: roleArn must be the ARN of a role, such as arn:aws/,
      ],
      [{ roleArn: 'arn:aws:iam::123456789012:user/x' }, /roleArn must be the ARN of a role/],
      [{ roleArn: 5 }, /roleArn must be a string/],
      [{ roleSessionName: 'a b' }, /roleSessionName must be 2 to 64 letters/],
      [{ roleSessionName: 'x'.repeat(65) }, /roleSessionName must be a string of 1 to 64/],
      [{ externalId: 'käse' }, /externalId must be 2 to 1224 letters[^"]*$/],
      [{ roleArn: null, roleSessionName: 'xy' }, /roleSessionName needs roleArn/],
      [{ roleArn: undefined, externalId: 'xy' }, /externalId needs roleArn/],
      [{ region: null, endpoint: null, client: { putRecords: () => {} } }, /roleArn and client/],
    ] as const)
      assert.throws(
        () => Reflect.apply(open, undefined, [options]),
        (error: unknown) => {
          assert.ok(error instanceof ConfigError)
          assert.match(error.message, words)
          return true
        },
      )
    for (const roleArn of [
      'arn:aws-cn:iam::123456789012:role/x',
      'arn:aws-us-gov:iam::123456789012:role/a/b/c',
    ])
      open({ roleArn })
  })

  it('is a flag of pino-kinesis, which says nothing of its own', async () => {
    const target = ['--stream', 's', '--region', 'eu-west-1', '--endpoint', endpoint]
    const role = ['--role-arn', ROLE, '--role-session-name', 'cli', '--external-id', 'e-1']
    assert.deepEqual(await runPinoKinesis([...target, ...role], { input: '{"a":1}\n' }), QUIET)
    assert.deepEqual(sts.signers('AssumeRole'), ['a'])
    const { RoleSessionName, ExternalId } = sts.calls[0]?.parameters ?? {}
    assert.deepEqual([RoleSessionName, ExternalId], ['cli', 'e-1'])
    assert.deepEqual(sts.signers('PutRecords'), ['ROLE1'])
  })

  describe('needs a package', () => {
    /** Runs an adapter where the package is not installed. */
    const run = async (options: object): Promise<string> => {
      const hook = `export const resolve = (name, context, next) => {
        if (name === '@aws-sdk/credential-providers')
          throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
        return next(name, context)
      }`
      const program = `
        import { register } from 'node:module'
        register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))
        const { openProducer } = await import(${JSON.stringify(import.meta.resolve('@kinesis-producer/core/adapter'))})
        const told = []
        const logger = { debug() {}, info() {}, warn: m => told.push(m), error: m => told.push(m) }
        const { producer, release } = openProducer('a', { logger, ...${JSON.stringify({ streamName: 's', region: 'eu-west-1', endpoint, credentials: MASTER, ...options })} }, [], { flushInterval: 50 })
        producer.start()
        producer.tryAdd('x')
        await producer.drain(500)
        console.log(producer.stats().delivered, producer.stats().remaining, ...told)
        await producer.close(1)
        release()`
      const { stdout } = await runProgram(['--input-type=module', '-e', program])
      return stdout
    }

    it('that is named when it is not installed, and the records are kept', async () => {
      assert.match(
        await run({ roleArn: ROLE }),
        /^0 1 .*: roleArn needs the package @aws-sdk\/credential-providers \(npm install @aws-sdk\/credential-providers\).*; paused, records are kept/,
      )
    })

    it('that nobody else needs', async () => {
      assert.equal(await run({}), '1 0\n')
    })
  })
})
