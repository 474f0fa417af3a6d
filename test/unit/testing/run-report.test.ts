import assert from 'node:assert/strict'
import { ceiling } from '@kinesis-producer/testing/internal/report/chart'
import { Latencies } from '@kinesis-producer/testing/internal/report/latencies'
import { type Sample, Samples } from '@kinesis-producer/testing/internal/report/samples'
import { createRunReport, type RunStats } from '@kinesis-producer/testing/report'

const STATS: RunStats = {
  admitted: 0,
  delivered: 0,
  dropped: 0,
  droppedByReason: {},
  remaining: 0,
  remainingBytes: 0,
  retries: 0,
  requests: 0,
  requestsInFlight: 0,
  requestErrors: 0,
  requestErrorsByCode: {},
  possibleDuplicates: 0,
  throttledByShard: {},
}

/** A producer that says what it is told, and a clock. */
const scene = (title?: string, maxSamples?: number) => {
  const now = { stats: STATS, time: 0 }
  const report = createRunReport(
    { stats: () => now.stats },
    { interval: 0, now: () => now.time, title, maxSamples },
  )
  const at = (time: number, stats: Partial<RunStats>): void => {
    now.time = time
    now.stats = { ...now.stats, ...stats }
    report.sample()
  }
  return { report, at }
}

describe('the report of a run', () => {
  it('shows the law, rates, levels, shards and marks', () => {
    const { report, at } = scene()
    at(1000, { admitted: 500, remaining: 500, remainingBytes: 2_000_000, requestsInFlight: 3 })
    report.mark('outage')
    at(2000, { delivered: 400, remaining: 100, retries: 20, throttledByShard: { 'shardId-7': 20 } })
    report.mark(undefined)
    at(4000, {
      delivered: 490,
      dropped: 10,
      remaining: 0,
      droppedByReason: { expired: 10 },
      requestErrorsByCode: { InternalFailure: 3 },
    })
    for (const duration of [4, 40, 40, 400]) report.onRequest({ duration })
    const page = report.html()
    assert.match(
      page,
      /admitted <b>500<\/b> = delivered <b>490<\/b> \+ dropped <b>10<\/b> \+ remaining <b>0<\/b>/,
    )
    assert.match(page, /Every record is accounted for/)
    assert.match(page, /admitted <b>max 500<\/b>/)
    assert.match(page, /delivered <b>max 400<\/b>/)
    assert.match(page, /buffered <b>max 2 M<\/b>/)
    assert.match(page, /<b>1\.0 s to 2\.0 s<\/b> outage/)
    assert.match(page, /<td>shardId-7<\/td><td>20<\/td><td>2\.0 s<\/td><td>2\.0 s<\/td>/)
    assert.match(page, /p50 up to 50 ms, .*longest 400 ms, of 4 requests/)
    assert.match(page, /<td>expired<\/td><td>10<\/td>/)
    assert.match(page, /<td>InternalFailure<\/td><td>3<\/td>/)
    assert.doesNotMatch(page, /NaN|Infinity|undefined|<script/)
  })

  it('says so when a record is missing', () => {
    const { report, at } = scene()
    at(1000, { admitted: 5, delivered: 4 })
    assert.match(report.html(), /law broken.*DOES NOT HOLD/s)
  })

  it('is a page before anything happened', () => {
    assert.doesNotMatch(scene().report.html(), /NaN|Infinity|undefined/)
  })

  it('takes every text for text', () => {
    const hostile = '</title><script>alert(1)</script>"\'&\u0000\u202e\ud800'
    const { report, at } = scene(hostile)
    report.mark(hostile)
    at(1000, {
      throttledByShard: Object.fromEntries([
        [hostile, 3],
        ['__proto__', 2],
        ['x'.repeat(5000), 1],
      ]),
      requestErrorsByCode: { [hostile]: 1 },
    })
    const page = report.html()
    assert.doesNotMatch(page, /<script|alert\(1\)<\/|[^\P{Cc}\n]|\p{Cf}/u)
    assert.ok(page.includes('&lt;/title&gt;&lt;script&gt;'))
    assert.ok(page.includes('<td>__proto__</td>'))
    assert.ok(!page.includes('x'.repeat(400)))
    assert.ok(page.isWellFormed())
  })

  it('stays small, however long the run and however many the shards', () => {
    const { report, at } = scene('long', 50)
    for (let i = 1; i < 5000; i++)
      at(i * 100, {
        admitted: i,
        delivered: i,
        remainingBytes: i === 2500 ? 1e9 : 0,
        throttledByShard: Object.fromEntries(
          Array.from({ length: 100 }, (_, n) => [`shard-${n}`, i]),
        ),
      })
    const page = report.html()
    assert.ok(page.length < 200_000, `${page.length}`)
    assert.match(page, /buffered <b>max 1 G<\/b>/, 'the peak stays')
    assert.match(page, /and 76 more/)
  })

  it('refuses unknown options', () => {
    const options = { tilte: 'x' } as object
    assert.throws(() => createRunReport({ stats: () => STATS }, options), {
      name: 'ConfigError',
      message: 'RunReportOptions has no option "tilte"; did you mean "title"?',
    })
  })

  it('keeps the first and the last sample, times in order, and no more than it may', () => {
    const samples = new Samples(10)
    const sample = (at: number): Sample => ({
      at,
      admitted: at,
      delivered: 0,
      dropped: 0,
      retries: 0,
      remainingBytes: at % 7,
      requestsInFlight: 0,
      throttled: {},
    })
    for (let i = 0; i <= 1000; i++) {
      samples.add(sample(i))
      const { list } = samples
      assert.ok(list.length <= 12)
      assert.equal(list[0]?.at, 0)
      assert.equal(list.at(-1)?.at, i)
      assert.ok(list.every(({ at }, n) => n === 0 || at > (list[n - 1]?.at ?? 0)))
    }
  })

  it('finds quantiles and round tops', () => {
    const latencies = new Latencies()
    for (let i = 0; i < 99; i++) latencies.add(3)
    latencies.add(60_000)
    assert.deepEqual(
      [0.5, 0.99, 1].map(q => latencies.quantile(q)),
      [5, 5, 60_000],
    )
    assert.deepEqual([0, 0.3, 1, 7, 12, 400, 5001].map(ceiling), [1, 0.5, 1, 10, 20, 500, 10_000])
  })
})
