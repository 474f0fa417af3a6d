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

interface Entry<Shard> extends CapacityWaiter {
  readonly signal: AbortSignal | undefined
  /** The shard in whose line it stands. */
  shard: Shard | undefined
}

type Line<Shard> = Set<Entry<Shard>>

/**
 * Adds that wait for capacity (`whenFull: 'wait'`), first come first served: a large record does not
 * let smaller ones pass. What waits only for its own shard stands in a line of its own, and no
 * record overtakes one of its key, in whatever line.
 */
export class CapacityWaiters<Shard extends object> {
  readonly #timers: Timers
  readonly #steps: Steps
  readonly #line: Line<Shard> = new Set()
  /** Whoever stands in one of these came before all of the line above. */
  readonly #shardLines = new Map<Shard, Line<Shard>>()
  readonly #byKey = new Map<string, Line<Shard>>()
  /** One listener a signal, however many adds share it. */
  readonly #bySignal = new Map<AbortSignal, { entries: Line<Shard>; forget: () => void }>()
  /** Whether one of them waits for more of the buffer than there is: younger ones do not take it. */
  #claimed = false
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
      this.#claimed ||
      (shard !== undefined && this.#shardLines.has(shard)) ||
      (partitionKey !== undefined && this.#byKey.has(partitionKey))
    )
  }

  push(
    waiter: CapacityWaiter,
    signal: AbortSignal | undefined,
    aborted: (reason: unknown) => Error,
  ): void {
    const entry: Entry<Shard> = { ...waiter, signal, shard: undefined }
    this.#line.add(entry)
    if (entry.partitionKey !== undefined) addTo(this.#byKey, entry.partitionKey, entry)
    this.length++
    this.#timers.hold()
    if (signal !== undefined) this.#listen(signal, entry, aborted)
  }

  /** Admits all that can be, in their order. Call whenever something may have changed. */
  admit(judge: (waiter: CapacityWaiter) => Capacity<Shard>): void {
    if (this.length === 0) return
    this.#claimed = false
    for (const line of this.#shardLines.values()) this.#admitShard(line, judge)
    if (this.#claimed) return
    for (const entry of this.#line) {
      const capacity = judge(entry)
      if (capacity === 'bufferFull') return
      // Behind an older one of its key, or else in the line of its own shard: others may pass.
      const shard = this.#shardOfOlder(entry) ?? (capacity === 'fits' ? undefined : capacity)
      if (shard === undefined) this.#leave(entry).admit()
      else {
        this.#line.delete(entry)
        entry.shard = shard
        addTo(this.#shardLines, shard, entry)
      }
    }
  }

  refuseAll(error: () => Error): void {
    for (const line of [...this.#shardLines.values(), this.#line])
      for (const entry of line) this.#leave(entry).refuse(error())
  }

  #admitShard(line: Line<Shard>, judge: (waiter: CapacityWaiter) => Capacity<Shard>): void {
    for (const entry of line) {
      const capacity = judge(entry)
      if (capacity === 'bufferFull') this.#claimed = true
      if (capacity !== 'fits') return
      this.#leave(entry).admit()
    }
  }

  /** In whose line an older one of its key waits. */
  #shardOfOlder({ partitionKey }: Entry<Shard>): Shard | undefined {
    if (partitionKey === undefined) return undefined
    const [oldest] = this.#byKey.get(partitionKey) ?? []
    return oldest?.shard
  }

  #leave(entry: Entry<Shard>): CapacityWaiter {
    const { signal, partitionKey, shard } = entry
    this.#line.delete(entry)
    if (shard !== undefined) removeFrom(this.#shardLines, shard, entry)
    if (partitionKey !== undefined) removeFrom(this.#byKey, partitionKey, entry)
    this.length--
    this.#timers.release()
    const shared = signal === undefined ? undefined : this.#bySignal.get(signal)
    shared?.entries.delete(entry)
    if (shared?.entries.size === 0) shared.forget()
    return entry
  }

  #listen(signal: AbortSignal, entry: Entry<Shard>, aborted: (reason: unknown) => Error): void {
    const shared = this.#bySignal.get(signal)
    if (shared !== undefined) {
      shared.entries.add(entry)
      return
    }
    const entries: Line<Shard> = new Set([entry])
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

const addTo = <K, Shard>(lines: Map<K, Line<Shard>>, key: K, entry: Entry<Shard>): void => {
  const line = lines.get(key)
  if (line === undefined) lines.set(key, new Set([entry]))
  else line.add(entry)
}

const removeFrom = <K, Shard>(lines: Map<K, Line<Shard>>, key: K, entry: Entry<Shard>): void => {
  const line = lines.get(key)
  if (line?.delete(entry) === true && line.size === 0) lines.delete(key)
}
