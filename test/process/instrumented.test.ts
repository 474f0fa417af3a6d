import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { runProgram } from '../support/run-program.js'

const APP = fileURLToPath(new URL('./fixtures/instrumented-app.js', import.meta.url))

describe('an application with the auto-instrumentations for http, the AWS SDK, Pino and the console', () => {
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 4 } })
  })
  afterEach(() => fake.close())

  for (const how of ['exporter', 'processor']) {
    it(`sees no span and no log of the ${how}’s own, retries included`, async () => {
      fake.script(
        faults.requestError('InternalFailure'),
        faults.requestError('ProvisionedThroughputExceededException'),
      )
      const out = await runProgram([APP, fake.endpoint, how])
      assert.equal(out.stderr, '')
      const spans = JSON.parse(out.stdout.split('\n').at(-1) ?? '') as string[]
      const [own, ...control] = spans
      assert.equal(own, 'the application’s own')
      assert.ok(control.length > 0, 'the instrumentations are not at work')
      assert.deepEqual(
        control.filter(name => !/ListStreams|^POST$/.test(name)),
        [],
      )
      assert.ok(control.filter(name => name === 'POST').length <= 1, out.stdout)
      const bodies = fake
        .texts('s')
        .flatMap(text => text.trimEnd().split('\n'))
        .map(line => (JSON.parse(line) as { body: string }).body)
      const expected = ['direct', 'pino', 'console'].flatMap(kind =>
        Array.from({ length: 50 }, (_, i) => `${kind} ${i}`),
      )
      assert.deepEqual(bodies.toSorted(), expected.toSorted())
    })
  }
})
