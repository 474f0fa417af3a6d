import assert from 'node:assert/strict'
import { DeliveryError, type DroppedRecord, type Receipt } from '@kinesis-producer/core'
import { UserCallbacks } from '@kinesis-producer/core/internal/callbacks/user-callbacks'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import { Settlement } from '@kinesis-producer/core/internal/settling/settlement'
import { Counters } from '@kinesis-producer/core/internal/stats/counters'
import { EventLog } from '@kinesis-producer/core/internal/stats/event-log'
import { WarningLimiter } from '@kinesis-producer/core/internal/stats/warning-limiter'
import { recordOf } from '../../../support/core/queue.js'

const make = ({ wantsDrops = true } = {}) => {
  const drops: DroppedRecord[] = []
  const messages: string[] = []
  const say = (message: string): void => void messages.push(message)
  const logger = { debug: say, info: say, warn: say, error: say }
  const callbacks = new UserCallbacks({
    onDrop: wantsDrops ? dropped => void drops.push(dropped) : undefined,
    onRequest: undefined,
    statReceiver: undefined,
    logger,
  })
  const counters = new Counters()
  const log = new EventLog(callbacks, new WarningLimiter(() => 0), 's', logger)
  const told = (): void => {
    log.stepEnded()
    callbacks.run()
  }
  return { settlement: new Settlement(counters, log, callbacks), counters, drops, messages, told }
}

const receipts = () => {
  const kept: Receipt[] = []
  const errors: unknown[] = []
  const waiter = {
    resolve: (receipt: Receipt) => void kept.push(receipt),
    reject: (error: unknown) => void errors.push(error),
  }
  return { kept, errors, waiter }
}

const record = (waiter?: ReturnType<typeof receipts>['waiter'], hashKey?: string): PendingRecord =>
  recordOf(1, {
    data: 'data',
    key: 'key',
    ...(hashKey !== undefined && { hashKey }),
    bytes: 7,
    at: 100,
    ...(waiter !== undefined && { waiter }),
  })

const failedTry = (code: string, ambiguous = false) => ({
  code,
  ambiguous,
  message: `${code} happened`,
  startedAt: 200,
  endedAt: 230,
})

describe('a delivered record', () => {
  it('is counted, with its bytes and the time', () => {
    const { settlement, counters } = make()
    settlement.delivered(record(), undefined, 200, 250)
    settlement.delivered(record(), undefined, 200, 260)
    assert.deepEqual(
      [counters.delivered, counters.bytesDelivered, counters.lastSuccessAt],
      [2, 14, 260],
    )
    assert.equal(counters.possibleDuplicates, 0)
  })

  it('gives its receipt the place and all attempts', () => {
    const { settlement } = make()
    const { kept, waiter } = receipts()
    const tried = record(waiter)
    tried.addFailedTry(failedTry('InternalFailure'))
    settlement.delivered(tried, { kind: 'stored', shardId: 's1', sequenceNumber: '9' }, 300, 350)
    assert.deepEqual(kept, [
      {
        shardId: 's1',
        sequenceNumber: '9',
        attempts: [
          {
            delay: 100,
            duration: 30,
            code: 'InternalFailure',
            message: 'InternalFailure happened',
            ambiguous: false,
          },
          { delay: 70, duration: 50, code: 'ok', ambiguous: false },
        ],
        possibleDuplicate: false,
      },
    ])
  })

  it('is a possible duplicate if an earlier try may have stored it', () => {
    const { settlement, counters } = make()
    const { kept, waiter } = receipts()
    const tried = record(waiter)
    tried.addFailedTry(failedTry('ECONNRESET', true))
    settlement.delivered(tried, undefined, 300, 350)
    assert.equal(counters.possibleDuplicates, 1)
    assert.deepEqual(
      kept.map(({ possibleDuplicate, shardId, sequenceNumber }) => [
        possibleDuplicate,
        shardId,
        sequenceNumber,
      ]),
      [[true, '', '']],
    )
  })

  it('is nothing when there is none', () => {
    const { settlement, counters } = make()
    settlement.delivered(undefined, undefined, 0, 0)
    settlement.dropped(undefined, 'rejected')
    assert.deepEqual([counters.delivered, counters.dropped], [0, 0])
  })
})

describe('a dropped record', () => {
  it('is counted by its reason, logged and handed back with all that is known', () => {
    const { settlement, counters, drops, messages, told } = make()
    const tried = record(undefined, '5')
    tried.addFailedTry(failedTry('InternalFailure', true))
    settlement.dropped(tried, 'maxAttempts')
    assert.deepEqual([counters.dropped, counters.droppedByReason.get('maxAttempts')], [1, 1])
    assert.equal(drops.length, 0, 'not within the step')
    told()
    const [drop] = drops
    assert.deepEqual(
      { ...drop, error: undefined },
      {
        record: { data: 'data', partitionKey: 'key', explicitHashKey: '5' },
        reason: 'maxAttempts',
        attempts: [
          {
            delay: 100,
            duration: 30,
            code: 'InternalFailure',
            message: 'InternalFailure happened',
            ambiguous: true,
          },
        ],
        error: undefined,
        possiblyDelivered: true,
      },
    )
    assert.match(String(drop?.error), /InternalFailure happened/)
    assert.deepEqual(messages, [
      'kinesis producer s: dropped: 1 record was given up (maxAttempts: InternalFailure happened)',
    ])
  })

  it('has no error when nothing was tried', () => {
    const { settlement, drops, told } = make()
    settlement.dropped(record(), 'expired')
    told()
    assert.deepEqual(drops, [
      {
        record: { data: 'data', partitionKey: 'key' },
        reason: 'expired',
        attempts: [],
        possiblyDelivered: false,
      },
    ])
  })

  it('is counted and logged where nobody asked for drops', () => {
    const { settlement, counters, messages, told } = make({ wantsDrops: false })
    settlement.dropped(record(), 'expired')
    told()
    assert.deepEqual([counters.dropped, messages.length], [1, 1])
  })

  it('rejects its receipt, wherever drops go', () => {
    for (const wantsDrops of [true, false]) {
      const { settlement } = make({ wantsDrops })
      const { errors, waiter } = receipts()
      const tried = record(waiter)
      tried.addFailedTry(failedTry('ValidationException', true))
      settlement.dropped(tried, 'rejected')
      const [error] = errors
      assert.ok(error instanceof DeliveryError)
      assert.deepEqual(
        [error.reason, error.possiblyDelivered, error.attempts.length, error.message],
        ['rejected', true, 1, 'record dropped: rejected'],
      )
      assert.match(String(error.cause), /ValidationException happened/)
      assert.ok(Object.isFrozen(error.attempts))
    }
  })
})

describe('a record that close() hands back', () => {
  it('rejects its receipt, and is neither dropped nor told of', () => {
    const { settlement, counters, drops, messages, told } = make()
    const { errors, waiter } = receipts()
    const tried = record(waiter)
    tried.addFailedTry(failedTry('ECONNRESET', true))
    settlement.leftOver(tried)
    settlement.leftOver(record())
    told()
    assert.deepEqual([counters.dropped, drops.length, messages.length], [0, 0, 0])
    const [error] = errors
    assert.ok(error instanceof DeliveryError)
    assert.deepEqual(
      [error.reason, error.possiblyDelivered, error.attempts.length, error.message],
      ['closed', true, 1, 'the producer was closed before the record was delivered'],
    )
    assert.match(String(error.cause), /ECONNRESET happened/)
    assert.ok(Object.isFrozen(error.attempts))
  })
})
