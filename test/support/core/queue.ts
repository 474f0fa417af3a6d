import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import {
  type Batch,
  type RecordFate,
  TakenBatch,
} from '@kinesis-producer/core/internal/queue/batch'
import { newRecord } from '@kinesis-producer/core/internal/queue/fresh-records'
import type { KeyOrder } from '@kinesis-producer/core/internal/queue/key-order'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import type { RecordList } from '@kinesis-producer/core/internal/queue/record-list'
import { type QueueOptions, RecordQueue } from '@kinesis-producer/core/internal/queue/record-queue'
import type { TakeOptions } from '@kinesis-producer/core/internal/queue/taking'
import type { ReceiptWaiter } from '@kinesis-producer/core/internal/record/receipt-waiter'
import { NO_FRAMING } from '@kinesis-producer/core/internal/store/framing'
import { SlabStore } from '@kinesis-producer/core/internal/store/slab-store'
import { packingOf } from './packable.js'

/** Every Kinesis record holds one user record. */
export const UNPACKED: Packer = packingOf({ kind: 'none' }).packer

/** Records of one key share a Kinesis record of up to `maxRecords`. */
export const packerOf = (maxRecords: number): Packer =>
  packingOf({ kind: 'concat', maxRecords }).packer

/** Jitter at its maximum: delays are exact to a whole millisecond. */
export const FULL_JITTER = (): number => 0.999_999_999

/** A large unordered queue whose records are due as soon as they are there. */
export const queueOf = (options: Partial<QueueOptions> = {}): RecordQueue =>
  new RecordQueue(
    {
      bufferSize: 1000,
      bufferBytes: 1_000_000,
      ordered: false,
      recordTtl: 0,
      dueRecords: 1,
      dueBytes: 1_000_000,
      random: FULL_JITTER,
      ...options,
    },
    new SlabStore(options.bufferBytes ?? 1_000_000, NO_FRAMING),
  )

export interface AdmitOptions {
  readonly hashKey?: string
  readonly bytes?: number
  readonly at?: number
  readonly waiter?: ReceiptWaiter
}

/** Admits a record as admission does: its shard is looked up first. `key` '' means none. Returns its sequence. */
export const admit = (
  queue: RecordQueue,
  text: string,
  key = '',
  { hashKey, bytes = 10, at = 0, waiter }: AdmitOptions = {},
): number => {
  const partitionKey = key === '' ? undefined : key
  const shard = queue.hotShardOf(partitionKey, hashKey)
  queue.admit(text, partitionKey, hashKey, bytes, at, waiter, shard)
  return queue.lastSequence
}

/** Admits `name:number` texts, each under the key before its colon. */
export const admitAll = (
  queue: RecordQueue,
  names: readonly string[],
  options: AdmitOptions = {},
): number[] => names.map(name => admit(queue, name, name.split(':')[0], options))

export interface TakeSettings extends Partial<TakeOptions> {
  readonly packer?: Packer
  /** Most Kinesis records of the request. */
  readonly limit?: number
  /** Whether ready records go although they do not fill a request. */
  readonly all?: boolean
}

export const take = (
  queue: RecordQueue,
  {
    packer = UNPACKED,
    limit = 500,
    all = true,
    now = 0,
    maxRecords = Number.POSITIVE_INFINITY,
    alternates = false,
  }: TakeSettings = {},
): Batch | undefined => queue.take(packer.open(limit), all, { now, maxRecords, alternates })

/** The same, where a batch has to come. */
export const mustTake = (queue: RecordQueue, settings: TakeSettings = {}): Batch => {
  const batch = take(queue, settings)
  if (batch === undefined) throw new Error('nothing was due')
  return batch
}

export const namesOf = (
  records: Iterable<{ readonly data: string | Uint8Array }> | undefined,
): string[] => [...(records ?? [])].map(({ data }) => String(data))

/** Texts of the next request; none when nothing is due. */
export const takeNames = (queue: RecordQueue, settings: TakeSettings = {}): string[] =>
  namesOf(take(queue, settings)?.records)

export const SHARD_A = 'shardId-000000000000'
export const SHARD_B = 'shardId-000000000001'

export const stored = (shardId: string = SHARD_A): RecordFate => ({ kind: 'stored', shardId })
export const throttled = (shardId?: string): RecordFate => ({ kind: 'throttled', shardId })
export const FAILED: RecordFate = { kind: 'failed', isAlone: false }
export const DROPPED: RecordFate = { kind: 'dropped' }
export const REQUEUED: RecordFate = { kind: 'requeued' }

/** Answers a batch with one fate for all, or by text. */
export const answer = (
  queue: RecordQueue,
  batch: Batch,
  fate: RecordFate | ((text: string) => RecordFate),
  now = 0,
  startedAt = now,
): void =>
  queue.answered(
    batch,
    batch.records.map(({ data }) => (typeof fate === 'function' ? fate(String(data)) : fate)),
    startedAt,
    now,
  )

/** Takes and stores until nothing is due, moving time on to the next backoff; the texts of each request. */
export const drainNames = (queue: RecordQueue, settings: TakeSettings = {}): string[][] => {
  const requests: string[][] = []
  let { now = 0 } = settings
  for (let looks = 0; queue.records > 0 && looks < 10_000; looks++) {
    const batch = take(queue, { ...settings, now })
    if (batch === undefined) {
      const wait = queue.backoffWait(now)
      if (wait === undefined) break
      now += Math.max(wait, 1)
      continue
    }
    requests.push(namesOf(batch.records))
    queue.stored(batch)
  }
  return requests
}

export interface RecordFields {
  readonly data?: string | Uint8Array
  readonly key?: string
  readonly hashKey?: string
  readonly bytes?: number
  readonly at?: number
  readonly waiter?: ReceiptWaiter
}

/** A record that no queue knows. */
export const recordOf = (
  sequence: number,
  { data = `r${sequence}`, key, hashKey, bytes = 10, at = 0, waiter }: RecordFields = {},
): PendingRecord => {
  const store = new SlabStore(1_000_000, NO_FRAMING)
  store.write(data, key, hashKey, bytes, at, waiter, sequence)
  return newRecord(store)
}

/** Records 1 to `count`. */
export const recordsOf = (count: number, fields: RecordFields = {}): PendingRecord[] =>
  Array.from({ length: count }, (_, i) => recordOf(i + 1, fields))

export const sequencesOf = (records: Iterable<{ readonly sequence: number }>): number[] =>
  [...records].map(({ sequence }) => sequence)

/** All lists that hold one of the records. */
export const listsOf = (records: Iterable<PendingRecord>): Set<RecordList> => {
  const lists = new Set<RecordList>()
  for (const { list } of records) if (list !== undefined) lists.add(list)
  return lists
}

/** Whether a record that comes is free; otherwise it is held. */
export const enter = (order: KeyOrder | undefined, record: PendingRecord): boolean => {
  if (order === undefined || order.enter(record.partitionKey)) return true
  order.hold(record)
  return false
}

/** The records of a batch as the queue has them. */
export const pendingOf = (batch: Batch): readonly PendingRecord[] => {
  if (!(batch instanceof TakenBatch)) throw new Error('no batch of a queue')
  return batch.records
}
