import assert from 'node:assert/strict'
import { DrainWaits } from '@kinesis-producer/core/internal/lifecycle/drain-waits'
import type { Batch } from '@kinesis-producer/core/internal/queue/batch'
import { RecordQueue } from '@kinesis-producer/core/internal/queue/record-queue'
import { NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import { packingOf } from '../../../support/core/packable.js'
import { settle, TestClock } from '../../../support/core/test-clock.js'

const make = () => {
  const clock = new TestClock()
  const timers = new Timers(clock)
  const queue = new RecordQueue(
    {
      bufferSize: 100,
      bufferBytes: 1000,
      ordered: false,
      recordTtl: 0,
      dueRecords: 1,
      dueBytes: 100,
      random: () => 0.5,
    },
    new SlabStore(1000, NO_FRAMING),
  )
  const waits = new DrainWaits(queue, timers)
  const { packer } = packingOf({ kind: 'none' })
  const add = (): void => {
    queue.admit('x', 'k', undefined, 2, 0, undefined, undefined)
  }
  const take = (count: number): Batch => {
    const options = { now: 0, maxRecords: count, alternates: false }
    const batch = queue.take(packer.open(count), true, options)
    assert.ok(batch !== undefined)
    return batch
  }
  const settleOldest = (count = 1): void => queue.stored(take(count))
  /** The wait, and what it resolved with so far. */
  const wait = (timeoutMs = 0, signal?: AbortSignal) => {
    const ended: number[] = []
    void waits.wait({ timeoutMs, signal }).then(left => ended.push(left))
    return ended
  }
  return { clock, timers, queue, waits, add, take, settleOldest, wait }
}

describe('waiting until records are settled', () => {
  it('ends at once when there are none', async () => {
    const { waits, clock } = make()
    assert.equal(await waits.wait({ timeoutMs: 1000, signal: undefined }), 0)
    assert.deepEqual([waits.active, clock.armed.all], [false, 0])
  })

  it('ends when those admitted before it are settled, whatever came later', async () => {
    const { waits, add, settleOldest, wait, queue } = make()
    add()
    add()
    const ended = wait()
    add()
    settleOldest()
    waits.check()
    await settle()
    assert.deepEqual([ended, waits.active], [[], true])
    settleOldest()
    waits.check()
    await settle()
    assert.deepEqual([ended, waits.active, queue.records], [[0], false, 1])
  })

  it('goes on while one of them is in flight', async () => {
    const { waits, add, take, wait, queue } = make()
    add()
    const batch = take(1)
    const ended = wait()
    waits.check()
    await settle()
    assert.deepEqual(ended, [])
    queue.stored(batch)
    waits.check()
    await settle()
    assert.deepEqual(ended, [0])
  })

  it('ends at its deadline, with the number of those that are left', async () => {
    const { add, wait, clock, waits, settleOldest } = make()
    add()
    add()
    const [short, long] = [wait(100), wait(200)]
    add()
    settleOldest()
    await clock.advance(100)
    assert.deepEqual([short, long, waits.active], [[1], [], true])
    await clock.advance(100)
    assert.deepEqual([long, waits.active, clock.armed.all], [[1], false, 0])
  })

  it('has no deadline with 0, and arms no timer then', () => {
    const { add, wait, clock } = make()
    add()
    wait(0)
    assert.equal(clock.armed.all, 0)
  })

  it('leaves neither timer nor listener when it ended', async () => {
    const { add, wait, clock, waits } = make()
    add()
    const { signal } = new AbortController()
    let listeners = 0
    const add_ = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add_>) => {
      listeners++
      add_(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const ended = wait(1000, signal)
    assert.deepEqual([listeners, clock.armed.all], [1, 1])
    waits.endAll()
    await settle()
    assert.deepEqual([ended, listeners, clock.armed.all], [[1], 0, 0])
  })

  it('ends when its signal aborts, and at once when it has', async () => {
    const { add, wait, waits } = make()
    add()
    const controller = new AbortController()
    const ended = wait(0, controller.signal)
    await settle()
    assert.deepEqual(ended, [])
    controller.abort()
    await settle()
    assert.deepEqual([ended, waits.active], [[1], false])
    assert.equal(await waits.wait({ timeoutMs: 0, signal: controller.signal }), 1)
    assert.equal(waits.active, false)
  })

  it('keeps the process alive, once for all who wait', async () => {
    const { add, wait, clock, timers, waits, settleOldest } = make()
    timers.after(10_000, () => {})
    add()
    const ended = [wait(100), wait()]
    assert.equal(clock.armed.keepingAlive, 2)
    await clock.advance(100)
    assert.deepEqual([ended[0], clock.armed.keepingAlive], [[1], 1])
    settleOldest()
    waits.check()
    assert.equal(clock.armed.keepingAlive, 0)
  })
})
