import type { Entry } from '../buffer/entry.js'
import type { RecordBuffer } from '../buffer/record-buffer.js'
import { MAX_KINESIS_BATCH_SIZE } from '../options/limits.js'
import { SPREAD_KEY_BYTES } from '../packing/spread-keys.js'
import type { Isolation } from '../retry/isolation.js'
import type { RetryLanes } from '../retry/retry-lanes.js'
import type { Batch } from './batch.js'

export interface BatcherOptions {
  readonly batchSize: number
  readonly maxRequestBytes: number
  /** Age at which a record is dropped instead of sent; 0: never. */
  readonly recordTtl: number
}

/** Decides what the next request carries, and whether one is due at all. */
export class Batcher {
  readonly #buffer: RecordBuffer
  readonly #lanes: RetryLanes
  readonly #isolation: Isolation
  readonly #options: BatcherOptions
  readonly #expire: (entry: Entry) => void
  /** Records up to this one have waited long enough for others to join them. */
  #dueSequence = 0

  constructor(
    buffer: RecordBuffer,
    lanes: RetryLanes,
    isolation: Isolation,
    options: BatcherOptions,
    expire: (entry: Entry) => void,
  ) {
    this.#buffer = buffer
    this.#lanes = lanes
    this.#isolation = isolation
    this.#options = options
    this.#expire = expire
  }

  /** All records up to this one go with the next requests, whether they fill them or not. */
  due(sequence: number): void {
    if (sequence > this.#dueSequence) this.#dueSequence = sequence
  }

  /** Whether queued records make a request due now. */
  isReadyDue(hurry: boolean): boolean {
    const head = this.#buffer.ready.head
    if (head === undefined) return false
    return (
      hurry ||
      head.sequence <= this.#dueSequence ||
      this.#buffer.waiting >= this.#options.batchSize ||
      this.#buffer.waitingBytes >= this.#options.maxRequestBytes
    )
  }

  /** The next request's records, taken out of the buffer; undefined when nothing is due. */
  next(now: number, hurry: boolean): Batch | undefined {
    const half = this.#isolation.next()
    if (half !== undefined) return { entries: half, isolated: true, lanes: undefined }

    const limit = hurry ? MAX_KINESIS_BATCH_SIZE : this.#options.batchSize
    const entries: Entry[] = []
    let lanes: Set<string> | undefined
    let bytes = 0
    const fits = (entry: Entry): boolean => {
      if (
        entries.length >= limit ||
        (bytes + entry.bytes > this.#options.maxRequestBytes && bytes > 0)
      )
        return false
      bytes += entry.bytes
      entries.push(entry)
      return true
    }

    if (this.#lanes.isDue(now)) {
      lanes = this.#lanes.takeDue(now, entry => {
        if (this.#isExpired(entry, now)) {
          this.#lanes.remove(entry)
          this.#expire(entry)
          return 'skipped'
        }
        if (!fits(entry)) return 'full'
        this.#lanes.remove(entry)
        return 'taken'
      })
    }
    const { ready } = this.#buffer
    let diverted = false
    while (
      entries.length < limit &&
      ready.head !== undefined &&
      (entries.length > 0 || this.isReadyDue(hurry))
    ) {
      const entry = ready.head
      if (this.#isExpired(entry, now)) {
        ready.remove(entry)
        this.#expire(entry)
        continue
      }
      const hotLane = this.#lanes.active ? this.#lanes.hotLaneOf(entry) : undefined
      if (hotLane !== undefined) {
        ready.remove(entry)
        this.#lanes.add(hotLane, entry)
        diverted = true
        continue
      }
      if (!fits(entry)) break
      ready.remove(entry)
    }
    if (entries.length > 0) return { entries, isolated: false, lanes }
    // A lane that just got its records may be due at once, and no timer or answer would tell: look
    // again. It ends, since each look takes records out of the queue.
    return diverted ? this.next(now, hurry) : undefined
  }

  #isExpired(entry: Entry, now: number): boolean {
    const { recordTtl } = this.#options
    return recordTtl > 0 && now - entry.admittedAt >= recordTtl
  }
}

/** What a record weighs in a request: data before base64, and the key it has or will be given. */
export const wireBytes = (dataBytes: number, keyBytes: number | undefined): number =>
  dataBytes + (keyBytes ?? SPREAD_KEY_BYTES)
