import assert from 'node:assert/strict'
import { cpSync, lstatSync, readdirSync } from 'node:fs'
import { BatchProducer } from '@kinesis-producer/core'
import { FakeClient } from '../support/core/fake-client.js'
import { filesBelow, SpoolDirectories } from '../support/core/spool-directory.js'
import { type FakeKinesis, startFakeKinesis } from '../support/endpoint/index.js'
import { PINO_CLI } from '../support/pino-programs.js'
import { runProgram } from '../support/run-program.js'

const CLI = PINO_CLI
const ENV = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 's',
  NODE_NO_WARNINGS: '1',
}

describe('pino-kinesis spool', function () {
  this.timeout(30_000)
  const directories = new SpoolDirectories()
  let fake: FakeKinesis
  let directory: string
  const stored: string[] = []
  before(async () => {
    fake = await startFakeKinesis({
      streams: { s: 1 },
      onRecord: (_, { data }) => void stored.push(String(data)),
    })
  })
  after(async () => {
    await fake.close()
    directories.remove()
  })
  beforeEach(async () => {
    stored.length = 0
    directory = directories.make()
    const down = new FakeClient(() => {
      throw new Error('down')
    })
    const producer = new BatchProducer(down, 's', { logger: false, spool: { directory } })
    producer.start()
    for (const text of ['one', 'two', 'three']) await producer.add(text, 'key')
    await producer.close(1)
  })
  const run = (...args: string[]) => runProgram([CLI, 'spool', ...args], { env: ENV })

  it('counts what is kept, for people and for programs', async () => {
    const { code, stdout } = await run('inspect', directory)
    assert.equal(code, 0)
    assert.match(stdout, /closed; 1 segments of \d+ bytes; 3 records/)
    const verified = await run('verify', directory, '--json')
    const { owners } = JSON.parse(verified.stdout)
    assert.equal(owners[0].records, 3)
    assert.deepEqual(owners[0].damage, { badPlaces: 0, torn: 0, lost: 0 })
    assert.equal(verified.code, 0)
  })

  it('exports the records and leaves them where they are', async () => {
    for (const _ of [1, 2]) {
      const { code, stdout } = await run('export', directory)
      assert.equal(code, 0)
      const records = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
      assert.deepEqual(
        records.map(({ data }) => data),
        ['one', 'two', 'three'],
      )
      assert.equal(records[0].partitionKey, 'key')
    }
  })

  it('delivers the records, and leaves nothing', async () => {
    const { code, stderr } = await run(
      'replay',
      directory,
      '--stream',
      's',
      '--endpoint',
      fake.endpoint,
    )
    assert.match(stderr, /3 records of .* delivered; 0 remain there, 0 dropped/)
    assert.equal(code, 0)
    assert.deepEqual(
      stored.map(text => text.trim()),
      ['one', 'two', 'three'],
    )
    assert.deepEqual(readdirSync(directory), [])
  })

  it('does not touch what a living process owns', async () => {
    const living = directories.make()
    const producer = new BatchProducer(new FakeClient(() => new Promise(() => {})), 's', {
      spool: { directory: living },
    })
    producer.start()
    await producer.add('mine', 'key')
    const before = filesBelow(living, '')
    assert.match((await run('inspect', living)).stdout, /in use/)
    assert.equal((await run('export', living)).stdout, '')
    assert.deepEqual(filesBelow(living, ''), before)
    const copy = directories.make()
    cpSync(living, copy, { recursive: true, filter: path => !lstatSync(path).isSocket() })
    assert.match((await run('export', copy)).stdout, /"mine"/)
    await producer.close(1)
  })

  it('keeps lines on disk that the program could not deliver', async () => {
    const spool = directories.make()
    const args = [CLI, '--stream', 's', '--spool', spool, '--close-timeout', '300']
    const first = await runProgram([...args, '--endpoint', 'http://127.0.0.1:1'], {
      env: ENV,
      input: '{"a":1}\n{"a":2}\n',
    })
    assert.match((await run('inspect', spool)).stdout, /2 records/, first.stderr)
    const second = await runProgram([...args, '--endpoint', fake.endpoint], {
      env: ENV,
      input: '{"a":3}\n',
    })
    assert.equal(second.code, 0, second.stderr)
    assert.deepEqual(stored, ['{"a":1}\n', '{"a":2}\n', '{"a":3}\n'])
    assert.deepEqual(readdirSync(spool), [])
  })

  it('says what is wrong with a call', async () => {
    assert.match(
      (await run('empty', directory)).stderr,
      /spool must be one of inspect, verify, replay, export/,
    )
    assert.match((await run('inspect')).stderr, /the directory is missing/)
    assert.equal((await run('inspect')).code, 2)
    assert.match((await run('--help')).stdout, /spool inspect/)
  })
})
