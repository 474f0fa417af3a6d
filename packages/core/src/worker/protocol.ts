import type { RequestReport } from '../config/options.js'
import type { Attempt } from '../record/attempt.js'
import { DROP_REASONS, type DropReason } from '../record/dropped.js'
import type { Receipt } from '../record/record.js'
import type { ProducerStats } from '../stats/stats.js'
import type { SharedMemory } from '../store/shared-slab.js'

/** A slab as one thread hands it to the other. */
export interface SlabHandOver {
  readonly shared: SharedMemory
  readonly firstSequence: number
  /** Its records were moved to it: their sequences stand in its columns. */
  readonly survivors: boolean
  /** Records that an earlier worker had; all beyond are new. */
  readonly known: number
  /** Data that is too large for the slab, by the index of the record. */
  readonly large: readonly (readonly [index: number, memory: SharedArrayBuffer])[]
}

/** What the worker is to do, until it is told otherwise. */
export interface Mode {
  /** Requests may leave. */
  readonly sends: boolean
  /** Somebody waits for capacity, or for records to be settled. */
  readonly awaited: boolean
  /** Somebody waits until records are settled. */
  readonly draining: boolean
  /** Counts the moments from which a request is to be tried at once, whatever failed before. */
  readonly probes: number
}

export type ToWorker =
  /** The slabs there are, oldest first: the first message to a worker that takes over from another. */
  | { readonly kind: 'takeOver'; readonly slabs: readonly SlabHandOver[] }
  | { readonly kind: 'slab'; readonly slab: SlabHandOver }
  | {
      readonly kind: 'large'
      readonly slab: number
      readonly index: number
      readonly memory: SharedArrayBuffer
    }
  | { readonly kind: 'mode'; readonly mode: Mode; readonly number: number }
  /** Records were published. */
  | { readonly kind: 'wake' }
  /** Give up what is in flight, and end. */
  | { readonly kind: 'end' }

/** An error as it comes through: its class is lost on the way. */
export interface ToldError {
  readonly name: string
  readonly message: string
  readonly code?: string
}

/** A record by its place in the shared memory. */
interface Placed {
  readonly slab: number
  readonly index: number
}

export type WorkerEvent =
  | { readonly kind: 'ready' }
  /** It cannot start. */
  | { readonly kind: 'failed'; readonly error: ToldError }
  /** Records were delivered that nobody awaits. */
  | { readonly kind: 'news' }
  | ({ readonly kind: 'delivered'; readonly receipt: Receipt } & Placed)
  | ({
      readonly kind: 'dropped'
      readonly reason: DropReason
      readonly attempts: readonly Attempt[]
      readonly error?: ToldError
      readonly possiblyDelivered: boolean
    } & Placed)
  /** A try of a record whose receipt somebody awaits came to nothing. */
  | ({
      readonly kind: 'tried'
      readonly attempts: readonly Attempt[]
      readonly error?: ToldError
    } & Placed)
  /** The worker moves records that wait for long to this slab. */
  | { readonly kind: 'slab'; readonly shared: SharedMemory }
  /** It sends no more, as mode number so-and-so says. */
  | { readonly kind: 'stopped'; readonly number: number }
  | { readonly kind: 'stats'; readonly stats: ProducerStats }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly message: string
    }
  | { readonly kind: 'request'; readonly report: RequestReport }
  /** The largest record of the stream. */
  | { readonly kind: 'limit'; readonly bytes: number }
  /** Hash keys of shards that hold their share of the buffer, and whether records without a key do. */
  | {
      readonly kind: 'fullShards'
      readonly ranges: readonly (readonly [low: number, high: number])[]
      readonly keyless: boolean
    }

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isNumber = (value: unknown): boolean => typeof value === 'number'
const isText = (value: unknown): boolean => typeof value === 'string'

/** What each kind of event must have: a test of the fields that are used without a look. */
const FIELDS: ReadonlyMap<unknown, Readonly<Record<string, (value: unknown) => boolean>>> = new Map<
  WorkerEvent['kind'],
  Readonly<Record<string, (value: unknown) => boolean>>
>([
  ['ready', {}],
  ['failed', { error: isObject }],
  ['news', {}],
  ['delivered', { slab: isNumber, index: isNumber, receipt: isObject }],
  [
    'dropped',
    {
      slab: isNumber,
      index: isNumber,
      reason: value => DROP_REASONS.some(reason => reason === value),
      attempts: Array.isArray,
    },
  ],
  ['tried', { slab: isNumber, index: isNumber, attempts: Array.isArray }],
  ['slab', { shared: isObject }],
  ['stopped', { number: isNumber }],
  ['stats', { stats: isObject }],
  [
    'log',
    {
      level: value => ['debug', 'info', 'warn', 'error'].some(level => level === value),
      message: isText,
    },
  ],
  ['request', { report: isObject }],
  ['limit', { bytes: isNumber }],
  ['fullShards', { ranges: Array.isArray }],
])

const isEvent = (value: unknown): value is WorkerEvent => {
  if (!isObject(value)) return false
  const fields = FIELDS.get(Reflect.get(value, 'kind'))
  if (fields === undefined) return false
  return Object.entries(fields).every(([name, test]) => test(Reflect.get(value, name)))
}

/** The events of a message from the worker. What is none, as a client of the user may post, is passed over. */
export const eventsOf = (message: unknown): readonly WorkerEvent[] =>
  Array.isArray(message) ? message.filter(isEvent) : []

const KINDS: ReadonlySet<unknown> = new Set<ToWorker['kind']>([
  'takeOver',
  'slab',
  'large',
  'mode',
  'wake',
  'end',
])

/** Whether the message is one for the worker. */
export const isForWorker = (message: unknown): message is ToWorker =>
  isObject(message) && KINDS.has(Reflect.get(message, 'kind'))
