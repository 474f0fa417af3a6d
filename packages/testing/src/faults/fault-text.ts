import { ConfigError, show } from '@kinesis-producer/core/adapter/rules'
import type { FaultChooser } from './fault-source.js'
import {
  cutResponse,
  emptyBody,
  type Fault,
  hang,
  hangUp,
  html,
  lostResponse,
  type PartialFault,
  partial,
  poison,
  requestError,
  share,
  shortList,
  slow,
  throttleShards,
  together,
  truncatedJson,
} from './faults.js'

/** What a detail stands for, how it is read, and what it is if not given. */
interface Kind<F> {
  readonly help: string
  readonly make: (share: number, detail: string | undefined) => F
}

const numberIn = (detail: string | undefined, fallback: number): number => {
  const value = Number(detail ?? fallback)
  if (Number.isInteger(value) && value >= 0) return value
  throw new ConfigError(`must end with a whole number, not ${show(detail)}`)
}

/** Faults of records: their share is that of the records. */
const OF_RECORDS: ReadonlyMap<string, Kind<PartialFault>> = new Map([
  [
    'throttle',
    {
      help: 'records throttled, or those of one shard (throttle=1:shardId-000000000000)',
      make: (part, shard) =>
        shard === undefined ? partial(share(part)) : throttleShards([shard], part),
    },
  ],
  [
    'fail',
    {
      help: 'records that fail with InternalFailure, or another code',
      make: (part, code) => partial(share(part), code ?? 'InternalFailure'),
    },
  ],
])

/** Faults of whole requests: their share is that of the requests. */
const OF_REQUESTS: ReadonlyMap<string, Kind<Fault>> = new Map<string, Kind<Fault>>([
  [
    'error',
    {
      help: 'an error of the service, ServiceUnavailable or another name',
      make: (_, name) => requestError(name ?? 'ServiceUnavailable'),
    },
  ],
  [
    'html',
    {
      help: 'a page of a proxy, with status 503 or another',
      make: (_, status) => html(numberIn(status, 503)),
    },
  ],
  [
    'empty',
    {
      help: 'an empty answer, with status 500 or another',
      make: (_, status) => emptyBody(numberIn(status, 500)),
    },
  ],
  [
    'slow',
    { help: 'answered 1000 ms late, or another number', make: (_, ms) => slow(numberIn(ms, 1000)) },
  ],
  ['hang', { help: 'never answered', make: () => hang() }],
  ['hang-up', { help: 'connection closed, nothing stored', make: () => hangUp() }],
  ['lost', { help: 'stored, connection closed before the answer', make: () => lostResponse() }],
  [
    'cut',
    { help: 'stored, connection closed in the middle of the answer', make: () => cutResponse() },
  ],
  ['truncated', { help: 'stored, half of the answer', make: () => truncatedJson() }],
  [
    'short',
    {
      help: 'stored, 1 result (or another number) missing in the answer',
      make: (_, count) => shortList(numberIn(count, 1)),
    },
  ],
  [
    'poison',
    {
      help: 'refused with a ValidationException if a record contains the text (poison=1:bad)',
      make: (_, text) => poison(record => record.text.includes(text ?? 'poison')),
    },
  ],
])

/** One line of help for each kind. */
export const FAULT_HELP: readonly (readonly [kind: string, help: string])[] = [
  ...OF_RECORDS,
  ...OF_REQUESTS,
].map(([kind, { help }]) => [kind, help])

const parts = (text: string): { kind: string; share: number; detail: string | undefined } => {
  const [, kind = '', number = '', detail] = /^([a-z-]+)=([\d.]+)(?::(.+))?$/.exec(text) ?? []
  const part = Number(number)
  if (kind === '' || !(part >= 0 && part <= 1))
    throw new ConfigError(
      `fault ${show(text)} must be KIND=SHARE or KIND=SHARE:DETAIL, with a share from 0 to 1, such as throttle=0.3`,
    )
  return { kind, share: part, detail }
}

/**
 * Faults as they are written on a command line: `KIND=SHARE` or `KIND=SHARE:DETAIL`. What strikes
 * whole requests is drawn once a request; those it spares meet the faults of records.
 * @throws {ConfigError} naming the fault
 */
export const parseFaults = (texts: readonly string[], random: () => number): FaultChooser => {
  const ofRecords: PartialFault[] = []
  const ofRequests: { readonly share: number; readonly fault: Fault }[] = []
  for (const text of texts) {
    const { kind, share: part, detail } = parts(text)
    try {
      const records = OF_RECORDS.get(kind)
      const requests = OF_REQUESTS.get(kind)
      if (records !== undefined) ofRecords.push(records.make(part, detail))
      else if (requests !== undefined)
        ofRequests.push({ share: part, fault: requests.make(part, detail) })
      else
        throw new ConfigError(
          `is unknown; the kinds are ${FAULT_HELP.map(([name]) => name).join(', ')}`,
        )
    } catch (error) {
      throw error instanceof ConfigError
        ? new ConfigError(`fault ${show(text)} ${error.message}`)
        : error
    }
  }
  if (ofRequests.reduce((sum, { share: part }) => sum + part, 0) > 1 + Number.EPSILON)
    throw new ConfigError('the shares of faults that strike whole requests make more than 1')
  const rest = ofRecords.length === 0 ? undefined : together(...ofRecords)
  return ({ operation }) => {
    if (operation !== 'PutRecords' && operation !== 'PutRecord') return undefined
    let draw = random()
    for (const { share: part, fault } of ofRequests) {
      if (draw < part) return fault
      draw -= part
    }
    return rest
  }
}
