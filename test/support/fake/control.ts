import { readFault } from './fault-json.js'
import type { FakeKinesis } from './fake-kinesis.js'
import type { Exchange } from './transport.js'

/** What `/_fake/summary` tells. */
export interface Summary {
  readonly requests: number
  /** Records sent, with repetitions and failures. */
  readonly records: number
  readonly stored: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  readonly maxConcurrent: number
  readonly violations: readonly string[]
}

export const summarize = (fake: FakeKinesis): Summary => {
  const faults: Record<string, number> = {}
  for (const { fault } of fake.putRequests) faults[fault] = (faults[fault] ?? 0) + 1
  return {
    requests: fake.putRequests.length,
    records: fake.putRequests.reduce((sum, { records }) => sum + records, 0),
    stored: Object.fromEntries([...fake.streams.values()].map(({ name, stored }) => [name, stored])),
    faults,
    maxConcurrent: fake.maxConcurrent,
    violations: fake.violations,
  }
}

/** The fake as another process looks at it and breaks it. */
export const control = (fake: FakeKinesis, exchange: Exchange, body: string): void => {
  const { pathname, searchParams } = new URL(exchange.path, 'http://fake')
  const json = (status: number, value: unknown): void => exchange.answer(status, JSON.stringify(value), 'application/json')
  switch (`${exchange.method} ${pathname}`) {
    case 'GET /_fake/records': {
      const records = fake.records(searchParams.get('stream') ?? '')
      const lines = records.map(record => `${JSON.stringify({ ...record, data: record.data.toString('utf8') })}\n`)
      exchange.answer(200, lines.join(''), 'application/x-ndjson')
      return
    }
    case 'GET /_fake/summary':
      json(200, summarize(fake))
      return
    case 'POST /_fake/fault': {
      const fault: unknown = JSON.parse(body)
      // A list is a script, anything else lasts; null ends it.
      if (Array.isArray(fault)) fake.script(...fault.map(readFault))
      else fake.always(fault === null ? undefined : readFault(fault))
      json(200, {})
      return
    }
    case 'POST /_fake/release':
      fake.releaseHung()
      json(200, {})
      return
    default:
      json(404, { unknown: exchange.path })
  }
}
