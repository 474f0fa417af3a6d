import { decode } from '@kinesis-producer/core/decode'
import type { ReadRecord } from '@kinesis-producer/testing'
import { type Service, SOURCES, type Source } from './service.js'

export interface Row {
  readonly source: Source
  readonly produced: number
  readonly delivered: number
  readonly duplicates: number
  readonly lost: number
}

/** Counts what came back of this run, by source and number. */
export const count = (records: readonly ReadRecord[], run: string, service: Service): Row[] => {
  const seen = new Map<Source, Map<number, number>>(SOURCES.map(source => [source, new Map()]))
  for (const { data } of records.flatMap(record => [...decode(record.data)])) {
    const mark = readMark(Buffer.from(data).toString('utf8'))
    if (mark === undefined || mark.run !== run) continue
    const numbers = seen.get(mark.source)
    numbers?.set(mark.number, (numbers.get(mark.number) ?? 0) + 1)
  }
  return SOURCES.map(source => {
    const numbers = seen.get(source) ?? new Map<number, number>()
    const delivered = numbers.size
    const total = [...numbers.values()].reduce((sum, times) => sum + times, 0)
    const produced = service.produced[source]
    return {
      source,
      produced,
      delivered,
      duplicates: total - delivered,
      lost: produced - delivered,
    }
  })
}

/** The mark is at the top of a Pino line and an audit record, among the attributes of an OTel log. */
const readMark = (text: string): { source: Source; run: string; number: number } | undefined => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  for (const place of [value, property(value, 'attributes')]) {
    const [source, run, number] = [
      property(place, 'source'),
      property(place, 'run'),
      property(place, 'number'),
    ]
    const known = SOURCES.find(candidate => candidate === source)
    if (known !== undefined && typeof run === 'string' && typeof number === 'number')
      return { source: known, run, number }
  }
  return undefined
}

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

const NAMES: Readonly<Record<Source, string>> = {
  pino: 'Pino transport',
  otel: 'OpenTelemetry exporter',
  audit: 'core producer (audit)',
}

export const print = (rows: readonly Row[], service: Service): void => {
  const cells = [
    ['source', 'produced', 'delivered', 'duplicates', 'lost'],
    ...rows.map(row => [
      NAMES[row.source],
      ...[row.produced, row.delivered, row.duplicates, row.lost].map(String),
    ]),
  ]
  console.log()
  cells.forEach((row, i) => {
    console.log(
      row.map((cell, column) => (column === 0 ? cell.padEnd(24) : cell.padStart(12))).join(''),
    )
    if (i === 0) console.log('-'.repeat(24 + 4 * 12))
  })
  const { admitted, delivered, dropped, remaining, retries, requests, requestErrors } =
    service.stats()
  console.log()
  console.log(
    `The invariant, for the audit producer: admitted ${admitted} = delivered ${delivered} + dropped ${dropped} + remaining ${remaining}`,
  )
  console.log(
    `It made ${requests} requests, of which ${requestErrors} failed, and sent ${retries} records again.`,
  )
}
