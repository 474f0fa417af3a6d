import type { RequestBuilder } from '../packing/request-builder.js'
import type { TakenBatch } from './batch.js'
import { assignShard, detach, type Homes } from './homes.js'
import type { PendingRecord } from './pending-record.js'
import type { RecordList } from './record-list.js'
import type { ShardBackoff } from './shard-backoff.js'

export interface TakeOptions {
  readonly now: number
  /** Most user records of the request. */
  readonly maxRecords: number
  /**
   * Every other time, records that were never tried go before those that failed: what failed last
   * may be to blame.
   */
  readonly alternates: boolean
}

/** A batch while it is being filled. */
interface Filling extends TakenBatch {
  readonly records: PendingRecord[]
  readonly turns: Set<ShardBackoff>
  oldest: PendingRecord | undefined
  wantsPlaces: boolean
  tracksShards: boolean
  isTurn: boolean
}

const newBatch = (isPart: boolean, { shards }: Homes): Filling => ({
  records: [],
  oldest: undefined,
  isPart,
  wantsPlaces: shards.seeksOthers,
  tracksShards: shards.seeksOthers,
  isTurn: false,
  turns: new Set(),
})

/** Chooses the records of the next request and moves them into its builder. */
export class Taking {
  readonly #homes: Homes
  #partLast = false
  /** Of the requests that had the choice, the last one: those with a part of a bisected request had none. */
  #untriedLast = false

  constructor(homes: Homes) {
    this.#homes = homes
  }

  /**
   * Parts of bisected requests take turns with all else; of that, first the shards and records whose
   * backoff is over, then the ready ones. Undefined: nothing is due.
   */
  take(builder: RequestBuilder, options: TakeOptions, readyDue: boolean): TakenBatch | undefined {
    if (!this.#partLast) {
      const part = this.#takePart(builder)
      if (part !== undefined) return part
    }
    const batch = this.#takeOthers(builder, options, readyDue)
    if (batch !== undefined) {
      this.#partLast = false
      return batch
    }
    return this.#partLast ? this.#takePart(builder) : undefined
  }

  #takePart(builder: RequestBuilder): TakenBatch | undefined {
    const { bisection } = this.#homes
    const part = bisection.next()
    this.#partLast = part !== undefined
    if (part === undefined) return undefined
    const batch = newBatch(true, this.#homes)
    const carriers = new Map<string, number>()
    for (let record = part.head; record !== undefined; ) {
      const { next }: PendingRecord = record
      if (!this.#takeOfPart(builder, batch, record, carriers)) break
      record = next
    }
    bisection.keep(part)
    return batch
  }

  /**
   * Several records of a key may stand in a part, since they shared a Kinesis record. With ordering
   * they have to share one again: what does not fit is held behind the others.
   */
  #takeOfPart(
    builder: RequestBuilder,
    batch: Filling,
    record: PendingRecord,
    carriers: Map<string, number>,
  ): boolean {
    const { order } = this.#homes
    const { partitionKey } = record
    const carrier = partitionKey === undefined ? undefined : carriers.get(partitionKey)
    if (order === undefined || carrier === undefined || partitionKey === undefined) {
      const index = builder.take(record)
      if (index < 0) return false
      if (partitionKey !== undefined) carriers.set(partitionKey, index)
      this.#moveInto(batch, record)
    } else if (carrier >= 0 && builder.takeInto(carrier, record)) this.#moveInto(batch, record)
    else {
      // Later ones of the key must not overtake this one.
      carriers.set(partitionKey, -1)
      record.list?.remove(record)
      order.holdAgain(record)
    }
    return true
  }

