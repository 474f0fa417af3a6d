import assert from 'node:assert/strict'
import type { StatsBatch } from '@kinesis-producer/core'
import { addMany, createHarness } from '../../../support/core/harness.js'

const make = (statInterval = 1000) => {
  const batches: StatsBatch[] = []
  const harness = createHarness({
    batchSize: 5,
    flushInterval: 0,
    statInterval,
    statReceiver: { receive: stats => void batches.push(stats) },
  })
  return { ...harness, batches }
}

describe('the stats receiver', () => {
  it('gets a batch every statInterval while the producer runs, and none before', async () => {
    const { producer, clock, batches } = make(700)
    await clock.advance(5000)
    assert.equal(batches.length, 0)
    producer.start()
    await clock.advance(699)
    assert.equal(batches.length, 0)
    await clock.advance(1)
    assert.equal(batches.length, 1)
    await clock.advance(7000)
    assert.equal(batches.length, 11)
  })

  it('gets figures that are the producer’s own at that moment', async () => {
    const { producer, clock, batches } = make()
    producer.start()
    await addMany(producer, 7)
    await clock.advance(1000)
    const [stats] = batches
    assert.deepEqual(
      [stats?.bufferSize, stats?.remaining, stats?.delivered, stats?.admitted, stats?.state],
      [2, 2, 5, 7, 'running'],
    )
  })

  it('gets no more of them after the last one of a stop, and goes on after a start', async () => {
    const { producer, clock, batches } = make()
    producer.start()
    await producer.stop()
    assert.deepEqual(
      batches.map(({ state }) => state),
      ['idle'],
    )
    await clock.advance(10_000)
    assert.equal(batches.length, 1)
    producer.start()
    await clock.advance(1000)
    assert.equal(batches.length, 2)
  })

  it('gets a last one from close, and nothing is armed then', async () => {
    const { producer, clock, batches } = make()
    producer.start()
    await addMany(producer, 3)
    await producer.close()
    assert.deepEqual(
      batches.map(({ state, recordsSentSuccessfullySinceLastStat }) => [
        state,
        recordsSentSuccessfullySinceLastStat,
      ]),
      [['closed', 3]],
    )
    await clock.advance(10_000)
    assert.deepEqual([batches.length, clock.armed.all], [1, 0])
  })

  it('is not needed: without one no timer is armed', () => {
    const { producer, clock } = createHarness({ flushInterval: 0 })
    producer.start()
    assert.equal(clock.armed.all, 0)
  })
})
