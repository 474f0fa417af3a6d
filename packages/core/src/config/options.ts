import type { DroppedRecord } from '../record/dropped.js'
import type { StatReceiver } from '../stats/stats.js'
import type { Clock } from '../time/clock.js'
import type { PackingConfig } from './packing-options.js'

/** What to do with a record for which the buffer has no room. */
export const WHEN_FULL = ['reject', 'wait', 'dropOldest', 'dropNewest'] as const
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
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Options of a `BatchProducer`; all optional. Durations are in milliseconds, sizes in bytes. */
export interface ProducerConfig {
  /**
   * Wait in `add` while the buffer is full instead of rejecting. The seed's name for
   * `whenFull: 'wait'`; give one of the two.
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
   * Most records in the producer's care at once: queued, in flight and waiting to be retried.
   * At least `batchSize`, unless `flushInterval` is set.
   * @default 10000
   */
  readonly bufferSize?: number | undefined
  /**
   * Most bytes (data + partition keys) in the producer's care at once. At least `maxRecordBytes`.
   * @default 67108864 (64 MiB)
   */
  readonly bufferBytes?: number | undefined
  /**
   * Longest time a record waits for a batch to fill: 0 (for ever) or at least 50.
   * @default 1000
   */
  readonly flushInterval?: number | undefined
  /**
   * What happens to a record for which there is no room. `reject`: `add` rejects with
   * `BufferFullError`. `wait`: `add` waits. `dropOldest`: the oldest queued record makes room.
   * `dropNewest`: the new record is dropped. Dropped records are counted and handed to `onDrop`.
   *
   * Left out, the seed's rule holds: `reject` (or `wait`, by `addBlocksWhenBufferFull`), and after
   * 5 failed requests in a row with the buffer 95 % full the failed batch is dropped to make room.
   * @default undefined
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * Tries a record gets before it is dropped, at least 1. Only failures that are the record's own
   * count: not throttling, not a failed request.
   * @default 10
   */
  readonly maxAttemptsPerRecord?: number | undefined
  /**
   * Longest time from admission to the start of the last try; 0: no limit.
   * @default 0
   */
  readonly recordTtl?: number | undefined
  /**
   * Requests under way at once, 1..256. Fewer while the service throttles or fails.
   * @default 4
   */
  readonly maxInFlight?: number | undefined
  /**
   * Longest time a request may take before it is aborted and its records tried again; 0: no limit
   * of ours.
   * @default 30000
   */
  readonly requestTimeout?: number | undefined
  /**
   * Largest record, data + partition key: 1 .. 10 MiB. Raise it together with the stream's own
   * limit. `'discover'` asks the stream (DescribeStreamSummary) at each start and stays at 1 MiB
   * if that is not permitted.
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
   * Called with each record that is given up. It may throw: that is logged and harms nothing.
   * @default undefined
   */
  readonly onDrop?: ((dropped: DroppedRecord) => void) | undefined
  /**
   * Called when a PutRecords request has ended, well or not. It may throw: that is logged and harms
   * nothing.
   * @default undefined
   */
  readonly onRequest?: ((request: RequestReport) => void) | undefined
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

/** The values of the Go package this one carries on. */
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
