import { MAX_KINESIS_BATCH_SIZE } from '../config/aws-limits.js'
import type { Packer, RequestBuilder } from '../packing/request-builder.js'
import type { Batch } from '../queue/batch.js'
import type { Isolation } from '../queue/bisection.js'
import type { Entry } from '../queue/pending-record.js'
import type { RecordBuffer } from '../queue/record-queue.js'
import type { RetryLanes } from '../queue/shard-backoff.js'

export interface BatcherOptions {
  readonly batchSize: number
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
  readonly #packer: Packer
  /** Records up to this one have waited long enough for others to join them. */
  #dueSequence = 0

  constructor(
    buffer: RecordBuffer,
    lanes: RetryLanes,
    isolation: Isolation,
    packer: Packer,
    options: BatcherOptions,
    expire: (entry: Entry) => void,
  ) {
    this.#buffer = buffer
    this.#lanes = lanes
    this.#isolation = isolation
    this.#packer = packer
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
      this.#buffer.waiting >= this.#packer.dueRecords ||
      this.#buffer.waitingBytes >= this.#packer.dueBytes
    )
  }

  /** The next request's records, taken out of the buffer; undefined when nothing is due. */
  next(now: number, hurry: boolean): Batch | undefined {
    const half = this.#isolation.next()
    if (half !== undefined) return this.#loadHalf(half)

    const load = this.#packer.open(hurry ? MAX_KINESIS_BATCH_SIZE : this.#options.batchSize)
    const taken: Entry[] = []
    const lanes = this.#lanes.isDue(now) ? this.#loadLanes(load, taken, now) : undefined
    const diverted = this.#loadReady(load, taken, now, hurry)
    if (taken.length > 0) return { entries: taken, load, isolated: false, lanes }
    // A lane that just got its records may be due at once, and no timer or answer would tell: look
    // again. It ends, since each look takes records out of the queue.
    return diverted ? this.next(now, hurry) : undefined
  }

  /** A half of a refused request; what a stricter packing leaves over waits as a part of its own. */
  #loadHalf(half: readonly Entry[]): Batch {
    const load = this.#packer.open(MAX_KINESIS_BATCH_SIZE)
    const taken: Entry[] = []
    const rest: Entry[] = []
    for (const entry of half) (load.take(entry) < 0 ? rest : taken).push(entry)
    if (rest.length > 0) this.#isolation.putBack(rest)
    return { entries: taken, load, isolated: true, lanes: undefined }
  }

  /** Records whose retry is due; returns their lanes. */
  #loadLanes(load: RequestBuilder, taken: Entry[], now: number): Set<string> | undefined {
    return this.#lanes.takeDue(now, entry => {
      if (this.#isExpired(entry, now)) {
        this.#lanes.remove(entry)
        this.#expire(entry)
        return 'skipped'
      }
      const carrier = load.take(entry)
      if (carrier < 0) return 'full'
      this.#lanes.remove(entry)
      taken.push(entry)
      this.#takeAlong(load, taken, carrier, entry)
      return 'taken'
    })
  }

  /** Queued records, if they are due; true if some were moved into a lane instead. */
  #loadReady(load: RequestBuilder, taken: Entry[], now: number, hurry: boolean): boolean {
    const { ready } = this.#buffer
    let diverted = false
    let skipped = 0
    let entry = ready.head
    while (entry !== undefined && (taken.length > 0 || this.isReadyDue(hurry))) {
      if (this.#isExpired(entry, now)) {
        ready.remove(entry)
        this.#expire(entry)
        // Callbacks ran: the queue may be another one now.
        entry = ready.head
        continue
      }
      const next: Entry | undefined = entry.next
      let carrier = -1
      const hotLane = this.#lanes.active ? this.#lanes.hotLaneOf(entry) : undefined
      if (hotLane !== undefined) {
        ready.remove(entry)
        this.#lanes.add(hotLane, entry)
        diverted = true
      } else if ((carrier = load.take(entry)) >= 0) {
        ready.remove(entry)
        taken.push(entry)
        this.#takeAlong(load, taken, carrier, entry)
      } else if (!load.hasRoom || ++skipped > taken.length) break
      entry = next
    }
    return diverted
  }

  /** With ordering: the records of the same key that fit into the same Kinesis record. */
  #takeAlong(load: RequestBuilder, taken: Entry[], carrier: number, entry: Entry): void {
    const { order } = this.#buffer
    if (order === undefined) return
    for (
      let next = order.following(entry);
      next !== undefined && load.takeInto(carrier, next);
      next = order.following(entry)
    ) {
      order.accompany(entry)
      taken.push(next)
    }
  }

  #isExpired(entry: Entry, now: number): boolean {
    const { recordTtl } = this.#options
    return recordTtl > 0 && now - entry.admittedAt >= recordTtl
  }
}
