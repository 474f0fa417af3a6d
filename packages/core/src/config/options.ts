import type { DroppedRecord } from '../record/dropped.js'
import type { StatReceiver } from '../stats/stats.js'
import type { Clock } from '../time/clock.js'
import type { PackingConfig } from './packing-options.js'
import type { SpoolConfig } from './spool-options.js'

/** What to do with a record for which the buffer has no capacity. */
export const WHEN_FULL = [
  'rejectThenDropBatch',
  'waitThenDropBatch',
  'reject',
  'wait',
  'dropOldest',
  'dropNewest',
] as const
export type WhenFull = (typeof WHEN_FULL)[number]

/** Which order is kept on the way to the stream. */
export const ORDERINGS = ['none', 'partitionKey'] as const
export type Ordering = (typeof ORDERINGS)[number]

/** One PutRecords request, as it ended. */
export interface RequestReport {
  /** Milliseconds from its start to its answer. */
  readonly duration: number
  /** User records it carried. */
  readonly records: number
  /** Kinesis records it carried. */
  readonly kinesisRecords: number
  /** Why it failed as a whole; absent if it was answered. */
  readonly errorCode?: string
}

/** Where the producer reports. `console` and a Pino logger both fit. */
export interface Logger {
  debug(message: string): unknown
  info(message: string): unknown
  warn(message: string): unknown
  error(message: string): unknown
}

