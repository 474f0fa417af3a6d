import { MAX_KINESIS_BATCH_SIZE } from '../config/aws-limits.js'
import { BACKOFF_BASE_MS, BACKOFF_CAP_MS } from '../config/tuning.js'
import { HashRange } from '../record/hash-range.js'
import { fullJitter } from '../time/backoff.js'
import { AgeIndex } from './age-index.js'
import type { PendingRecord } from './pending-record.js'
import { RecordList } from './record-list.js'

/** Which shard a throttled record belongs to, as far as that can be told. */
export type ShardRef =
  /** The service named it. */
  | { readonly kind: 'named'; readonly id: string }
  /** It did not: records whose keys hash alike share a backoff, so that one key cannot hold up others. */
  | { readonly kind: 'hashed'; readonly bucket: number }
  /** A record without a key: its next try may go to another shard. */
  | { readonly kind: 'any' }

/** The backoff of one shard: its records that wait, and when they may be tried again. */
export class ShardBackoff {
  readonly ref: ShardRef
  readonly list: RecordList = new RecordList('shard')
  /** All that wait and are known to belong to it, here or behind their key or for the next request. */
  readonly waiting: AgeIndex = new AgeIndex()
  /** Hash keys seen to belong to the shard. */
  readonly range: HashRange = new HashRange()
  /** Unsettled records known to belong to it, wherever they are, and their bytes. */
  records = 0
  bytes = 0
  notBefore = 0
  /** Most records of its next turn: halved while nothing gets through, doubled when most do. */
  window: number = MAX_KINESIS_BATCH_SIZE
  /** A request with records of its turn is in flight; the next turn waits for the answer. */
  trying = false
  /** Most records fail: new ones known to belong to it wait here instead of being tried. */
  hot = false
  /** Requests with its turn that failed as a whole, in a row. */
  failedTurns = 0
  /** The stream was resharded: it is nobody's any more. */
  dissolved = false
  /** Turns in a row in which not one record got through. */
  #failures = 0
  readonly #random: () => number

  constructor(ref: ShardRef, random: () => number) {
    this.ref = ref
    this.#random = random
  }

  charge(bytes: number): void {
    this.records++
    this.bytes += bytes
  }

  release(bytes: number): void {
    this.records--
    this.bytes -= bytes
  }

  /**
   * The first record of its turn: the oldest. Keys that merely hash alike may belong to different
   * shards, so there each turn in which nothing got through is followed by one of other records.
   * @param isProbe the request carries few records: if those of the turn before failed as a whole, one
   * of them may be to blame, so it begins one further
   */
  first(isProbe: boolean): PendingRecord | undefined {
    const throttled = this.ref.kind === 'hashed' ? this.#failures * this.window : 0
    const failed = isProbe ? this.failedTurns : 0
    let first = this.list.head
    for (let skip = (throttled + failed) % this.list.length; skip > 0; skip--) first = first?.next
    return first
  }

  isDue(now: number): boolean {
    return !this.trying && this.notBefore <= now && this.list.length > 0
  }

  /** How its records fared in an answer. */
  learn(stored: number, failed: number, startedAt: number, now: number): void {
    this.failedTurns = 0
    if (failed === 0) {
      this.#failures = 0
      this.notBefore = now
      this.window = Math.min(MAX_KINESIS_BATCH_SIZE, this.window * 2)
      if (this.window === MAX_KINESIS_BATCH_SIZE) this.hot = false
    } else if (stored > 0) {
      this.#failures = 1
      // Most got through: failures are scattered, and a small window would only delay the rest.
      this.window = Math.min(MAX_KINESIS_BATCH_SIZE, stored > failed ? stored * 2 : stored)
      this.hot = failed >= stored
      // Later answers must not push a waiting turn further and further away.
      if (this.notBefore <= now) this.notBefore = now + this.#delay()
    } else if (startedAt >= this.notBefore || this.#failures === 0) {
      this.#failures++
      this.window = Math.max(1, Math.floor(Math.min(this.window, failed) / 2))
      this.hot = failed > 1 || this.#failures > 1
      this.notBefore = now + this.#delay()
    }
  }

  #delay(): number {
    return fullJitter(this.#failures, BACKOFF_BASE_MS, BACKOFF_CAP_MS, this.#random)
  }
}
