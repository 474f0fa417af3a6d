import type { DropReason } from '../record/dropped.js'
import type { SpoolStats } from '../spool/spool-types.js'
import type { State } from '../steps/state.js'

/** Times of a distribution, in milliseconds, since the producer was made. */
export interface Latency {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Where a producer stands. `admitted = delivered + dropped + remaining`, always. */
export interface ProducerStats {
  readonly state: State
  /** Records admitted since the producer was made. */
  readonly admitted: number
  readonly delivered: number
  /** Records given up, in all. */
  readonly dropped: number
  readonly droppedByReason: Readonly<Record<DropReason, number>>
  /** Records admitted and not settled: queued, in flight, waiting to be retried, and on disk. */
  readonly remaining: number
  /** Data and keys of the remaining records that are in memory, in bytes. */
  readonly remainingBytes: number
  /** Most records that may remain: `bufferSize`. */
  readonly capacityRecords: number
  /** Most bytes that may remain: `bufferBytes`. */
  readonly capacityBytes: number
  /**
   * Memory that the remaining records take, as far as it counts against `bufferBytes`: slabs, what is
   * known of failed tries, and the bodies of requests in flight. Estimated to about a tenth.
   */
  readonly memoryBytes: number
  /** Of that, the slabs: blocks of memory outside the JavaScript heap that hold the data of records. */
  readonly slabBytesHeld: number
  /** Of the held slabs, what records no longer use, but is free only when their neighbours are settled. */
  readonly slabBytesPinned: number
  /** Empty slabs that are kept for the next records; not in `memoryBytes`. */
  readonly slabBytesPooled: number
  /** The records on disk; absent without a spool. */
  readonly spool?: SpoolStats
  /** Records that were not admitted: invalid, too large, no capacity, not running. */
  readonly refused: number
  /** Delivered records of which an earlier try may have been stored as well. */
  readonly possibleDuplicates: number
  /** Bytes (data + keys) delivered. */
  readonly bytesDelivered: number
  /** Adds that wait for capacity. */
  readonly waiting: number
  /** PutRecords requests that ended, well or not. */
  readonly requests: number
  readonly requestsInFlight: number
  /** Kinesis records in all requests: fewer than records if they are packed, more if some were tried again. */
  readonly kinesisRecords: number
  /** Requests allowed at once at present: from 1, while requests fail, to `maxInFlight`, far from the service. */
  readonly requestLimit: number
  readonly requestErrors: number
  readonly requestErrorsByCode: Readonly<Record<string, number>>
  /** Code and message of the last request that failed as a whole; absent if none did. */
  readonly lastError?: string
  /** Failed requests in a row up to now. */
  readonly consecutiveErrors: number
  /** Sending is paused: a permission, the stream, a key or the credentials have to be corrected first. */
  readonly paused: boolean
  /** Records put back to be tried again. */
  readonly retries: number
  /** Throttled tries by shard; `unknown` where the service names none, `other` beyond 1000 shards. */
  readonly throttledByShard: Readonly<Record<string, number>>
  /** Age of the oldest record that is not settled, in flight included, in milliseconds; 0 if there is none. */
  readonly oldestRecordAge: number
  /** Milliseconds since a request last stored something; undefined before the first. */
  readonly sinceLastSuccess: number | undefined
  /** Duration of requests. */
  readonly requestLatency: Latency
  /** Records per request, on average. */
  readonly recordsPerRequest: number
}

/** What a `StatReceiver` gets: the four figures of the Go package batchproducer, and all of `ProducerStats`. */
export interface StatsBatch extends ProducerStats {
  /** Records admitted and not settled, as `remaining`. */
  readonly bufferSize: number
  readonly kinesisErrorsSinceLastStat: number
  readonly recordsSentSuccessfullySinceLastStat: number
  readonly recordsDroppedSinceLastStat: number
}

export interface StatReceiver {
  /** Called about every `statInterval` while the producer runs, and once when it stops. */
  receive(stats: StatsBatch): unknown
}