  #takeOthers(
    builder: RequestBuilder,
    options: TakeOptions,
    readyDue: boolean,
  ): TakenBatch | undefined {
    const { ready, again, shards } = this.#homes
    const batch = newBatch(false, this.#homes)
    const untriedFirst = options.alternates && !this.#untriedLast
    for (;;) {
      if (shards.active && !untriedFirst) this.#takeTurns(builder, batch, options)
      const [first, second] = untriedFirst ? [ready, again] : [again, ready]
      const movedFirst = this.#takeReady(builder, batch, first, options.maxRecords, readyDue)
      const movedSecond = this.#takeReady(builder, batch, second, options.maxRecords, readyDue)
      if (shards.active && untriedFirst) this.#takeTurns(builder, batch, options)
      if (batch.records.length > 0) {
        this.#untriedLast = untriedFirst
        return batch
      }
      // A shard that just got its records may be due at once, and no timer or answer would tell: look
      // again. It ends, since each look takes records out of the lists.
      if (!movedFirst && !movedSecond) return undefined
    }
  }

  /**
   * Records of shards whose backoff is over: those whose turns failed least often first, then the one
   * with the oldest record.
   */
  #takeTurns(builder: RequestBuilder, batch: Filling, { now, maxRecords }: TakeOptions): void {
    const due: ShardBackoff[] = []
    for (const shard of this.#homes.shards.all) if (shard.isDue(now)) due.push(shard)
    if (due.length > 1) due.sort(byFailedTurns)
    for (const shard of due) {
      let record = shard.first(Number.isFinite(maxRecords))
      for (let left = shard.window; left > 0 && record !== undefined; left--) {
        const { next }: PendingRecord = record
        if (batch.records.length >= maxRecords) return
        if (!this.#takeOne(builder, batch, record, maxRecords)) return
        shard.trying = true
        batch.turns.add(shard)
        batch.isTurn = true
        record = next
      }
    }
  }

  /** Ready records, if they are due; returns whether some were moved to their hot shard instead. */
  #takeReady(
    builder: RequestBuilder,
    batch: Filling,
    list: RecordList,
    maxRecords: number,
    readyDue: boolean,
  ): boolean {
    const { shards, aside } = this.#homes
    let moved = false
    let skipped = 0
    let record = list.head
    if (batch.records.length === 0 && !readyDue) return false
    while (record !== undefined && batch.records.length < maxRecords) {
      const { next }: PendingRecord = record
      const hot = shards.anyHot
        ? shards.hotShardOf(record.partitionKey, record.explicitHashKey)
        : undefined
      if (hot !== undefined) {
        list.remove(record)
        if (list.home === 'ready') record.setAside(aside)
        assignShard(this.#homes, record, hot)
        hot.list.insertNearTail(record)
        moved = true
      } else if (!this.#takeOne(builder, batch, record, maxRecords)) {
        if (!builder.hasRoom || ++skipped > batch.records.length) break
      }
      record = next
    }
    return moved
  }

  /**
   * Takes a record, and with ordering those behind it of its key that fit into the same Kinesis
   * record. False: it does not fit.
   */
  #takeOne(
    builder: RequestBuilder,
    batch: Filling,
    record: PendingRecord,
    maxRecords: number,
  ): boolean {
    const index = builder.take(record)
    if (index < 0) return false
    this.#moveInto(batch, record)
    const { order } = this.#homes
    if (order === undefined) return true
    let next = order.following(record)
    // Not beyond the bound: a probe that does not get smaller never finds out who is to blame.
    while (
      next !== undefined &&
      batch.records.length < maxRecords &&
      builder.takeInto(index, next)
    ) {
      next.leaveAside(this.#homes.aside)
      order.accompany(next)
      this.#add(batch, next)
      next = order.following(record)
    }
    return true
  }

  #moveInto(batch: Filling, record: PendingRecord): void {
    detach(this.#homes, record)
    this.#add(batch, record)
  }

  #add(batch: Filling, record: PendingRecord): void {
    record.place = 'inFlight'
    batch.records.push(record)
    if (record.waiter !== undefined) batch.wantsPlaces = true
    if (record.shard !== undefined) batch.wantsPlaces = batch.tracksShards = true
    const { oldest } = batch
    if (oldest === undefined || record.sequence < oldest.sequence) batch.oldest = record
  }
}

const byFailedTurns = (a: ShardBackoff, b: ShardBackoff): number =>
  a.failedTurns - b.failedTurns || sequenceOf(a.list) - sequenceOf(b.list)

const sequenceOf = ({ head }: RecordList): number => head?.sequence ?? 0
