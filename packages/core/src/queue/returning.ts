import type { RecordFate, TakenBatch } from './batch.js'
import type { Dueness } from './dueness.js'
import { assignShard, type Homes } from './homes.js'
import type { PendingRecord } from './pending-record.js'
import type { ShardBackoff } from './shard-backoff.js'

/** Decides where records belong that go again. */
export class Returning {
  readonly #homes: Homes
  readonly #dueness: Dueness
  #newestFreed = 0

  constructor(homes: Homes, dueness: Dueness) {
    this.#homes = homes
    this.#dueness = dueness
  }

  /** Counts by shard what was stored and throttled, and notes to which shard records belong. */
  tally(
    { records }: TakenBatch,
    fates: readonly RecordFate[],
  ): Map<ShardBackoff, { stored: number; failed: number }> {
    const { shards } = this.#homes
    const tallies = new Map<ShardBackoff, { stored: number; failed: number }>()
    const count = (shard: ShardBackoff | undefined, key: 'stored' | 'failed'): void => {
      if (shard === undefined || shard.dissolved) return
      const tally = tallies.get(shard) ?? { stored: 0, failed: 0 }
      tally[key]++
      tallies.set(shard, tally)
    }
    records.forEach((record, i) => {
      const fate = fates[i]
      if (fate?.kind === 'stored') {
        shards.noteStored(fate.shardId)
        this.#checkMoved(record, fate.shardId)
        count(record.shard ?? shards.named(fate.shardId), 'stored')
      } else if (fate?.kind === 'throttled') {
        const shard = shards.of(record, fate.shardId)
        assignShard(this.#homes, record, shard)
        count(shard, 'failed')
      }
    })
    return tallies
  }

  /**
   * Holds again the records of which an older one of the same key goes again, in `records` or in
   * `before`. Returns the others, in order.
   */
  holdFollowers(
    records: readonly PendingRecord[],
    before: readonly PendingRecord[] = [],
  ): readonly PendingRecord[] {
    const { order, aside } = this.#homes
    if (order === undefined || !order.hasCompanions) return records
    const earlier = new Set(before.map(({ partitionKey }) => partitionKey))
    const free: PendingRecord[] = []
    for (const record of records.toReversed()) {
      const follows = before.length === 0 || earlier.has(record.partitionKey)
      if (follows && order.holdAgain(record)) {
        record.place = 'waiting'
        record.setAside(aside)
      } else free.push(record)
    }
    return free.toReversed()
  }

  /**
   * Records of a request wait again: for their shard, for the next request, or for what the caller
   * puts them to.
   */
  putBack(
    toShard: readonly PendingRecord[],
    toNext: readonly PendingRecord[],
    elsewhere: readonly PendingRecord[],
  ): void {
    for (const record of [...toShard, ...toNext, ...elsewhere]) {
      record.place = 'waiting'
      record.setAside(this.#homes.aside)
    }
    for (const record of toNext) this.pushAgain(record)
    // The youngest first: then each finds its place at the head of the list.
    for (const record of toShard.toReversed()) {
      const { shard } = record
      if (shard === undefined || shard.dissolved) this.pushAgain(record)
      else shard.list.insertNearHead(record)
    }
  }

  /**
   * One of these records is to blame: each half is to be sent by itself. With ordering a key stays in
   * one half: its later records are held behind the earlier ones.
   */
  bisect(records: readonly PendingRecord[]): void {
    const middle = Math.ceil(records.length / 2)
    const first = records.slice(0, middle)
    const second = this.holdFollowers(records.slice(middle), first)
    this.putBack([], [], [...first, ...second])
    this.#homes.bisection.split(first, second)
  }

  /**
   * It has waited before, so it does not wait for others to join it. Those before it in the list are
   * due as well: otherwise it would wait for their linger.
   */
  pushAgain(record: PendingRecord): void {
    this.#homes.again.push(record)
    this.#dueness.markUpTo(Math.max(record.sequence, this.#newestFreed))
  }

  /**
   * It was held until now, and lingers from its admission on. By age, so that the head of the list
   * tells whether one of them is due, and since when they linger.
   */
  pushFreed(record: PendingRecord): void {
    this.#homes.again.insertNearTail(record)
    this.#newestFreed = Math.max(this.#newestFreed, record.sequence)
  }

  /** Records whose own backoff is over go with the next request. */
  releaseDelayed(now: number): void {
    for (const list of this.#homes.delays.due(now)) {
      for (let record = list.head; record !== undefined; record = list.head) {
        list.remove(record)
        this.pushAgain(record)
      }
    }
  }

  /** What the failures have put out of order goes in the order of admission. */
  sortAgain(): void {
    const { again } = this.#homes
    const records = [...again].toSorted((a, b) => a.sequence - b.sequence)
    for (const record of records) {
      again.remove(record)
      again.push(record)
    }
  }

  /** A record of a named shard was stored in another: its range is no longer what was learned. */
  #checkMoved({ shard }: PendingRecord, shardId: string): void {
    if (shard === undefined || shard.dissolved || shard.ref.kind !== 'named') return
    if (shard.ref.id === shardId) return
    for (const record of this.#homes.shards.dissolve(shard)) {
      shard.list.remove(record)
      record.assign(undefined)
      this.pushAgain(record)
    }
  }
}

/** Adds an item to the list of a key. */
export const pushTo = <K, T>(lists: Map<K, T[]>, key: K, item: T): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}
