import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'

const APP = fileURLToPath(new URL('./fixtures/core-app.js', import.meta.url))

describe('a program with a producer', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 1 } })
  })
  afterEach(() => fake.close())

  const run = async (how: string) => {
    const child = spawn(process.execPath, [APP, fake.endpoint, how], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    return { code: child.exitCode, stdout: stdout.trim(), stderr }
  }

  it('ends by itself while records wait for company and a connection is open', async () => {
    assert.deepEqual(await run('nothing'), { code: 0, stdout: '', stderr: '' })
    assert.deepEqual(fake.texts('s'), ['first'])
  })

  it('stays until the receipt it awaits', async () => {
    const { code, stdout, stderr } = await run('put')
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: 'shardId-000000000000', stderr: '' },
    )
    assert.deepEqual(fake.texts('s'), ['first', 'second', 'third'])
  })

  it('stays through backoffs until the flush it awaits', async () => {
    fake.script(faults.ok(), faults.empty500(), faults.hangUp(), faults.html(503))
    assert.deepEqual(await run('wait'), { code: 0, stdout: '0', stderr: '' })
    assert.deepEqual(fake.texts('s'), ['first', 'second'])
  })

  it('delivers all with `await using`', async () => {
    assert.deepEqual(await run('using'), { code: 0, stdout: '', stderr: '' })
    assert.deepEqual(fake.texts('s'), ['first', 'second', 'third'])
  })
})
