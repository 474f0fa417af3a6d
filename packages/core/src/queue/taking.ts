import type { RequestBuilder } from '../packing/request-builder.js'
import { TakenBatch } from './batch.js'
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

const newBatch = (isPart: boolean, { shards }: Homes): TakenBatch =>
  new TakenBatch(isPart, shards.seeksOthers)

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
    batch: TakenBatch,
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
      let moved = false
      for (const list of untriedFirst ? [ready, again] : [again, ready]) {
        if (this.#takeReady(builder, batch, list, options.maxRecords, readyDue)) moved = true
        if (list === ready && this.#takeFresh(builder, batch, options.maxRecords, readyDue))
          moved = true
      }
      if (shards.active && untriedFirst) this.#takeTurns(builder, batch, options)
      if (batch.count > 0) {
        this.#untriedLast = untriedFirst
        return batch
      }
      // A shard that just got its records may be due at once, and no timer or answer would tell: look
      // again. It ends, since each look takes records out of the lists.
      if (!moved) return undefined
    }
  }

  /**
   * Records of shards whose backoff is over: those whose turns failed least often first, then the one
   * with the oldest record.
   */
  #takeTurns(builder: RequestBuilder, batch: TakenBatch, { now, maxRecords }: TakeOptions): void {
    const due: ShardBackoff[] = []
    for (const shard of this.#homes.shards.all) if (shard.isDue(now)) due.push(shard)
    if (due.length > 1) due.sort(byFailedTurns)
    for (const shard of due) {
      let record = shard.first(Number.isFinite(maxRecords))
      for (let left = shard.window; left > 0 && record !== undefined; left--) {
        const { next }: PendingRecord = record
        if (batch.count >= maxRecords) return
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
    batch: TakenBatch,
    list: RecordList,
    maxRecords: number,
    readyDue: boolean,
  ): boolean {
    let moved = false
    let skipped = 0
    let record = list.head
    if (batch.count === 0 && !readyDue) return false
    while (record !== undefined && batch.count < maxRecords) {
      const { next }: PendingRecord = record
      if (this.#moveToHotShard(record)) moved = true
      else if (!this.#takeOne(builder, batch, record, maxRecords)) {
        if (!builder.hasRoom || ++skipped > batch.count) break
      }
      record = next
    }
    return moved
  }

  /**
   * The same for records that were never tried. They become objects only if something else is to be
   * known of them than that they were sent, or if there is no room: then they wait before the others.
   */
  #takeFresh(
    builder: RequestBuilder,
    batch: TakenBatch,
    maxRecords: number,
    readyDue: boolean,
  ): boolean {
    const { ready, fresh, shards, order } = this.#homes
    // Those behind them of the same key may go along.
    const needObjects = shards.anyHot || (order?.held ?? 0) > 0
    let moved = false
    let skipped = 0
    if (batch.count === 0 && !readyDue) return false
    // What stands before them had no room: they may have, if there is any.
    while (batch.count < maxRecords && (ready.head === undefined || builder.hasRoom)) {
      const next = needObjects ? undefined : fresh.peek()
      if (next !== undefined && builder.take(next) >= 0) {
        batch.addFresh(next)
        fresh.skip(next.bytes)
        continue
      }
      const record = fresh.shift()
      if (record === undefined) break
      if (needObjects && this.#moveToHotShard(record)) moved = true
      else if (!needObjects || !this.#takeOne(builder, batch, record, maxRecords)) {
        ready.push(record)
        if (!builder.hasRoom || ++skipped > batch.count) break
      }
    }
    return moved
  }

  #moveToHotShard(record: PendingRecord): boolean {
    const { shards, aside } = this.#homes
    if (!shards.anyHot) return false
    const hot = shards.hotShardOf(record.partitionKey, record.explicitHashKey)
    const { list } = record
    if (hot === undefined) return false
    list?.remove(record)
    if (list === undefined || list.home === 'ready') record.setAside(aside)
    assignShard(this.#homes, record, hot)
    hot.list.insertNearTail(record)
    return true
  }

  /**
   * Takes a record, and with ordering those behind it of its key that fit into the same Kinesis
   * record. False: it does not fit.
   */
  #takeOne(
    builder: RequestBuilder,
    batch: TakenBatch,
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
    while (next !== undefined && batch.count < maxRecords && builder.takeInto(index, next)) {
      next.leaveAside(this.#homes.aside)
      order.accompany(next)
      batch.add(next)
      next = order.following(record)
    }
    return true
  }

  #moveInto(batch: TakenBatch, record: PendingRecord): void {
    detach(this.#homes, record)
    batch.add(record)
  }
}

const byFailedTurns = (a: ShardBackoff, b: ShardBackoff): number =>
  a.failedTurns - b.failedTurns || sequenceOf(a.list) - sequenceOf(b.list)

const sequenceOf = ({ head }: RecordList): number => head?.sequence ?? 0
