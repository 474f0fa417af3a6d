import { getRecords, getShardIterator } from './fake-reader.js'
import { describeShard, type FakeShard, FakeStream, type StreamOptions } from './fake-stream.js'
import { isJson, type Json, numberOf, stringOf } from './json.js'
import { ServiceError } from './reply.js'

const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,128}$/

/** A stream by its name or, without one, by its ARN. */
export const streamNameOf = (body: Json): string =>
  stringOf(body['StreamName']) ?? stringOf(body['StreamARN'])?.split(':stream/')[1] ?? ''

/** Streams, and every operation on them that is not a put. Changes take effect at once. */
export class ControlPlane {
  readonly streams = new Map<string, FakeStream>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  stream(name: string): FakeStream {
    const stream = this.streams.get(name)
    if (stream !== undefined) return stream
    throw new ServiceError(
      'ResourceNotFoundException',
      `Stream ${name} under account 000000000000 not found.`,
    )
  }

  create(name: string, options: StreamOptions): void {
    if (!STREAM_NAME.test(name))
      throw new ServiceError(
        'ValidationException',
        `1 validation error detected: Value '${name}' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
      )
    if (this.streams.has(name))
      throw new ServiceError(
        'ResourceInUseException',
        `Stream ${name} under account 000000000000 already exists.`,
      )
    this.streams.set(name, new FakeStream(name, options))
  }

  perform(operation: string, body: Json): Json {
    const name = streamNameOf(body)
    switch (operation) {
      case 'CreateStream': {
        const kib = numberOf(body['MaxRecordSizeInKiB']) ?? 1024
        this.create(name, { shards: numberOf(body['ShardCount']) ?? 4, maxRecordBytes: kib * 1024 })
        return {}
      }
      case 'DeleteStream':
        this.streams.delete(this.stream(name).name)
        return {}
      case 'SplitShard': {
        const at = stringOf(body['NewStartingHashKey'])
        this.stream(name).split(
          stringOf(body['ShardToSplit']) ?? '',
          at === undefined ? undefined : BigInt(at),
        )
        return {}
      }
      case 'MergeShards':
        this.stream(name).merge(
          stringOf(body['ShardToMerge']) ?? '',
          stringOf(body['AdjacentShardToMerge']) ?? '',
        )
        return {}
      case 'ListStreams':
        return this.#listStreams(body)
      case 'ListShards':
        return this.#listShards(name, body)
      case 'DescribeStream':
        return { StreamDescription: this.#description(this.stream(name), body) }
      case 'DescribeStreamSummary':
        return { StreamDescriptionSummary: this.#summary(this.stream(name)) }
      case 'GetShardIterator':
        return getShardIterator(this.stream(name), body)
      case 'GetRecords':
        return getRecords(stream => this.stream(stream), body, this.#now())
      default:
        throw new ServiceError('UnknownOperationException', operation)
    }
  }

  #listStreams(body: Json): Json {
    const after = stringOf(body['ExclusiveStartStreamName']) ?? stringOf(body['NextToken']) ?? ''
    const names = [...this.streams.keys()].toSorted().filter(name => name > after)
    const page = names.slice(0, numberOf(body['Limit']) ?? 100)
    const HasMoreStreams = page.length < names.length
    return {
      StreamNames: page,
      HasMoreStreams,
      NextToken: HasMoreStreams ? page.at(-1) : undefined,
      StreamSummaries: page.map(StreamName => ({
        StreamName,
        StreamARN: this.stream(StreamName).arn,
        StreamStatus: 'ACTIVE',
      })),
    }
  }

  /** A token is the stream and the last shard seen: a caller sends it without the stream's name. */
  #listShards(name: string, body: Json): Json {
    const [tokenStream, tokenShard] = (stringOf(body['NextToken']) ?? '').split('/')
    const stream = this.stream(name === '' ? (tokenStream ?? '') : name)
    const after = stringOf(body['ExclusiveStartShardId']) ?? tokenShard ?? ''
    const filter = isJson(body['ShardFilter']) ? body['ShardFilter']['Type'] : undefined
    const shards = (filter === 'AT_LATEST' ? stream.openShards : stream.shards).filter(
      ({ id }) => id > after,
    )
    const page = shards.slice(0, numberOf(body['MaxResults']) ?? 1000)
    const last = page.at(-1)
    return {
      Shards: page.map(describeShard),
      NextToken:
        last !== undefined && page.length < shards.length ? `${stream.name}/${last.id}` : undefined,
    }
  }

  #common(stream: FakeStream): Json {
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

  #description(stream: FakeStream, body: Json): Json {
    const after = stringOf(body['ExclusiveStartShardId']) ?? ''
    const shards: readonly FakeShard[] = stream.shards.filter(({ id }) => id > after)
    const page = shards.slice(0, numberOf(body['Limit']) ?? 100)
    return {
      ...this.#common(stream),
      Shards: page.map(describeShard),
      HasMoreShards: page.length < shards.length,
    }
  }

  #summary(stream: FakeStream): Json {
    return {
      ...this.#common(stream),
      OpenShardCount: stream.openShards.length,
      ConsumerCount: 0,
      MaxRecordSizeInKiB: stream.maxRecordBytes / 1024,
      RecordDistributionStrategy: stream.serviceDistributed ? 'AUTO' : 'USER_PARTITION_KEY',
    }
  }
}
