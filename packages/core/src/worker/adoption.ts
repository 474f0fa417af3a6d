import type { ResolvedConfig } from '../config/resolve.js'
import type { Pipeline } from '../pipeline.js'
import { PendingRecord, type QueuedRecord } from '../queue/pending-record.js'
import type { ShardBackoff } from '../queue/shard-backoff.js'
import { CLOSED, LARGE, RECEIPT, SharedSlab, UNSURE } from '../store/shared-slab.js'
import { type Extras, TAKEN } from '../store/slab.js'
import type { SlabHandOver, WorkerEvent } from './protocol.js'
import { RemoteWaiter } from './remote-settlement.js'

/** Records that are adopted before the event loop has its turn. */
const MOST_AT_ONCE = 4096

interface Incoming {
  readonly slab: SharedSlab
  readonly large: Map<number, SharedArrayBuffer>
}

/** Takes the records of shared slabs into the queue, as they lie, in the order of their admission. */
export class Adoption {
  readonly #stages: Pick<Pipeline, 'queue' | 'store' | 'scheduler'>
  readonly #emit: (event: WorkerEvent) => void
  readonly #drop: (record: QueuedRecord) => void
  readonly #drops: 'oldest' | 'newest' | undefined
  readonly #incoming: Incoming[] = []
  #begun: SharedSlab | undefined

  constructor(
    stages: Pick<Pipeline, 'queue' | 'store' | 'scheduler'>,
    whenFull: ResolvedConfig['whenFull'],
    emit: (event: WorkerEvent) => void,
    drop: (record: QueuedRecord) => void,
  ) {
    this.#drop = drop
    this.#stages = stages
    this.#emit = emit
    this.#drops =
      whenFull === 'dropOldest' ? 'oldest' : whenFull === 'dropNewest' ? 'newest' : undefined
  }

  /** A slab that the main thread fills. */
  add(handOver: SlabHandOver): void {
    this.#incoming.push(incomingOf(handOver))
  }

  /** Data of a record that is too large for its slab. */
  addLarge(slabId: number, index: number, memory: SharedArrayBuffer): void {
    // It is in the newest slab, or in none that still matters.
    this.#incoming.find(({ slab }) => slab.id === slabId)?.large.set(index, memory)
  }

  /** All that another worker had: first those records, the oldest first, and then what is new. */
  takeOver(slabs: readonly SlabHandOver[]): void {
    const { store, queue } = this.#stages
    const records: PendingRecord[] = []
    for (const handOver of slabs) {
      const incoming = incomingOf(handOver)
      const { slab } = incoming
      if (handOver.known === 0) {
        this.#incoming.push(incoming)
        continue
      }
      this.#begin(slab)
      for (let index = 0; index < handOver.known; index++) {
        if (slab.isSettled(index)) store.skip()
        else {
          store.adopt(slab.readKey(index), this.#extrasOf(incoming, index))
          records.push(new PendingRecord(slab, index, slab.sequenceOf(index)))
        }
      }
      // The main thread still writes to the last one.
      if (Atomics.load(slab.header, CLOSED) === 0) this.#incoming.push(incoming)
      else store.finish()
    }
    records.sort((a, b) => a.sequence - b.sequence)
    for (const record of records) queue.readmit(record, ((stateOf(record) ?? 0) & UNSURE) !== 0)
    // They have waited long enough, wherever they were.
    if (records.length > 0) queue.markDue()
  }

  /** Adopts what was published; whether there is more. */
  take(): boolean {
    let left = MOST_AT_ONCE
    for (;;) {
      const [incoming] = this.#incoming
      if (incoming === undefined) return false
      if (this.#begun !== incoming.slab) this.#begin(incoming.slab)
      // In this order: what is published before the end is known is all of it.
      const isClosed = Atomics.load(incoming.slab.header, CLOSED) === 1
      const end = incoming.slab.published
      left = this.#takeFrom(incoming, Math.min(end, incoming.slab.count + left), left)
      if (incoming.slab.count < end) return left === 0
      if (!isClosed) return false
      this.#stages.store.finish()
      this.#incoming.shift()
      if (left === 0) return true
    }
  }

  /** Whether records were published that are not adopted. */
  get hasMore(): boolean {
    const [incoming] = this.#incoming
    return incoming !== undefined && incoming.slab.published > incoming.slab.count
  }

  #begin(slab: SharedSlab): void {
    this.#begun = slab
    this.#stages.store.begin(slab)
  }

  #takeFrom(incoming: Incoming, end: number, most: number): number {
    const { queue, store, scheduler } = this.#stages
    const { slab } = incoming
    let left = most
    let key: string | undefined
    let keyAt = -1
    for (let index = slab.count; index < end; index++) {
      const flags = slab.flags[index] ?? 0
      // The message with its data is still on its way.
      if ((flags & LARGE) !== 0 && !incoming.large.has(index)) return left
      if (keyAt !== slab.keysAt[index]) {
        keyAt = slab.keysAt[index] ?? 0
        key = slab.readKey(index)
      }
      const isPlain = (flags & (LARGE | RECEIPT)) === 0 && slab.hashLengths[index] === 0
      const hashKey = isPlain ? undefined : slab.readHashKey(index)
      const bytes = slab.counted[index] ?? 0
      const shard = queue.hotShardOf(key, hashKey)
      left--
      if (this.#drops !== undefined && !this.#makeRoom(bytes, shard)) {
        slab.flags[index] = flags | TAKEN
        store.skip()
        this.#emit({
          kind: 'dropped',
          slab: slab.id,
          index,
          reason: 'bufferFull',
          attempts: [],
          possiblyDelivered: false,
        })
        continue
      }
      store.adopt(key, isPlain ? undefined : this.#extrasOf(incoming, index))
      const sequence = slab.firstSequence + index
      scheduler.recordAdmitted(queue.admitAdopted(sequence, key, bytes, shard))
    }
    return left
  }

  #extrasOf({ slab, large }: Incoming, index: number): Extras {
    const memory = large.get(index)
    return {
      explicitHashKey: slab.readHashKey(index),
      waiter:
        ((slab.flags[index] ?? 0) & RECEIPT) === 0
          ? undefined
          : new RemoteWaiter(slab, index, this.#emit),
      memory: memory === undefined ? undefined : Buffer.from(memory),
    }
  }

  /** By `whenFull`, which only this side can act on: it knows what is in flight. False: there is none. */
  #makeRoom(bytes: number, shard: ShardBackoff | undefined): boolean {
    const { queue } = this.#stages
    for (;;) {
      const isShardFull = shard !== undefined && !queue.shardFits(shard, bytes)
      if (!isShardFull && queue.fits(bytes)) return true
      if (this.#drops === 'newest') return false
      const oldest = queue.evictOldest(isShardFull ? shard : undefined)
      if (oldest === undefined) return false
      this.#drop(oldest)
    }
  }
}

const stateOf = ({ slab, index }: PendingRecord): number | undefined =>
  slab instanceof SharedSlab ? slab.states[index] : undefined

const incomingOf = ({ shared, firstSequence, survivors, large }: SlabHandOver): Incoming => {
  const slab = new SharedSlab(shared)
  slab.firstSequence = firstSequence
  slab.survivors = survivors
  return { slab, large: new Map(large) }
}
