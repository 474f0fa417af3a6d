import { BufferFullError } from '../errors/errors.js'
import type { QueuedRecord } from '../queue/pending-record.js'
import type { RecordQueue } from '../queue/record-queue.js'
import type { ReceiptWaiter } from '../record/receipt-waiter.js'
import type { RecordData } from '../record/record.js'
import type { Spool } from '../spool/spool.js'
import type { SpooledRecord, SpoolStats } from '../spool/spool-types.js'
import type { Counters } from '../stats/counters.js'
import { afterThisTurn } from '../time/next-turn.js'

/** Records that one step reads back at most, so that the event loop is not held up. */
const READ_PER_STEP = 2000

/** A record that memory still holds at the end. */
interface LeftOnDisk {
  readonly keptId?: number
  readonly waiter: ReceiptWaiter | undefined
  readonly possiblyDelivered: boolean
}

export interface DiskTailPorts {
  readonly queue: RecordQueue
  readonly counters: Counters
  readonly spool: Spool
  /** With ordering, no record may pass those on disk. */
  readonly ordered: boolean
  /** The time, as far as records need it. */
  readonly clock: () => number
  /** From the wall clock to that time. */
  readonly wallOffset: () => number
  /** The bytes a record counts for. Throws if it can never be sent. */
  readonly validate: (
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
  ) => number
  readonly admitted: (beginsWait: boolean) => void
  /** Counts, logs and hands back a record that was never in the queue. */
  readonly reject: (record: QueuedRecord) => void
  /** A step in which more is read back. */
  readonly readMore: () => void
  /** Whether records that are read back would be sent. */
  readonly sends: () => boolean
}

/**
 * Decides where an admitted record lives: in memory and on disk, or, behind others, on disk alone;
 * and reads those back, oldest first, as memory becomes free.
 */
export class DiskTail {
  readonly #ports: DiskTailPorts
  /** Who awaits the receipt of a record that is on disk alone. */
  readonly #waiters = new Map<number, ReceiptWaiter>()
  #readsMore = false

  constructor(ports: DiskTailPorts) {
    this.#ports = ports
  }

  /** Records that are not in memory. */
  get unloaded(): number {
    return this.#ports.spool.unloaded
  }

  /** Records of earlier owners: they go before those that were admitted here. */
  get recovered(): number {
    return this.#ports.spool.recovered
  }

  /** Whether it is not known yet what earlier owners left. */
  get isLooking(): boolean {
    return this.#ports.spool.isLooking
  }

  /** Whether a record could be admitted now. */
  fits(bytes: number): boolean {
    const { spool } = this.#ports
    return spool.takes(bytes) || this.#fitsMemoryAlone(bytes)
  }

  /** Admits a record, unless both memory and the disk are full. */
  admit(
    data: RecordData,
    partitionKey: string | undefined,
    explicitHashKey: string | undefined,
    bytes: number,
    waiter: ReceiptWaiter | undefined,
  ): boolean {
    const { spool, queue, counters, clock, admitted } = this.#ports
    const shard = queue.hotShardOf(partitionKey, explicitHashKey)
    const shardFits = shard === undefined || queue.shardFits(shard, bytes)
    const inMemory = !spool.isBehind && shardFits && queue.fits(bytes)
    const now = clock()
    const id = spool.append(data, partitionKey, explicitHashKey, bytes, now, inMemory)
    if (id === 0 && !this.#fitsMemoryAlone(bytes)) return false
    counters.admitted++
    if (id !== 0 && !inMemory) {
      if (waiter !== undefined) this.#waiters.set(id, waiter)
      return true
    }
    admitted(queue.admit(data, partitionKey, explicitHashKey, bytes, now, waiter, shard))
    if (id !== 0) queue.keptOnDisk(id, false)
    return true
  }

  /** While the disk fails, what memory has room for is in memory alone. */
  #fitsMemoryAlone(bytes: number): boolean {
    const { spool, queue, ordered } = this.#ports
    return spool.isFailing && !(ordered && spool.isBehind) && queue.fits(bytes)
  }

