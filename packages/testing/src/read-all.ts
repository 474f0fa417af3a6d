import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type Shard,
} from '@aws-sdk/client-kinesis'

/** A Kinesis record, as a consumer reads it. */
export interface ReadRecord {
  readonly data: Uint8Array
  readonly partitionKey: string
  readonly shardId: string
  readonly sequenceNumber: string
}

/** A shard may answer with nothing though there is more; this many times in a row is a defect. */
const MAX_EMPTY_READS = 100

/** All shards of a stream, closed ones too. */
export const listShards = async (client: KinesisClient, stream: string): Promise<Shard[]> => {
  const shards: Shard[] = []
  let token: string | undefined
  do {
    // A page after the first is asked for by its token alone.
    const page = await client.send(
      new ListShardsCommand(token === undefined ? { StreamName: stream } : { NextToken: token }),
    )
    shards.push(...(page.Shards ?? []))
    token = page.NextToken
  } while (token !== undefined)
  return shards
}

/** Ids are given in the order shards are opened, so parents come before their children. */
const parentsFirst = (shards: readonly Shard[]): Shard[] =>
  shards.toSorted((a, b) => ((a.ShardId ?? '') < (b.ShardId ?? '') ? -1 : 1))

const readShard = async (
  client: KinesisClient,
  stream: string,
  shardId: string,
): Promise<ReadRecord[]> => {
  const read: ReadRecord[] = []
  const start = { StreamName: stream, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' } as const
  let iterator = (await client.send(new GetShardIteratorCommand(start))).ShardIterator
  let empty = 0
  while (iterator !== undefined) {
    const {
      Records = [],
      NextShardIterator,
      MillisBehindLatest = 0,
    } = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }))
    for (const { Data, PartitionKey, SequenceNumber } of Records) {
      if (Data === undefined || PartitionKey === undefined || SequenceNumber === undefined)
        throw new Error('incomplete record')
      read.push({ data: Data, partitionKey: PartitionKey, shardId, sequenceNumber: SequenceNumber })
    }
    // The end is an answer without records and nothing behind it: kinesalite calls itself up to date
    // on every page, and the service may send an empty page while it is behind.
    if (Records.length === 0 && MillisBehindLatest === 0) break
    empty = Records.length === 0 ? empty + 1 : 0
    if (empty > MAX_EMPTY_READS) throw new Error(`shard ${shardId} stays behind without records`)
    iterator = NextShardIterator
  }
  return read
}

/**
 * Every Kinesis record of a stream, from any endpoint: shard by shard, closed ones too, parents
 * first. As fast as it can, so not for a stream that others read.
 */
export const readAll = async (client: KinesisClient, stream: string): Promise<ReadRecord[]> => {
  const read: ReadRecord[] = []
  for (const { ShardId = '' } of parentsFirst(await listShards(client, stream))) {
    read.push(...(await readShard(client, stream, ShardId)))
  }
  return read
}
