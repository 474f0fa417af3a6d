import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { entries, errorOf, testClient } from '../support/endpoint/index.js'
import { QUIET, runProgram } from '../support/run-program.js'

const SERVER = fileURLToPath(new URL('../../../packages/testing/dist/cli/main.js', import.meta.url))

describe('kinesis-test-server', () => {
  it('serves until it is told to stop, with the faults it was given', async () => {
    let seen: unknown
    const look = async (endpoint: string): Promise<void> => {
      const client = testClient(endpoint)
      const put = new PutRecordsCommand({ StreamName: 's', Records: entries(1) })
      const { name } = await errorOf(client.send(put))
      const summary = await fetch(`${endpoint}/_test/summary`)
      const { streams } = (await summary.json()) as { streams: unknown }
      seen = [name, streams]
      client.destroy()
    }
    const { code, stdout, stderr } = await runProgram(
      [SERVER, '--port', '0', '--stream', 's:3', '--fault', 'error=1:AccessDeniedException'],
      {
        act: child => {
          child.stdout.once('data', (line: string) => {
            void look(/http:\S+/.exec(line)?.[0] ?? '').finally(() => child.kill('SIGTERM'))
          })
        },
      },
    )
    assert.deepEqual(seen, ['AccessDeniedException', { s: { records: 0, bytes: 0, shards: 3 } }])
    assert.match(stdout, /^Kinesis for tests listens on http:\/\/127\.0\.0\.1:\d+\n$/)
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('says in one sentence what is wrong, and helps', async () => {
    const wrong: [string[], string][] = [
      [['--fault', 'flood=1'], 'fault "flood=1" is unknown; the kinds are throttle, fail, error,'],
      [['--shards', 'many'], '--shards must be a whole number, not "many"'],
      [['--stream', 'a:b:c'], '--stream must be NAME or NAME:SHARDS, not "a:b:c"'],
      [['--strem', 's'], "Unknown option '--strem'"],
    ]
    for (const [args, message] of wrong) {
      const { code, stderr } = await runProgram([SERVER, ...args])
      assert.equal(code, 2)
      assert.ok(stderr.startsWith(`kinesis-test-server: ${message}`), stderr)
    }
    const { code, stdout } = await runProgram([SERVER, '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /--fault KIND=SHARE[\s\S]*throttle[\s\S]*poison/)
  })
})

describe('a program with Kinesis for tests', () => {
  it('runs the example of the README', async () => {
    const readme = readFileSync('packages/testing/README.md', 'utf8')
    const [, code = ''] = /```js\n([^]*?)```/.exec(readme) ?? []
    assert.match(code, /startKinesis/)
    assert.deepEqual(await runProgram(['--input-type=module', '-e', code]), QUIET)
  })

  it('ends though it forgot to close what it has unref’ed', async () => {
    const code = `
      import { startKinesis } from '@kinesis-producer/testing'
      const kinesis = await startKinesis()
      kinesis.unref()
      fetch(kinesis.endpoint, { method: 'POST', body: '{}', headers: { 'x-amz-target': 'K.ListStreams' } })
        .then(response => response.text())
        .then(text => console.log(text))`
    const { code: exit, stdout } = await runProgram(['--input-type=module', '-e', code])
    assert.equal(exit, 0)
    assert.match(stdout, /StreamNames/)
  })
})
