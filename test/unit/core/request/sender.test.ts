import assert from 'node:assert/strict'
import { RequestTimeoutError, ShortResponseError } from '@kinesis-producer/core'
import type { StreamClient } from '@kinesis-producer/core/internal/client/stream-client'
import { isUnsent } from '@kinesis-producer/core/internal/client/unsent'
import type { OutgoingRecord } from '@kinesis-producer/core/internal/packing/outgoing'
import { type RequestOutcome, Sender } from '@kinesis-producer/core/internal/request/sender'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import { deferred } from '../../../support/core/fake-client.js'
import { plain } from '../../../support/core/outgoing.js'
import { settle, TestClock } from '../../../support/core/test-clock.js'

const STORED = { SequenceNumber: '1', ShardId: 'shardId-000000000000' }
const RECORD: OutgoingRecord = plain('x', 'k')

const make = (requestTimeout: number, putRecords: StreamClient['putRecords']) => {
  const clock = new TestClock()
  const sender = new Sender({ putRecords }, new Timers(clock), requestTimeout)
  const outcomes: RequestOutcome[] = []
  const send = (
    records: readonly OutgoingRecord[] | Promise<readonly OutgoingRecord[]>,
    count = 1,
  ) => {
    const built = { records, count, carriers: undefined, shards: undefined }
    const request = sender.send(built, true, outcome => void outcomes.push(outcome))
    request.start()
    return request
  }
  return { clock, outcomes, send }
}

const errorOf = (outcome: RequestOutcome | undefined): unknown => {
  assert.ok(outcome?.kind === 'failed' || outcome?.kind === 'unbuilt')
  return outcome.error
}

describe('sending a request', () => {
  it('reports what the answer says, and leaves no timer', async () => {
    const { outcomes, send, clock } = make(1000, async () => ({ Records: [STORED] }))
    send([RECORD])
    assert.equal(clock.armed.all, 1)
    await settle()
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['allStored'],
    )
    assert.equal(clock.armed.all, 0)
  })

  it('reports an answer of the wrong length as a failed request', async () => {
    const { outcomes, send } = make(1000, async () => ({ Records: [STORED, STORED] }))
    send([RECORD])
    await settle()
    assert.ok(errorOf(outcomes[0]) instanceof ShortResponseError)
  })

  it('reports what the client rejects with as it is', async () => {
    const { outcomes, send, clock } = make(1000, () => Promise.reject('no'))
    send([RECORD])
    await settle()
    assert.deepEqual(outcomes, [{ kind: 'failed', error: 'no' }])
    assert.equal(clock.armed.all, 0)
  })

  it('ends at requestTimeout with one outcome, aborted, whatever is answered later', async () => {
    const answer = deferred<unknown>()
    let signal: AbortSignal | undefined
    const { outcomes, send, clock } = make(1000, (_, given) => {
      signal = given
      return answer.promise
    })
    send([RECORD])
    await clock.advance(999)
    assert.deepEqual([outcomes.length, signal?.aborted], [0, false])
    await clock.advance(1)
    assert.ok(errorOf(outcomes[0]) instanceof RequestTimeoutError)
    assert.equal(signal?.aborted, true)
    answer.resolve({ Records: [STORED] })
    await settle()
    assert.equal(outcomes.length, 1)
  })

  it('is called lost before the client hears of the abort', async () => {
    const { outcomes, send, clock } = make(
      1000,
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted by the client')))
        }),
    )
    send([RECORD])
    await clock.advance(1000)
    assert.equal(outcomes.length, 1)
    assert.ok(errorOf(outcomes[0]) instanceof RequestTimeoutError)
  })

  it('takes as long as it likes with requestTimeout 0, without a timer', async () => {
    const answer = deferred<unknown>()
    const { outcomes, send, clock } = make(0, () => answer.promise)
    send([RECORD])
    assert.equal(clock.armed.all, 0)
    await clock.advance(2 ** 33)
    assert.equal(outcomes.length, 0)
    answer.resolve({ Records: [STORED] })
    await settle()
    assert.equal(outcomes[0]?.kind, 'allStored')
  })

  it('gives the answer a second more when the process was frozen past the deadline', async () => {
    const { outcomes, send, clock } = make(1000, () => new Promise(() => {}))
    send([RECORD])
    await clock.freeze(2001)
    assert.equal(outcomes.length, 0)
    await clock.advance(999)
    assert.equal(outcomes.length, 0)
    await clock.advance(1)
    assert.ok(errorOf(outcomes[0]) instanceof RequestTimeoutError)
  })

  it('gives no second more for a delay of a second or less', async () => {
    const { outcomes, send, clock } = make(1000, () => new Promise(() => {}))
    send([RECORD])
    await clock.freeze(2000)
    assert.equal(outcomes.length, 1)
  })

  it('takes the answer that lay in the socket while the process was frozen', async () => {
    const answer = deferred<unknown>()
    const { outcomes, send, clock } = make(1000, () => answer.promise)
    send([RECORD])
    await clock.freeze(3_600_000)
    answer.resolve({ Records: [STORED] })
    await settle()
    assert.equal(outcomes[0]?.kind, 'allStored')
    assert.equal(clock.armed.all, 0)
  })

  it('tells of no outcome once it was given up, and leaves no timer', async () => {
    const answer = deferred<unknown>()
    let signal: AbortSignal | undefined
    const { outcomes, send, clock } = make(1000, (_, given) => {
      signal = given
      return answer.promise
    })
    const request = send([RECORD])
    assert.equal(request.mayHaveLeft, true)
    request.abort()
    assert.deepEqual([signal?.aborted, clock.armed.all], [true, 0])
    answer.resolve({ Records: [STORED] })
    await clock.advance(10_000)
    assert.equal(outcomes.length, 0)
  })

  it('says that nothing has left when its time runs out while records are being compressed', async () => {
    const { outcomes, send, clock } = make(1000, () => assert.fail('the client is not called'))
    const request = send(new Promise(() => {}))
    await clock.advance(1100)
    const [outcome] = outcomes
    assert.ok(outcome?.kind === 'failed')
    assert.equal(isUnsent(outcome.error), true)
    assert.equal(request.mayHaveLeft, false)
  })

  it('waits for records that are still being compressed', async () => {
    const sent: unknown[] = []
    const ready = deferred<readonly OutgoingRecord[]>()
    const { outcomes, send } = make(1000, async records => {
      sent.push(records)
      return { Records: [STORED] }
    })
    send(ready.promise)
    await settle()
    assert.equal(sent.length, 0)
    ready.resolve([RECORD])
    await settle()
    assert.deepEqual(sent, [[RECORD]])
    assert.equal(outcomes[0]?.kind, 'allStored')
  })

  it('sends nothing that was given up while it was being compressed', async () => {
    let calls = 0
    const ready = deferred<readonly OutgoingRecord[]>()
    const { outcomes, send, clock } = make(1000, async () => {
      calls++
      return { Records: [STORED] }
    })
    send(ready.promise)
    await clock.advance(1000)
    ready.resolve([RECORD])
    await settle()
    assert.deepEqual([calls, outcomes.length], [0, 1])
  })

  it('tells records that cannot be made into a request apart from a request that failed', async () => {
    const cause = new Error('no MD5')
    const { outcomes, send, clock } = make(1000, () => assert.fail('nothing may leave'))
    send(Promise.reject(cause))
    await settle()
    assert.deepEqual(outcomes, [{ kind: 'unbuilt', error: cause }])
    assert.equal(clock.armed.all, 0)
  })
})
