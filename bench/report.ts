import type { Cost } from './cost.js'
import type { Form, Target } from './load.js'

/** What a process that runs one case is told. */
export interface CaseOrder {
  readonly name: string
  readonly target: Target
  /** Where the stub says what has arrived. */
  readonly counter: string
  readonly counts: boolean
  readonly records: number
  readonly size: number
  readonly form: Form
  readonly warm: boolean
  readonly bufferSize: number
}

/** What it prints. */
export interface CaseFigures {
  /** CPU microseconds a record. */
  readonly micros: number
  /** Records a second, from the first to the last answer. */
  readonly perSecond: number
  /** How late the event loop was, 99th percentile, ms. */
  readonly loopP99: number
  readonly peakMiB: number
  /** Records that the stub got; undefined if it was not asked. */
  readonly arrived: number | undefined
}

/** Cases that ran in turn under the same conditions. */
export interface Race {
  readonly title: string
  readonly rounds: number
  readonly records: number
  /** Far from the service, records a second count rather than CPU. */
  readonly far: boolean
  readonly results: ReadonlyMap<string, readonly CaseFigures[]>
}

export const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

/** Median of one of the figures. */
export const medianOf = (
  all: readonly CaseFigures[],
  figure: Exclude<keyof CaseFigures, 'arrived'>,
): number => median(all.map(one => one[figure]))

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, 3, ...rows.map(row => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

export const raceTable = ({ results, far }: Race): string => {
  const floor = medianOf(results.get('floor') ?? [], 'micros')
  return table(
    [
      '',
      'CPU s per million',
      far ? '' : 'x floor',
      'lowest to highest',
      'records/s',
      'loop p99, ms',
      'peak MiB',
    ],
    [...results].map(([name, all]) => {
      const micros = all.map(one => one.micros)
      return [
        name,
        median(micros).toFixed(2),
        far ? '' : (median(micros) / floor).toFixed(2),
        `${Math.min(...micros).toFixed(2)} to ${Math.max(...micros).toFixed(2)}`,
        whole(medianOf(all, 'perSecond')),
        medianOf(all, 'loopP99').toFixed(1),
        whole(Math.max(...all.map(one => one.peakMiB))),
      ]
    }),
  )
}

/** What the stub counted: every case ends with an error if a record is missing, or came twice. */
export const arrivals = (races: readonly Race[]): string => {
  let [cases, records] = [0, 0]
  for (const { results } of races)
    for (const { arrived } of [...results.values()].flat())
      if (arrived !== undefined) [cases, records] = [cases + 1, records + arrived]
  return cases === 0
    ? 'Nothing was counted: the stub is not ours.'
    : `No loss: in ${whole(cases)} runs the stub counted ${whole(records)} records, in each run exactly those that were sent.`
}

export const costTable = (costs: readonly Cost[]): string =>
  table(
    ['packing', 'requests', 'Kinesis records', 'payload units', 'lines a second and shard'],
    costs.map(cost => [
      cost.name,
      whole(cost.requests),
      whole(cost.records),
      whole(cost.units),
      whole(cost.linesPerShardSecond),
    ]),
  )

export const figureTable = (head: string, figures: Readonly<Record<string, number>>): string =>
  table(
    ['', head],
    Object.entries(figures).map(([name, value]) => [
      name,
      value >= 1000 ? whole(value) : value.toFixed(2),
    ]),
  )
