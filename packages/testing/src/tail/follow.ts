import { setMaxListeners } from 'node:events'
import { type KinesisClient, ListShardsCommand, type Shard } from '@aws-sdk/client-kinesis'
import type { Since } from './settings.js'
import { isFatal, type ReaderMeans, ShardReader, streamTarget } from './shard-reader.js'

const LIST_TRIES = 4
const LIST_BACKOFF_MS = 500

export interface FollowMeans extends ReaderMeans {
  readonly since: Since
  /** These alone; all if empty. */
  readonly shards: readonly string[]
  readonly onStart: (shardId: string) => void
  readonly onEnd: (shardId: string) => void
}

export const listShards = async (
  client: KinesisClient,
  stream: string,
  abortSignal: AbortSignal,
): Promise<Shard[]> => {
  const shards: Shard[] = []
  let token: string | undefined
  do {
    // A page after the first is asked for by its token alone.
    const page = await client.send(
      new ListShardsCommand(token === undefined ? streamTarget(stream) : { NextToken: token }),
      { abortSignal },
    )
    shards.push(...(page.Shards ?? []))
    token = page.NextToken
  } while (token !== undefined)
  return shards
}

/**
 * Reads all shards of a stream. A shard that comes out of a split or a merge is read when its
 * parents have been read to their end, so that records of one key come in their order.
 */
export class Follower {
  readonly #means: FollowMeans
  readonly #stop = new AbortController()
  readonly #begun = new Set<string>()
  readonly #ended = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(means: FollowMeans) {
    const signal = AbortSignal.any([means.signal, this.#stop.signal])
    // Each shard listens, and Node would warn of the eleventh.
    setMaxListeners(0, signal)
    this.#means = { ...means, signal }
  }

  /** Resolves when every shard has been read as far as `onPage` wants; throws what ends it early. */
  async run(): Promise<void> {
    const { since } = this.#means
    const shards = await this.#list()
    if (since === 'now') {
      // What is closed already gets no more records.
      for (const { ShardId = '', SequenceNumberRange } of shards)
        if (SequenceNumberRange?.EndingSequenceNumber !== undefined) {
          this.#begun.add(ShardId)
          this.#ended.add(ShardId)
        }
    }
    this.#begin(shards, since)
    while (this.#running.size > 0) await Promise.race(this.#running)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** A few tries: an endpoint that was never there is told of soon. */
  async #list(): Promise<readonly Shard[]> {
    const { client, stream, clock, signal, onRetry } = this.#means
    for (let tries = 1; ; tries++) {
      try {
        return await listShards(client, stream, signal)
      } catch (error) {
        const isLast = !(error instanceof Error) || isFatal(error) || tries === LIST_TRIES
        if (isLast || signal.aborted) throw error
        onRetry(error, 'ListShards')
        await clock.sleep(LIST_BACKOFF_MS * tries, signal)
      }
    }
  }

  /** Begins with all shards whose parents are done, or are not there any more. */
  #begin(shards: readonly Shard[], since: Since): void {
    const listed = new Set(shards.map(({ ShardId }) => ShardId))
    const isDone = (parent: string | undefined): boolean =>
      parent === undefined || !listed.has(parent) || this.#ended.has(parent)
    for (const { ShardId = '', ParentShardId, AdjacentParentShardId } of shards) {
      if (this.#begun.has(ShardId) || !isDone(ParentShardId) || !isDone(AdjacentParentShardId))
        continue
      this.#begun.add(ShardId)
      if (this.#means.shards.length > 0 && !this.#means.shards.includes(ShardId)) {
        this.#ended.add(ShardId)
        continue
      }
      const reading: Promise<void> = this.#read(ShardId, since)
        .catch((error: unknown) => {
          this.#failure ??= { error }
          this.#stop.abort()
        })
        .finally(() => this.#running.delete(reading))
      this.#running.add(reading)
    }
  }

  async #read(shardId: string, since: Since): Promise<void> {
    const { signal, onStart, onEnd } = this.#means
    onStart(shardId)
    const closed = await new ShardReader(shardId, since, this.#means).read()
    onEnd(shardId)
    if (!closed || signal.aborted) return
    this.#ended.add(shardId)
    // A child is as old as the end of its parents: all of it is new to who follows from now on.
    this.#begin(await this.#list(), since === 'now' ? 'start' : since)
  }
}
