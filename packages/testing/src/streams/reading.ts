import { ServiceError } from '../http/reply.js'
import { type Json, numberOf, parseJson, stringOf } from '../json.js'
import { limitOf, MAX_REQUEST_BYTES } from './put-input.js'
import type { StoredRecord } from './record-log.js'
import { describeShard, type Shard, type Stream } from './stream.js'

const MAX_READ_RECORDS = 10_000

interface Position {
  readonly stream: string
  readonly shard: string
  /** Place in the shard's records. */
  readonly next: number
}

const encode = (position: Position): string =>
  Buffer.from(JSON.stringify(position)).toString('base64')

const decode = (iterator: string | undefined): Position => {
  const parsed = parseJson(Buffer.from(iterator ?? '', 'base64').toString('utf8'))
  const stream = stringOf(parsed?.['stream'])
  const shard = stringOf(parsed?.['shard'])
  const next = numberOf(parsed?.['next'])
  if (stream === undefined || shard === undefined || next === undefined) {
    throw new ServiceError('InvalidArgumentException', 'Invalid ShardIterator.')
  }
  return { stream, shard, next }
}

const startOf = (shard: Shard, body: Json): number => {
  const from = stringOf(body['StartingSequenceNumber']) ?? ''
  const seconds = numberOf(body['Timestamp']) ?? 0
  switch (body['ShardIteratorType']) {
    case 'TRIM_HORIZON':
      return 0
    case 'LATEST':
      return shard.records.end
    case 'AT_SEQUENCE_NUMBER':
      return shard.records.placeOf(({ sequenceNumber }) => sequenceNumber >= from)
    case 'AFTER_SEQUENCE_NUMBER':
      return shard.records.placeOf(({ sequenceNumber }) => sequenceNumber > from)
    case 'AT_TIMESTAMP':
      return shard.records.placeOf(({ arrivedAt }) => arrivedAt >= seconds * 1000)
    default:
      throw new ServiceError(
        'ValidationException',
        "1 validation error detected: Value at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set",
      )
  }
}

export const getShardIterator = (stream: Stream, body: Json): Json => {
  const shard = stream.shard(stringOf(body['ShardId']) ?? '')
  return {
    ShardIterator: encode({ stream: stream.name, shard: shard.id, next: startOf(shard, body) }),
  }
}

export const getRecords = (
  find: (stream: string, shardId: string) => Stream,
  body: Json,
  now: number,
): Json => {
  const { stream: name, shard: id, next: from } = decode(stringOf(body['ShardIterator']))
  const stream = find(name, id)
  const shard = stream.shard(id)
  const { place, records } = shard.records.from(from, limitOf(body, 'Limit', MAX_READ_RECORDS))
  const read: StoredRecord[] = []
  let bytes = 0
  for (const record of records) {
    bytes += record.data.length
    if (read.length > 0 && bytes > MAX_REQUEST_BYTES) break
    read.push(record)
  }
  const next = place + read.length
  const [waiting] = shard.records.from(next, 1).records
  const atEnd = waiting === undefined && shard.endingSequence !== undefined
  return {
    Records: read.map(({ data, partitionKey, sequenceNumber, arrivedAt }) => ({
      Data: data.toString('base64'),
      PartitionKey: partitionKey,
      SequenceNumber: sequenceNumber,
      ApproximateArrivalTimestamp: arrivedAt / 1000,
      EncryptionType: 'NONE',
    })),
    NextShardIterator: atEnd ? undefined : encode({ stream: name, shard: id, next }),
    MillisBehindLatest: waiting === undefined ? 0 : Math.max(1, now - waiting.arrivedAt),
    ChildShards: atEnd ? childrenOf(stream, id) : undefined,
  }
}

const childrenOf = (stream: Stream, id: string): readonly Json[] =>
  stream.shards
    .filter(({ parents }) => parents.includes(id))
    .map(child => {
      const { ShardId, HashKeyRange } = describeShard(child)
      return { ShardId, ParentShards: child.parents, HashKeyRange }
    })
