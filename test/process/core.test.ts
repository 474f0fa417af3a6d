import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { QUIET, runProgram } from '../support/run-program.js'

const APP = fileURLToPath(new URL('./fixtures/core-app.js', import.meta.url))

describe('a program with a producer', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 1 } })
  })
  afterEach(() => fake.close())

  const run = (how: string) => runProgram([APP, fake.endpoint, how])

  it('ends by itself while records wait for their batch to fill and a connection is open', async () => {
    assert.deepEqual(await run('nothing'), QUIET)
    assert.deepEqual(fake.texts('s'), ['first'])
  })

  it('stays until the receipt it awaits', async () => {
    assert.deepEqual(await run('put'), { ...QUIET, stdout: 'shardId-000000000000\n' })
    assert.deepEqual(fake.texts('s'), ['first', 'second', 'third'])
  })

  it('stays through backoffs until the flush it awaits', async () => {
    fake.script(faults.ok(), faults.emptyBody(500), faults.hangUp(), faults.html(503))
    assert.deepEqual(await run('wait'), { ...QUIET, stdout: '0\n' })
    assert.deepEqual(fake.texts('s'), ['first', 'second'])
  })

  it('delivers all with `await using`', async () => {
    assert.deepEqual(await run('using'), QUIET)
    assert.deepEqual(fake.texts('s'), ['first', 'second', 'third'])
  })
})
