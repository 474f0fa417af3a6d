import { THROTTLED, throttleText } from '../faults/messages.js'
import { ServiceError } from '../http/reply.js'
import { isJson, type Json, stringOf } from '../json.js'
import { HASH_END } from './hash-ranges.js'
import { limitOf } from './put-input.js'
import { getRecords, getShardIterator } from './reading.js'
import type { ShardLimiter } from './shard-limiter.js'
import { describeShard, type Retention, type Shard, Stream, type StreamOptions } from './stream.js'

const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,128}$/
const MAX_SHARDS = 10_000

/** A stream by its name or, without one, by its ARN. */
export const streamNameOf = (body: Json): string =>
  stringOf(body['StreamName']) ?? stringOf(body['StreamARN'])?.split(':stream/')[1] ?? ''

export interface StreamsOptions {
  readonly now: () => number
  readonly retention: Retention
  /** Shards of a stream that is created by its first use; undefined: none is. */
  readonly shardsOnUse: number | undefined
  readonly limiter: ShardLimiter | undefined
}

type Operation = (body: Json, name: string) => Json

/** Streams, and every operation on them that is not a put. Changes take effect at once. */
export class Streams {
  readonly all: Map<string, Stream> = new Map()
  readonly #options: StreamsOptions
  readonly #operations: ReadonlyMap<string, Operation>

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#operations = new Map<string, Operation>([
      ['CreateStream', (body, name) => this.#createStream(body, name)],
      ['DeleteStream', (_, name) => this.#deleteStream(name)],
      ['SplitShard', (body, name) => this.#splitShard(body, this.get(name))],
      ['MergeShards', (body, name) => mergeShards(body, this.get(name))],
      ['UpdateShardCount', (body, name) => updateShardCount(body, this.get(name))],
      ['ListStreams', body => this.#listStreams(body)],
      ['ListShards', (body, name) => this.#listShards(name, body)],
      [
        'DescribeStream',
        (body, name) => ({ StreamDescription: this.#description(this.get(name), body) }),
      ],
      [
        'DescribeStreamSummary',
        (_, name) => ({ StreamDescriptionSummary: this.#summary(this.get(name)) }),
      ],
      ['GetShardIterator', (body, name) => getShardIterator(this.get(name), body)],
      ['GetRecords', body => this.#getRecords(body)],
    ])
  }

  /** A stream, created now if streams are created by their first use. */
  get(name: string): Stream {
    const { shardsOnUse } = this.#options
    if (shardsOnUse !== undefined && !this.all.has(name)) this.create(name, { shards: shardsOnUse })
    return this.#existing(name)
  }

  create(name: string, options: StreamOptions): void {
    if (!STREAM_NAME.test(name))
      throw new ServiceError(
        'ValidationException',
        `1 validation error detected: Value '${name}' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
      )
    if (this.all.has(name))
      throw new ServiceError(
        'ResourceInUseException',
        `Stream ${name} under account 000000000000 already exists.`,
      )
    this.all.set(name, new Stream(name, options, this.#options.retention))
  }

  perform(operation: string, body: Json): Json {
    const perform = this.#operations.get(operation)
    if (perform === undefined) throw new ServiceError('UnknownOperationException', operation)
    return perform(body, streamNameOf(body))
  }

  #existing(name: string): Stream {
    const stream = this.all.get(name)
    if (stream !== undefined) return stream
    throw new ServiceError(
      'ResourceNotFoundException',
      `Stream ${name} under account 000000000000 not found.`,
    )
  }

  #createStream(body: Json, name: string): Json {
    const shards = limitOf(body, 'ShardCount', MAX_SHARDS, 4)
    const maxRecordBytes = 1024 * limitOf(body, 'MaxRecordSizeInKiB', 10_240, 1024)
    this.create(name, { shards, maxRecordBytes })
    return NOTHING
  }

  #deleteStream(name: string): Json {
    this.all.delete(this.#existing(name).name)
    return NOTHING
  }

  #splitShard(body: Json, stream: Stream): Json {
    const at = stringOf(body['NewStartingHashKey'])
    if (at !== undefined && !(/^\d{1,39}$/.test(at) && BigInt(at) < HASH_END))
      throw new ServiceError('ValidationException', `NewStartingHashKey is no hash key: ${at}`)
    const id = stringOf(body['ShardToSplit']) ?? ''
    stream.split(id, at === undefined ? undefined : BigInt(at))
    return NOTHING
  }

  #getRecords(body: Json): Json {
    return getRecords(
      (name, shardId) => {
        if (this.#options.limiter?.takeRead(name, shardId) === false)
          throw new ServiceError(THROTTLED, throttleText(shardId, name))
        return this.#existing(name)
      },
      body,
      this.#options.now(),
    )
  }

  #listStreams(body: Json): Json {
    const after = stringOf(body['ExclusiveStartStreamName']) ?? stringOf(body['NextToken']) ?? ''
    const names = [...this.all.keys()].toSorted().filter(name => name > after)
    const page = names.slice(0, limitOf(body, 'Limit', 10_000, 100))
    const HasMoreStreams = page.length < names.length
    return {
      StreamNames: page,
      HasMoreStreams,
      NextToken: HasMoreStreams ? page.at(-1) : undefined,
      StreamSummaries: page.map(StreamName => ({
        StreamName,
        StreamARN: this.#existing(StreamName).arn,
        StreamStatus: 'ACTIVE',
      })),
    }
  }

  /** A token is the stream and the last shard seen: a caller sends it without the stream's name. */
  #listShards(name: string, body: Json): Json {
    const [tokenStream, tokenShard] = (stringOf(body['NextToken']) ?? '').split('/')
    const stream = this.get(name === '' ? (tokenStream ?? '') : name)
    const after = stringOf(body['ExclusiveStartShardId']) ?? tokenShard ?? ''
    const filter = isJson(body['ShardFilter']) ? body['ShardFilter']['Type'] : undefined
    const shards = (filter === 'AT_LATEST' ? stream.openShards : stream.shards).filter(
      ({ id }) => id > after,
    )
    const page = shards.slice(0, limitOf(body, 'MaxResults', 10_000, 1000))
    const last = page.at(-1)
    return {
      Shards: page.map(describeShard),
      NextToken:
        last !== undefined && page.length < shards.length ? `${stream.name}/${last.id}` : undefined,
    }
  }

  #common(stream: Stream): Json {
    return {
      StreamName: stream.name,
      StreamARN: stream.arn,
      StreamStatus: 'ACTIVE',
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      RetentionPeriodHours: 24,
      StreamCreationTimestamp: 1_700_000_000,
      EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
      EncryptionType: 'NONE',
    }
  }

  #description(stream: Stream, body: Json): Json {
    const after = stringOf(body['ExclusiveStartShardId']) ?? ''
    const shards: readonly Shard[] = stream.shards.filter(({ id }) => id > after)
    const page = shards.slice(0, limitOf(body, 'Limit', 10_000, 100))
    return {
      ...this.#common(stream),
      Shards: page.map(describeShard),
      HasMoreShards: page.length < shards.length,
    }
  }

  #summary(stream: Stream): Json {
    return {
      ...this.#common(stream),
      OpenShardCount: stream.openShards.length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: stream.maxRecordBytes / 1024,
      RecordDistributionStrategy: stream.serviceDistributed ? 'AUTO' : 'USER_PARTITION_KEY',
    }
  }
}

/** The answer of an operation that says nothing. */
const NOTHING: Json = {}

const mergeShards = (body: Json, stream: Stream): Json => {
  const [id, other] = ['ShardToMerge', 'AdjacentShardToMerge'].map(name => stringOf(body[name]))
  stream.merge(id ?? '', other ?? '')
  return NOTHING
}

const updateShardCount = (body: Json, stream: Stream): Json => {
  const CurrentShardCount = stream.openShards.length
  const TargetShardCount = limitOf(body, 'TargetShardCount', MAX_SHARDS)
  stream.updateShardCount(TargetShardCount)
  return { StreamName: stream.name, StreamARN: stream.arn, CurrentShardCount, TargetShardCount }
}