/** Options of a `BatchProducer`; all optional. Durations are in milliseconds, sizes in bytes. */
export interface ProducerConfig {
  /**
   * Wait in `add` while the buffer is full instead of rejecting: the name that the Go package
   * batchproducer has for `whenFull: 'waitThenDropBatch'`. Give one of the two.
   * @default false
   */
  readonly addBlocksWhenBufferFull?: boolean | undefined
  /**
   * Records that make a request due: 1..500; with `packing`, Kinesis records. Requests are larger
   * only while a backlog is drained by `flush`, `drain` or `close`.
   * @default 10
   */
  readonly batchSize?: number | undefined
  /**
   * Most records admitted and not settled at once: queued, in flight and waiting to be retried.
   * At least `batchSize`, unless `flushInterval` is set.
   * @default 10000
   */
  readonly bufferSize?: number | undefined
  /**
   * Most memory of records admitted and not settled, in bytes: their data and partition keys, and
   * what they take beyond that as soon as it is more than an eighth of this bound. At least
   * `maxRecordBytes`.
   * @default 67108864 (64 MiB), or a quarter of the heap's limit where that is less
   */
  readonly bufferBytes?: number | undefined
  /**
   * Longest time a record waits for a batch to fill: 0 (no limit) or at least 50.
   * @default 1000
   */
  readonly flushInterval?: number | undefined
  /**
   * What happens to a record when the buffer is full, or when the shard that it belongs to backs off
   * and holds half of the buffer already (as soon as other shards are known):
   *
   * - `reject`: `add` rejects with `BufferFullError`.
   * - `wait`: `add` waits, first come first served.
   * - `dropOldest`: the oldest records that are not in flight are dropped for it (of its shard, if that
   *   has its half); if there are none, it is dropped itself.
   * - `dropNewest`: it is admitted and dropped at once.
   * - `rejectThenDropBatch`: `reject`, and after 5 failed requests in a row with the buffer 95 % full
   *   the batch that failed is dropped. The rule of the Go package batchproducer.
   * - `waitThenDropBatch`: the same with `wait`.
   *
   * Dropped records are counted and handed to `onDrop`.
   * @default 'rejectThenDropBatch'
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * Failures of its own after which a record is dropped as `maxAttempts`, at least 1. Throttling is
   * a matter of its shard, and a failed request concerns all of its records: neither counts. But a
   * record that bisection has found, whose requests fail while those of others succeed, is charged with
   * the requests that it fails alone.
   * @default 10
   */
  readonly maxAttemptsPerRecord?: number | undefined
  /**
   * A record is dropped as `retryTimeout` at the first failure of its own that comes this long after
   * its first one. 0: no limit. The adapters bound retries by this (10 minutes) and not by
   * `maxAttemptsPerRecord`, since ten tries can pass within ten seconds of a failure in the service.
   * @default 0
   */
  readonly retryTimeout?: number | undefined
  /**
   * Age, counted from admission, at which a record is dropped as `expired`, wherever it waits. A
   * request in flight is not cut short for it; a stopped producer drops nothing. 0: no limit.
   * @default 0
   */
  readonly recordTtl?: number | undefined
  /**
   * Most requests in flight at once, 1..256. The producer begins with 4 and takes more while full
   * batches wait and answers do not get slower for it, as they do when the service is far away; it
   * takes fewer while the service throttles or fails.
   * @default 32
   */
  readonly maxInFlight?: number | undefined
  /**
   * Longest time a request may take before it is aborted and its records are sent again: the only
   * deadline a request has. 0: none, so a request that is never answered holds its records until
   * `close()`.
   * @default 30000
   */
  readonly requestTimeout?: number | undefined
  /**
   * Largest record, data + partition key: 1 .. 10 MiB. Raise it together with the stream's own
   * limit. `'discover'` asks the stream (DescribeStreamSummary) at each start and stays at 1 MiB
   * if that is not permitted. A record must also fit into `maxRequestBytes` and `bufferBytes`.
   * @default 1048576 (1 MiB)
   */
  readonly maxRecordBytes?: number | 'discover' | undefined
  /**
   * Largest request, partition keys included: 5 MiB .. 10 MiB.
   * @default 10485760 (10 MiB)
   */
  readonly maxRequestBytes?: number | undefined
  /**
   * `partitionKey`: records of one key arrive in the order they were added, retries included.
   * @default 'none'
   */
  readonly ordering?: Ordering | undefined
  /**
   * How records are put into Kinesis records: one each, or many in one, which costs a fraction.
   * @default { kind: 'none' }
   */
  readonly packing?: PackingConfig | undefined
  /**
   * Keeps admitted records on disk, so that they survive the process: the next producer on that
   * directory delivers what this one could not. See docs/spool.md.
   * @default undefined: records are in memory alone
   */
  readonly spool?: SpoolConfig | undefined
  /**
   * Called with each record that is dropped, after the step in which that happened: it may call the
   * producer. What it throws or rejects is logged and changes nothing; `drain`, `flush` and `close`
   * wait, within their deadline, for the promises it returns, so it must not await these itself.
   * @default undefined
   */
  readonly onDrop?: ((dropped: DroppedRecord) => unknown) | undefined
  /**
   * Called when a PutRecords request has ended, well or not. What it throws or rejects is logged and
   * changes nothing.
   * @default undefined
   */
  readonly onRequest?: ((request: RequestReport) => unknown) | undefined
  /**
   * Where events go. Left out, warnings and errors become process warnings, so that they are
   * seen; `false` silences the producer.
   * @default undefined
   */
  readonly logger?: Logger | false | undefined
  /**
   * Time between two batches of stats.
   * @default 1000
   */
  readonly statInterval?: number | undefined
  /** @default undefined */
  readonly statReceiver?: StatReceiver | undefined
  /**
   * The source of time, for tests.
   * @default the system's monotonic clock
   */
  readonly clock?: Clock | undefined
  /**
   * The source of jitter and of keys for records without one: numbers in [0, 1).
   * @default Math.random
   */
  readonly random?: (() => number) | undefined
}

/** The defaults of the Go package batchproducer. */
export const DEFAULT_CONFIG: Readonly<{
  addBlocksWhenBufferFull: false
  batchSize: 10
  bufferSize: 10_000
  flushInterval: 1000
  maxAttemptsPerRecord: 10
  statInterval: 1000
}> = Object.freeze({
  addBlocksWhenBufferFull: false,
  batchSize: 10,
  bufferSize: 10_000,
  flushInterval: 1000,
  maxAttemptsPerRecord: 10,
  statInterval: 1000,
})
