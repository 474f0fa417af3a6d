import assert from 'node:assert/strict'
import { type BatchProducer, ProducerError } from '@kinesis-producer/core'
import { deferred } from '../../support/core/fake-client.js'
import { addMany, assertLaw, createHarness } from '../../support/core/harness.js'
import { settle } from '../../support/core/test-clock.js'

/** Every call that changes or awaits the state, its outcome in one word. */
const CALLS = {
  start: async (producer: BatchProducer) => producer.start(),
  stop: (producer: BatchProducer) => producer.stop(),
  drain: async (producer: BatchProducer) => left((await producer.drain()).remaining),
  flush: async (producer: BatchProducer) => left((await producer.flush()).remaining),
  close: async (producer: BatchProducer) => left((await producer.close()).leftover.length),
  dispose: (producer: BatchProducer) => producer[Symbol.asyncDispose](),
  aborted: async (producer: BatchProducer) =>
    left((await producer.flush(0, false, { signal: AbortSignal.abort() })).remaining),
  add: (producer: BatchProducer) => producer.add('extra', 'extra'),
  put: async (producer: BatchProducer) => void (await producer.put('extra', 'extra')),
} as const
type Call = keyof typeof CALLS

const left = (count: number): string => (count === 0 ? 'all sent' : `${count} left`)

const outcomeOf = (producer: BatchProducer, call: Call): Promise<string> =>
  CALLS[call](producer).then(
    result => result ?? 'ok',
    (error: unknown) => {
      assert.ok(error instanceof ProducerError, String(error))
      return error.code
    },
  )

/**
 * Five records are admitted, a request with two of them is under way, then both calls are made at
 * once and the request is answered: what each call says, the state in the end, and what remains.
 */
const TABLE: Readonly<Record<Call, Readonly<Record<Call, string>>>> = {
  start: row('ALREADY_STARTED', {
    start: 'ALREADY_STARTED running 1',
    stop: 'ok idle 3',
    drain: 'all sent running 0',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left idle 3',
    add: 'ok running 0',
    put: 'ok running 0',
  }),
  stop: row('ok', {
    start: 'ALREADY_STARTED idle 3',
    stop: 'ALREADY_STOPPED idle 3',
    drain: 'NOT_RUNNING idle 3',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left idle 3',
    add: 'NOT_RUNNING idle 3',
    put: 'NOT_RUNNING idle 3',
  }),
  drain: row('all sent', {
    start: 'ALREADY_STARTED running 0',
    stop: 'ok idle 3 / 5 left',
    drain: 'all sent running 0',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left idle 3 / 5 left',
    add: 'ok running 0',
    put: 'ok running 0',
  }),
  flush: row('all sent', {
    start: 'ALREADY_STARTED idle 0',
    stop: 'ALREADY_STOPPED idle 0',
    drain: 'all sent idle 0',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left idle 0',
    add: 'NOT_RUNNING idle 0',
    put: 'NOT_RUNNING idle 0',
  }),
  close: row('all sent', {
    start: 'CLOSED closed 0',
    stop: 'ALREADY_STOPPED closed 0',
    drain: 'all sent closed 0',
    flush: 'all sent closed 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left closed 0',
    add: 'CLOSED closed 0',
    put: 'CLOSED closed 0',
  }),
  dispose: row('ok', {
    start: 'CLOSED closed 0',
    stop: 'ALREADY_STOPPED closed 0',
    drain: 'all sent closed 0',
    flush: 'all sent closed 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left closed 0',
    add: 'CLOSED closed 0',
    put: 'CLOSED closed 0',
  }),
  aborted: row('5 left', {
    start: 'ALREADY_STARTED idle 3',
    stop: 'ALREADY_STOPPED idle 3',
    drain: '5 left idle 3',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '5 left idle 3',
    add: 'NOT_RUNNING idle 3',
    put: 'NOT_RUNNING idle 3',
  }),
  add: row('ok', {
    start: 'ALREADY_STARTED running 0',
    stop: 'ok idle 4',
    drain: 'all sent running 0',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '6 left idle 4',
    add: 'ok running 1',
    put: 'waits running 1',
  }),
  put: row('ok', {
    start: 'ALREADY_STARTED running 0',
    stop: 'ok idle 4 / waits',
    drain: 'all sent running 0',
    flush: 'all sent idle 0',
    close: 'all sent closed 0',
    dispose: 'ok closed 0',
    aborted: '6 left idle 4 / waits',
    add: 'ok running 1',
    put: 'waits running 1',
  }),
}

/** Each cell: the second call's outcome, the last state, what remains; after a slash the first's, if not as usual. */
function row(first: string, cells: Record<Call, string>): Record<Call, string> {
  const whole = (cell: string): string => (cell.includes(' / ') ? cell : `${cell} / ${first}`)
  return {
    start: whole(cells.start),
    stop: whole(cells.stop),
    drain: whole(cells.drain),
    flush: whole(cells.flush),
    close: whole(cells.close),
    dispose: whole(cells.dispose),
    aborted: whole(cells.aborted),
    add: whole(cells.add),
    put: whole(cells.put),
  }
}

const run = async (first: Call, second: Call): Promise<string> => {
  const answer = deferred<void>()
  const { client, producer, clock } = createHarness(
    { batchSize: 2, flushInterval: 0, maxInFlight: 1 },
    async request => {
      await answer.promise
      return client.store(request)
    },
  )
  producer.start()
  await addMany(producer, 5)
  await settle()
  let [one, two] = ['waits', 'waits']
  const both = [
    outcomeOf(producer, first).then(outcome => (one = outcome)),
    outcomeOf(producer, second).then(outcome => (two = outcome)),
  ]
  answer.resolve()
  await settle()
  assertLaw(producer)
  const { state, remaining } = producer.stats()
  const text = `${two} ${state} ${remaining} / ${one}`
  // Nothing stays pending for ever: a receipt that still waits gets its answer from a close.
  await producer.close()
  await Promise.all(both)
  assert.equal(clock.armed.all, 0, 'no timer is left')
  return text
}

describe('two lifecycle calls at once', () => {
  for (const first of Object.keys(TABLE) as Call[]) {
    it(`${first} and any other have the outcome the table says`, async () => {
      const seen: Record<string, string> = {}
      for (const second of Object.keys(TABLE) as Call[]) seen[second] = await run(first, second)
      assert.deepEqual(seen, TABLE[first])
    })
  }
})
