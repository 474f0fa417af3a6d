import type {
  BatchingKinesisClient,
  PutRecordsOptions,
  PutRecordsRequest,
  PutRecordsResponse,
  PutRecordsResult,
  WireRecord,
} from '@kinesis-producer/core'

/** Decides what becomes of a request; throwing fails it as a whole. */
export type Handler = (
  request: PutRecordsRequest,
  options: PutRecordsOptions | undefined,
) => PutRecordsResponse | Promise<PutRecordsResponse>

/** A client that answers as it is told and remembers everything. */
export class FakeClient implements BatchingKinesisClient {
  /** Records of each request, in order. */
  readonly calls: WireRecord[][] = []
  /** Text of the records that were stored, in order. */
  readonly stored: string[] = []
  handler: Handler
  inFlight = 0
  maxInFlight = 0
  /** Where a record goes. */
  shardOf: (partitionKey: string) => string = () => 'shardId-000000000000'
  /** The user records of a Kinesis record, as a consumer of the packing in use would read them. */
  unpack: (record: WireRecord) => string[] = record => [textOf(record)]
  #sequence = 0

  constructor(handler?: Handler) {
    this.handler = handler ?? (request => this.store(request))
  }

  get sizes(): number[] {
    return this.calls.map(call => call.length)
  }

  async putRecords(
    request: PutRecordsRequest,
    options?: PutRecordsOptions,
  ): Promise<PutRecordsResponse> {
    this.calls.push(request.Records)
    this.maxInFlight = Math.max(this.maxInFlight, ++this.inFlight)
    try {
      return await this.handler(request, options)
    } finally {
      this.inFlight--
    }
  }

  /** Stores the records but those that `refuse` gives an error code. */
  store(
    request: PutRecordsRequest,
    refuse: (text: string, record: WireRecord) => string | undefined = () => undefined,
  ): PutRecordsResponse {
    let failed = 0
    const results = request.Records.map((record): PutRecordsResult => {
      const text = textOf(record)
      const code = refuse(text, record)
      if (code !== undefined) {
        failed++
        return {
          ErrorCode: code,
          ErrorMessage: messageFor(code, this.shardOf(record.PartitionKey)),
        }
      }
      this.stored.push(...this.unpack(record))
      return {
        ShardId: this.shardOf(record.PartitionKey),
        SequenceNumber: String(++this.#sequence),
      }
    })
    return { FailedRecordCount: failed, Records: results }
  }
}

export const textOf = (record: WireRecord): string => Buffer.from(record.Data).toString('utf8')

const messageFor = (code: string, shard: string): string =>
  code === 'ProvisionedThroughputExceededException'
    ? `Rate exceeded for shard ${shard} in stream s under account 000000000000.`
    : `${code} happened`

/** An error as the SDK throws it. */
export const serviceError = (
  name: string,
  httpStatusCode = 400,
  message = `${name} happened`,
): Error => Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })

/** A promise to be settled later. */
export const deferred = <T>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} => {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
