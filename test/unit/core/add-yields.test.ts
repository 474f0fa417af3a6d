import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { BatchProducer } from '@kinesis-producer/core'
import { WHEN_FULL } from '@kinesis-producer/core/internal/config/options'
import { FakeClient } from '../../support/core/fake-client.js'
import { assertLaw } from '../../support/core/harness.js'

describe('an awaited add in a tight loop', () => {
  for (const whenFull of WHEN_FULL) {
    it(`lets requests leave meanwhile, and all are delivered (${whenFull})`, async () => {
      const client = new FakeClient()
      const producer = new BatchProducer(client, 's', {
        batchSize: 500,
        bufferSize: 5000,
        flushInterval: 0,
        whenFull,
        logger: false,
      })
      producer.start()
      let largest = 0
      for (let i = 0; i < 20_000; i++) {
        await producer.add('x', 'k')
        if (i % 100 === 0) largest = Math.max(largest, producer.stats().remaining)
      }
      assert.ok(client.calls.length >= 35, `${client.calls.length} requests`)
      assert.ok(largest < 5000, `${largest} waited`)
      await producer.close()
      assert.deepEqual([producer.stats().delivered, producer.stats().dropped], [20_000, 0])
      assertLaw(producer)
    })
  }

  it('lets requests leave meanwhile with every timer of the process faked', async () => {
    mock.timers.enable({ apis: ['setImmediate', 'setTimeout', 'setInterval', 'Date'] })
    try {
      const client = new FakeClient()
      const producer = new BatchProducer(client, 's', {
        batchSize: 500,
        bufferSize: 5000,
        flushInterval: 0,
        logger: false,
      })
      producer.start()
      for (let i = 0; i < 20_000; i++) await producer.add('x', 'k')
      assert.ok(client.calls.length >= 35, `${client.calls.length} requests`)
      const { sent, leftover } = await producer.close()
      assert.ok(sent >= 0)
      assert.deepEqual([leftover.length, producer.stats().delivered], [0, 20_000])
    } finally {
      mock.timers.reset()
    }
  })
}).timeout(20_000)
