import assert from 'node:assert/strict'
import { RequestTimeoutError } from '@kinesis-producer/core'
import { Restarts } from '@kinesis-producer/core/internal/time/restarts'
import { eventsOf, isForWorker } from '@kinesis-producer/core/internal/worker/protocol'
import { errorOf, toldError } from '@kinesis-producer/core/internal/worker/told-error'

describe('what the threads of a producer tell each other', () => {
  it('is passed over where it is nothing of theirs', () => {
    const news = { kind: 'news' }
    for (const message of [undefined, null, 'news', 7, {}, { kind: 'news' }])
      assert.deepEqual(eventsOf(message), [])
    const strange = [
      null,
      { kind: 'constructor' },
      { kind: 'stats' },
      { kind: 'delivered', slab: '1', index: 0, receipt: {} },
      { kind: 'dropped', slab: 1, index: 0, reason: 'whim', attempts: [] },
      { kind: 'log', level: 'constructor', message: 'x' },
    ]
    assert.deepEqual(eventsOf([...strange, news]), [news])
    assert.equal(isForWorker({ kind: 'wake' }), true)
    for (const message of [undefined, 'wake', { kind: 'toString' }])
      assert.equal(isForWorker(message), false)
  })

  it('keeps names and codes of errors, and bounds their words', () => {
    const timeout = errorOf(structuredClone(toldError(new RequestTimeoutError(30))))
    assert.equal(timeout.name, 'RequestTimeoutError')
    assert.equal(Reflect.get(timeout, 'code'), 'REQUEST_TIMEOUT')
    const socket = Object.assign(new TypeError('broken'), { code: 'ECONNRESET' })
    const told = errorOf(structuredClone(toldError(socket)))
    assert.deepEqual(
      [told.name, told.message, Reflect.get(told, 'code')],
      ['TypeError', 'broken', 'ECONNRESET'],
    )
    assert.ok(toldError(new Error('x'.repeat(1e6))).message.length < 3000)
    assert.equal(errorOf(toldError('a text')).message, 'a text')
  })
})

describe('restarts', () => {
  it('are allowed so many times a minute', () => {
    const restarts = new Restarts(2)
    assert.deepEqual(
      [0, 10, 20, 59_000, 60_011, 60_012].map(now => restarts.mayFollow(now)),
      [true, true, false, false, false, false],
    )
    assert.equal(restarts.mayFollow(200_000), true)
    assert.equal(new Restarts(0).mayFollow(0), false)
  })
})
