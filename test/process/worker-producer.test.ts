import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { createWorkerProducer } from '@kinesis-producer/core/worker'
import { type FakeKinesis, faults, startFakeKinesis } from '../support/endpoint/index.js'
import { QUIET, runProgram } from '../support/run-program.js'

const APP = fileURLToPath(new URL('./fixtures/worker-app.js', import.meta.url))
const MANY = 1_000_000

describe('a program with a producer in a worker', function () {
  this.timeout(60_000)
  let fake: FakeKinesis
  beforeEach(async () => {
    fake = await startFakeKinesis({ streams: { s: 1 } })
  })
  afterEach(() => fake.close())

  const run = (how: string) => runProgram([APP, fake.endpoint, how])

  it('ends by itself while records wait for their batch to fill', async () => {
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

  it('ends at once with process.exit', async () => {
    assert.deepEqual(await run('exit'), { ...QUIET, code: 4 })
  })

  it('ends by an exception of its own', async () => {
    const { code, stderr } = await run('throw')
    assert.equal(code, 1)
    assert.match(stderr, /not ours/)
  })

  it('delivers a million records, added in one turn of the event loop', async () => {
    const producer = createWorkerProducer({
      streamName: 's',
      region: 'us-east-1',
      endpoint: fake.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      packing: { kind: 'concat' },
      bufferSize: MANY,
      bufferBytes: 256 * 1024 * 1024,
      batchSize: 500,
    })
    producer.start()
    for (let i = 0; i < MANY; i++) assert.ok(producer.tryAdd(`${i}`, `k${i % 100}`))
    assert.deepEqual(await producer.drain(), { sent: MANY, remaining: 0 })
    const seen = new Uint8Array(MANY)
    for (const pack of fake.texts('s'))
      for (const line of pack.split('\n')) if (line !== '') seen[Number(line)] = 1
    assert.equal(seen.indexOf(0), -1)
    const { admitted, delivered, slabBytesHeld } = producer.stats()
    assert.deepEqual([admitted, delivered], [MANY, MANY])
    assert.ok(slabBytesHeld <= 2 * 1024 * 1024, `${slabBytesHeld} bytes are still held`)
    await producer.close()
  })
})
