import assert from 'node:assert/strict'
import { BatchProducer } from '@kinesis-producer/core'
import { nextTurn } from '@kinesis-producer/core/internal/time/next-turn'
import { FakeClient } from '../../../support/core/fake-client.js'

describe('building requests', () => {
  /** Requests that left by the end of each turn of the event loop. */
  const departures = async (size: number, batchSize: number): Promise<number[]> => {
    const client = new FakeClient()
    client.handler = () => new Promise(() => {})
    const options = { batchSize, bufferSize: 10_000, maxInFlight: 3, flushInterval: 0 }
    const producer = new BatchProducer(client, 's', options)
    producer.start()
    for (let i = 0; i < 3 * batchSize; i++) producer.tryAdd('x'.repeat(size), `k${i}`)
    const counts: number[] = []
    for (let turn = 0; turn < 8; turn++) {
      // All microtasks of this turn.
      await new Promise(resolve => process.nextTick(resolve))
      for (let i = 0; i < 20; i++) await Promise.resolve()
      counts.push(client.calls.length)
      await nextTurn()
    }
    await producer.close(1)
    return counts
  }

  it('of little data takes one turn of the event loop', async () => {
    const [first] = await departures(100, 10)
    assert.equal(first, 3)
  })

  it('of 4 MiB each takes a turn for each of them', async () => {
    const counts = await departures(8192, 500)
    assert.equal(counts[0], 1, String(counts))
    assert.equal(counts.at(-1), 3, String(counts))
    assert.ok(counts.includes(2), String(counts))
  })
})
