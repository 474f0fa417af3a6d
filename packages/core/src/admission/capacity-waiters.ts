import type { Steps } from '../steps/steps.js'
import type { Timers } from '../time/timers.js'

/** An add that waits for capacity. */
export interface CapacityWaiter {
  readonly bytes: number
  readonly partitionKey: string | undefined
  readonly explicitHashKey: string | undefined
  readonly admit: () => void
  readonly refuse: (error: Error) => void
}

/** Whether a waiter can be admitted now, or what it waits for. */
export type Capacity<Shard> = 'fits' | 'bufferFull' | Shard

interface Entry extends CapacityWaiter {
  /** Order of arrival. */
  readonly order: number
  readonly signal: AbortSignal | undefined
}

type Line = Set<Entry>

/**
 * Adds that wait for capacity (`whenFull: 'wait'`), first come first served: a large record does not
 * let smaller ones pass. What waits only for its own shard stands in a line of its own, and no
 * record overtakes one of its key, in whatever line.
 */
export class CapacityWaiters<Shard extends object> {
  readonly #timers: Timers
  readonly #steps: Steps
  readonly #line: Line = new Set()
  readonly #shardLines = new Map<Shard, Line>()
  readonly #byKey = new Map<string, Line>()
  /** One listener a signal, however many adds share it. */
  readonly #bySignal = new Map<AbortSignal, { entries: Line; forget: () => void }>()
  #arrived = 0
  length = 0

  constructor(timers: Timers, steps: Steps) {
    this.#timers = timers
    this.#steps = steps
  }

  /** Whether a new record would overtake one that waits for the same, or one of its key. */
  isBehind(shard: Shard | undefined, partitionKey: string | undefined): boolean {
    if (this.length === 0) return false
    return (
      this.#line.size > 0 ||
      (shard !== undefined && this.#shardLines.has(shard)) ||
      (partitionKey !== undefined && this.#byKey.has(partitionKey))
    )
  }

  push(
    waiter: CapacityWaiter,
    signal: AbortSignal | undefined,
    aborted: (reason: unknown) => Error,
  ): void {
    const entry: Entry = { ...waiter, order: ++this.#arrived, signal }
    this.#line.add(entry)
    if (entry.partitionKey !== undefined) addTo(this.#byKey, entry.partitionKey, entry)
    this.length++
    this.#timers.hold()
    if (signal !== undefined) this.#listen(signal, entry, aborted)
  }

  /** Admits all that can be, in their order. Call whenever something may have changed. */
  admit(judge: (waiter: CapacityWaiter) => Capacity<Shard>): void {
    if (this.length === 0) return
    for (const line of this.#shardLines.values()) this.#admitShard(line, judge)
    for (const entry of this.#line) {
      const capacity = judge(entry)
      if (capacity === 'bufferFull') return
      // Behind one of its key that waits for a shard, wherever its own key belongs by now.
      const shard = this.#shardBefore(entry) ?? capacity
      if (shard === 'fits') this.#leave(entry).admit()
      else {
        this.#line.delete(entry)
        addTo(this.#shardLines, shard, entry)
      }
    }
  }

  refuseAll(error: () => Error): void {
    const lines = [this.#line, ...this.#shardLines.values()]
    for (const entry of lines.flatMap(line => [...line])) this.#leave(entry).refuse(error())
  }

  #admitShard(line: Line, judge: (waiter: CapacityWaiter) => Capacity<Shard>): void {
    for (const entry of line) {
      const [head] = this.#line
      // Whoever came before and needs more than there is has the first claim on it.
      const claimed = head !== undefined && head.order < entry.order && judge(head) === 'bufferFull'
      if (claimed || judge(entry) !== 'fits') return
      this.#leave(entry).admit()
    }
  }

  /** The shard that an earlier record of its key waits for. */
  #shardBefore(entry: Entry): Shard | undefined {
    const { partitionKey } = entry
    const [first] = partitionKey === undefined ? [] : (this.#byKey.get(partitionKey) ?? [])
    if (first === undefined || first === entry) return undefined
    for (const [shard, line] of this.#shardLines) if (line.has(first)) return shard
    return undefined
  }

  #leave(entry: Entry): CapacityWaiter {
    const { signal, partitionKey } = entry
    this.#line.delete(entry)
    for (const shard of this.#shardLines.keys()) removeFrom(this.#shardLines, shard, entry)
    if (partitionKey !== undefined) removeFrom(this.#byKey, partitionKey, entry)
    this.length--
    this.#timers.release()
    const shared = signal === undefined ? undefined : this.#bySignal.get(signal)
    shared?.entries.delete(entry)
    if (shared?.entries.size === 0) shared.forget()
    return entry
  }

  #listen(signal: AbortSignal, entry: Entry, aborted: (reason: unknown) => Error): void {
    const shared = this.#bySignal.get(signal)
    if (shared !== undefined) {
      shared.entries.add(entry)
      return
    }
    const entries: Line = new Set([entry])
    // A step of its own: when the first of the line has gone, others may fit.
    const abort = (): void =>
      this.#steps.run(() => {
        for (const each of entries) this.#leave(each).refuse(aborted(signal.reason))
      })
    const forget = (): void => {
      signal.removeEventListener('abort', abort)
      this.#bySignal.delete(signal)
    }
    this.#bySignal.set(signal, { entries, forget })
    signal.addEventListener('abort', abort)
  }
}

const addTo = <K>(lines: Map<K, Line>, key: K, entry: Entry): void => {
  const line = lines.get(key)
  if (line === undefined) lines.set(key, new Set([entry]))
  else line.add(entry)
}

const removeFrom = <K>(lines: Map<K, Line>, key: K, entry: Entry): void => {
  const line = lines.get(key)
  if (line?.delete(entry) === true && line.size === 0) lines.delete(key)
}
