import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis'
import type { Since, TailClock } from './settings.js'

/** A Kinesis record and where it lies. */
export interface ShardRecord {
  readonly shardId: string
  readonly partitionKey: string
  readonly sequenceNumber: string
  readonly arrivedAt: number | undefined
  readonly data: Uint8Array
}

/** An answer of GetRecords. */
export interface ShardPage {
  readonly shardId: string
  readonly records: readonly ShardRecord[]
  readonly behindMs: number
  /** All there is at the moment has been read. */
  readonly atTip: boolean
}

/** A name or an ARN, as operations take it. */
export const streamTarget = (stream: string): { StreamName: string } | { StreamARN: string } =>
  stream.startsWith('arn:') ? { StreamARN: stream } : { StreamName: stream }

export interface ReaderMeans {
  readonly client: KinesisClient
  readonly stream: string
  readonly clock: TailClock
  readonly signal: AbortSignal
  /** Told of each call that failed and is made again. */
  readonly onRetry: (error: Error, shardId: string) => void
  /** True: enough has been read of this shard. */
  readonly onPage: (page: ShardPage) => Promise<boolean>
}

/**
 * The service allows five reads a second and shard, for all who read it. Four, so that another
 * reader has one; and one a second where nothing is waiting.
 */
const BEHIND_MS = 250
const IDLE_MS = 1000
const FIRST_BACKOFF_MS = 500
const MAX_BACKOFF_MS = 10_000

const FATAL: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'AccessDeniedException',
  'ValidationException',
  'InvalidArgumentException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
  'CredentialsProviderError',
])

/** Trying again cannot mend it. */
export const isFatal = (error: Error): boolean => FATAL.has(error.name)

/** Reads one shard from a place on, slowly enough for the service. */
export class ShardReader {
  readonly #means: ReaderMeans
  readonly #shardId: string
  #from: Since
  #last: string | undefined
  #nextCall = Number.NEGATIVE_INFINITY
  #failures = 0

  constructor(shardId: string, from: Since, means: ReaderMeans) {
    this.#shardId = shardId
    this.#from = from
    this.#means = means
  }

  /** True if the shard was closed and has been read to its end. Throws what trying again cannot mend. */
  async read(): Promise<boolean> {
    const { client, signal, onPage } = this.#means
    let iterator: string | undefined
    while (!signal.aborted) {
      const at = iterator
      const page = await this.#call(async abortSignal => {
        const ShardIterator = at ?? (await this.#iterator(abortSignal))
        return client.send(new GetRecordsCommand({ ShardIterator }), { abortSignal })
      })
      if (page === undefined) {
        // Iterators live for five minutes; whatever it was, a new one starts after the last record.
        iterator = undefined
        continue
      }
      iterator = page.NextShardIterator ?? undefined
      const { Records = [], MillisBehindLatest = 0 } = page
      const records = Records.map(
        ({ Data, PartitionKey, SequenceNumber, ApproximateArrivalTimestamp }): ShardRecord => ({
          shardId: this.#shardId,
          partitionKey: PartitionKey ?? '',
          sequenceNumber: SequenceNumber ?? '',
          arrivedAt: ApproximateArrivalTimestamp?.getTime(),
          data: Data ?? new Uint8Array(),
        }),
      )
      this.#last = records.at(-1)?.sequenceNumber ?? this.#last
      // kinesalite calls itself up to date on every page.
      const atTip = records.length === 0 && MillisBehindLatest === 0
      if (atTip) this.#nextCall += IDLE_MS - BEHIND_MS
      const behindMs = MillisBehindLatest
      if (await onPage({ shardId: this.#shardId, records, behindMs, atTip })) return false
      if (iterator === undefined) return true
    }
    return false
  }

  async #iterator(abortSignal: AbortSignal): Promise<string | undefined> {
    const { client, stream } = this.#means
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        ...streamTarget(stream),
        ShardId: this.#shardId,
        ...this.#start(),
      }),
      { abortSignal },
    )
    return ShardIterator
  }

  #start() {
    if (this.#last !== undefined)
      return {
        ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
        StartingSequenceNumber: this.#last,
      } as const
    if (this.#from === 'now') return { ShardIteratorType: 'LATEST' } as const
    if (this.#from === 'start') return { ShardIteratorType: 'TRIM_HORIZON' } as const
    return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(this.#from) } as const
  }

  /** Waits for its turn; undefined if it failed, and is to be tried again. */
  async #call<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { clock, signal, onRetry } = this.#means
    const wait = this.#nextCall - clock.now()
    if (wait > 0) await clock.sleep(wait, signal)
    if (signal.aborted) return undefined
    this.#nextCall = clock.now() + BEHIND_MS
    try {
      const result = await work(signal)
      this.#failures = 0
      return result
    } catch (error) {
      if (signal.aborted) return undefined
      if (!(error instanceof Error) || isFatal(error)) throw error
      this.#nextCall += Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures++)
      if (error.name !== 'ExpiredIteratorException') onRetry(error, this.#shardId)
      return undefined
    }
  }
}
