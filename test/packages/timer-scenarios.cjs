// What a user's own tests do with a producer while timers are faked. `advance` moves the fake time on.
const assert = require('node:assert/strict')
const { access } = require('node:fs/promises')

/** A turn of the event loop that no fake timers hold up: real input and output. */
const turn = () => access(__filename)
const until = async (what, holds) => {
  for (let i = 0; i < 500 && !holds(); i++) await turn()
  assert.ok(holds(), what)
}

/** Moves time on in steps, with real turns between them: a real answer takes real time. */
const advanceUntil = async (what, advance, ms, holds) => {
  for (let i = 0; i < 500 && !holds(); i++) {
    await advance(ms)
    await turn()
  }
  assert.ok(holds(), what)
}

class FakeClient {
  failures = 0
  requests = 0
  answered = 0
  async putRecords({ Records }) {
    this.requests++
    await turn()
    this.answered++
    if (this.failures-- > 0) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' })
    const results = Records.map((_, i) => ({ SequenceNumber: `${i}`, ShardId: 'shardId-0' }))
    return { FailedRecordCount: 0, Records: results }
  }
}

const create = (BatchProducer, config) => {
  const client = new FakeClient()
  const producer = new BatchProducer(client, 's', { batchSize: 10, logger: false, ...config })
  producer.start()
  return { client, producer }
}

module.exports = {
  'a record leaves when the flush interval ends': async (BatchProducer, advance) => {
    const { client, producer } = create(BatchProducer, { flushInterval: 1000 })
    await producer.add('a', 'k')
    await advance(900)
    assert.equal(client.requests, 0)
    await advance(100)
    await until('delivered', () => producer.stats().delivered === 1)
    await producer.close()
  },
  'a request that failed is sent again when its backoff ends': async (BatchProducer, advance) => {
    const { client, producer } = create(BatchProducer, { flushInterval: 1000, random: () => 0.99 })
    client.failures = 2
    await producer.add('a', 'k')
    await advance(1000)
    await until('answered', () => client.answered === 1)
    for (let i = 0; i < 20; i++) await turn()
    assert.equal(client.requests, 1, 'no time has passed')
    await advanceUntil('delivered', advance, 20, () => producer.stats().delivered === 1)
    assert.equal(client.requests, 3)
    await producer.close()
  },
  'a request without an answer ends at its timeout': async (BatchProducer, advance) => {
    const { client, producer } = create(BatchProducer, {
      flushInterval: 1000,
      requestTimeout: 5000,
    })
    const putRecords = client.putRecords.bind(client)
    client.putRecords = (request, { abortSignal }) => {
      client.putRecords = putRecords
      return new Promise((_, reject) => {
        abortSignal.addEventListener('abort', () => reject(abortSignal.reason))
      })
    }
    await producer.add('a', 'k')
    await advanceUntil('delivered', advance, 500, () => producer.stats().delivered === 1)
    await producer.close()
  },
  'requests leave and are answered while a loop awaits add': async (BatchProducer, advance) => {
    const { client, producer } = create(BatchProducer, { flushInterval: 1000 })
    for (let i = 0; i < 5000; i++) await producer.add(`${i}`, `${i}`)
    assert.ok(producer.stats().delivered > 0, `no answer among ${client.requests} requests`)
    await advanceUntil('delivered', advance, 100, () => producer.stats().delivered === 5000)
    await producer.close()
  },
  'flush ends at its deadline': async (BatchProducer, advance) => {
    const { client, producer } = create(BatchProducer, { flushInterval: 1000 })
    client.failures = Infinity
    await producer.add('a', 'k')
    const ended = async promise => {
      let result
      promise.then(value => (result = value))
      await advanceUntil('ended', advance, 100, () => result !== undefined)
      return result
    }
    assert.deepEqual(await ended(producer.flush(3000)), { sent: 0, remaining: 1 })
    assert.equal((await ended(producer.close(100))).leftover.length, 1)
  },
}
