import { DescribeStreamSummaryCommand, ListShardsCommand } from '@aws-sdk/client-kinesis'
import type { KinesisClientLike, StreamTarget } from '../client/client-types.js'

/** What a stream says of itself. */
export interface StreamSummary {
  /** Largest record it takes, in bytes, if it says so. */
  readonly maxRecordBytes: number | undefined
  /** The service picks the shards and ignores partition keys. */
  readonly serviceDistributed: boolean
}

/** A shard that takes records; hashes by their top 48 bits. */
export interface OpenShard {
  readonly id: string
  readonly first: number
  readonly last: number
}

/** A closed shard has its last sequence number; some emulators name the largest there is. */
const MAX_PAGES = 100

/** Whether the client can be asked at all: a fake may know PutRecords only. */
export const canAsk = (client: KinesisClientLike): boolean =>
  typeof Reflect.get(client, 'send') === 'function'

/** Needs `kinesis:DescribeStreamSummary`; rejects without it. */
export const describeStream = async (
  client: KinesisClientLike,
  target: StreamTarget,
): Promise<StreamSummary> => {
  const answer = await ask(client, new DescribeStreamSummaryCommand(target))
  const summary = read(answer, 'StreamDescriptionSummary')
  const kib = read(summary, 'MaxRecordSizeInKiB')
  return {
    maxRecordBytes: typeof kib === 'number' && Number.isFinite(kib) ? kib * 1024 : undefined,
    serviceDistributed: read(summary, 'RecordDistributionStrategy') === 'AUTO',
  }
}

/** Needs `kinesis:ListShards`; rejects without it. */
export const listOpenShards = async (
  client: KinesisClientLike,
  target: StreamTarget,
): Promise<OpenShard[]> => {
  const open: OpenShard[] = []
  let token: unknown
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await ask(
      client,
      new ListShardsCommand(typeof token === 'string' ? { NextToken: token } : target),
    )
    const shards = read(answer, 'Shards')
    for (const shard of Array.isArray(shards) ? shards : []) {
      if (read(read(shard, 'SequenceNumberRange'), 'EndingSequenceNumber') !== undefined) continue
      const range = read(shard, 'HashKeyRange')
      const [id, from, to] = [
        read(shard, 'ShardId'),
        read(range, 'StartingHashKey'),
        read(range, 'EndingHashKey'),
      ]
      if (typeof id !== 'string' || typeof from !== 'string' || typeof to !== 'string') continue
      open.push({ id, first: topBits(from), last: topBits(to) })
    }
    token = read(answer, 'NextToken')
    if (typeof token !== 'string') return open
  }
  return open
}

const topBits = (hashKey: string): number => Number(BigInt(hashKey) >> 80n)

const ask = async (client: KinesisClientLike, command: object): Promise<unknown> => {
  const send: unknown = Reflect.get(client, 'send')
  if (typeof send !== 'function') throw new Error('the client can only put records')
  return Reflect.apply(send, client, [command])
}

const read = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (Reflect.get(value, key) ?? undefined) : undefined
