import type { WhenFull } from '../config/options.js'
import { AbortedError, BufferFullError } from '../errors/errors.js'
import type { Packer } from '../packing/request-builder.js'
import { Entry, type ReceiptWaiter } from '../queue/pending-record.js'
import type { RecordBuffer } from '../queue/record-queue.js'
import type { RetryLanes } from '../queue/shard-backoff.js'
import type { DropReason } from '../record/dropped.js'
import type { RecordData } from '../record/record.js'
import type { Counters } from '../stats/counters.js'
import type { Timers } from '../time/timers.js'
import { RoomQueue } from './capacity-waiters.js'
import { weigh } from './validate.js'

export interface AdmissionPorts {
  readonly buffer: RecordBuffer
  readonly lanes: RetryLanes
  readonly counters: Counters
  readonly timers: Timers
  readonly whenFull: WhenFull
  /** The time, as far as records need it. */
  readonly stamp: () => number
  readonly admitted: () => void
  /** A record found no room: what is queued should leave. */
  readonly full: () => void
  /** Counts, logs and hands back a record that the buffer no longer holds. */
  readonly giveUp: (entry: Entry, reason: DropReason) => void
}

/** The door: checks each record, finds it room or says no. Behind it, a record is the producer's duty. */
export class Admission {
  readonly #ports: AdmissionPorts
  readonly #queue: RoomQueue
  #sequence = 0
  readonly #packer: Packer
  /** What a record may weigh; `'discover'` may raise it at run time. */
  #maxRecordBytes: number

  constructor(ports: AdmissionPorts, packer: Packer, maxRecordBytes: number) {
    this.#ports = ports
    this.#queue = new RoomQueue(ports.timers)
    this.#packer = packer
    this.#maxRecordBytes = packer.recordLimit(maxRecordBytes)
  }

  setMaxRecordBytes(bytes: number): void {
    this.#maxRecordBytes = this.#packer.recordLimit(bytes)
  }

  get waiting(): number {
    return this.#queue.length
  }

  /** @throws {InvalidRecordError | RecordTooLargeError} */
  weigh(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ): number {
    return weigh(data, partitionKey, explicitHashKey, this.#packer.overhead, this.#maxRecordBytes)
  }

  /**
   * Admits at once if it can; under the drop policies it always can. False: no room, and the policy
   * is `reject` or `wait`. Allocates the entry and nothing else.
   */
  admit(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter?: ReceiptWaiter,
  ): boolean {
    const { buffer, whenFull, full } = this.#ports
    if (buffer.fits(bytes) && this.#queue.length === 0) {
      this.#enter(this.#entry(data, partitionKey, explicitHashKey, bytes, waiter))
      return true
    }
    full()
    switch (whenFull) {
      case 'reject':
      case 'wait':
        return false
      case 'dropOldest':
        while (!buffer.fits(bytes)) {
          const oldest = this.#takeOldest()
          if (oldest === undefined) break
          this.#ports.giveUp(oldest, 'bufferFull')
        }
        break
      case 'dropNewest':
        break
    }
    const entry = this.#entry(data, partitionKey, explicitHashKey, bytes, waiter)
    if (buffer.fits(bytes)) this.#enter(entry)
    else this.#dropAtDoor(entry)
    return true
  }

  /** Waits for room; resolves when admitted, rejects when stopped or aborted. */
  waitForRoom(
    call: string,
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    signal?: AbortSignal,
    waiter?: ReceiptWaiter,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        leave()
        reject(new AbortedError(call, signal?.reason))
      }
      const done = (): void => signal?.removeEventListener('abort', abort)
      const leave = this.#queue.push({
        bytes,
        admit: () => {
          done()
          this.#enter(this.#entry(data, partitionKey, explicitHashKey, bytes, waiter))
          resolve()
        },
        refuse: error => {
          done()
          reject(error)
        },
      })
      signal?.addEventListener('abort', abort)
    })
  }

  bufferFull(bytes: number): BufferFullError {
    const { buffer } = this.#ports
    return new BufferFullError(
      `no room for a record of ${bytes} bytes: ${buffer.records} records of ${buffer.bytes} bytes are not yet settled; ` +
        'try again later, raise bufferSize or bufferBytes, or choose another whenFull',
    )
  }

  roomFreed(): void {
    if (this.#queue.length > 0) this.#queue.roomFreed(bytes => this.#ports.buffer.fits(bytes))
  }

  /** Turns everyone away who waits for room. */
  shut(error: () => Error): void {
    this.#queue.refuseAll(error)
  }

  #enter(entry: Entry): void {
    const { buffer, counters, admitted } = this.#ports
    counters.admitted++
    buffer.admit(entry)
    admitted()
  }

  /** Admitted and dropped in one go, so that it is counted and handed back like any other drop. */
  #dropAtDoor(entry: Entry): void {
    this.#ports.counters.admitted++
    this.#ports.giveUp(entry, 'bufferFull')
  }

  #entry(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter: ReceiptWaiter | undefined,
  ): Entry {
    return new Entry(
      data,
      partitionKey,
      explicitHashKey,
      bytes,
      ++this.#sequence,
      this.#ports.stamp(),
      waiter,
    )
  }

  /** The oldest record that no request carries, out of its list. */
  #takeOldest(): Entry | undefined {
    const { buffer, lanes } = this.#ports
    let oldest = buffer.ready.head
    let inLane = false
    for (const head of lanes.heads()) {
      if (oldest === undefined || head.sequence < oldest.sequence) [oldest, inLane] = [head, true]
    }
    if (oldest === undefined) {
      const held = buffer.order?.evict()
      if (held !== undefined) buffer.forget(held)
      return held
    }
    if (inLane) lanes.remove(oldest)
    else buffer.ready.remove(oldest)
    buffer.release(oldest)
    return oldest
  }
}
