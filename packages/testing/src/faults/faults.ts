import { defaultStatus } from '../http/reply.js'
import { THROTTLED, textOf } from './messages.js'

export { THROTTLED } from './messages.js'

/** A record of a request as a fault sees it. */
export interface FaultRecord {
  readonly index: number
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly shardId: string
  /** Decoded on first use. */
  readonly data: Buffer
  readonly text: string
}

/** Which records of a request. `random` is the endpoint's own, seeded. */
export type Selection = (record: FaultRecord, random: () => number) => boolean

/** Records that fail with a code while the others of their request are stored. */
export interface FailingRecords {
  readonly which: Selection
  readonly code: string
  readonly message: string | undefined
}

/** What happens to one request. Made by the functions of `faults`. */
export type Fault =
  | { readonly kind: 'ok' }
  | { readonly kind: 'partial'; readonly failing: readonly FailingRecords[] }
  | {
      readonly kind: 'error'
      readonly name: string
      readonly status: number
      readonly message: string
    }
  | { readonly kind: 'body'; readonly status: number; readonly body: string; readonly type: string }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'short'; readonly missing: number }
  | { readonly kind: 'hang'; readonly stores: boolean }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'hangUp' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'poison'; readonly which: Selection }
export type FaultKind = Fault['kind']
/** A fault of single records. */
export type PartialFault = Extract<Fault, { kind: 'partial' }>

/** Nothing happens: for a place in a script. */
export const ok = (): Fault => ({ kind: 'ok' })

/** Every record. */
export const all = (): Selection => () => true
/** The records at these places of the request, from 0. */
export const indices =
  (...list: number[]): Selection =>
  ({ index }) =>
    list.includes(index)
/** Each record with this probability, drawn from the endpoint's seeded random numbers. */
export const share =
  (probability: number): Selection =>
  (_, random) =>
    random() < probability

/** Some records fail with a code (throttled, by default), the others are stored; the request answers 200. */
export const partial = (
  which: Selection,
  code: string = THROTTLED,
  message?: string,
): PartialFault => ({ kind: 'partial', failing: [{ which, code, message }] })

/** Several faults of records in one request: the first that chooses a record decides about it. */
export const together = (...list: readonly PartialFault[]): PartialFault => ({
  kind: 'partial',
  failing: list.flatMap(({ failing }) => failing),
})

/** A share of the records of these shards is throttled. */
export const throttleShards = (shards: readonly string[], probability = 1): PartialFault =>
  partial(({ shardId }, random) => shards.includes(shardId) && random() < probability)

/** The whole request fails with an error of the service, in its words; nothing is stored. */
export const requestError = (
  name: string,
  options: { status?: number; message?: string } = {},
): Fault => ({
  kind: 'error',
  name,
  status: options.status ?? defaultStatus(name),
  message: options.message ?? textOf(name),
})

/** A proxy's page in place of an answer. */
export const html = (status: number): Fault => ({
  kind: 'body',
  status,
  body: '<html><head><title>Error</title></head><body><h1>The proxy says no</h1></body></html>',
  type: 'text/html',
})

/** A status and nothing else. */
export const emptyBody = (status: number): Fault => ({
  kind: 'body',
  status,
  body: '',
  type: 'text/plain',
})

/** Stored, but the 200 carries only half of its JSON, with a matching content length. */
export const truncatedJson = (): Fault => ({ kind: 'truncated' })
/** Stored, but the last results are missing from the list. */
export const shortList = (missing = 1): Fault => ({ kind: 'short', missing })
/** Never answered, until released; then carried out. With `stores`, stored before it hangs. */
export const hang = (options: { stores?: boolean } = {}): Fault => ({
  kind: 'hang',
  stores: options.stores ?? false,
})
/** Stored at once, answered this many milliseconds later. */
export const slow = (ms: number): Fault => ({ kind: 'slow', ms })
/** The connection dies before anything was stored. */
export const hangUp = (): Fault => ({ kind: 'hangUp' })
/** Stored, but the connection dies before the answer. */
export const lostResponse = (): Fault => ({ kind: 'lost' })
/** Stored, but the connection dies in the middle of the answer. */
export const cutResponse = (): Fault => ({ kind: 'cut' })
/** One chosen record makes the whole request a ValidationException, as an oversize record does. */
export const poison = (which: Selection): Fault => ({ kind: 'poison', which })
