import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { deferred, serviceError } from '../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

describe('an hour without the service', () => {
  for (const [name, error, most] of [
    // 50 ms doubling to 10 s, at full jitter's longest; a pause probes every 30 s.
    ['that fails', serviceError('InternalFailure', 500), 380],
    ['that throttles', serviceError('ProvisionedThroughputExceededException'), 380],
    ['that nobody may use', serviceError('AccessDeniedException'), 130],
  ] as const) {
    it(`${name} costs at most ${most} requests, however many records are added, and loses nothing`, async () => {
      let down = true
      const { producer, client, clock, dropped } = createHarness(
        { batchSize: 100, bufferSize: 1000, whenFull: 'reject' },
        request => {
          if (down) throw error
          return client.store(request)
        },
      )
      producer.start()
      let admitted = 0
      for (let second = 0; second < 3600; second += 5) {
        for (let i = 0; i < 20; i++) if (producer.tryAdd(`r${admitted}`, `k${i}`)) admitted++
        await clock.advance(5000)
      }
      assert.ok(client.calls.length <= most, `${client.calls.length} requests`)
      assert.equal(admitted, 1000)
      down = false
      await clock.advance(30_000)
      assert.equal(client.stored.length, 1000)
      assert.deepEqual(dropped, [])
      assertLaw(producer)
      await producer.close()
    }).timeout(60_000)
  }

  it('does not make the heap grow', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    assert.ok(typeof collect === 'function')
    const { producer, client, clock } = createHarness(
      {
        batchSize: 500,
        bufferSize: 5000,
        whenFull: 'dropOldest',
        logger: false,
        onDrop: undefined,
      },
      () => {
        throw serviceError('InternalFailure', 500)
      },
    )
    producer.start()
    const heap: number[] = []
    for (let minute = 0; minute < 60; minute++) {
      for (let i = 0; i < 2000; i++) producer.tryAdd(`${minute}:${i}`.padEnd(1000, 'x'), `k${i}`)
      await clock.advance(60_000)
      client.calls.length = 0
      if (minute % 10 === 9) {
        Reflect.apply(collect, undefined, [])
        heap.push(process.memoryUsage().heapUsed / 2 ** 20)
      }
    }
    const [first = 0, ...later] = heap
    for (const mib of later) assert.ok(mib < first + 5, `MiB in use: ${heap.join(', ')}`)
    assertLaw(producer)
    const { leftover } = await (async () => {
      const closing = producer.close(1)
      await clock.advance(1)
      return closing
    })()
    assert.equal(leftover.length, 5000)
  }).timeout(60_000)
})

describe('the number of requests under way', () => {
  it('falls to two with a failure and grows again by one a round of successes', async () => {
    let failing = false
    const answers: (() => void)[] = []
    const { producer, client, clock } = createHarness(
      { batchSize: 1, bufferSize: 10_000, flushInterval: 0, maxInFlight: 8 },
      async request => {
        const answer = deferred<void>()
        answers.push(answer.resolve)
        await answer.promise
        if (failing) throw serviceError('ThrottlingException')
        return client.store(request)
      },
    )
    const answerAll = async (): Promise<void> => {
      for (const answer of answers.splice(0)) answer()
      await settle()
    }
    producer.start()
    await addMany(producer, 1000)
    await settle()
    for (let round = 0; round < 3; round++) {
      await clock.advance(100)
      await answerAll()
    }
    assert.equal(client.inFlight, 8)

    failing = true
    await answerAll()
    assert.equal(producer.stats().requestLimit, 2, 'eight that fail together are one failure')
    assert.equal(client.inFlight, 0)
    await clock.advance(50)
    assert.equal(client.inFlight, 1, 'one probe')
    await answerAll()
    assert.equal(producer.stats().requestLimit, 1)

    failing = false
    await clock.advance(100)
    const seen: number[] = []
    for (let round = 0; round < 12; round++) {
      seen.push(client.inFlight)
      await clock.advance(100)
      await answerAll()
    }
    assert.equal(seen[0], 1, 'the probe')
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
      `only grows: ${seen.join(' ')}`,
    )
    assert.ok(
      seen.every((count, i) => i === 0 || count - (seen[i - 1] ?? 0) <= 2),
      `gently: ${seen.join(' ')}`,
    )
    assert.equal(seen.at(-1), 8)
    client.handler = request => client.store(request)
    const closing = producer.close()
    for (let i = 0; i < 5; i++) await answerAll()
    await closing
    assert.equal(client.stored.length, 1000)
  })
})
