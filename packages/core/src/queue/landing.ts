import type { Batch, RecordFate } from './batch.js'
import type { Homes } from './homes.js'
import type { InFlightBatches } from './in-flight-batches.js'
import type { Leaving } from './leaving.js'
import { PendingRecord } from './pending-record.js'
import { pushTo, type Returning } from './returning.js'

/**
 * What becomes of the records of a batch that is no longer in flight: each leaves, or waits again. A
 * batch that has landed before, or was given up, moves nothing.
 */
export class Landing {
  readonly #homes: Homes
  readonly #inFlight: InFlightBatches
  readonly #returning: Returning
  readonly #leaving: Leaving

  constructor(homes: Homes, inFlight: InFlightBatches, returning: Returning, leaving: Leaving) {
    this.#homes = homes
    this.#inFlight = inFlight
    this.#returning = returning
    this.#leaving = leaving
  }

  /** All records of the request are stored. */
  stored(batch: Batch): void {
    const taken = this.#inFlight.land(batch)
    if (taken === undefined) return
    if (taken.parts === undefined) for (const record of taken.records) this.#leaving.settle(record)
    else
      for (const part of taken.parts)
        if (part instanceof PendingRecord) this.#leaving.settle(part)
        else this.#leaving.settleRun(part)
    for (const shard of taken.turns) this.#homes.shards.answered(shard)
  }

  /** Each record has a fate of its own, in the order of the batch. */
  answered(batch: Batch, fates: readonly RecordFate[], startedAt: number, now: number): void {
    const taken = this.#inFlight.land(batch)
    if (taken === undefined) return
    const tallies = this.#returning.tally(taken, fates)
    const failed: PendingRecord[] = []
    const fateOf = new Map<PendingRecord, RecordFate>()
    const suspected = new Map<number, PendingRecord[]>()
    // Those that leave go first: then the order of a key knows which of its others is the oldest.
    taken.records.forEach((record, i) => {
      const fate = fates[i] ?? { kind: 'requeued' }
      if (fate.kind === 'stored' || fate.kind === 'dropped') this.#leaving.settle(record)
      else if (fate.kind === 'suspected') pushTo(suspected, fate.carrier, record)
      else {
        failed.push(record)
        fateOf.set(record, fate)
      }
    })
    for (const sharing of suspected.values()) this.#returning.bisect(sharing)
    const free = this.#returning.holdFollowers(failed)
    const delayed = free.filter(record => fateOf.get(record)?.kind === 'failed')
    const throttled = free.filter(record => fateOf.get(record)?.kind === 'throttled')
    const others = free.filter(record => fateOf.get(record)?.kind === 'requeued')
    this.#returning.putBack(throttled, others, delayed)
    const isAlone = fates.some(fate => fate.kind === 'failed' && fate.isAlone)
    this.#homes.delays.add(delayed, now, isAlone)
    this.#homes.shards.learn(tallies, taken.turns, startedAt, now)
  }

  /** Nothing is known of its records: they go again, where they came from. */
  requeue(batch: Batch): void {
    const taken = this.#inFlight.land(batch)
    if (taken === undefined) return
    const { bisection, shards } = this.#homes
    if (taken.isPart) {
      this.#returning.putBack([], [], taken.records)
      bisection.putBack(taken.records)
    } else {
      const isTurn = ({ shard }: PendingRecord): boolean =>
        shard !== undefined && taken.turns.has(shard)
      const free = this.#returning.holdFollowers(taken.records)
      this.#returning.putBack(
        free.filter(isTurn),
        free.filter(record => !isTurn(record)),
        [],
      )
    }
    for (const shard of taken.turns) {
      shard.failedTurns++
      shards.answered(shard)
    }
  }

  /** One of its records is to blame: each half is to be sent by itself. */
  bisect(batch: Batch): void {
    const taken = this.#inFlight.land(batch)
    if (taken === undefined) return
    this.#returning.bisect(taken.records)
    for (const shard of taken.turns) this.#homes.shards.answered(shard)
  }
}
