import { type Json, isObject, numberOf, parseObject, stringOf } from './json.js'
import { badArgument, invalid, Refusal } from './refusal.js'
import { FakeStream, type Shard } from './streams.js'

export type Streams = Map<string, FakeStream>

export const findStream = (streams: Streams, name: string): FakeStream => {
  const stream = streams.get(name)
  if (stream !== undefined) return stream
  throw new Refusal('ResourceNotFoundException', `Stream ${name} under account 000000000000 not found.`)
}

export const streamNameOf = (body: Json): string =>
  stringOf(body['StreamName']) ?? stringOf(body['StreamARN'])?.split(':stream/')[1] ?? ''

/** All that is not PutRecords. Every change is done before it is answered. */
export const operate = (streams: Streams, operation: string, body: Json, defaultMaxRecordBytes: number): Json => {
  const name = streamNameOf(body)
  const stream = (): FakeStream => findStream(streams, name)
  switch (operation) {
    case 'CreateStream': {
      if (streams.has(name)) {
        throw new Refusal('ResourceInUseException', `Stream ${name} under account 000000000000 already exists.`)
      }
      const shards = numberOf(body['ShardCount'], 1)
      if (name === '' || !Number.isInteger(shards) || shards < 1) throw invalid('a stream needs a name and shards')
      const kib = body['MaxRecordSizeInKiB']
      streams.set(name, new FakeStream(name, shards, typeof kib === 'number' ? kib * 1024 : defaultMaxRecordBytes))
      return {}
    }
    case 'DeleteStream':
      streams.delete(stream().name)
      return {}
    case 'SplitShard': {
      const at = stringOf(body['NewStartingHashKey'])
      stream().split(stringOf(body['ShardToSplit']) ?? '', at === undefined ? undefined : BigInt(at))
      return {}
    }
    case 'MergeShards':
      stream().merge(stringOf(body['ShardToMerge']) ?? '', stringOf(body['AdjacentShardToMerge']) ?? '')
      return {}
    case 'ListShards':
      return { Shards: listShards(stream(), body['ShardFilter']) }
    case 'DescribeStreamSummary':
      return { StreamDescriptionSummary: summary(stream()) }
    case 'GetShardIterator':
      return { ShardIterator: firstIterator(stream(), body) }
    case 'GetRecords':
      return getRecords(streams, body)
    default:
      throw new Refusal('UnknownOperationException', operation)
  }
}

const summary = (stream: FakeStream): Json => ({
  StreamName: stream.name,
  StreamARN: stream.arn,
  StreamStatus: 'ACTIVE',
  StreamModeDetails: { StreamMode: 'PROVISIONED' },
  RetentionPeriodHours: 24,
  StreamCreationTimestamp: 0,
  EnhancedMonitoring: [],
  OpenShardCount: stream.openShards.length,
  MaxRecordSizeInKiB: stream.maxRecordBytes / 1024,
})

const listShards = (stream: FakeStream, filter: unknown): Json[] =>
  (isObject(filter) && filter['Type'] === 'AT_LATEST' ? stream.openShards : stream.shards).map(describeShard)

const describeShard = ({ id, from, to, parents, startingSequenceNumber, endingSequenceNumber }: Shard): Json => ({
  ShardId: id,
  HashKeyRange: { StartingHashKey: String(from), EndingHashKey: String(to - 1n) },
  SequenceNumberRange: {
    StartingSequenceNumber: startingSequenceNumber,
    ...(endingSequenceNumber !== undefined && { EndingSequenceNumber: endingSequenceNumber }),
  },
  ...(parents[0] !== undefined && { ParentShardId: parents[0] }),
  ...(parents[1] !== undefined && { AdjacentParentShardId: parents[1] }),
})

const iterator = (stream: string, shard: string, position: number): string =>
  Buffer.from(JSON.stringify({ stream, shard, position })).toString('base64')

const firstIterator = (stream: FakeStream, body: Json): string => {
  const shard = stringOf(body['ShardId']) ?? ''
  if (!stream.shards.some(({ id }) => id === shard)) {
    throw new Refusal('ResourceNotFoundException', `Shard ${shard} in stream ${stream.name} not found.`)
  }
  if (body['ShardIteratorType'] !== 'TRIM_HORIZON') throw badArgument('the fake knows only TRIM_HORIZON')
  return iterator(stream.name, shard, 0)
}

const getRecords = (streams: Streams, body: Json): Json => {
  const token = parseObject(Buffer.from(stringOf(body['ShardIterator']) ?? '', 'base64').toString())
  const stream = findStream(streams, stringOf(token['stream']) ?? '')
  const position = numberOf(token['position'], 0)
  const shard = stream.shards.find(({ id }) => id === token['shard'])
  if (shard === undefined) throw badArgument('Invalid ShardIterator.')
  const all = stream.records.filter(({ shardId }) => shardId === shard.id)
  const end = Math.min(all.length, position + numberOf(body['Limit'], 10_000))
  // As on AWS, a closed shard that was read to its end has no next iterator.
  const more = end < all.length || shard.endingSequenceNumber === undefined
  return {
    MillisBehindLatest: 0,
    ...(more && { NextShardIterator: iterator(stream.name, shard.id, end) }),
    Records: all.slice(position, end).map(({ data, partitionKey, sequenceNumber }) => ({
      Data: data.toString('base64'),
      PartitionKey: partitionKey,
      SequenceNumber: sequenceNumber,
    })),
  }
}
