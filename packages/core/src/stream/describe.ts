import { topBitsOf } from '../record/hash-key.js'

/** What a stream says of itself. */
export interface StreamSummary {
  /** Largest record it takes, in bytes, if it says so. */
  readonly maxRecordBytes: number | undefined
  /** The service picks the shards and ignores partition keys. */
  readonly serviceDistributed: boolean
}

/** A shard that takes records; hash keys by their top 48 bits. */
export interface OpenShard {
  readonly id: string
  readonly first: number
  readonly last: number
}

/** What can be asked of a stream; a client that can only put records has none of it. */
export interface StreamSource {
  /** Needs `kinesis:DescribeStreamSummary`; rejects without it. */
  readonly describe?: (signal: AbortSignal) => Promise<StreamSummary>
  /** Needs `kinesis:ListShards`; rejects without it. */
  readonly listShards?: (signal: AbortSignal) => Promise<readonly OpenShard[]>
}

/** A stream has at most 20,000 shards, and a page names 1000. */
const MAX_PAGES = 100

/** Reads the answer to DescribeStreamSummary; what it does not say is not known. */
export const summaryOf = (answer: unknown): StreamSummary => {
  const summary = read(answer, 'StreamDescriptionSummary')
  const kib = read(summary, 'MaxRecordSizeInKiB')
  return {
    maxRecordBytes: typeof kib === 'number' && Number.isFinite(kib) ? kib * 1024 : undefined,
    serviceDistributed: read(summary, 'RecordDistributionStrategy') === 'AUTO',
  }
}

/** All open shards, page by page; `ask` sends ListShards with the token of the page before. */
export const openShardsOf = async (
  ask: (token: string | undefined) => Promise<unknown>,
): Promise<OpenShard[]> => {
  const open: OpenShard[] = []
  let token: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await ask(token)
    const shards = read(answer, 'Shards')
    for (const shard of Array.isArray(shards) ? shards : []) {
      const found = openShard(shard)
      if (found !== undefined) open.push(found)
    }
    const next = read(answer, 'NextToken')
    if (typeof next !== 'string' || next === '') return open
    token = next
  }
  return open
}

const openShard = (shard: unknown): OpenShard | undefined => {
  // A closed shard has its last sequence number.
  if (read(read(shard, 'SequenceNumberRange'), 'EndingSequenceNumber') !== undefined)
    return undefined
  const range = read(shard, 'HashKeyRange')
  const [id, first, last] = [
    read(shard, 'ShardId'),
    topBits(read(range, 'StartingHashKey')),
    topBits(read(range, 'EndingHashKey')),
  ]
  return typeof id === 'string' && first !== undefined && last !== undefined
    ? { id, first, last }
    : undefined
}

const topBits = (hashKey: unknown): number | undefined =>
  typeof hashKey === 'string' ? topBitsOf(hashKey) : undefined

const read = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (Reflect.get(value, key) ?? undefined) : undefined
