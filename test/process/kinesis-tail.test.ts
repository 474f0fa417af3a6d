import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { startKinesis, type TestKinesis } from '@kinesis-producer/testing'
import { testClient } from '../support/endpoint/index.js'
import { type ProgramOptions, runProgram } from '../support/run-program.js'

const TAIL = fileURLToPath(new URL('../../../packages/testing/dist/tail/main.js', import.meta.url))
const ENV = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }

describe('the program kinesis-tail', () => {
  let kinesis: TestKinesis
  beforeEach(async () => {
    kinesis = await startKinesis({ streams: { s: 2 } })
    const client = testClient(kinesis.endpoint)
    const Records = Array.from({ length: 200 }, (_, i) => ({
      Data: Buffer.from(`line ${i} ${'x'.repeat(2000)}`),
      PartitionKey: `k${i}`,
    }))
    await client.send(new PutRecordsCommand({ StreamName: 's', Records }))
    client.destroy()
  })
  afterEach(() => kinesis.close())
  const run = (args: readonly string[], options: ProgramOptions = {}) =>
    runProgram([TAIL, 's', ...args], {
      ...options,
      env: { ...ENV, AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint },
    })

  it('writes what was added, and a summary on standard error', async () => {
    const { code, stdout, stderr } = await run(['--since', 'start'])
    assert.equal(code, 0)
    assert.equal(stdout.split('\n').length, 201)
    assert.match(stderr, /^kinesis-tail: 200 lines shown of 200, 200 Kinesis records of \d+ bytes/)
  })

  it('follows until Ctrl-C', async () => {
    let seen = ''
    const { code, stderr } = await run(['--since', 'start', '--follow'], {
      act: child => {
        child.stdout.on('data', chunk => {
          seen += String(chunk)
          if (seen.split('\n').length === 201) child.kill('SIGINT')
        })
      },
    })
    assert.equal(code, 0)
    assert.match(stderr, /200 lines shown/)
  })

  it('ends with the reader of its pipe, and says nothing of it', async () => {
    const { code, stderr } = await run(['--since', 'start', '--follow', '--quiet'], {
      act: child => {
        child.stdout.once('data', () => child.stdout.destroy())
      },
    })
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('says in one sentence what is wrong', async () => {
    const wrong: [string[], number, RegExp][] = [
      [
        ['--since', 'yesterday'],
        2,
        /^kinesis-tail: --since must be start, now, a time ago such as 10m/,
      ],
      [['--level', 'loud'], 2, /^kinesis-tail: --level must be one of trace, debug/],
      [['other'], 2, /^kinesis-tail: say which stream/],
      [
        [
          '--region',
          'eu-west-1',
          '--endpoint',
          kinesis.endpoint,
          '--shard',
          '7',
          '--since',
          'start',
        ],
        0,
        /^kinesis-tail: 0 lines/,
      ],
    ]
    for (const [args, exit, message] of wrong) {
      const { code, stderr } = await run(args)
      assert.match(stderr, message)
      assert.equal(code, exit)
      assert.equal(stderr.trim().split('\n').length, 1)
    }
  })
})
