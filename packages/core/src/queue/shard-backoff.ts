import { BACKOFF_BASE_MS, BACKOFF_CAP_MS, MAX_KINESIS_BATCH_SIZE } from '../config/aws-limits.js'
import { fullJitter } from '../time/backoff.js'
import { HashRange, hashOf } from './hash-range.js'
import type { Entry } from './pending-record.js'
import { EntryList } from './record-list.js'

/** Lane of throttled records without a partition key: their next try may hit another shard. */
export const SPREAD_LANE = '*spread'

/** Records of one failing shard (or of one error code), and when they may be tried again. */
interface Lane {
  readonly list: EntryList
  /** Turns in a row in which not one record got through. */
  failures: number
  notBefore: number
  /** Most records of its next turn: halved while nothing gets through, doubled when most do. */
  window: number
  /** A request with records of this lane is under way; the next turn waits for its answer. */
  trying: boolean
  /** Most records fail: new ones known to belong here wait in the lane instead of being tried. */
  hot: boolean
  /** Hashes seen to belong to the shard. */
  readonly range: HashRange
}

/**
 * Backoff by shard, learned from responses alone. A failed record waits in the lane of its shard,
 * so that a hot shard delays its own records and nobody else's.
 */
export class RetryLanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #random: () => number
  #hot = 0
  records = 0

  constructor(random: () => number) {
    this.#random = random
  }

  get active(): boolean {
    return this.#lanes.size > 0
  }

  /** Puts a record that just failed at the end of its lane. */
  add(id: string, entry: Entry): void {
    const lane = this.#open(id)
    entry.lane = undefined
    lane.list.push(entry)
    this.records++
    if (!id.startsWith('*')) lane.range.include(entry)
  }

  /** Returns a record whose turn came to nothing (its request failed as a whole). */
  putBack(entry: Entry): void {
    const lane = this.#open(entry.lane ?? SPREAD_LANE)
    lane.list.unshift(entry)
    lane.trying = false
    this.records++
  }

  /** The hot lane a new record is known to belong to. Hashes keys only while a shard is hot. */
  hotLaneOf(entry: Entry): string | undefined {
    if (this.#hot === 0) return undefined
    if (entry.partitionKey === undefined && entry.explicitHashKey === undefined) {
      return this.#lanes.get(SPREAD_LANE)?.hot === true ? SPREAD_LANE : undefined
    }
    const hash = hashOf(entry)
    for (const [id, lane] of this.#lanes) if (lane.hot && lane.range.has(hash)) return id
    return undefined
  }

  isDue(now: number): boolean {
    for (const lane of this.#lanes.values()) if (dueBy(lane, now)) return true
    return false
  }

  /** Milliseconds until the next turn; undefined when none is waiting for time. */
  wait(now: number): number | undefined {
    let least: number | undefined
    for (const lane of this.#lanes.values()) {
      if (lane.trying || lane.list.length === 0) continue
      least = Math.min(least ?? Number.POSITIVE_INFINITY, Math.max(0, lane.notBefore - now))
    }
    return least
  }

  /**
   * Offers the records whose turn it is, until `take` says that the batch is full. Returns the
   * lanes of which something was taken.
   */
  takeDue(
    now: number,
    take: (entry: Entry) => 'taken' | 'skipped' | 'full',
  ): Set<string> | undefined {
    let taken: Set<string> | undefined
    for (const [id, lane] of this.#lanes) {
      if (!dueBy(lane, now)) continue
      for (let left = lane.window; left > 0; left--) {
        const entry = lane.list.head
        if (entry === undefined) break
        const answer = take(entry)
        if (answer === 'full') return taken
        if (answer === 'skipped') continue
        entry.lane = id
        lane.trying = true
        taken = (taken ?? new Set()).add(id)
      }
    }
    return taken
  }

  /** Takes a record out of its lane: it is on its way, expired, or makes room. */
  remove(entry: Entry): void {
    entry.list?.remove(entry)
    this.records--
  }

  /** How the records of a lane's shard fared in a response. */
  report(id: string, stored: number, failed: number, startedAt: number, now: number): void {
    const lane = failed > 0 ? this.#open(id) : this.#lanes.get(id)
    if (lane === undefined) return
    if (failed === 0) {
      lane.failures = 0
      lane.notBefore = now
      lane.window = Math.min(MAX_KINESIS_BATCH_SIZE, lane.window * 2)
      if (lane.window === MAX_KINESIS_BATCH_SIZE) this.#setHot(lane, false)
    } else if (stored > 0) {
      lane.failures = 1
      // Most got through: failures are scattered, and a small window would only delay the rest.
      lane.window = Math.min(MAX_KINESIS_BATCH_SIZE, stored > failed ? stored * 2 : stored)
      this.#setHot(lane, failed >= stored)
      // Later answers must not push a waiting turn further and further away.
      if (lane.notBefore <= now) lane.notBefore = now + this.#delay(1)
    } else if (startedAt >= lane.notBefore || lane.failures === 0) {
      lane.failures++
      lane.window = Math.max(1, Math.floor(Math.min(lane.window, failed) / 2))
      this.#setHot(lane, failed > 1 || lane.failures > 1)
      lane.notBefore = now + this.#delay(lane.failures)
    }
  }

  /** The lane's request was answered; its next turn may come. Lanes with nothing left are closed. */
  answered(id: string): void {
    const lane = this.#lanes.get(id)
    if (lane === undefined) return
    lane.trying = false
    if (lane.list.length === 0 && !lane.hot) this.#lanes.delete(id)
  }

  /** A record of this lane landed in another shard: the stream was resharded. */
  moved(id: string): readonly Entry[] {
    const lane = this.#lanes.get(id)
    if (lane === undefined) return []
    const entries = [...lane.list]
    for (const entry of entries) {
      this.remove(entry)
      entry.lane = undefined
    }
    this.#setHot(lane, false)
    this.#lanes.delete(id)
    return entries
  }

  /** First record of each lane: the oldest candidates to expire or to make room. */
  *heads(): Generator<Entry, void, undefined> {
    for (const lane of this.#lanes.values()) if (lane.list.head !== undefined) yield lane.list.head
  }

  *[Symbol.iterator](): Generator<Entry, void, undefined> {
    for (const lane of this.#lanes.values()) yield* lane.list
  }

  #open(id: string): Lane {
    let lane = this.#lanes.get(id)
    if (lane === undefined) {
      lane = {
        list: new EntryList(),
        failures: 0,
        notBefore: 0,
        window: MAX_KINESIS_BATCH_SIZE,
        trying: false,
        hot: false,
        range: new HashRange(),
      }
      this.#lanes.set(id, lane)
    }
    return lane
  }

  #setHot(lane: Lane, hot: boolean): void {
    if (lane.hot !== hot) this.#hot += hot ? 1 : -1
    lane.hot = hot
  }

  #delay(failures: number): number {
    return fullJitter(failures, BACKOFF_BASE_MS, BACKOFF_CAP_MS, this.#random)
  }
}

const dueBy = (lane: Lane, now: number): boolean =>
  !lane.trying && lane.notBefore <= now && lane.list.length > 0
