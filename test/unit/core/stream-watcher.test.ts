import assert from 'node:assert/strict'
import type {
  OpenShard,
  StreamSource,
  StreamSummary,
} from '@kinesis-producer/core/internal/stream/describe'
import { StreamWatcher } from '@kinesis-producer/core/internal/stream/stream-watcher'
import { Timers } from '@kinesis-producer/core/internal/time/timers'
import { settle, TestClock } from '../../support/core/test-clock.js'

const SHARD: OpenShard = { id: 's', first: 0, last: 1 }
const KIB = 1024
const MIB = 1024 * KIB

const setUp = (source: StreamSource, interest: object = {}) => {
  const clock = new TestClock()
  const told: unknown[][] = []
  const tell =
    (what: string) =>
    (...args: unknown[]): void =>
      void told.push([what, ...args])
  const watcher = new StreamWatcher({
    source,
    timers: new Timers(clock),
    interest: { recordLimit: true, aggregation: true, shards: true, ...interest },
    recordLimit: tell('limit'),
    aggregation: tell('aggregation'),
    shards: tell('shards'),
    warnings: {
      aggregationRefused: tell('refused'),
      unchecked: tell('unchecked'),
      shardsUnknown: tell('unknown'),
    },
  })
  return { clock, told, watcher, kinds: () => told.map(([what]) => what) }
}

const summary = (
  maxRecordBytes: number | undefined,
  serviceDistributed = false,
): StreamSummary => ({
  maxRecordBytes,
  serviceDistributed,
})

describe('the watcher of a stream', () => {
  it('tells the record limit, whether aggregates are readable, and the shards', async () => {
    const { told, watcher } = setUp({
      describe: async () => summary(2 * MIB),
      listShards: async () => [SHARD],
    })
    watcher.started()
    await settle()
    assert.deepEqual(told, [
      ['limit', 2 * MIB],
      ['aggregation', true],
      ['shards', [SHARD]],
    ])
  })

  it('asks only what matters', async () => {
    let asked = 0
    const { watcher, told } = setUp(
      { describe: async () => (asked++, summary(1)), listShards: async () => (asked++, []) },
      { recordLimit: false, aggregation: false, shards: false },
    )
    watcher.started()
    watcher.shardsChanged()
    await settle()
    assert.equal(asked, 0)
    assert.deepEqual(told, [])
  })

  for (const [said, limit] of [
    [KIB, MIB],
    [4 * MIB, 4 * MIB],
    [100 * MIB, 10 * MIB],
    [undefined, undefined],
  ] as const) {
    it(`takes a limit of ${said} bytes for ${limit}`, async () => {
      const { watcher, told } = setUp(
        { describe: async () => summary(said) },
        { aggregation: false },
      )
      watcher.started()
      await settle()
      assert.deepEqual(told, limit === undefined ? [] : [['limit', limit]])
    })
  }

  it('refuses aggregates where the service distributes the records', async () => {
    const { told, watcher } = setUp({ describe: async () => summary(undefined, true) })
    watcher.started()
    await settle()
    assert.deepEqual(told, [['aggregation', false], ['refused']])
  })

  it('allows aggregates where it cannot ask, and says so where it was refused', async () => {
    const putOnly = setUp({})
    putOnly.watcher.started()
    assert.deepEqual(putOnly.told, [['aggregation', true]])
    const refused = setUp({ describe: () => Promise.reject(new Error('denied')) })
    refused.watcher.started()
    await settle()
    assert.deepEqual(refused.kinds(), ['aggregation', 'unchecked'])
  })

  it('gives a question ten seconds, whether or not the client heeds the signal', async () => {
    const signals: AbortSignal[] = []
    const never = (signal: AbortSignal): Promise<never> => {
      signals.push(signal)
      return new Promise(() => {})
    }
    const { clock, watcher, kinds } = setUp({ describe: never, listShards: never })
    watcher.started()
    await clock.advance(9999)
    assert.deepEqual(kinds(), [])
    await clock.advance(1)
    assert.deepEqual(new Set(kinds()), new Set(['aggregation', 'unchecked', 'unknown']))
    assert.ok(signals.every(({ aborted }) => aborted))
  })

  it('asks for the shards again, later and later, and soon again after a success', async () => {
    const asked: number[] = []
    let fails = true
    const { clock, watcher, told } = setUp({
      listShards: async () => {
        asked.push(clock.now())
        if (fails) throw new Error('denied')
        return [SHARD]
      },
    })
    watcher.started()
    await clock.advance(20_000)
    assert.deepEqual(asked, [0, 1000, 3000, 7000, 15_000])
    await clock.advance(200_000)
    assert.deepEqual(asked.slice(5), [31_000, 63_000, 123_000, 183_000])
    fails = false
    await clock.advance(60_000)
    assert.deepEqual(told.at(-1), ['shards', [SHARD]])
    fails = true
    watcher.shardsChanged()
    await settle()
    asked.length = 0
    const now = clock.now()
    await clock.advance(1000)
    assert.deepEqual(asked, [now + 1000], 'the backoff began anew')
  })

  it('forgets the shards when they changed, and asks at once the first time', async () => {
    const asked: number[] = []
    const { clock, watcher, told } = setUp({
      listShards: async () => {
        asked.push(clock.now())
        return [SHARD]
      },
    })
    watcher.started()
    await settle()
    watcher.shardsChanged()
    assert.deepEqual(told.at(-1), ['shards', []])
    watcher.shardsChanged()
    await settle()
    assert.deepEqual(asked, [0, 0])
    watcher.shardsChanged()
    await clock.advance(1999)
    assert.equal(asked.length, 2)
    await clock.advance(1)
    assert.equal(asked.length, 3, 'later the second time')
    await clock.advance(600_001)
    watcher.shardsChanged()
    await settle()
    assert.equal(asked.length, 4, 'at once after a long quiet')
  })

  it('does nothing any more once it is stopped, whatever was under way', async () => {
    let fail: (error: Error) => void = () => {}
    let asked = 0
    const signals: AbortSignal[] = []
    const { clock, watcher, told } = setUp({
      listShards: signal => {
        asked++
        signals.push(signal)
        return new Promise((_resolve, reject) => {
          fail = reject
        })
      },
    })
    watcher.started()
    told.length = 0
    watcher.stop()
    assert.equal(signals[0]?.aborted, true)
    fail(new Error('aborted'))
    await clock.advance(1_000_000)
    watcher.shardsChanged()
    await clock.advance(1_000_000)
    assert.equal(asked, 1)
    assert.deepEqual(told, [])
    assert.equal(clock.armed.all, 0)
  })

  it('starts again after a stop, and does not hear the answer of before', async () => {
    const answers: ((shards: readonly OpenShard[]) => void)[] = []
    const { watcher, told } = setUp(
      { listShards: () => new Promise(resolve => void answers.push(resolve)) },
      { aggregation: false },
    )
    watcher.started()
    watcher.stop()
    watcher.started()
    answers[0]?.([])
    await settle()
    assert.deepEqual(told, [])
    answers[1]?.([SHARD])
    await settle()
    assert.deepEqual(told, [['shards', [SHARD]]])
  })

  it('takes a client that throws for one that rejects', async () => {
    const { watcher, kinds } = setUp({
      describe: () => {
        throw new Error('at once')
      },
    })
    watcher.started()
    await settle()
    assert.deepEqual(kinds(), ['aggregation', 'unchecked'])
  })
})
