import type { FakeShard, FakeStream, StoredRecord } from './fake-stream.js'
import { type Json, numberOf, parseJson, stringOf } from './json.js'
import { MAX_REQUEST_BYTES } from './put-input.js'
import { ServiceError } from './reply.js'

const MAX_READ_RECORDS = 10_000

interface Position {
  readonly stream: string
  readonly shard: string
  /** Index into the shard's records. */
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

/** The first index whose record fulfils a condition that all later ones fulfil too. */
const firstIndex = (
  records: readonly StoredRecord[],
  fits: (record: StoredRecord) => boolean,
): number => {
  const found = records.findIndex(fits)
  return found === -1 ? records.length : found
}

const startOf = (shard: FakeShard, body: Json): number => {
  const from = stringOf(body['StartingSequenceNumber']) ?? ''
  const seconds = numberOf(body['Timestamp']) ?? 0
  switch (body['ShardIteratorType']) {
    case 'TRIM_HORIZON':
      return 0
    case 'LATEST':
      return shard.records.length
    case 'AT_SEQUENCE_NUMBER':
      return firstIndex(shard.records, ({ sequenceNumber }) => sequenceNumber >= from)
    case 'AFTER_SEQUENCE_NUMBER':
      return firstIndex(shard.records, ({ sequenceNumber }) => sequenceNumber > from)
    case 'AT_TIMESTAMP':
      return firstIndex(shard.records, ({ arrivedAt }) => arrivedAt >= seconds * 1000)
    default:
      throw new ServiceError(
        'ValidationException',
        "1 validation error detected: Value at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set",
      )
  }
}

export const getShardIterator = (stream: FakeStream, body: Json): Json => {
  const shard = stream.shard(stringOf(body['ShardId']) ?? '')
  return {
    ShardIterator: encode({ stream: stream.name, shard: shard.id, next: startOf(shard, body) }),
  }
}

export const getRecords = (find: (stream: string) => FakeStream, body: Json, now: number): Json => {
  const position = decode(stringOf(body['ShardIterator']))
  const stream = find(position.stream)
  const shard = stream.shard(position.shard)
  const limit = Math.min(numberOf(body['Limit']) ?? MAX_READ_RECORDS, MAX_READ_RECORDS)
  const read: StoredRecord[] = []
  let bytes = 0
  for (const record of shard.records.slice(position.next, position.next + limit)) {
    bytes += record.data.length
    if (read.length > 0 && bytes > MAX_REQUEST_BYTES) break
    read.push(record)
  }
  const next = position.next + read.length
  const waiting = shard.records[next]
  const atEnd = waiting === undefined && shard.endingSequence !== undefined
  return {
    Records: read.map(({ data, partitionKey, sequenceNumber, arrivedAt }) => ({
      Data: data.toString('base64'),
      PartitionKey: partitionKey,
      SequenceNumber: sequenceNumber,
      ApproximateArrivalTimestamp: arrivedAt / 1000,
      EncryptionType: 'NONE',
    })),
    NextShardIterator: atEnd ? undefined : encode({ ...position, next }),
    MillisBehindLatest: waiting === undefined ? 0 : Math.max(1, now - waiting.arrivedAt),
    ChildShards: atEnd ? childrenOf(stream, shard.id) : undefined,
  }
}

const childrenOf = (stream: FakeStream, id: string): readonly Json[] =>
  stream.shards
    .filter(({ parents }) => parents.includes(id))
    .map(({ id: child, parents, from, to }) => ({
      ShardId: child,
      ParentShards: parents,
      HashKeyRange: { StartingHashKey: String(from), EndingHashKey: String(to) },
    }))
