import assert from 'node:assert/strict'
import type { Packer } from '@kinesis-producer/core/internal/packing/request-builder'
import {
  type Batch,
  type RecordFate,
  TakenBatch,
} from '@kinesis-producer/core/internal/queue/batch'
import type { PendingRecord } from '@kinesis-producer/core/internal/queue/pending-record'
import type { RecordQueue } from '@kinesis-producer/core/internal/queue/record-queue'
import { hashKeyOf } from '@kinesis-producer/core/internal/record/hash-key'
import { admit, listsOf, packerOf, queueOf, take, UNPACKED } from './queue.js'

/** Small, so that records often meet the bounds. */
const BUFFER_SIZE = 60
const BUFFER_BYTES = 3000
const TTL = 20_000

/** What may happen to a queue. */
export type QueueStep =
  | { do: 'admit'; count: number; keys: number; bytes: number }
  | { do: 'take'; limit: number; maxRecords: number; all: boolean; alternates: boolean }
  | { do: 'answer'; pick: number; fates: readonly FateName[]; named: boolean }
  | { do: 'store' | 'requeue' | 'bisect'; pick: number }
  | { do: 'advance'; ms: number }
  | { do: 'expire' | 'recovered' | 'reshard' | 'markDue' }
  | { do: 'evict'; key: number }

export const FATES = ['stored', 'dropped', 'throttled', 'failed', 'requeued', 'hot'] as const
export type FateName = (typeof FATES)[number]

/** What the queue should know, kept in the plainest way there is. */
export class QueueModel {
  readonly queue: RecordQueue
  readonly #ordered: boolean
  readonly #packer: Packer
  /** Those that a batch has shown. */
  readonly #seen = new Set<PendingRecord>()
  /** By sequence. */
  readonly #unsettled = new Map<number, Known>()
  readonly #batches: TakenBatch[] = []
  readonly #carried = new Map<number, TakenBatch>()
  #now = 1000
  #shards = 4
  #admitted = 0
  #settled = 0

  constructor(ordered: boolean, packed: boolean, random: () => number) {
    this.#ordered = ordered
    this.#packer = packed ? packerOf(4) : UNPACKED
    this.queue = queueOf({
      bufferSize: BUFFER_SIZE,
      bufferBytes: BUFFER_BYTES,
      ordered,
      recordTtl: TTL,
      dueRecords: 8,
      dueBytes: 500,
      random,
    })
  }

  step(step: QueueStep): void {
    switch (step.do) {
      case 'admit':
        return this.#admit(step.count, step.keys, step.bytes)
      case 'take':
        return void this.#take(step)
      case 'answer': {
        const batch = this.#pickBatch(step.pick)
        if (batch !== undefined) this.#answer(batch, step.fates, step.named)
        return
      }
      case 'store':
      case 'requeue':
      case 'bisect': {
        const batch = this.#pickBatch(step.pick)
        if (batch !== undefined) this.#end(batch, step.do)
        return
      }
      case 'advance':
        this.#now += step.ms
        return
      case 'expire':
        return this.#expire()
      case 'evict':
        return this.#evict(step.key)
      case 'recovered':
        return this.queue.recovered()
      case 'markDue':
        return this.queue.markDue()
      case 'reshard':
        this.#shards = this.#shards === 4 ? 2 : 4
        return
    }
  }

