import { type Line, lineChart, type Mark, markList, rowChart, type Time } from './chart.js'
import { BUCKETS, type Latencies } from './latencies.js'
import { addUp, type RunStats, type Sample } from './samples.js'
import { STYLE } from './style.js'
import { html, seconds, short, whole } from './text.js'

/** All that a report shows. */
export interface RunFacts {
  readonly title: string
  readonly samples: readonly Sample[]
  readonly marks: readonly Mark[]
  readonly latencies: Latencies
  readonly producers: readonly { readonly name: string; readonly stats: RunStats }[]
}

/** Most rows of a table or a chart; the rest is counted. */
const MAX_ROWS = 24

type Counter = 'admitted' | 'delivered' | 'retries' | 'dropped'

/** What was counted a second, between each sample and the one before. */
const rates = (samples: readonly Sample[], counter: Counter): number[] =>
  samples.map((sample, i) => {
    const before = samples[i - 1]
    if (before === undefined || sample.at <= before.at) return 0
    return ((sample[counter] - before[counter]) * 1000) / (sample.at - before.at)
  })

const rate = (samples: readonly Sample[], counter: Counter, name: string, kind: string): Line => ({
  name,
  kind,
  values: rates(samples, counter),
})

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    `<tr>${row.map(cell => `<${tag}>${cell}</${tag}>`).join('')}</tr>`
  const more = rows.length - MAX_ROWS
  return `<div class="wide"><table><thead>${cells(head, 'th')}</thead><tbody>${rows
    .slice(0, MAX_ROWS)
    .map(row => cells(row, 'td'))
    .join('\n')}</tbody></table></div>${more > 0 ? `<p class="soft">and ${more} more</p>` : ''}`
}

const largestFirst = (counts: Readonly<Record<string, number>>): [string, number][] =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)

const law = (facts: RunFacts): string => {
  const total = { admitted: 0, delivered: 0, dropped: 0, remaining: 0 }
  for (const { stats } of facts.producers)
    for (const name of ['admitted', 'delivered', 'dropped', 'remaining'] as const)
      total[name] += stats[name]
  const holds = facts.producers.every(
    ({ stats }) => stats.admitted === stats.delivered + stats.dropped + stats.remaining,
  )
  return `<p class="law${holds ? '' : ' broken'}">admitted <b>${whole(total.admitted)}</b> = delivered <b>${whole(total.delivered)}</b> + dropped <b>${whole(total.dropped)}</b> + remaining <b>${whole(total.remaining)}</b> <span class="soft">${holds ? 'Every record is accounted for.' : 'DOES NOT HOLD'}</span></p>`
}

const producers = ({ producers: all }: RunFacts): string =>
  table(
    [
      'producer',
      'admitted',
      'delivered',
      'dropped',
      'remaining',
      'tried again',
      'possible duplicates',
      'requests',
      'failed',
    ],
    all.map(({ name, stats }) => [
      html(name),
      ...[stats.admitted, stats.delivered, stats.dropped, stats.remaining, stats.retries].map(
        whole,
      ),
      ...[stats.possibleDuplicates, stats.requests, stats.requestErrors].map(whole),
    ]),
  )

const counted = (what: string, counts: Readonly<Record<string, number>>): string => {
  const rows = largestFirst(counts)
  return rows.length === 0
    ? ''
    : table(
        [what, 'times'],
        rows.map(([name, count]) => [html(name), whole(count)]),
      )
}

const latency = ({ latencies }: RunFacts): string => {
  if (latencies.total === 0) return '<p class="soft">No request was reported: see onRequest.</p>'
  const most = Math.max(...latencies.counts)
  const rows = latencies.counts.flatMap((count, i) => {
    if (count === 0) return []
    const end = BUCKETS[i]
    const label =
      end === undefined ? `over ${seconds(BUCKETS.at(-1) ?? 0)}` : `up to ${whole(end)} ms`
    return [
      [
        label,
        whole(count),
        `${((count / latencies.total) * 100).toFixed(1)} %`,
        (count / most) * 100,
      ] as const,
    ]
  })
  const lines = rows.map(
    ([label, count, share, width]) =>
      `<tr><td>${label}</td><td>${count}</td><td>${share}</td><td class="bar"><i style="width:${width.toFixed(1)}%"></i></td></tr>`,
  )
  const quantiles = [0.5, 0.9, 0.99].map(
    q => `p${q * 100} up to ${whole(latencies.quantile(q))} ms`,
  )
  return `<p>${[...quantiles, `longest ${whole(latencies.max)} ms`].join(', ')}, of ${whole(latencies.total)} requests</p>
<div class="wide"><table><tbody>${lines.join('\n')}</tbody></table></div>`
}

const shards = ({ samples }: RunFacts, time: Time): string => {
  const rows = largestFirst(samples.at(-1)?.throttled ?? {})
  if (rows.length === 0) return '<p class="soft">No shard throttled.</p>'
  const history = rows.slice(0, MAX_ROWS).map(([name]) => ({
    name,
    rises: samples.map(
      ({ throttled }, i) =>
        (throttled[name] ?? 0) -
        (samples[i - 1]?.throttled[name] ?? (i === 0 ? (throttled[name] ?? 0) : 0)),
    ),
  }))
  const at = (i: number): string => (i < 0 ? '-' : seconds(samples[i]?.at ?? 0))
  return `${rowChart('Throttled', history, time)}${table(
    ['shard', 'throttled tries', 'first', 'last'],
    history.map(({ name, rises }, i) => [
      html(name),
      whole(rows[i]?.[1] ?? 0),
      at(rises.findIndex(rise => rise > 0)),
      at(rises.findLastIndex(rise => rise > 0)),
    ]),
  )}${rows.length > MAX_ROWS ? `<p class="soft">and ${rows.length - MAX_ROWS} more</p>` : ''}`
}

/** One page without anything beside it: charts are drawn here, not in the reader. */
export const pageOf = (facts: RunFacts): string => {
  const { samples, marks, title } = facts
  const end = samples.at(-1)?.at ?? 0
  const time: Time = { times: samples.map(({ at }) => at), end, marks }
  const stats = facts.producers.map(one => one.stats)
  const delivered = samples.at(-1)?.delivered ?? 0
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${html(title)}</title><style>${STYLE}</style></head><body>
<h1>${html(title)}</h1>
<p class="soft">${seconds(end)}, ${end === 0 ? '0' : short((delivered * 1000) / end)} records delivered a second</p>
${law(facts)}
${markList(time)}
${lineChart(
  'Records',
  'a second',
  [
    rate(samples, 'admitted', 'admitted', 'admitted'),
    rate(samples, 'delivered', 'delivered', 'delivered'),
    rate(samples, 'retries', 'tried again', 'retried'),
    rate(samples, 'dropped', 'dropped', 'dropped'),
  ],
  time,
)}
${lineChart('Buffered', 'bytes of records that are not settled', [{ name: 'buffered', kind: 'level', values: samples.map(one => one.remainingBytes), filled: true }], time)}
${lineChart('Requests', 'in flight', [{ name: 'in flight', kind: 'level', values: samples.map(one => one.requestsInFlight), filled: true }], time)}
<h2>Shards</h2>${shards(facts, time)}
<h2>Duration of requests</h2>${latency(facts)}
<h2>Producers</h2>${producers(facts)}
${counted('failed requests, by code', addUp(stats.map(one => one.requestErrorsByCode)))}
${counted('dropped records, by reason', addUp(stats.map(one => one.droppedByReason)))}
</body></html>
`
}
