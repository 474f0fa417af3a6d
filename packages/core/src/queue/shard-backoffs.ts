import { hashKeyOf } from '../record/hash-key.js'
import type { PendingRecord } from './pending-record.js'
import { ShardBackoff, type ShardRef } from './shard-backoff.js'

/** Buckets of keys that share a backoff while the service does not name their shard. */
const HASH_BUCKETS = 64
/** Hash keys have 48 bits here. */
const BUCKET_WIDTH = 2 ** 48 / HASH_BUCKETS
/** Named shards told apart; more than the largest streams have, so that garbled names are bounded. */
const MAX_NAMED = 20_000

/** How the records of one shard fared in an answer. */
interface Tally {
  stored: number
  failed: number
}

/**
 * Backoff by shard, learned from answers alone: a throttled record waits for its shard, so that a
 * hot shard delays its own records and nobody else's.
 */
export class ShardBackoffs {
  readonly #all = new Map<string, ShardBackoff>()
  readonly #random: () => number
  #hot = 0
  /** The first shard that stored something, and whether there was another. */
  #stored: string | undefined
  #others = false

  constructor(random: () => number) {
    this.#random = random
  }

  get active(): boolean {
    return this.#all.size > 0
  }

  get anyHot(): boolean {
    return this.#hot > 0
  }

  get all(): Iterable<ShardBackoff> {
    return this.#all.values()
  }

  /** The shard of a throttled record; `named` as the service said. */
  of(record: PendingRecord, named: string | undefined): ShardBackoff {
    const { partitionKey, explicitHashKey } = record
    const hashKey = hashKeyOf(partitionKey, explicitHashKey)
    const keyless = partitionKey === undefined && explicitHashKey === undefined
    const ref: ShardRef = keyless
      ? { kind: 'any' }
      : named !== undefined && this.#all.size < MAX_NAMED
        ? { kind: 'named', id: named }
        : { kind: 'hashed', bucket: Math.floor((hashKey ?? 0) / BUCKET_WIDTH) }
    const shard = this.#open(ref)
    if (hashKey !== undefined) shard.range.include(hashKey)
    return shard
  }

  /** The hot shard a record is known to belong to. Hashes keys only while a shard is hot. */
  hotShardOf(
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): ShardBackoff | undefined {
    if (this.#hot === 0) return undefined
    if (partitionKey === undefined && explicitHashKey === undefined) {
      const any = this.#all.get(nameOf({ kind: 'any' }))
      return any?.hot === true ? any : undefined
    }
    const hashKey = hashKeyOf(partitionKey, explicitHashKey)
    if (hashKey === undefined) return undefined
    for (const shard of this.#all.values()) if (shard.hot && shard.range.has(hashKey)) return shard
    return undefined
  }

  /** Whether records can go elsewhere than to this shard; a stream of one shard may fill the buffer. */
  othersKnown({ ref }: ShardBackoff): boolean {
    if (ref.kind === 'any' || this.#stored === undefined) return false
    return this.#others || ref.kind === 'hashed' || ref.id !== this.#stored
  }

  /** Whether it is to be found out where records are stored: no other shard is known beside a hot one. */
  get seeksOthers(): boolean {
    if (this.#hot === 0 || this.#others) return false
    for (const shard of this.#all.values())
      if (shard.hot && shard.ref.kind !== 'any' && !this.othersKnown(shard)) return true
    return false
  }

  /** A shard stored something. */
  noteStored(shardId: string): void {
    if (this.#stored === undefined) this.#stored = shardId
    else if (shardId !== this.#stored) this.#others = true
  }

  /** Tells each shard how its records fared, and lets those whose turn it was have another. */
  learn(
    tallies: ReadonlyMap<ShardBackoff, Tally>,
    turns: Iterable<ShardBackoff>,
    startedAt: number,
    now: number,
  ): void {
    for (const [shard, { stored, failed }] of tallies) {
      if (shard.dissolved) continue
      this.#update(shard, () => shard.learn(stored, failed, startedAt, now))
      this.closeIfDone(shard)
    }
    for (const shard of turns) this.answered(shard)
  }

  /** The request with its turn was answered. */
  answered(shard: ShardBackoff): void {
    shard.trying = false
    this.closeIfDone(shard)
  }

  named(id: string): ShardBackoff | undefined {
    return this.#all.get(nameOf({ kind: 'named', id }))
  }

  /** A record of this shard was stored in another one: the stream was resharded. Returns what waits. */
  dissolve(shard: ShardBackoff): readonly PendingRecord[] {
    shard.dissolved = true
    this.#update(shard, () => {
      shard.hot = false
    })
    this.#all.delete(nameOf(shard.ref))
    return [...shard.list]
  }

  /** Milliseconds until the next turn; undefined when none waits for time. */
  wait(now: number): number | undefined {
    let least: number | undefined
    for (const { trying, list, notBefore } of this.#all.values()) {
      if (trying || list.length === 0) continue
      least = Math.min(least ?? Number.POSITIVE_INFINITY, Math.max(0, notBefore - now))
    }
    return least
  }

  #update(shard: ShardBackoff, change: () => void): void {
    const before = shard.hot
    change()
    if (before !== shard.hot) this.#hot += shard.hot ? 1 : -1
  }

  closeIfDone(shard: ShardBackoff): void {
    if (shard.hot || shard.trying || shard.records > 0 || shard.dissolved) return
    this.#all.delete(nameOf(shard.ref))
  }

  #open(ref: ShardRef): ShardBackoff {
    const name = nameOf(ref)
    let shard = this.#all.get(name)
    if (shard === undefined) {
      shard = new ShardBackoff(ref, this.#random)
      this.#all.set(name, shard)
    }
    return shard
  }
}

const nameOf = (ref: ShardRef): string => {
  switch (ref.kind) {
    case 'named':
      return `named ${ref.id}`
    case 'hashed':
      return `hashed ${ref.bucket}`
    case 'any':
      return 'any'
  }
}