  check(): void {
    const { queue } = this
    const unsettled = [...this.#unsettled.values()]
    const waiting = unsettled.filter(({ sequence }) => !this.#carried.has(sequence))
    const bytes = unsettled.reduce((sum, record) => sum + record.bytes, 0)
    assert.equal(queue.records, this.#unsettled.size, 'records')
    assert.equal(queue.bytes, bytes, 'bytes')
    assert.equal(this.#admitted, this.#settled + queue.records, 'nothing is lost')
    assert.equal(queue.oldest()?.sequence, oldestOf(unsettled)?.sequence, 'the oldest of all')
    assert.equal(queue.oldestWaitingSince, oldestOf(waiting)?.admittedAt, 'the oldest that waits')
    const { lastSequence } = queue
    const half = Math.floor(lastSequence / 2)
    assert.equal(queue.countUpTo(half), unsettled.filter(({ sequence }) => sequence <= half).length)
    assert.equal(queue.fits(100), queue.records < BUFFER_SIZE && bytes + 100 <= BUFFER_BYTES)
    this.#checkPlaces()
    this.#checkShards()
  }

  /** Every record is in exactly one list, or in one batch, or settled. */
  #checkPlaces(): void {
    const inLists = new Map<PendingRecord, number>()
    for (const list of listsOf(this.#seen)) {
      const records = [...list]
      assert.equal(list.length, records.length)
      assert.equal(
        list.bytes,
        records.reduce((sum, record) => sum + record.bytes, 0),
      )
      assert.equal(list.head, records[0])
      assert.equal(list.tail, records.at(-1))
      for (const record of records) inLists.set(record, (inLists.get(record) ?? 0) + 1)
      if (list.home === 'ready' || list.home === 'held')
        for (let i = 1; i < records.length; i++)
          assert.ok(records[i - 1]!.sequence < records[i]!.sequence, `${list.home} in order`)
    }
    for (const record of this.#seen) {
      const { sequence } = record
      const place = !this.#unsettled.has(sequence)
        ? 'settled'
        : this.#carried.has(sequence)
          ? 'inFlight'
          : 'waiting'
      assert.equal(record.place, place, `place of ${sequence}`)
      assert.equal(inLists.get(record) ?? 0, place === 'waiting' ? 1 : 0, `lists of a ${place} one`)
    }
  }

  /** A shard counts the unsettled records that are known to belong to it. */
  #checkShards(): void {
    const shards = new Set([...this.#seen].flatMap(({ shard }) => shard ?? []))
    for (const shard of shards) {
      const seen = [...this.#seen].filter(record => record.shard === shard)
      const records = new Set([...seen, ...shard.waiting.records()])
      let bytes = 0
      for (const record of records) {
        assert.ok(this.#unsettled.has(record.sequence), 'a settled record counts for no shard')
        bytes += record.bytes
      }
      assert.deepEqual(
        { records: shard.records, bytes: shard.bytes },
        { records: records.size, bytes },
      )
    }
  }

  #admit(count: number, keys: number, bytes: number): void {
    for (let i = 0; i < count && this.queue.fits(bytes); i++) {
      this.#now++
      const key = keys === 0 ? '' : `k${this.#admitted % keys}`
      const admittedAt = this.#now
      const sequence = admit(this.queue, `${key}#${this.#admitted}`, key, { bytes, at: admittedAt })
      this.#admitted++
      const partitionKey = key === '' ? undefined : key
      this.#unsettled.set(sequence, { sequence, bytes, admittedAt, partitionKey })
    }
  }

  #take(settings: {
    limit: number
    maxRecords: number
    all: boolean
    alternates: boolean
  }): TakenBatch | undefined {
    const batch = takenOf(take(this.queue, { ...settings, packer: this.#packer, now: this.#now }))
    if (batch === undefined) return undefined
    assert.ok(batch.records.length > 0, 'no batch is empty')
    if (this.#ordered) this.#checkOrder(batch)
    for (const record of batch.records) {
      const { sequence } = record
      assert.equal(record.bytes, this.#unsettled.get(sequence)?.bytes, 'only unsettled are sent')
      assert.match(String(record.data), new RegExp(`#${sequence - 1}$`))
      assert.ok(!this.#carried.has(sequence), 'at most one batch holds a record')
      this.#carried.set(sequence, batch)
      this.#seen.add(record)
    }
    this.#batches.push(batch)
    return batch
  }

  /** Only the oldest records of a key are in a batch, in order, and in no two batches at a time. */
  #checkOrder(batch: Batch): void {
    for (const key of new Set(batch.records.map(({ partitionKey }) => partitionKey))) {
      if (key === undefined) continue
      const taken = batch.records.filter(record => record.partitionKey === key)
      if (this.#packer === UNPACKED) assert.equal(taken.length, 1, 'one of a key in a request')
      const ofKey = [...this.#unsettled.values()].filter(record => record.partitionKey === key)
      const oldest = ofKey.toSorted((a, b) => a.sequence - b.sequence).slice(0, taken.length)
      assert.deepEqual(
        taken.map(({ sequence }) => sequence),
        oldest.map(({ sequence }) => sequence),
        `order of ${key}`,
      )
    }
  }

  #pickBatch(at: number): TakenBatch | undefined {
    if (this.#batches.length === 0) return undefined
    const [batch] = this.#batches.splice(at % this.#batches.length, 1)
    for (const { sequence } of batch?.records ?? []) this.#carried.delete(sequence)
    return batch
  }

  #answer(batch: TakenBatch, names: readonly FateName[], named: boolean): void {
    // Records of a key that travel together share their fate.
    const byKey = new Map<string | undefined, FateName>()
    const fates = batch.records.map(({ partitionKey, sequence }, i): RecordFate => {
      const fate = names[i % names.length] ?? 'stored'
      const shared = this.#packer === UNPACKED ? fate : (byKey.get(partitionKey) ?? fate)
      byKey.set(partitionKey, shared)
      return this.#fateOf(shared, partitionKey, sequence, named)
    })
    this.queue.answered(batch, fates, this.#now, this.#now + 3)
    batch.records.forEach((record, i) => {
      if (fates[i]?.kind === 'stored' || fates[i]?.kind === 'dropped') this.#settle(record.sequence)
    })
    this.#now += 3
    this.#checkFollowers(batch, fates)
  }

  /** What is held behind a throttled record fills the share of its shard too. */
  #checkFollowers({ records }: TakenBatch, fates: readonly RecordFate[]): void {
    if (!this.#ordered) return
    const throttled = records.filter((_, i) => fates[i]?.kind === 'throttled')
    for (const { partitionKey, shard } of throttled) {
      if (partitionKey === undefined || shard === undefined || shard.dissolved) continue
      const waiting = new Set(shard.waiting.records().map(({ sequence }) => sequence))
      for (const known of this.#unsettled.values())
        if (known.partitionKey === partitionKey && !this.#carried.has(known.sequence))
          assert.ok(waiting.has(known.sequence), `${known.sequence} counts for its shard`)
    }
  }

  #fateOf(name: FateName, key: string | undefined, sequence: number, named: boolean): RecordFate {
    const hashKey = hashKeyOf(key, undefined) ?? (sequence * 2 ** 44) % 2 ** 48
    const shard = Math.floor(hashKey / (2 ** 48 / this.#shards))
    const shardId = `shardId-${this.#shards}0000000000${shard}`
    switch (name) {
      case 'stored':
        return { kind: 'stored', shardId }
      case 'hot':
        return shard === 0 ? { kind: 'throttled', shardId } : { kind: 'stored', shardId }
      case 'throttled':
        return { kind: 'throttled', shardId: named ? shardId : undefined }
      case 'failed':
        return { kind: name, isAlone: false }
      case 'dropped':
      case 'requeued':
        return { kind: name }
    }
  }

  #end(batch: TakenBatch, how: 'store' | 'requeue' | 'bisect'): void {
    if (how === 'bisect' && batch.records.length > 1) return this.queue.bisect(batch)
    if (how !== 'store') return this.queue.requeue(batch)
    this.queue.stored(batch)
    for (const record of batch.records) this.#settle(record.sequence)
  }

  #expire(): void {
    for (const expired of this.queue.expire(this.#now)) {
      assert.equal(expired.sequence, this.#oldestWaiting()?.sequence, 'the oldest expires first')
      assert.ok(this.#now - expired.admittedAt >= TTL)
      this.#settle(expired.sequence)
    }
    const next = this.#oldestWaiting()
    assert.ok(
      next === undefined || this.#now - next.admittedAt < TTL,
      'all that is too old expires',
    )
  }

  #evict(key: number): void {
    const shard = this.queue.hotShardOf(`k${key}`, undefined)
    const oldest = shard === undefined ? this.#oldestWaiting() : oldestOf(shard.waiting.records())
    const evicted = this.queue.evictOldest(shard)
    assert.equal(evicted?.sequence, oldest?.sequence, 'the oldest that waits')
    if (evicted !== undefined) this.#settle(evicted.sequence)
  }

  /** All is well from now on: everything leaves, and no wait is for ever. */
  heal(): void {
    while (this.#batches.length > 0) {
      const batch = this.#pickBatch(0)
      if (batch !== undefined) this.#end(batch, 'requeue')
      this.check()
    }
    const settings = {
      limit: 12,
      maxRecords: Number.POSITIVE_INFINITY,
      all: true,
      alternates: false,
    }
    for (let looks = 0; this.queue.records > 0; looks++) {
      assert.ok(looks < 3000, 'the queue gets empty')
      if (this.#take(settings) === undefined) {
        const wait = this.queue.backoffWait(this.#now)
        assert.ok(wait !== undefined, 'what waits is due, or waits for a time that comes')
        this.#now += Math.ceil(wait)
      } else {
        const batch = this.#pickBatch(0)
        if (batch !== undefined) this.#answer(batch, ['stored'], true)
      }
      this.check()
    }
    assert.equal(this.#admitted, this.#settled)
  }

  abandon(): void {
    const unsettled = [...this.#unsettled.values()].toSorted((a, b) => a.sequence - b.sequence)
    const all = this.queue.abandon(() => true)
    assert.deepEqual(
      all.map(({ sequence }) => sequence),
      unsettled.map(({ sequence }) => sequence),
    )
    for (const record of all)
      if (this.#carried.has(record.sequence)) assert.ok(record.possiblyDelivered)
    assert.equal(this.queue.records, all.length, 'counted until they are handed over')
    for (const batch of this.#batches) {
      this.queue.stored(batch)
      this.queue.requeue(batch)
    }
    assert.equal(this.queue.records, all.length, 'late answers move nothing')
    this.queue.forgetAbandoned()
    assert.equal(this.queue.records, 0)
    assert.equal(this.queue.bytes, 0)
  }

  #oldestWaiting(): Known | undefined {
    return oldestOf(
      [...this.#unsettled.values()].filter(({ sequence }) => !this.#carried.has(sequence)),
    )
  }

  #settle(sequence: number): void {
    assert.ok(this.#unsettled.delete(sequence), 'a record settles once')
    this.#settled++
  }
}

/** What is known of a record that was admitted. */
interface Known {
  readonly sequence: number
  readonly bytes: number
  readonly admittedAt: number
  readonly partitionKey: string | undefined
}

const takenOf = (batch: Batch | undefined): TakenBatch | undefined => {
  assert.ok(batch === undefined || batch instanceof TakenBatch)
  return batch
}

const oldestOf = <T extends { readonly sequence: number }>(records: readonly T[]): T | undefined =>
  records.reduce<T | undefined>(
    (oldest, record) =>
      oldest === undefined || record.sequence < oldest.sequence ? record : oldest,
    undefined,
  )