  /** Stage at the end of a step: reads back what memory has room for. */
  readBack(): void {
    const { spool, sends, readMore } = this.#ports
    if (spool.unloaded === 0 || this.#readsMore || !sends()) return
    for (let left = READ_PER_STEP; left > 0; left--) {
      const record = spool.peek()
      if (record === undefined || !this.#load(record)) return
    }
    this.#readsMore = true
    afterThisTurn(() => {
      this.#readsMore = false
      readMore()
    })
  }

  /** False: memory has no room for it now. */
  #load(record: SpooledRecord): boolean {
    const { queue, spool, clock, wallOffset, validate, admitted } = this.#ports
    const { id, data, partitionKey, explicitHashKey, maybeSent } = record
    // A clock that was set back makes no record younger than new.
    const admittedAt = Math.min(clock(), Math.floor(record.admittedAt + wallOffset()))
    let bytes: number
    try {
      bytes = validate(data, partitionKey, explicitHashKey)
    } catch {
      spool.shift()
      this.#reject(record, admittedAt)
      return true
    }
    if (!queue.fits(bytes)) return false
    spool.shift()
    const shard = queue.hotShardOf(partitionKey, explicitHashKey)
    const waiter = this.#takeWaiter(id)
    admitted(queue.admit(data, partitionKey, explicitHashKey, bytes, admittedAt, waiter, shard))
    queue.keptOnDisk(id, maybeSent)
    return true
  }

  /** It was written under other options than those of now, which allow no such record. */
  #reject({ id, data, partitionKey, explicitHashKey }: SpooledRecord, admittedAt: number): void {
    const { queue, spool, reject } = this.#ports
    reject(queue.refuse(data, partitionKey, explicitHashKey, 0, admittedAt, this.#takeWaiter(id)))
    spool.settled(id, 1)
  }

  #takeWaiter(id: number): ReceiptWaiter | undefined {
    const waiter = this.#waiters.size === 0 ? undefined : this.#waiters.get(id)
    if (waiter !== undefined) this.#waiters.delete(id)
    return waiter
  }

  /**
   * Ends. Of the records that memory still holds, returns those that are not on disk; calls back for
   * everybody who awaits one that is.
   */
  close<Left extends LeftOnDisk>(
    left: readonly Left[],
    kept: (waiter: ReceiptWaiter | undefined) => void,
  ): { readonly leftover: readonly Left[]; readonly inMemory: number; readonly kept: number } {
    const { spool } = this.#ports
    spool.flush()
    const leftover = left.filter(({ keptId = 0 }) => !spool.has(keptId))
    const onDisk = left.filter(({ keptId = 0 }) => spool.has(keptId))
    const { unloaded } = spool
    const maybeSent = onDisk.filter(({ possiblyDelivered }) => possiblyDelivered)
    spool.close(maybeSent.map(({ keptId = 0 }) => keptId))
    for (const { waiter } of onDisk) kept(waiter)
    for (const waiter of this.#waiters.values()) kept(waiter)
    this.#waiters.clear()
    return { leftover, inMemory: onDisk.length, kept: onDisk.length + unloaded }
  }

  start(): void {
    this.#ports.spool.start()
  }

  /** Writes all that was admitted. */
  flush(): void {
    this.#ports.spool.flush()
  }

  /** Resolves when all that was admitted is on disk. */
  written(): Promise<void> {
    return this.#ports.spool.written()
  }

  /** The error for a record for which there is no capacity. */
  fullError(bytes: number): BufferFullError {
    const { bytes: used, state, lastError } = this.stats()
    const failing =
      state === 'failing'
        ? `, which fails (${lastError ?? 'it has no directory'}), and memory is full`
        : ''
    return new BufferFullError(
      `no capacity for a record of ${bytes} bytes: ${used} bytes are on disk${failing}; ` +
        'try again later, raise maxBytes of the spool, or choose another whenFull',
    )
  }

  stats(): SpoolStats {
    return this.#ports.spool.stats()
  }
}
