import type { PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { show } from '../config/check.js'
import { ConfigError } from '../errors/errors.js'
import type { WireRecord } from '../record/wire-record.js'

export interface PutRecordsRequest {
  Records: WireRecord[]
  StreamName?: string
  StreamARN?: string
}

/** The answer for one record: a shard and a sequence number, or an error. */
export interface PutRecordsResult {
  readonly ShardId?: string | undefined
  readonly SequenceNumber?: string | undefined
  readonly ErrorCode?: string | undefined
  readonly ErrorMessage?: string | undefined
}

export interface PutRecordsResponse {
  readonly FailedRecordCount?: number | undefined
  /** One result per record, in the order of the request. */
  readonly Records: readonly PutRecordsResult[] | undefined
}

export interface PutRecordsOptions {
  readonly abortSignal?: AbortSignal
}

/** All the producer needs of a client: easy to fake. The SDK's `Kinesis` is one as it stands. */
export interface BatchingKinesisClient {
  putRecords(input: PutRecordsRequest, options?: PutRecordsOptions): Promise<PutRecordsResponse>
}

/** The part of the SDK's `KinesisClient` that is used. */
export interface KinesisCommandClient {
  send(command: PutRecordsCommand, options?: PutRecordsOptions): Promise<PutRecordsResponse>
}

export type KinesisClientLike = BatchingKinesisClient | KinesisCommandClient

const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,128}$/
const STREAM_ARN = /^arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/[a-zA-Z0-9_.-]{1,128}$/

/** A stream by name or by ARN, as the request names it. */
export type StreamTarget = { readonly StreamName: string } | { readonly StreamARN: string }

/** Region of the stream, if it is named by its ARN. */
export const regionOf = (target: StreamTarget): string | undefined =>
  'StreamARN' in target ? target.StreamARN.split(':')[3] || undefined : undefined

export const parseStream = (stream: string): StreamTarget => {
  if (typeof stream === 'string') {
    if (STREAM_ARN.test(stream)) return { StreamARN: stream }
    if (STREAM_NAME.test(stream)) return { StreamName: stream }
  }
  throw new ConfigError(
    `stream must be a name of 1 to 128 letters, digits, '_', '.' and '-', or an ARN ending in ':stream/<name>', not ${show(stream)}`,
  )
}
