import type { Cost } from './cost.js'

/** Medians of one set of races: case -> CPU and peak memory. */
export interface Race {
  readonly title: string
  readonly rounds: number
  readonly records: number
  readonly results: ReadonlyMap<string, Measured>
}

export interface Measured {
  /** CPU microseconds a record, one figure a round. */
  readonly micros: readonly number[]
  readonly peakMiB: number
}

export const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((cell, i) =>
    Math.max(cell.length, 3, ...rows.map(row => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

export const raceTable = ({ results }: Race): string => {
  const floor = median(results.get('floor')?.micros ?? [])
  return table(
    ['', 'CPU s per million', 'x floor', 'lowest to highest', 'peak MiB'],
    [...results].map(([name, { micros, peakMiB }]) => [
      name,
      median(micros).toFixed(2),
      (median(micros) / floor).toFixed(2),
      `${Math.min(...micros).toFixed(2)} to ${Math.max(...micros).toFixed(2)}`,
      peakMiB.toFixed(0),
    ]),
  )
}

export const costTable = (costs: readonly Cost[]): string => {
  const count = (value: number): string => Math.round(value).toLocaleString('en-US')
  return table(
    ['packing', 'requests', 'Kinesis records', 'payload units', 'lines a second and shard'],
    costs.map(cost => [
      cost.name,
      count(cost.requests),
      count(cost.records),
      count(cost.units),
      count(cost.linesPerShardSecond),
    ]),
  )
}

export const figureTable = (head: string, figures: Readonly<Record<string, number>>): string =>
  table(
    ['', head],
    Object.entries(figures).map(([name, value]) => [
      name,
      value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2),
    ]),
  )
